"""The reference scheduler: tasks in dependency order on a few threads of this process. No cluster, no waiting."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from twingraph_lab.events import Failure, Outputs, TaskFailed
from twingraph_lab.planning.plan import Task
from twingraph_lab.runtime.job import Job
from twingraph_lab.runtime.scheduling import Reports
from twingraph_lab.schedulers.group import Group, Results, run_group
from twingraph_lab.schedulers.resources import fits, sort_out
from twingraph_lab.schedulers.site import Site


class InlineScheduler:
    """See `Scheduler`. Bodies run in processes of their own, as everywhere; `slots` of them at a time."""

    def __init__(self, slots: int = 4, resources: Mapping[str, float] | None = None) -> None:
        self._offer = {"cpu": float(slots), **(resources or {})}
        self._free = dict(self._offer)
        self._site = Site()
        self._slots = slots
        self._lock = threading.Lock()
        self._results: dict[str, Results] = defaultdict(dict)
        self._waiting: dict[str, dict[str, Group]] = defaultdict(dict)

    def start(self, reports: Reports) -> None:
        """See `Scheduler.start`."""
        self._reports = reports
        self._pool = ThreadPoolExecutor(self._slots, thread_name_prefix="twingraph-inline")

    def submit(
        self, job: Job, tasks: Sequence[Task], *, given: Mapping[str, Outputs], attempts: Mapping[str, int]
    ) -> None:
        """See `Scheduler.submit`."""
        tasks, failures = sort_out(job, tasks, attempts, [self._offer])
        self._reports.report(job.run_id, "", failures)
        with self._lock:
            results = self._results[job.run_id]
            for task in tasks:
                results.pop(task.id, None)
                group = Group(f"{task.id}-e{job.epoch}", job, ((task,),), given, attempts)
                self._waiting[job.run_id][task.id] = group
            results.update(given)
        self._start_ready(job.run_id)

    def release(self, run_id: str, tasks: Collection[str]) -> None:
        """See `Scheduler.release`; results are kept until the run ends, for tasks that a dynamic run adds."""

    def cancel(self, run_id: str) -> None:
        """See `Scheduler.cancel`."""
        self.forget(run_id)  # what is queued finds no results then, and isn't begun
        self._site.stop(run_id)

    def forget(self, run_id: str) -> None:
        """See `Scheduler.forget`."""
        with self._lock:
            self._waiting.pop(run_id, None)
            self._results.pop(run_id, None)

    def close(self) -> None:
        """See `Scheduler.close`."""
        for run_id in list(self._results):
            self.cancel(run_id)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._site.close()

    def _start_ready(self, run_id: str) -> None:
        with self._lock:
            waiting, results = self._waiting.get(run_id, {}), self._results.get(run_id, {})
            ready = []
            for task_id, group in list(waiting.items()):
                task = group.tasks[0]
                if all(parent in results for parent in task.upstream) and fits(task.resources, self._free):
                    self._take(task, -1)
                    ready.append(waiting.pop(task_id))
        for group in ready:
            self._pool.submit(self._run, group)

    def _run(self, group: Group) -> None:
        run_id, task = group.job.run_id, group.tasks[0]
        try:
            with self._lock:
                known = self._results.get(run_id)
                upstream = None if known is None else {parent: known[parent] for parent in task.upstream}
            if upstream is not None:
                results = self._results_of(group, upstream)
                with self._lock:
                    if run_id in self._results:
                        self._results[run_id].update(results)
        finally:
            with self._lock:
                self._take(task, +1)
                runs = list(self._waiting)  # another run may have waited for these resources
        for waiting in runs:
            self._start_ready(waiting)

    def _results_of(self, group: Group, upstream: Results) -> Results:
        run_id, task = group.job.run_id, group.tasks[0]
        try:
            return run_group(group, [upstream], self._site, self._reports.report, None)
        except Exception as error:  # noqa: BLE001  (a fault of the engine must end the run, not hang it)
            failure = Failure(kind="platform", type=type(error).__name__, message=str(error))
            attempt = group.attempts.get(task.id, 1)
            failed = TaskFailed(run_id=run_id, task_id=task.id, attempt=attempt, failure=failure)
            self._reports.report(run_id, "", [failed])
            return {task.id: None}

    def _take(self, task: Task, sign: int) -> None:
        for name, amount in task.resources.items():
            self._free[name] += sign * amount
