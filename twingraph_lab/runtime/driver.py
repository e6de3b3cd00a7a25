"""Drives one run: what the scheduler reports goes through the machine into the ledger, and only then has effects."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from twingraph_lab.errors import StoreError
from twingraph_lab.events import (
    AnyTaskEvent,
    Event,
    Failure,
    Outputs,
    RunCancelRequested,
    RunFinished,
    RunStarted,
    TaskCancelled,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskRetried,
    TaskSkipped,
    TaskUncertain,
)
from twingraph_lab.planning.plan import Task
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.attempts import LOST, Attempts
from twingraph_lab.runtime.crash import crash_point
from twingraph_lab.runtime.job import Job
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.machine import Cancel, Command, Finish, RunMachine, Skip, Submit
from twingraph_lab.runtime.outcomes import Outcomes
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.scheduling import Scheduler
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Component

CROWD = 50
MOST_LOSSES = 3
"""How often a task may be lost before it is given up."""

log = logging.getLogger(__name__)


class RunDriver:
    """Used by one thread. Methods take things in; `commit` makes them durable and acts on them."""

    def __init__(
        self,
        job: Job,
        tasks: Mapping[str, Task],
        *,
        ledger: Ledger,
        scheduler: Scheduler,
        store: ArtifactStore,
        records: Mapping[str, TaskRecord],
        cancelling: bool = False,
        dynamic: bool = False,
        watcher: Callable[[Sequence[Event]], None] = lambda _: None,
        tidy: Callable[[Callable[[], None]], object] = lambda act: act(),
    ) -> None:
        self.job = job
        self.tasks = dict(tasks)
        self.finished = False
        self._completed = False
        self.outputs: dict[str, Outputs] = {
            task_id: record.outputs for task_id, record in records.items() if record.state is TaskState.COMPLETED
        }
        self._ledger = ledger
        self._scheduler = scheduler
        self._outcomes = Outcomes(store, job.run_id)
        self._watcher = watcher
        self._tidy = tidy
        self._attempts = Attempts()
        self._losses: dict[str, int] = {}
        self._events: list[Event] = []
        self._commands: deque[Command] = deque()
        states = {task_id: record.state for task_id, record in records.items()}
        upstream = {task_id: task.upstream for task_id, task in self.tasks.items()}
        self._machine = RunMachine(upstream, states=states, cancelling=cancelling, open=dynamic)
        for task_id, record in records.items():
            never_began = record.state is TaskState.DISPATCHED and record.started is None
            self._attempts.dispatched(task_id, record.attempt - never_began)

    @property
    def settled(self) -> bool:
        """Whether the run has ended and its end is recorded."""
        return self.finished and not self._events

    @property
    def crowded(self) -> bool:
        """Whether so much is left to do that nobody waits for the next report."""
        return self._machine.unfinished > CROWD

    def begin(self, coordinator: str) -> None:
        """Take the run up: record what finished without being recorded, submit everything else that is left."""
        self._recover(task_id for task_id, state in self._machine.states.items() if not state.final)
        started = RunStarted(run_id=self.job.run_id, coordinator=coordinator, epoch=self.job.epoch)
        self._commands += self._machine.handle(started)  # already in the ledger: claiming wrote it
        crash_point("after_recover")

    def report(self, execution: str, events: Iterable[AnyTaskEvent]) -> None:
        """A worker reports. Late and doubled reports are dropped."""
        for event in events:
            for normalised in list(self._attempts.normalise(execution, event)):
                if isinstance(normalised, TaskCancelled) and not self._machine.cancelling:
                    self.lost(
                        [normalised.task_id], "it was stopped on its worker, though nobody asked for it", fatal=False
                    )
                else:
                    self._take(normalised)

    def lost(self, tasks: Collection[str], cause: str, *, fatal: bool) -> None:
        """The scheduler lost these: recover what they finished, give up what kills workers, submit the rest again."""
        lost = set(tasks)
        tasks = [task_id for task_id in self.tasks if task_id in lost]  # parents first, as everything below expects
        running = {task_id for task_id in tasks if self._machine.states[task_id] is TaskState.RUNNING}
        again = self._recover(task_id for task_id in tasks if not self._machine.states[task_id].final)
        for task_id in list(again):
            self._losses[task_id] = losses = self._losses.get(task_id, 0) + 1
            if (fatal and (task_id in running or len(again) == 1)) or losses > MOST_LOSSES:
                self._give_up(task_id, cause)
                again.remove(task_id)
        again = [task_id for task_id in again if not self._machine.states[task_id].final]
        if again and not self._machine.cancelling:
            self._commands.append(Submit(tuple(again)))

    def cancel(self) -> None:
        """Stop the run."""
        if not self._machine.cancelling:
            self._commands += self._machine.handle(RunCancelRequested(run_id=self.job.run_id))

    def add(self, tasks: Sequence[Task], components: Mapping[str, Component]) -> None:
        """Tasks that a dynamic run grew by, and the components they bring; the ledger has them already."""
        self.tasks.update((task.id, task) for task in tasks)
        if components:
            self.job = replace(self.job, components={**self.job.components, **components})
        self._commands += self._machine.add({task.id: task.upstream for task in tasks})

    def ask(self, tasks: Sequence[Task], components: Mapping[str, Component]) -> None:
        """The program of a dynamic run makes these calls again, perhaps with other options or code than before."""
        waiting = [task for task in tasks if not self._machine.states[task.id].final]
        self.tasks.update((task.id, task) for task in waiting)
        self.job = replace(self.job, components={**self.job.components, **components})
        self._commands += self._machine.ask(task.id for task in waiting)

    def ended(self, task_id: str) -> bool:
        """Whether nothing more will happen to a task."""
        return self._machine.states[task_id].final

    def close(self, handled: Collection[str]) -> None:
        """A dynamic run will not grow any more."""
        self._commands += self._machine.close(handled)

    def stop(self) -> None:
        """The program behind a dynamic run has what it wanted: stop what still runs and end as completed."""
        self._end_now(Finish("completed"))

    def abort(self, error: str) -> None:
        """The program behind a dynamic run failed: stop what runs and end as failed."""
        self._end_now(Finish("failed", error))

    def commit(self) -> None:
        """Record what was taken in, then act on it, until nothing is left to do.

        If the ledger can't be written now, everything stays in hand for the next call. Raises `FencedError` if another
        coordinator has the run; then nothing has been recorded.
        """
        while self._events or self._commands:
            if not self._record():
                return
            while self._commands:
                try:
                    self._act(self._commands[0])
                except StoreError as error:
                    log.warning("run %s: can't go on now, will try again: %s", self.job.run_id, error)
                    return
                self._commands.popleft()

    def _take(self, event: AnyTaskEvent) -> None:
        if not self._machine.accepts(event):
            return
        self._events.append(event)
        if isinstance(event, TaskCompleted):
            self.outputs[event.task_id] = event.outputs
        for command in self._machine.handle(event):
            if isinstance(command, Skip):
                self._skip(command)
            elif isinstance(command, Finish):
                self._finish(command)
            else:
                self._commands.append(command)

    def _skip(self, command: Skip) -> None:
        for task_id in command.tasks:
            self._take(TaskSkipped(run_id=self.job.run_id, task_id=task_id, because=command.because))

    def _finish(self, command: Finish) -> None:
        if not self.finished:
            self.finished = True
            self._completed = command.status == "completed"
            self._events.append(RunFinished(run_id=self.job.run_id, status=command.status, error=command.error))

    def _end_now(self, end: Finish) -> None:
        self._scheduler.cancel(self.job.run_id)
        self._cancel_tasks()
        self._commands.clear()
        self._finish(end)

    def _give_up(self, task_id: str, cause: str) -> None:
        failure = Failure(kind="lost", type="WorkerLost", message=cause)
        attempt = max(self._attempts.number(task_id), 1)
        event_type = TaskUncertain if self.tasks[task_id].at_most_once else TaskFailed
        self._take(event_type(run_id=self.job.run_id, task_id=task_id, attempt=attempt, failure=failure))

    def _recover(self, tasks: Iterable[str]) -> list[str]:
        """Record what is known to be finished; the tasks that have to run (again)."""
        run_id, again = self.job.run_id, []
        completed, started = self._outcomes.read()
        for task_id in tasks:
            attempt = self._attempts.number(task_id)
            if task_id in completed and self._machine.accepts(completed[task_id]):
                self._take(completed[task_id])
            elif task_id in started:
                self._take(TaskUncertain(run_id=run_id, task_id=task_id, attempt=attempt, failure=LOST))
            else:
                if self._machine.states[task_id] is TaskState.RUNNING:
                    self._take(TaskRetried(run_id=run_id, task_id=task_id, attempt=attempt, failure=LOST))
                again.append(task_id)
        return again

    def _record(self) -> bool:
        if self._events:
            crash_point("before_record")
            try:
                stored = self._ledger.record(self.job.run_id, self.job.epoch, self._events)
            except StoreError as error:
                log.warning("run %s: can't record now, will try again: %s", self.job.run_id, error)
                return False
            crash_point("after_record")
            done = [event.task_id for event in self._events if isinstance(event, TaskEvent) and self._final(event)]
            self._events = []
            self._scheduler.release(self.job.run_id, done)
            if self.finished:
                self._scheduler.forget(self.job.run_id)
                if self._completed:  # else a resume will want them
                    self._tidy(self._outcomes.clear)
                crash_point("after_finish")
            self._watcher(stored)
        return True

    def _final(self, event: AnyTaskEvent) -> bool:
        return self._machine.states[event.task_id].final

    def _act(self, command: Command) -> None:
        match command:
            case Submit(tasks):
                self._submit(tasks)
            case Skip():
                self._skip(command)
            case Cancel():
                self._scheduler.cancel(self.job.run_id)
                self._cancel_tasks()
                self._finish(Finish("cancelled", "cancelled"))
            case Finish():
                self._finish(command)

    def _submit(self, ids: tuple[str, ...]) -> None:
        tasks = [self.tasks[task_id] for task_id in ids if not self._machine.states[task_id].final]
        attempts = {task.id: self._attempts.number(task.id) + 1 for task in tasks}
        self._ledger.record(self.job.run_id, self.job.epoch, [], dispatched=attempts)
        crash_point("after_dispatch")
        self._machine.dispatched(attempts)
        for task_id, attempt in attempts.items():
            self._attempts.dispatched(task_id, attempt)
        given = {parent: self.outputs[parent] for task in tasks for parent in task.upstream if parent in self.outputs}
        self._scheduler.submit(self.job, tasks, given=given, attempts=attempts)
        crash_point("after_submit")

    def _cancel_tasks(self) -> None:
        for task_id, state in self._machine.states.items():
            if not state.final:
                attempt = max(self._attempts.number(task_id), 1)
                self._take(TaskCancelled(run_id=self.job.run_id, task_id=task_id, attempt=attempt))
