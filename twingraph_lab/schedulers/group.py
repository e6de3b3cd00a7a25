"""What a Dask worker does with one group of tasks. Also run by the inline scheduler, on a thread.

Units of a group are independent of each other, tasks within a unit follow one another. Outputs travel on to the groups
below as the Dask task's result; a task without success has None there, and what waits for it isn't run.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twingraph_lab.events import AnyTaskEvent, Failure, Outputs, TaskUncertain
from twingraph_lab.planning.plan import Task
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.job import Job
from twingraph_lab.runtime.outcomes import Outcomes
from twingraph_lab.schedulers.packing import Unit
from twingraph_lab.schedulers.reporter import Reporter
from twingraph_lab.schedulers.site import Site

SPREAD_S = 0.05
"""When one unit of a group takes longer than this, those that wait behind it go elsewhere."""

Results = dict[str, Outputs | None]
"""Outputs by task id; None for a task that didn't succeed."""


@dataclass(frozen=True, slots=True)
class Group:
    """Units to run here. `given` are outputs known at submission; `attempts` the number of each task's next attempt."""

    id: str
    job: Job
    units: tuple[Unit, ...]
    given: Mapping[str, Outputs | None] = field(default_factory=dict)
    attempts: Mapping[str, int] = field(default_factory=dict)

    @property
    def tasks(self) -> list[Task]:
        """All tasks, each after what it waits for."""
        return [task for unit in self.units for task in unit]


Send = Callable[[str, str, Sequence[AnyTaskEvent]], None]
"""Takes the run, the execution (one running of one group) and events."""
Spread = Callable[[Sequence[Group]], Callable[[], Results]]
"""Starts groups elsewhere; calling what it returns waits for their results."""


def run_group(group: Group, upstream: Sequence[Results], site: Site, send: Send, spread: Spread | None) -> Results:
    """Run the units of `group` one after the other; a group that proves slow has its other units run elsewhere."""
    return _Run(group, upstream, site, send, spread).results()


class _Run:
    def __init__(
        self, group: Group, upstream: Sequence[Results], site: Site, send: Send, spread: Spread | None
    ) -> None:
        self.group = group
        self.known: Results = {**group.given}
        for results in upstream:
            self.known.update(results)
        self.outcomes = Outcomes(ArtifactStore(group.job.store_url), group.job.run_id, group.id)
        self.completed, self.started = self.outcomes.read()
        self.executor = site.executor(group.job)
        execution = uuid.uuid4().hex  # the same group may be run again after its worker was lost
        self.reporter = Reporter(self.outcomes, lambda events: send(group.job.run_id, execution, events))
        self.spread = spread
        self.waiting = list(group.units)
        self.elsewhere: Callable[[], Results] | None = None
        self.ended = threading.Event()
        self.lock = threading.Lock()

    def results(self) -> Results:
        done: Results = {}
        if self.spread is not None and len(self.waiting) > 1:
            threading.Thread(target=self._spread_when_slow, name="twingraph-spread", daemon=True).start()
        try:
            while unit := self._next():
                for task in unit:
                    done[task.id] = self.known[task.id] = self._task(task)
        finally:
            self.ended.set()
            self.reporter.flush()
        return done | (self.elsewhere() if self.elsewhere else {})

    def _spread_when_slow(self) -> None:
        """As soon as one unit has taken long, have those that wait behind it run elsewhere."""
        left = -1
        while not self.ended.wait(SPREAD_S):
            if len(self.waiting) == left:
                self._spread()
                return
            left = len(self.waiting)

    def _spread(self) -> None:
        assert self.spread is not None
        with self.lock:  # held while submitting, so that `results` sees either the units or their whereabouts
            if self.waiting:
                self.outcomes.mark()
                self.elsewhere = self.spread([self._alone(number, unit) for number, unit in enumerate(self.waiting)])
                self.waiting = []

    def _alone(self, number: int, unit: Unit) -> Group:
        parents = {parent for task in unit for parent in task.upstream}
        given = {parent: self.known[parent] for parent in parents if parent in self.known}
        return replace(self.group, id=f"{self.group.id}.{number}", units=(unit,), given=given)

    def _next(self) -> Unit | None:
        with self.lock:
            return self.waiting.pop(0) if self.waiting else None

    def _task(self, task: Task) -> Outputs | None:
        given = {parent: self.known[parent] for parent in task.upstream}
        if None in given.values():
            return None  # the machine has it skipped
        attempt = self.group.attempts.get(task.id, 1)
        if finished := self.completed.get(task.id):
            self.reporter.emit(finished)  # its first report may have been lost with the worker
            return finished.outputs
        if task.id in self.started:
            self.reporter.emit(_uncertain(self.group.job.run_id, task.id, attempt))
            return None
        return self.executor.execute(task, given, attempt, self.reporter)  # type: ignore[arg-type]


def _uncertain(run_id: str, task_id: str, attempt: int) -> TaskUncertain:
    message = "its worker was lost after it had started; it may run at most once, so it isn't started again"
    failure = Failure(kind="lost", type="WorkerLost", message=message)
    return TaskUncertain(run_id=run_id, task_id=task_id, attempt=attempt, failure=failure)
