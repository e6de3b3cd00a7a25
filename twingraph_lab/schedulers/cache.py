"""Outputs of earlier tasks, found by what they were computed from. In the artifact store, so every worker sees it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from twingraph_lab.events import Frozen, Outputs
from twingraph_lab.planning.keys import cache_key
from twingraph_lab.planning.plan import Task
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.job import Job
from twingraph_lab.schedulers.code import code_of


class Hit(Frozen):
    """Cached outputs, and the `run/task` that computed them."""

    outputs: Outputs
    origin: str


class Cache:
    """Look-up and keeping, for tasks whose policy asks for it."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def key(self, job: Job, task: Task, given: Mapping[str, Outputs]) -> str | None:
        """What the outputs depend on, as a digest; None if the task isn't cached."""
        if task.cache.mode == "none":
            return None
        component = job.components[task.component]
        digests = {
            f"{node}.{name}": artifact.digest for node, outputs in given.items() for name, artifact in outputs.items()
        }
        return cache_key(task, component, digests, job.parameters, code=code_of(component, job.context))

    def find(self, key: str) -> Hit | None:
        """The outputs kept under `key`, if all of them are still there."""
        data = self._store.read(_name(key))
        try:
            hit = Hit.model_validate_json(data) if data else None
        except ValidationError:  # of another version; it will be written anew
            return None
        return hit if hit and all(self._store.exists(artifact) for artifact in hit.outputs.values()) else None

    def keep(self, key: str, outputs: Outputs, *, origin: str) -> None:
        """Remember `outputs`."""
        self._store.write(_name(key), Hit(outputs=outputs, origin=origin).model_dump_json().encode())


def _name(key: str) -> str:
    return f"cache/{key.removeprefix('sha256:')}.json"
