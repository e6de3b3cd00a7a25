"""Numbers attempts. Pure.

Workers count from the attempt they were given. If a scheduler runs a task again because a worker was lost, the new
worker counts from the same number, and the lost one may still report. Each running of a task has an *execution* id; a
start under a new one supersedes the old, whose later reports are fenced.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from twingraph_lab.events import AnyTaskEvent, Failure, TaskRetried, TaskStarted

LOST = Failure(kind="lost", type="WorkerLost", message="the worker that ran it was lost")


@dataclass(slots=True)
class _Attempt:
    number: int
    execution: str = ""
    shift: int = 0
    superseded: set[str] = field(default_factory=set)


class Attempts:
    """The current attempt of each task of a run."""

    def __init__(self) -> None:
        self._of: dict[str, _Attempt] = {}

    def number(self, task_id: str) -> int:
        """The latest attempt, 0 if there was none."""
        return self._of[task_id].number if task_id in self._of else 0

    def dispatched(self, task_id: str, number: int) -> None:
        """`number` is what the worker will count from."""
        before = self._of.get(task_id, _Attempt(0))
        self._of[task_id] = _Attempt(number, superseded=before.superseded | {before.execution} - {""})

    def normalise(self, execution: str, event: AnyTaskEvent) -> Iterator[AnyTaskEvent]:
        """The event with its true attempt number, after the loss of an earlier one; nothing if it is fenced."""
        current = self._of.setdefault(event.task_id, _Attempt(event.attempt))
        if execution in current.superseded:
            return
        if isinstance(event, TaskStarted):
            if current.execution and current.execution != execution:
                yield TaskRetried(run_id=event.run_id, task_id=event.task_id, attempt=current.number, failure=LOST)
                current.superseded.add(current.execution)
                current.shift = current.number + 1 - event.attempt
            current.execution = execution
        current.number = max(current.number, event.attempt + current.shift)
        yield event if not current.shift else event.model_copy(update={"attempt": event.attempt + current.shift})
