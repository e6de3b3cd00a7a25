"""A run as its user holds it: look at it, wait for it, take its results."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from twingraph_lab.errors import NotFoundError, RunCancelledError, RunFailedError
from twingraph_lab.events import Event, Outputs
from twingraph_lab.planning.resolve import pick, resolve
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.runtime.stream import EventStream
from twingraph_lab.runtime.values import Values
from twingraph_lab.spec.workflow import Workflow

LOOK_S = 0.1
"""How often to look whether another process has ended the run."""


class Run:
    """Handle of a run in the ledger; holds nothing itself, so any number may exist in any process."""

    def __init__(self, ledger: Ledger, artifacts: ArtifactStore, stream: EventStream, run_id: str) -> None:
        self.id = run_id
        self._ledger = ledger
        self._artifacts = artifacts
        self._stream = stream

    def __repr__(self) -> str:
        record = self.record
        return f"<Run {self.id} {record.workflow!r} {record.state}>"

    @property
    def record(self) -> RunRecord:
        """What the ledger knows of it now."""
        return self._ledger.run(self.id)

    @property
    def state(self) -> RunState:
        """Its state now."""
        return self._ledger.states([self.id])[self.id][0]

    @property
    def tasks(self) -> dict[str, TaskRecord]:
        """Its tasks now, in the document's order."""
        return self._ledger.tasks(self.id)

    @property
    def workflow(self) -> Workflow:
        """The workflow, with the nodes a program added."""
        return self._ledger.workflow(self.id)

    def watch(self, after: int = 0) -> Iterator[Event]:
        """Its events from cursor `after` on, past and future; ends with the run."""
        return self._stream.watch(self.id, after=after)

    def wait(self, timeout_s: float | None = None) -> RunRecord:
        """Wait until it has ended. Raises `TimeoutError`."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        changed = threading.Event()
        with self._ledger.bell.listening(changed.set):
            while not (state := self.state).final:
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError(f"run {self.id} is still {state} after {timeout_s:g} s")
                changed.wait(LOOK_S)
                changed.clear()
        return self.record

    def result(self, timeout_s: float | None = None) -> dict[str, Any]:
        """Wait, and return the workflow's outputs by name; without declared ones, what each last node returned.

        Raises `RunFailedError` or `RunCancelledError` with the nodes and their causes.
        """
        record = self.wait(timeout_s)
        if record.state is not RunState.COMPLETED:
            raise failure(record)
        workflow = self.workflow
        completed = {task_id: task.outputs for task_id, task in self.tasks.items()}
        if workflow.outputs:
            return resolve(
                workflow.outputs,
                lambda node, path: self._pick(completed[node], path),
                record.parameters,
                self._artifacts.get,
            )
        waited_for = {parent for node in workflow.nodes for parent in node.upstream}
        return {node.id: self._pick(completed[node.id]) for node in workflow.nodes if node.id not in waited_for}

    def output(self, node_id: str, name: str | None = None) -> Any:
        """What a node returned, or its output `name`. Raises `NotFoundError` if it hasn't completed."""
        task = self.tasks.get(node_id)
        if task is None:
            raise NotFoundError(f"run {self.id} has no node {node_id!r}; it has {', '.join(self.tasks)}")
        if task.state is not TaskState.COMPLETED:
            raise NotFoundError(f"node {node_id!r} of run {self.id} is {task.state}; it has no outputs")
        return self._pick(task.outputs, (name,) if name else ())

    def cancel(self) -> bool:
        """Ask for it to stop."""
        return self._ledger.request_cancel(self.id)

    def _pick(self, outputs: Outputs, path: tuple[str, ...] = ()) -> Any:
        return pick(Values(outputs, self._artifacts), path)


def way_on(record: RunRecord) -> str:
    """What resumes a run: a command, or Python where a program began it that was no script."""
    if record.dynamic and not record.context.get("script"):
        return f"{record.workflow}.resume({record.run_id!r})"
    return f"twingraph resume {record.run_id}"


def failure(record: RunRecord, more: str = "") -> RunFailedError:
    """Why a run has no result, as an exception. `more` is what else is known of the cause, on lines of its own."""
    if record.state is RunState.CANCELLED:
        return RunCancelledError(record.run_id, f"run {record.run_id} was cancelled")
    hint = f"see: twingraph show {record.run_id}; try again with what is done kept: {way_on(record)}"
    return RunFailedError(record.run_id, f"run {record.run_id} failed\n{record.error}{more}\n{hint}")
