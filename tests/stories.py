"""Runs that never ran, told in seconds, for tests of what is shown of runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from twingraph_lab.events import (
    Failure,
    Metrics,
    RunFinished,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskRetried,
    TaskStarted,
)
from twingraph_lab.frontends.timeline import timeline
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.states import RunState, TaskState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FAILURE = Failure(kind="error", type="ValueError", message="no such column", traceback="Traceback\n  line 2")


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def record(state=RunState.COMPLETED, **fields):
    values = {
        "run_id": "r1", "workflow": "flights", "digest": "", "document": "{}", "parameters": {"n": 3}, "context": {},
        "state": state, "coordinator": "c", "epoch": 1, "lease_until": None, "cancel_requested": False,
        "requested": NOON, "started": NOON, "finished": at(2), "error": "", "idempotency_key": None,
        "dynamic": False,
    }  # fmt: skip
    return RunRecord(**{**values, **fields})


def task(name, state=TaskState.COMPLETED, **fields):
    values = {
        "run_id": "r1", "task_id": name, "position": 0, "state": state, "attempt": 1, "epoch": 1, "platform": "local",
        "worker": "w", "outputs": {}, "failure": None, "metrics": Metrics(wall_s=1.5, cpu_s=1, peak_memory_bytes=10**6),
        "cached_from": "", "started": NOON, "finished": NOON,
    }  # fmt: skip
    return TaskRecord(**{**values, **fields})


class Story:
    """A run, event by event; each tells at which second it happened."""

    def __init__(self, **upstream):
        self.events = []
        self.tasks = {name: task(name, TaskState.PENDING, metrics=Metrics(), attempt=0) for name in upstream}
        self.upstream = {name: list(parents) for name, parents in upstream.items()}

    def begins(self, second, epoch=1):
        self.events.append(RunStarted(run_id="r1", time=at(second), coordinator="c", epoch=epoch))
        return self

    def ends(self, second, status="completed"):
        self.events.append(RunFinished(run_id="r1", time=at(second), status=status))
        return self

    def starts(self, name, second, attempt=1):
        self.events.append(TaskStarted(run_id="r1", task_id=name, time=at(second), attempt=attempt))
        self.tasks[name] = task(name, TaskState.RUNNING, attempt=attempt, metrics=Metrics())
        return self

    def retries(self, name, second, attempt=1):
        self.events.append(TaskRetried(run_id="r1", task_id=name, time=at(second), attempt=attempt, failure=FAILURE))
        self.tasks[name] = task(name, TaskState.DISPATCHED, attempt=attempt, metrics=Metrics())
        return self

    def completes(self, name, second, *, cached_from="", wall_s=0.0):
        metrics = Metrics(wall_s=wall_s, cpu_s=wall_s / 2, peak_memory_bytes=10**6 if wall_s else 0)
        self.events.append(
            TaskCompleted(run_id="r1", task_id=name, time=at(second), cached_from=cached_from, metrics=metrics)
        )
        self.tasks[name] = task(name, metrics=metrics, cached_from=cached_from)
        return self

    def fails(self, name, second, failure=FAILURE):
        self.events.append(TaskFailed(run_id="r1", task_id=name, time=at(second), failure=failure))
        self.tasks[name] = task(name, TaskState.FAILED, failure=failure, metrics=Metrics())
        return self

    def told(self, now=None):
        """Its timeline; `now` is the present second of a run under way."""
        return timeline(self.events, self.tasks, self.upstream, now=None if now is None else at(now))
