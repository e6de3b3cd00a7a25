"""What a run does next. Pure: no clock, no I/O, no threads.

All such decisions are taken here, from events alone, so a run can be rebuilt from its ledger rows and replayed from
its log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from twingraph_lab.errors import ConflictError
from twingraph_lab.events import (
    AnyTaskEvent,
    Event,
    RunCancelRequested,
    RunStarted,
    TaskCancelled,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskLogged,
    TaskProgressed,
    TaskRetried,
    TaskSkipped,
    TaskStarted,
    TaskUncertain,
)
from twingraph_lab.runtime.states import TaskState

S = TaskState

_ACTIVE: dict[type[TaskEvent], TaskState] = {
    TaskStarted: S.RUNNING,
    TaskRetried: S.DISPATCHED,
    TaskCompleted: S.COMPLETED,
    TaskFailed: S.FAILED,
    TaskSkipped: S.SKIPPED,
    TaskCancelled: S.CANCELLED,
    TaskUncertain: S.UNCERTAIN,
}
TRANSITIONS: dict[TaskState, dict[type[TaskEvent], TaskState]] = {
    S.PENDING: {TaskSkipped: S.SKIPPED, TaskCancelled: S.CANCELLED, TaskFailed: S.FAILED},
    S.DISPATCHED: _ACTIVE | {TaskLogged: S.DISPATCHED, TaskProgressed: S.DISPATCHED},
    S.RUNNING: {**_ACTIVE, TaskLogged: S.RUNNING, TaskProgressed: S.RUNNING},
    S.COMPLETED: {},
    S.FAILED: {},
    S.SKIPPED: {},
    S.CANCELLED: {},
    S.UNCERTAIN: {},
}
"""Legal moves. A `TaskStarted` of a running task is the next attempt, after its worker was lost."""

BLOCKING = (S.FAILED, S.SKIPPED, S.CANCELLED, S.UNCERTAIN)
"""States after which what waits for the task will never start."""


@dataclass(frozen=True, slots=True)
class Submit:
    """Hand these tasks to the scheduler, which orders them by their upstreams."""

    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Skip:
    """Never start these tasks: `because` failed."""

    tasks: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop everything of the run."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is left to do."""

    status: Literal["completed", "failed", "cancelled"]
    error: str = ""


Command = Submit | Skip | Cancel | Finish


class RunMachine:
    """Events in, commands out, for one run.

    `upstream` maps each task to what it waits for; `states` describes a run taken up again. A run that is `open`
    (dynamic) starts nothing but what its program adds or asks for again, and doesn't finish until `close`.
    """

    def __init__(
        self,
        upstream: Mapping[str, Sequence[str]],
        *,
        states: Mapping[str, TaskState] | None = None,
        cancelling: bool = False,
        open: bool = False,  # noqa: A002
    ) -> None:
        self.states: dict[str, TaskState] = {}
        self.cancelling = cancelling
        self.open = open
        self._upstream: dict[str, Sequence[str]] = {}
        self._children: dict[str, list[str]] = {}
        self.unfinished = 0
        self._causes: dict[str, str] = {}
        self._finished = False
        self._extend(upstream, states or {})

    def handle(self, *events: Event) -> list[Command]:
        """What to do now that `events` are committed. Raises `ConflictError` for a move that isn't legal."""
        return [command for event in events for command in self._handle(event)]

    def accepts(self, event: AnyTaskEvent) -> bool:
        """Whether `event` is a legal move now; late and doubled reports aren't."""
        return event.task_id in self.states and type(event) in TRANSITIONS[self.states[event.task_id]]

    def ask(self, tasks: Iterable[str]) -> list[Command]:
        """The program of a run taken up again asks for these once more: those that haven't ended may start now."""
        return list(self._begin(tuple(tasks)))

    def add(self, upstream: Mapping[str, Sequence[str]]) -> list[Command]:
        """New tasks of a dynamic run. Those that wait for a failed one are skipped at once."""
        self._extend(upstream, {})
        return list(self._begin(tuple(upstream)))

    def close(self, handled: Iterable[str] = ()) -> list[Command]:
        """No more tasks will come. The failures of tasks in `handled` were dealt with by the program."""
        self.open = False
        for task_id in handled:
            self._causes.pop(task_id, None)
        return list(self._finish())

    def _extend(self, upstream: Mapping[str, Sequence[str]], states: Mapping[str, TaskState]) -> None:
        for task_id in upstream:
            state = states.get(task_id, S.PENDING)
            self.states[task_id] = state
            self._children.setdefault(task_id, [])
            self.unfinished += not state.final
            if state in (S.FAILED, S.UNCERTAIN):
                self._causes[task_id] = f"{task_id} {state}"
        for task_id, parents in upstream.items():
            for parent in parents:
                self._children[parent].append(task_id)
        self._upstream.update(upstream)

    def _handle(self, event: Event) -> Iterator[Command]:
        match event:
            case RunStarted():
                yield from self._begin(() if self.open else tuple(self.states))
            case RunCancelRequested():
                self.cancelling = True
                yield Cancel()
            case TaskEvent():
                yield from self._move(event)

    def _begin(self, candidates: tuple[str, ...]) -> Iterator[Command]:
        if self.cancelling:
            yield Cancel()
            return
        blocked: dict[str, str] = {}
        for task_id in candidates:  # in topological order, so one pass is enough
            for parent in self._upstream[task_id]:
                if parent in blocked or self.states[parent] in BLOCKING:
                    blocked[task_id] = blocked.get(parent, parent)
        for because in dict.fromkeys(blocked.values()):
            yield Skip(tuple(t for t, b in blocked.items() if b == because and not self.states[t].final), because)
        ready = tuple(t for t in candidates if not self.states[t].final and t not in blocked)
        if ready:
            yield Submit(ready)
        yield from self._finish()

    def dispatched(self, tasks: Iterable[str]) -> None:
        """The ledger has committed that these tasks are handed to the scheduler."""
        for task_id in tasks:
            if self.states[task_id].final:
                raise ConflictError(f"task {task_id!r} is {self.states[task_id]}; it can't be dispatched")
            self.states[task_id] = S.DISPATCHED

    def _move(self, event: AnyTaskEvent) -> Iterator[Command]:
        before = self.states[event.task_id]
        after = TRANSITIONS[before].get(type(event))
        if after is None:
            raise ConflictError(f"task {event.task_id!r} is {before}; it can't take {event.type}")
        if after is before:
            return
        self.states[event.task_id] = after
        if not after.final:
            return
        self.unfinished -= 1
        if isinstance(event, TaskFailed | TaskUncertain):
            self._causes[event.task_id] = f"node {event.task_id!r}: {event.failure}"
            if not self.cancelling and (lost := self._waiting_for(event.task_id)):
                yield Skip(lost, because=event.task_id)
        yield from self._finish()

    def _waiting_for(self, task_id: str) -> tuple[str, ...]:
        lost: dict[str, None] = {}
        queue = deque(self._children[task_id])
        while queue:
            child = queue.popleft()
            if child not in lost and not self.states[child].final:
                lost[child] = None
                queue.extend(self._children[child])
        return tuple(lost)

    def _finish(self) -> Iterator[Command]:
        if self.unfinished or self._finished or (self.open and not self.cancelling):
            return
        self._finished = True
        if self.cancelling and S.CANCELLED in self.states.values():
            yield Finish("cancelled", "cancelled")
        elif self._causes:
            yield Finish("failed", "\n".join(self._causes.values()))
        elif self.cancelling:
            yield Finish("cancelled", "cancelled")
        else:
            yield Finish("completed")
