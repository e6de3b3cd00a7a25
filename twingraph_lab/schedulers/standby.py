"""A scheduler that is made when there is something to do, for processes that wait for runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence

from twingraph_lab.events import Outputs
from twingraph_lab.planning.plan import Task
from twingraph_lab.runtime.job import Job
from twingraph_lab.runtime.scheduling import Reports, Scheduler


class Standby:
    """See `Scheduler`; the one behind it is made with the first tasks, or when `prepare` is called."""

    def __init__(self, make: Callable[[], Scheduler]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Scheduler | None = None
        self._closed = False

    def start(self, reports: Reports) -> None:
        """See `Scheduler.start`."""
        self._reports = reports

    def prepare(self) -> Scheduler | None:
        """Make and start it, if it isn't there yet; from any thread. None if this is closed."""
        with self._lock:
            if self._made is None and not self._closed:
                self._made = self._make()
                self._made.start(self._reports)
            return self._made

    def submit(
        self, job: Job, tasks: Sequence[Task], *, given: Mapping[str, Outputs], attempts: Mapping[str, int]
    ) -> None:
        """See `Scheduler.submit`."""
        if scheduler := self.prepare():
            scheduler.submit(job, tasks, given=given, attempts=attempts)

    def release(self, run_id: str, tasks: Collection[str]) -> None:
        """See `Scheduler.release`."""
        if self._made:
            self._made.release(run_id, tasks)

    def cancel(self, run_id: str) -> None:
        """See `Scheduler.cancel`."""
        if self._made:
            self._made.cancel(run_id)

    def forget(self, run_id: str) -> None:
        """See `Scheduler.forget`."""
        if self._made:
            self._made.forget(run_id)

    def close(self) -> None:
        """See `Scheduler.close`."""
        with self._lock:
            self._closed = True
        if self._made:
            self._made.close()
