"""What came of the nodes of a run, for a program that waits for their values."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from twingraph_lab.errors import RunCancelledError, RunFailedError
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
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.raised import raised_as
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.replay import Site
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.runtime.values import Values

TOLD_S = 5.0
"""How long the coordinator may take to tell what it has committed."""
CANCELLED = Failure(kind="cancelled", type="Cancelled", message="cancelled")


class NodeFailedError(RunFailedError):
    """A node whose value was needed has none. Raised as what its body raised, too: see `raised_as`."""

    def __init__(self, run_id: str, node_id: str, cause: Failure, details: str = "") -> None:
        super().__init__(run_id, f"node {node_id!r} of run {run_id}: {cause}{details}")
        self.node_id = node_id
        self.cause = cause


class Answers:
    """Thread-safe. Learns from the run's events, and lets others wait for what it doesn't know yet."""

    def __init__(self, run_id: str, artifacts: ArtifactStore) -> None:
        self._run_id = run_id
        self._artifacts = artifacts
        self._known: dict[str, Outputs | Failure] = {}
        self._changed = threading.Condition()
        self._ended: RunFinished | None = None
        self._because: dict[str, str] = {}
        self.sites: dict[str, Site] = {}

    def value(self, node_id: str, path: tuple[str, ...] = ()) -> Any:
        """Wait for a node and return what `path` reads of its outputs. Raises `NodeFailedError`, `RunFailedError`."""
        return pick(Values(self.wait(node_id), self._artifacts), path)

    def wait(self, node_id: str) -> Outputs:
        """Wait for a node's outputs. Raises like `value`."""
        with self._changed:
            self._changed.wait_for(lambda: node_id in self._known or self._ended)
            known, ended = self._known.get(node_id), self._ended
        if known == CANCELLED or (known is None and ended is not None and ended.status == "cancelled"):
            raise RunCancelledError(self._run_id, f"run {self._run_id} was cancelled before node {node_id!r} had ended")
        if known is None:
            why = ended.error or ended.status if ended is not None else ""
            raise RunFailedError(self._run_id, f"run {self._run_id} ended before node {node_id!r} did: {why}")
        if isinstance(known, Failure):
            root, cause = self._root(node_id, known)
            error = NodeFailedError(self._run_id, node_id, known, self._details(node_id, root, cause))
            raise raised_as(error, cause)
        return known

    def _root(self, node_id: str, failure: Failure) -> tuple[str, Failure]:
        """The node that failed itself, because of which this one has no value, and why it did."""
        root = node_id
        while root in self._because:
            root = self._because[root]
        cause = self._known.get(root)
        return root, cause if isinstance(cause, Failure) else failure

    def _details(self, node_id: str, root: str, cause: Failure) -> str:
        """Where a node was called, and what it failed of itself or another failed of that it waited for."""
        text = f": {cause}" if root != node_id and root in self._known else ""
        if root in self.sites:
            text += f"\n{root} was called in {self.sites[root]}"
        return f"{text}\n\n{cause.traceback}" if cause.traceback else text

    def knows(self, node_id: str) -> bool:
        """Whether a node has ended, as far as was told."""
        return node_id in self._known

    def wait_for_end(self) -> None:
        """Wait until the last events are in: the ledger tells that a run has ended a moment before they are."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended is not None, timeout=TOLD_S)

    def failed(self, among: Collection[str]) -> dict[str, Failure]:
        """The nodes of `among`, in that order, that failed themselves, and of what."""
        found = ((node, self._known.get(node)) for node in among)
        return {
            node: known
            for node, known in found
            if isinstance(known, Failure) and node not in self._because and known != CANCELLED
        }

    def learn(self, events: Sequence[Event]) -> None:
        """Take in what was committed."""
        with self._changed:
            for event in events:
                match event:
                    case TaskCompleted():
                        self._known[event.task_id] = event.outputs
                    case TaskFailed() | TaskUncertain():
                        self._known[event.task_id] = event.failure
                    case TaskSkipped():
                        self._skipped(event.task_id, event.because)
                    case TaskCancelled():
                        self._known[event.task_id] = CANCELLED
                    case RunFinished():
                        self._ended = event
            self._changed.notify_all()

    def remember(self, tasks: Mapping[str, TaskRecord], skips: Iterable[Event]) -> None:
        """What the ledger knows from before. `skips` says why tasks were skipped, which their rows don't."""
        because = {event.task_id: event.because for event in skips if isinstance(event, TaskSkipped)}
        for task_id, task in tasks.items():
            match task.state:
                case TaskState.COMPLETED:
                    self._known[task_id] = task.outputs
                case TaskState.FAILED | TaskState.UNCERTAIN if task.failure is not None:
                    self._known[task_id] = task.failure
                case TaskState.SKIPPED:
                    self._skipped(task_id, because.get(task_id, ""))
                case TaskState.CANCELLED:
                    self._known[task_id] = CANCELLED
                case _:
                    pass

    def end(self, state: RunState, why: str) -> None:
        """Nothing more will come."""
        self.learn([RunFinished.model_validate({"run_id": self._run_id, "status": state.value, "error": why})])

    def _skipped(self, node_id: str, because: str) -> None:
        self._because[node_id] = because
        message = f"not run, because {because!r} failed"
        self._known[node_id] = Failure(kind="input", type="Skipped", message=message)
