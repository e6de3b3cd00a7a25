"""Outputs of earlier tasks, found by what they were computed from. In the artifact store, so every worker sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from pydantic import Field, ValidationError

from twingraph_lab.events import Artifact, Basis, Frozen, Outputs
from twingraph_lab.planning.keys import COUNTED, basis_of, key_of
from twingraph_lab.planning.plan import Task
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.job import Job
from twingraph_lab.runtime.serializers import Json
from twingraph_lab.schedulers.code import survey
from twingraph_lab.schedulers.modules import State, content
from twingraph_lab.schedulers.turns import turn
from twingraph_lab.spec.workflow import CachePolicy

FOLDER, TEXTS = "cache", "modules"

CHECKED_BYTES = 16 * 1024 * 1024
"""Larger values aren't read to see whether they are undamaged; those who need them do that."""
Miss = Literal["new", "expired", "gone"]
"""Why nothing can be used: it was never computed, is older than allowed, or a value of it is missing or damaged."""


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
        """What the outputs depend on. Its key is empty if the task isn't cached, or code that counts can't be known."""
        component = job.components[task.component]
        digests = {
            node: {name: _content(artifact) for name, artifact in outputs.items()} for node, outputs in given.items()
        }
        now = survey(component, task, job.context)
        basis = basis_of(task, component, digests, job.parameters, code=now.code, environment=now.environment)
        if "code" in COUNTED.get(task.cache.mode, ()) and not all(now.code.values()):
            return basis
        key = key_of(basis, task.cache, run_id=job.run_id, project=job.context.project)
        return basis.model_copy(update={"key": key})

    def look(self, key: str, policy: CachePolicy, now: datetime) -> Hit | Miss:
        """The outputs kept under `key`, if `policy` allows their age and all of them are there; else why not."""
        entry = self._entry(_name(key))
        if entry is None:
            return "new"
        if entry.expired(policy, now):
            return "expired"
        if not all(self._store.exists(artifact) for artifact in entry.outputs.values()):
            return "gone"
        return Hit(outputs=entry.outputs, origin=entry.origin)

    def find(self, key: str, policy: CachePolicy, now: datetime) -> Hit | Miss:
        """Like `look`, for whoever uses them: damaged ones don't count, as far as it is worth while to read them."""
        found = self.look(key, policy, now)
        if not isinstance(found, Hit):
            return found
        read = [artifact for artifact in found.outputs.values() if artifact.size <= CHECKED_BYTES]
        return found if all(map(self._store.verify, read)) else "gone"

    def keep(self, job: Job, task: Task, basis: Basis, outputs: Outputs) -> None:
        """Remember `outputs`, unless code was edited while it ran: nobody knows which of the two made them.

        The task counts, and all of the run before it, whose body processes have imported the modules as they were then.
        What is lost of this with the power is only computed again, so the disk isn't waited for.
        """
        now = survey(job.components[task.component], task, job.context)
        if now.code != basis.code or now.changed_ns > begun_ns(job.run_id):
            return
        for name, state in now.files.items():
            if state.path.endswith(".py"):
                _keep_text(self._store.url, now.code[name], state)
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


@lru_cache(4096)
def begun_ns(_run_id: str) -> int:
    """When this process was first asked for anything of a run."""
    return time.time_ns()


def text_of(store: ArtifactStore, digest: str) -> str | None:
    """The text of a module of the project that a cached task used, by its digest; to tell what has changed since."""
    data = store.read(_text(digest))
    return None if data is None else data.decode(errors="replace")


@lru_cache(4096)
def _keep_text(store_url: str, digest: str, state: State) -> None:
    ArtifactStore(store_url).write(_text(digest), content(state), durable=False)


def _text(digest: str) -> str:
    return f"{TEXTS}/{_digits(digest)}.py"


def _content(artifact: Artifact) -> str:
    """What the artifact's value is: bytes that read as JSON have the digest of that JSON."""
    kind = artifact.media_type
    return artifact.digest if kind == Json.media_type else f"{artifact.digest} {kind}"


def _digits(key: str) -> str:
    return key.removeprefix("sha256:")


def _name(key: str) -> str:
    return f"{FOLDER}/{_digits(key)}.json"
