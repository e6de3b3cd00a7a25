"""The states of runs and tasks, as stored in the ledger and shown to people."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """A run is `requested` until a coordinator claims it and `running` until it ends."""

    REQUESTED = "requested"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Nothing of the run will happen any more, unless it is resumed."""
        return self in (RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED)


class TaskState(StrEnum):
    """`dispatched` means handed to the scheduler (committed before the hand-over); `uncertain` needs a person."""

    PENDING = "pending"
    DISPATCHED = "dispatched"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"

    @property
    def final(self) -> bool:
        """The task will not move any more in this run, unless the run is resumed."""
        return self not in (TaskState.PENDING, TaskState.DISPATCHED, TaskState.RUNNING)
