"""When the nodes of a run waited, ran and tried again: events in, stretches of time out. Pure.

A run that was resumed has been under way several times, perhaps days apart. What counts here is the time under way:
`Timeline.at` leaves out what lies between.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from twingraph_lab.events import (
    Event,
    RunFinished,
    RunStarted,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskRetried,
    TasksAdded,
    TaskStarted,
    TaskUncertain,
)
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.states import TaskState

TYPES = (
    "run.started",
    "run.finished",
    "tasks.added",
    "task.started",
    "task.retried",
    "task.completed",
    "task.failed",
    "task.uncertain",
    "task.cancelled",
)
"""The types of the events that are read."""

Ending = Literal["completed", "failed", "retried", "uncertain", "cancelled", "lost", "running"]
"""How an attempt ended; `lost` with the process that drove the run, `running` not yet."""

ENDINGS: Mapping[type[Event], Ending] = {
    TaskCompleted: "completed",
    TaskRetried: "retried",
    TaskFailed: "failed",
    TaskUncertain: "uncertain",
    TaskCancelled: "cancelled",
}


class Stretch(NamedTuple):
    """An attempt from `start` to `end`."""

    number: int
    start: datetime
    end: datetime
    ending: Ending


class Period(NamedTuple):
    """A time in which somebody drove the run."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Lane:
    """A node's time. `ready` is when nothing but a free worker was missing any more; None if that never came.

    `waited_s` runs from there to the first attempt, or until now. `cached_at` is when its outputs were taken from
    elsewhere.
    """

    record: TaskRecord
    ready: datetime | None = None
    attempts: tuple[Stretch, ...] = ()
    waited_s: float = 0.0
    cached_at: datetime | None = None

    @property
    def name(self) -> str:
        """The node's id."""
        return self.record.task_id

    @property
    def retrying(self) -> bool:
        """Whether its last attempt failed and another one is due."""
        return self.record.state is TaskState.DISPATCHED and bool(self.attempts)

    @property
    def waits(self) -> list[Period]:
        """When it waited: for its turn, and between attempts."""
        if self.ready is None:
            return []
        starts = [self.ready, *(each.end for each in self.attempts)]
        ends = [each.start for each in self.attempts] or [self.ready + timedelta(seconds=self.waited_s)]
        return [Period(start, end) for start, end in zip(starts, ends, strict=False) if end > start]

    @property
    def began(self) -> datetime | None:
        """When it did something: the first attempt, else the reuse, else waiting."""
        return self.attempts[0].start if self.attempts else self.cached_at or self.ready


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run's nodes over time, in the order of the document; `running` says that it goes on."""

    periods: tuple[Period, ...]
    lanes: tuple[Lane, ...]
    running: bool

    @property
    def active_s(self) -> float:
        """How long somebody drove the run, so far."""
        return sum(_seconds(period.start, period.end) for period in self.periods)

    @property
    def elapsed_s(self) -> float:
        """From the first start to the end, so far."""
        return _seconds(self.periods[0].start, self.periods[-1].end) if self.periods else 0.0

    @property
    def pauses(self) -> list[tuple[float, float]]:
        """Where the run was taken up again, in seconds under way, and how long nobody had driven it."""
        return [
            (self.at(later.start), _seconds(earlier.end, later.start))
            for earlier, later in zip(self.periods, self.periods[1:], strict=False)
        ]

    def at(self, moment: datetime) -> float:
        """Seconds under way until `moment`."""
        index = bisect_right([period.start for period in self.periods], moment) - 1
        if index < 0:
            return 0.0
        before = sum(_seconds(period.start, period.end) for period in self.periods[:index])
        return before + _seconds(self.periods[index].start, min(moment, self.periods[index].end))


def timeline(
    events: Iterable[Event],
    tasks: Mapping[str, TaskRecord],
    upstream: Mapping[str, Iterable[str]],
    *,
    now: datetime | None,
) -> Timeline:
    """What is known so far. `events` are those of one run, in order; `now` is None unless the run is under way."""
    history = _History(now)
    for event in events:
        history.apply(event)
    periods = history.closed()
    lanes = [_lane(task, history, periods, upstream.get(name, ())) for name, task in tasks.items()]
    return Timeline(periods, tuple(lanes), running=now is not None)


class _History:
    """Events taken in, one after the other."""

    def __init__(self, now: datetime | None) -> None:
        self.now = now
        self.attempts: dict[str, list[Stretch]] = {}
        self.open: dict[str, TaskStarted] = {}
        self.completed: dict[str, datetime] = {}
        self.added: dict[str, datetime] = {}
        self.cached: dict[str, datetime] = {}
        self._periods: list[Period] = []
        self._begun: datetime | None = None
        self._last: datetime | None = None

    def apply(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._close_period()
                self._begun = event.time
            case RunFinished():
                self._last = event.time
                self._close_period()
            case TasksAdded():
                self.added.update(dict.fromkeys(event.tasks, event.time))
            case TaskStarted():
                self._close(event.task_id, event.time, "lost")
                self.open[event.task_id] = event
            case TaskCompleted() | TaskRetried() | TaskFailed() | TaskUncertain() | TaskCancelled():
                if isinstance(event, TaskCompleted) and event.cached_from:
                    self.open.pop(event.task_id, None)
                    self.cached[event.task_id] = event.time
                self._close(event.task_id, event.time, ENDINGS[type(event)])
                if isinstance(event, TaskCompleted):
                    self.completed[event.task_id] = event.time
        self._last = max(event.time, self._last) if self._last else event.time

    def closed(self) -> tuple[Period, ...]:
        """The periods, once all events were taken in."""
        if self.now is None:
            self._close_period()
        else:
            for name in list(self.open):
                self._close(name, self.now, "running")
            if self._begun:
                self._periods.append(Period(self._begun, max(self.now, self._begun)))
        return tuple(self._periods)

    def _close(self, name: str, moment: datetime, ending: Ending) -> None:
        started = self.open.pop(name, None)
        if started is not None:
            stretch = Stretch(started.attempt, started.time, max(moment, started.time), ending)
            self.attempts.setdefault(name, []).append(stretch)

    def _close_period(self) -> None:
        if self._begun is None or self._last is None:
            return
        for name in list(self.open):
            self._close(name, self._last, "lost")
        self._periods.append(Period(self._begun, max(self._last, self._begun)))
        self._begun = None


def _lane(task: TaskRecord, history: _History, periods: tuple[Period, ...], upstream: Iterable[str]) -> Lane:
    attempts = tuple(history.attempts.get(task.task_id, ()))
    cached = history.cached.get(task.task_id)
    lane = Lane(task, attempts=attempts, cached_at=cached)
    parents = [history.completed.get(parent) for parent in upstream]
    first = attempts[0].start if attempts else history.now
    if cached or not periods or first is None or (task.state.final and not attempts):
        return lane
    ended = [moment for moment in parents if moment is not None]
    if len(ended) < len(parents) and not attempts:
        return lane  # something it needs isn't there
    under_way = [period.start for period in periods if period.start <= first] or [periods[0].start]
    added = [history.added[task.task_id]] if task.task_id in history.added else []
    ready = min(max([under_way[-1], *ended, *added]), first)
    return replace(lane, ready=ready, waited_s=_seconds(ready, first))


def _seconds(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds())
