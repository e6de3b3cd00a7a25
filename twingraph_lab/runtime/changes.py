"""Events → what they change in the rows of tasks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twingraph_lab.errors import ConflictError
from twingraph_lab.events import (
    Event,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskRetried,
    TaskSkipped,
    TaskStarted,
    TaskUncertain,
)
from twingraph_lab.runtime.records import OUTPUTS
from twingraph_lab.runtime.states import TaskState

MoveEvent = TaskStarted | TaskRetried | TaskCompleted | TaskFailed | TaskSkipped | TaskCancelled | TaskUncertain
"""The events that change a task; a log line and the run's own events don't."""

STATES: dict[type[MoveEvent], TaskState] = {
    TaskStarted: TaskState.RUNNING,
    TaskRetried: TaskState.DISPATCHED,
    TaskCompleted: TaskState.COMPLETED,
    TaskFailed: TaskState.FAILED,
    TaskSkipped: TaskState.SKIPPED,
    TaskCancelled: TaskState.CANCELLED,
    TaskUncertain: TaskState.UNCERTAIN,
}

COLUMNS = (
    "attempt",
    "platform",
    "worker",
    "started",
    "finished",
    "cached_from",
    "metrics",
    "failure",
    "outputs",
    "basis",
)
KEEP: dict[str, Any] = dict.fromkeys(COLUMNS)

Change = dict[str, Any]
"""A row's new `state`, and its new values by column; None keeps what the row has."""


def fold(events: Iterable[Event], dispatched: Mapping[str, int]) -> dict[str, Change]:
    """One change a task: that of `dispatched` (task → attempt), then those of its events in order.

    Raises ConflictError for an event that follows a final one of the same task.
    """
    changes = {
        task_id: KEEP | {"state": TaskState.DISPATCHED, "attempt": attempt} for task_id, attempt in dispatched.items()
    }
    for event in events:
        if not isinstance(event, MoveEvent):
            continue
        change = changes.setdefault(event.task_id, KEEP.copy())
        if (before := change.get("state")) is not None and before.final:
            raise ConflictError(f"task {event.task_id!r} is {before} already: {event.type} can't follow")
        change["state"] = STATES[type(event)]
        change.update(_columns(event))
    return changes


def _columns(event: MoveEvent) -> Change:
    match event:
        case TaskStarted():
            return {
                "attempt": event.attempt,
                "platform": event.platform,
                "worker": event.worker,
                "started": event.time,
            }
        case TaskRetried():
            return {"attempt": event.attempt}
        case TaskCompleted():
            return {
                "attempt": event.attempt,
                "outputs": OUTPUTS.dump_json(event.outputs).decode(),
                "metrics": event.metrics.model_dump_json(),
                "cached_from": event.cached_from,
                "basis": event.basis and event.basis.model_dump_json(),
                "finished": event.time,
            }
        case TaskFailed():
            return {
                "attempt": event.attempt,
                "failure": event.failure.model_dump_json(),
                "metrics": event.metrics.model_dump_json(),
                "finished": event.time,
            }
        case TaskUncertain():
            return {"attempt": event.attempt, "failure": event.failure.model_dump_json(), "finished": event.time}
        case TaskSkipped() | TaskCancelled():  # perhaps it never began, so the row keeps its attempt
            return {"finished": event.time}
