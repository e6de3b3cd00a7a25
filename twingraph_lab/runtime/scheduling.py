"""What a coordinator asks of a scheduler, and what it is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from twingraph_lab.events import AnyTaskEvent, Outputs
from twingraph_lab.planning.plan import Task
from twingraph_lab.runtime.job import Job


class Reports(Protocol):
    """Where a scheduler tells what happened; callable from any thread."""

    def report(self, run_id: str, execution: str, events: Sequence[AnyTaskEvent]) -> None:
        """Something happened on a worker, in this order. `execution` names one running of these tasks."""

    def lost(self, run_id: str, tasks: Collection[str], cause: str, *, fatal: bool) -> None:
        """The scheduler doesn't have these tasks any more. `fatal`: running them again is what kills workers."""

    def refused(self, run_id: str, error: Exception) -> None:
        """What was submitted last can't run, for a reason that is no task's own: the run ends with it."""


class Scheduler(Protocol):
    """Orders tasks and finds a place for each. Methods return soon and may be called from one thread only."""

    def start(self, reports: Reports) -> None:
        """Get ready; called once, before anything else."""

    def submit(
        self, job: Job, tasks: Sequence[Task], *, given: Mapping[str, Outputs], attempts: Mapping[str, int]
    ) -> None:
        """Run `tasks` (in topological order) when their upstreams are done. `given` are outputs already known."""

    def release(self, run_id: str, tasks: Collection[str]) -> None:
        """The outcomes of these tasks are committed; nothing of them need be kept."""

    def cancel(self, run_id: str) -> None:
        """Stop every body of the run and forget its tasks. When it returns, none runs."""

    def forget(self, run_id: str) -> None:
        """The run has ended."""

    def close(self) -> None:
        """Stop everything."""
