"""One task, from its upstream outputs to its own: cache, attempts, retry. The same for every scheduler and platform."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from twingraph_lab.events import (
    AnyTaskEvent,
    Basis,
    Failure,
    Metrics,
    Outputs,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskRetried,
    TaskStarted,
    TaskUncertain,
)
from twingraph_lab.planning.plan import Task
from twingraph_lab.platforms.base import AttemptError, Call, Platform
from twingraph_lab.runtime.crash import crash_point
from twingraph_lab.runtime.job import Job
from twingraph_lab.schedulers.cache import Cache, Hit, begun_ns
from twingraph_lab.schedulers.reporter import Reporter
from twingraph_lab.spec.workflow import Retry

RETRIED = ("error", "timeout", "crashed", "lost", "platform")
"""Kinds of failure that trying again may mend."""


@dataclass(frozen=True, slots=True)
class Executor:
    """What executing the tasks of one run takes on this worker. `stopping` is set when the run is cancelled."""

    job: Job
    platform: Callable[[str], Platform]
    cache: Cache
    worker: str
    stopping: threading.Event

    def __post_init__(self) -> None:
        begun_ns(self.job.run_id)  # before any body of it can import something

    def execute(self, task: Task, given: Mapping[str, Outputs], attempt: int, reporter: Reporter) -> Outputs | None:
        """Run `task` to its end, starting with number `attempt`. None if it didn't succeed; the events say why."""
        if self.stopping.is_set():
            reporter.emit(TaskCancelled(run_id=self.job.run_id, task_id=task.id, attempt=attempt))
            return None
        if task.cache.mode == "none":
            return self._attempts(task, given, attempt, reporter, None)
        basis = self.cache.basis(self.job, task, given)
        if not basis.key:
            return self._attempts(task, given, attempt, reporter, basis)
        if task.cache.refresh or self.job.context.refresh:
            return self._computed(task, given, attempt, reporter, basis.model_copy(update={"miss": "refreshed"}))
        found = self.cache.find(basis.key, task.cache, datetime.now(UTC))
        if isinstance(found, Hit):
            return self._reused(task, attempt, reporter, basis, found)
        with self.cache.turn(basis.key, self.stopping) as ours:
            if not ours:
                reporter.emit(TaskCancelled(run_id=self.job.run_id, task_id=task.id, attempt=attempt))
                return None
            found = self.cache.find(basis.key, task.cache, datetime.now(UTC))  # somebody may have computed it meanwhile
            if isinstance(found, Hit):
                return self._reused(task, attempt, reporter, basis, found)
            return self._computed(task, given, attempt, reporter, basis.model_copy(update={"miss": found}))

    def _reused(self, task: Task, attempt: int, reporter: Reporter, basis: Basis, hit: Hit) -> Outputs:
        self._complete(task, attempt, hit.outputs, Metrics(), reporter, basis=basis, cached_from=hit.origin)
        return hit.outputs

    def _computed(
        self, task: Task, given: Mapping[str, Outputs], attempt: int, reporter: Reporter, basis: Basis
    ) -> Outputs | None:
        outputs = self._attempts(task, given, attempt, reporter, basis)
        if outputs is not None:
            self.cache.keep(self.job, task, basis, outputs)
        return outputs

    def _attempts(
        self, task: Task, given: Mapping[str, Outputs], first: int, reporter: Reporter, basis: Basis | None
    ) -> Outputs | None:
        begun = time.monotonic()
        attempt, last = first, first + (0 if task.at_most_once else task.retry.attempts - 1)
        while True:
            try:
                outputs, metrics = self._attempt(task, given, attempt, reporter)
            except AttemptError as error:
                failure, metrics = error.failure, error.metrics
            else:
                self._complete(task, attempt, outputs, metrics, reporter, basis=basis)
                return outputs
            delay_s = wait_s(task.retry, attempt - first + 1, random.random())  # noqa: S311
            again = attempt < last and retries(task.retry, failure)
            too_late = task.retry.give_up_after_s and time.monotonic() - begun + delay_s > task.retry.give_up_after_s
            if not again or too_late or self.stopping.is_set():
                reporter.emit(self._end(task, attempt, failure, metrics))
                return None
            reporter.emit(
                TaskRetried(
                    run_id=self.job.run_id,
                    task_id=task.id,
                    attempt=attempt,
                    failure=failure,
                    metrics=metrics,
                    delay_s=delay_s,
                )
            )
            if self.stopping.wait(delay_s):
                reporter.emit(TaskCancelled(run_id=self.job.run_id, task_id=task.id, attempt=attempt))
                return None
            attempt += 1

    def _attempt(
        self, task: Task, given: Mapping[str, Outputs], attempt: int, reporter: Reporter
    ) -> tuple[Outputs, Metrics]:
        run_id, kind = self.job.run_id, task.platform.kind
        started = TaskStarted(run_id=run_id, task_id=task.id, attempt=attempt, platform=kind, worker=self.worker)
        (reporter.emit_durably if task.at_most_once else reporter.emit)(started)
        crash_point("worker_before_body")
        result = self.platform(kind).run(Call(self.job, task, attempt, given, self.stopping), reporter.emit)
        crash_point("worker_after_body")
        return result

    def _complete(
        self,
        task: Task,
        attempt: int,
        outputs: Outputs,
        metrics: Metrics,
        reporter: Reporter,
        *,
        basis: Basis | None,
        cached_from: str = "",
    ) -> None:
        reporter.emit(
            TaskCompleted(
                run_id=self.job.run_id,
                task_id=task.id,
                attempt=attempt,
                outputs=outputs,
                metrics=metrics,
                cached_from=cached_from,
                basis=basis,
            )
        )

    def _end(self, task: Task, attempt: int, failure: Failure, metrics: Metrics) -> AnyTaskEvent:
        run_id = self.job.run_id
        if failure.kind == "cancelled":
            return TaskCancelled(run_id=run_id, task_id=task.id, attempt=attempt)
        if task.at_most_once and failure.kind in ("crashed", "timeout"):
            return TaskUncertain(run_id=run_id, task_id=task.id, attempt=attempt, failure=failure)
        return TaskFailed(run_id=run_id, task_id=task.id, attempt=attempt, failure=failure, metrics=metrics)


def retries(retry: Retry, failure: Failure) -> bool:
    """Whether this kind of failure is to be tried again.

    >>> retries(Retry(attempts=3, on=("OSError",)), Failure(kind="error", type="ValueError", message=""))
    False
    """
    if failure.kind not in RETRIED:
        return False
    return not retry.on or failure.kind in retry.on or failure.type in retry.on


def wait_s(retry: Retry, failed_attempts: int, chance: float) -> float:
    """Seconds to wait after the n-th failed attempt; `chance` in [0, 1) decides the jitter.

    >>> [wait_s(Retry(delay_s=1, factor=2, max_delay_s=5), n, 0.0) for n in (1, 2, 3, 4)]
    [1.0, 2.0, 4.0, 5.0]
    """
    try:
        full: float = min(retry.delay_s * retry.factor ** (failed_attempts - 1), retry.max_delay_s)
    except OverflowError:
        full = retry.max_delay_s
    return full * (1.0 - retry.jitter * chance)
