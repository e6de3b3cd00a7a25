"""A run that a program builds while it runs: the program adds nodes, and waits for values when it needs them."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import RunFailedError
from twingraph_lab.events import (
    Event,
    Failure,
    Outputs,
    RunFinished,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskSkipped,
    TaskUncertain,
)
from twingraph_lab.planning.resolve import pick
from twingraph_lab.planning.tasks import component_key, task_of
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.coordinator import Coordinator
from twingraph_lab.runtime.driver import RunDriver
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.run import Run, failure
from twingraph_lab.runtime.states import RunState
from twingraph_lab.runtime.values import Values
from twingraph_lab.spec.workflow import Component, Node


class NodeFailedError(RunFailedError):
    """A node whose value was needed has none."""

    def __init__(self, run_id: str, node_id: str, cause: Failure) -> None:
        traceback = f"\n\n{cause.traceback}" if cause.traceback else ""
        super().__init__(run_id, f"node {node_id!r} of run {run_id}: {cause}{traceback}")
        self.node_id = node_id
        self.cause = cause


class OpenRun:
    """Thread-safe. Adding returns at once; what was added meanwhile is committed and submitted together."""

    def __init__(self, run: Run, coordinator: Coordinator, ledger: Ledger, artifacts: ArtifactStore) -> None:
        self.id = run.id
        self.run = run
        self._coordinator = coordinator
        self._ledger = ledger
        self._artifacts = artifacts
        self._lock = threading.Lock()
        self._added: list[Node] = []
        self._components: dict[str, Component] = {}
        self._new_components: dict[str, Component] = {}
        self._known: dict[str, Outputs | Failure] = {}
        self._changed = threading.Condition()
        self._ended = ""

    def add(self, nodes: Sequence[Node], components: Mapping[str, Component] | None = None) -> None:
        """Let the run grow. Nodes may refer to any node added before, or with them."""
        with self._lock:
            for name, component in (components or {}).items():
                if name not in self._components:
                    self._components[name] = self._new_components[name] = component
            idle = not self._added
            self._added += nodes
        if idle:
            self._coordinator.tell(self.id, self._grow)

    def value(self, node_id: str, path: tuple[str, ...] = ()) -> Any:
        """Wait for a node and return what `path` reads of its outputs. Raises `NodeFailedError`, `RunFailedError`."""
        return pick(Values(self._wait(node_id), self._artifacts), path)

    def names(self, node_id: str) -> Collection[str]:
        """The names of a node's outputs; waits and raises like `value`."""
        return self._wait(node_id).keys()

    def _wait(self, node_id: str) -> Outputs:
        with self._changed:
            self._changed.wait_for(lambda: node_id in self._known or self._ended)
            known = self._known.get(node_id)
        if known is None:
            raise RunFailedError(self.id, f"run {self.id} ended before node {node_id!r} did: {self._ended}")
        if isinstance(known, Failure):
            raise NodeFailedError(self.id, node_id, known)
        return known

    def close(self, outputs: Mapping[str, JsonValue] | None = None, *, handled: Collection[str] = ()) -> None:
        """No more nodes will come: wait for the end. Raises `RunFailedError` for failures that aren't `handled`."""
        self._coordinator.tell(self.id, partial(self._close, outputs=outputs or {}, handled=handled))
        record = self.run.wait()
        if record.state is not RunState.COMPLETED:
            raise failure(record)

    def abort(self, error: str) -> None:
        """The program failed: stop what still runs, and end as failed for this reason."""
        self._coordinator.tell(self.id, lambda driver: driver.abort(error))
        self.run.wait()

    def committed(self, events: Sequence[Event]) -> None:
        """Called by the coordinator with what it has committed."""
        with self._changed:
            for event in events:
                match event:
                    case TaskCompleted():
                        self._known[event.task_id] = event.outputs
                    case TaskFailed() | TaskUncertain():
                        self._known[event.task_id] = event.failure
                    case TaskSkipped():
                        message = f"not run, because {event.because!r} failed"
                        self._known[event.task_id] = Failure(kind="input", type="Skipped", message=message)
                    case TaskCancelled():
                        self._known[event.task_id] = Failure(kind="cancelled", type="Cancelled", message="cancelled")
                    case RunFinished():
                        self._ended = event.error or event.status
            self._changed.notify_all()

    def _close(self, driver: RunDriver, outputs: Mapping[str, JsonValue], handled: Collection[str]) -> None:
        if outputs:
            self._ledger.set_outputs(self.id, driver.job.epoch, outputs)
        driver.close(handled)

    def _grow(self, driver: RunDriver) -> None:
        with self._lock:
            nodes, components = list(self._added), dict(self._new_components)
        self._ledger.add_nodes(self.id, driver.job.epoch, nodes, components=components)
        with self._lock:  # not before they are kept: if the ledger fails, this is done again
            del self._added[: len(nodes)]
            for name in components:
                del self._new_components[name]
            if self._added:
                self._coordinator.tell(self.id, self._grow)
        tasks = [task_of(node, component_key(node)) for node in nodes]
        inline = {task.component: node.component for task, node in zip(tasks, nodes, strict=True)}
        driver.add(tasks, {**{k: c for k, c in inline.items() if not isinstance(c, str)}, **components})
