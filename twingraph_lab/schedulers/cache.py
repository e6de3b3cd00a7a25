"""Outputs of earlier tasks, found by what they were computed from. In the artifact store, so every worker sees it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field, ValidationError

from twingraph_lab.events import Artifact, Basis, Frozen, Outputs
from twingraph_lab.planning.keys import basis_of, key_of
from twingraph_lab.planning.plan import Task
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.job import Job
from twingraph_lab.runtime.serializers import Json
from twingraph_lab.schedulers.code import code_of, environment_of
from twingraph_lab.schedulers.turns import turn
from twingraph_lab.spec.workflow import CachePolicy

FOLDER = "cache"

Miss = Literal["new", "expired", "gone"]
"""Why nothing can be used: it was never computed, is older than allowed, or an artifact of it is missing."""


class Hit(Frozen):
    """Cached outputs, and the `run/task` that computed them."""

    outputs: Outputs
    origin: str


class Entry(Frozen):
    """What is kept under one key: outputs, who computed them when, and under which policy."""

    key: str
    run_id: str
    task_id: str
    workflow: str = ""
    project: str = ""
    policy: CachePolicy
    written: datetime = Field(default_factory=lambda: datetime.now(UTC))
    outputs: Outputs

    @property
    def origin(self) -> str:
        """The `run/task` that computed the outputs."""
        return f"{self.run_id}/{self.task_id}"

    @property
    def size_bytes(self) -> int:
        """Of the outputs, encoded."""
        return sum(artifact.size for artifact in self.outputs.values())

    def expired(self, policy: CachePolicy, now: datetime) -> bool:
        """Whether the outputs are too old for `policy`; their age counts from when they were computed."""
        return policy.ttl_s is not None and (now - self.written).total_seconds() > policy.ttl_s


class Cache:
    """Look-up and keeping, for tasks whose policy asks for it."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def basis(self, job: Job, task: Task, given: Mapping[str, Outputs]) -> Basis:
        """What the outputs depend on. Its key is empty if the task isn't cached, or some of its code can't be known."""
        component = job.components[task.component]
        digests = {
            f"{node}.{name}": _content(artifact)
            for node, outputs in given.items()
            for name, artifact in outputs.items()
        }
        code = code_of(component, task, job.context)
        environment = environment_of(component, task, job.context)
        basis = basis_of(task, component, digests, job.parameters, code=code, environment=environment)
        if not all(code.values()):
            return basis
        key = key_of(basis, task.cache, run_id=job.run_id, project=job.context.project)
        return basis.model_copy(update={"key": key})

    def find(self, key: str, policy: CachePolicy, now: datetime) -> Hit | None:
        """The outputs kept under `key`, if `policy` allows their age and all of them are still there."""
        found = self.look(key, policy, now)
        return found if isinstance(found, Hit) else None

    def look(self, key: str, policy: CachePolicy, now: datetime) -> Hit | Miss:
        """Like `find`, with the reason why there is nothing."""
        entry = self._entry(_name(key))
        if entry is None:
            return "new"
        if entry.expired(policy, now):
            return "expired"
        if not all(self._store.exists(artifact) for artifact in entry.outputs.values()):
            return "gone"
        return Hit(outputs=entry.outputs, origin=entry.origin)

    def keep(self, job: Job, task: Task, basis: Basis, outputs: Outputs) -> None:
        """Remember `outputs`, unless the code was edited while it ran: nobody knows which of the two made them.

        What is lost of this with the power is only computed again, so the disk isn't waited for.
        """
        if code_of(job.components[task.component], task, job.context) != basis.code:
            return
        entry = Entry(
            key=basis.key,
            run_id=job.run_id,
            task_id=task.id,
            workflow=job.workflow,
            project=job.context.project,
            policy=task.cache,
            outputs=outputs,
        )
        self._store.write(_name(basis.key), entry.model_dump_json().encode(), durable=False)

    def turn(self, key: str, stopping: threading.Event) -> AbstractContextManager[bool]:
        """Wait until nobody else computes what `key` stands for; see `turns.turn`."""
        return turn(self._store.url, _digits(key), stopping)

    def entries(self) -> Iterator[Entry]:
        """All there are, in no order."""
        for name in self._store.list(FOLDER):
            entry = self._entry(name)
            if entry is not None:
                yield entry

    def prune(self, entries: Iterable[Entry]) -> int:
        """Forget these entries, and return how many. The outputs stay, since runs refer to them."""
        count = 0
        for entry in entries:
            self._store.delete(_name(entry.key))
            count += 1
        return count

    def _entry(self, name: str) -> Entry | None:
        data = self._store.read(name)
        try:
            return Entry.model_validate_json(data) if data else None
        except ValidationError:  # of another version, or half written when the power went; it will be written anew
            return None


def _content(artifact: Artifact) -> str:
    """What the artifact's value is: bytes that read as JSON have the digest of that JSON."""
    kind = artifact.media_type
    return artifact.digest if kind == Json.media_type else f"{artifact.digest} {kind}"


def _digits(key: str) -> str:
    return key.removeprefix("sha256:")


def _name(key: str) -> str:
    return f"{FOLDER}/{_digits(key)}.json"
