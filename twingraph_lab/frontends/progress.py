"""The model of a run's progress: events in, what a watcher shows out. Used by the terminal and by notebooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from twingraph_lab.events import (
    Artifact,
    Event,
    Failure,
    Metrics,
    RunCancelRequested,
    RunFinished,
    RunRequested,
    RunStarted,
    TaskCancelled,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskLogged,
    TaskProgressed,
    TaskRetried,
    TasksAdded,
    TaskSkipped,
    TaskStarted,
    TaskUncertain,
)
from twingraph_lab.frontends.display import LOOKS, RETRYING, RUN_LOOKS, Look, clip, duration, printable
from twingraph_lab.runtime.states import RunState, TaskState

if TYPE_CHECKING:
    from twingraph_lab.runtime.records import TaskRecord
    from twingraph_lab.spec.workflow import Workflow

SHOWN = 40
"""With more nodes than this, only those that run or went wrong are listed."""

WENT_WRONG = (TaskState.FAILED, TaskState.UNCERTAIN)


@dataclass(slots=True)
class NodeProgress:
    """One node. `log` is the last line it wrote, `failure` why its last attempt failed, also while a retry is due.

    `said` is what its attempt said last of its progress.
    """

    id: str
    state: TaskState = TaskState.PENDING
    attempt: int = 0
    platform: str = ""
    worker: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    metrics: Metrics = field(default_factory=Metrics)
    outputs: Mapping[str, Artifact] = field(default_factory=dict)
    failure: Failure | None = None
    because: str = ""
    cached_from: str = ""
    log: str = ""
    said: TaskProgressed | None = None

    @property
    def retrying(self) -> bool:
        """The last attempt failed and another one is due."""
        return self.state is TaskState.DISPATCHED and self.failure is not None

    @property
    def look(self) -> Look:
        """Symbol and colours of the node's state."""
        return RETRYING if self.retrying else LOOKS[self.state]

    @property
    def remark(self) -> str:
        """What is worth knowing beside state and time, as one line of printable text."""
        parts = [f"attempt {self.attempt}"] if self.attempt > 1 else []
        if self.failure and self.state is not TaskState.COMPLETED:
            parts.append(str(self.failure))
        if self.state is TaskState.SKIPPED and self.because:
            parts.append(f"because {self.because} did not complete")
        if self.cached_from:
            parts.append(f"from cache ({self.cached_from})")
        if self.state is TaskState.RUNNING and self.said:
            parts.append(told(self.said))
        elif self.state is TaskState.RUNNING and self.log:
            parts.append(self.log)
        return printable(", ".join(parts))

    def elapsed_s(self, now: datetime) -> float | None:
        """How long the attempt has taken until `now` or its end; `None` if none began."""
        if self.state is TaskState.COMPLETED and not self.cached_from and self.metrics.wall_s:
            return self.metrics.wall_s
        if self.started is None:
            return None
        return max(0.0, ((self.finished or now) - self.started).total_seconds())


class RunProgress:
    """What is known of a run after the events applied so far. Not safe to share between threads without a lock.

    `apply` takes each event once, in ledger order; events without a place in the ledger (`seq` 0) are always taken.
    """

    def __init__(self, nodes: Iterable[str], *, name: str = "", clock: Callable[[], datetime] | None = None) -> None:
        self.name = name
        self.run_id = ""
        self.nodes: dict[str, NodeProgress] = {node: NodeProgress(node) for node in nodes}
        self.state = RunState.REQUESTED
        self.error = ""
        self.cancelling = False
        self.started: datetime | None = None
        self.ended: datetime | None = None
        self._tally: Counter[TaskState] = Counter({TaskState.PENDING: len(self.nodes)})
        self._clock = clock or (lambda: datetime.now(UTC))
        self._seq = 0

    @classmethod
    def of(cls, workflow: Workflow, records: Mapping[str, TaskRecord] | None = None) -> Self:
        """The progress of a run of `workflow`, nodes level by level; `records` are the task rows of a run under way."""
        import networkx as nx  # noqa: PLC0415  (a third of the package's import time)

        levels = nx.topological_generations(workflow.graph)
        progress = cls([node for level in levels for node in level], name=workflow.name)
        for record in (records or {}).values():
            progress._restore(record)
        return progress

    @property
    def now(self) -> datetime:
        """The clock's time, for `NodeProgress.elapsed_s`."""
        return self._clock()

    @property
    def counts(self) -> dict[TaskState, int]:
        """How many nodes are in each state, without the states that none is in."""
        return {state: self._tally[state] for state in TaskState if self._tally[state]}

    @property
    def done(self) -> int:
        """How many nodes will not move any more."""
        return sum(count for state, count in self._tally.items() if state.final)

    @property
    def finished(self) -> bool:
        """The run ended."""
        return self.state.final

    @property
    def fraction(self) -> float:
        """The share of nodes that will not move any more, 0 to 1."""
        return self.done / len(self.nodes) if self.nodes else float(self.finished)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run was claimed (again, if it was resumed), until its end."""
        if self.started is None:
            return 0.0
        return max(0.0, ((self.ended or self._clock()) - self.started).total_seconds())

    @property
    def log(self) -> str:
        """The last line that a node which is still running wrote."""
        return next(
            (node.log for node in reversed(self.nodes.values()) if node.state is TaskState.RUNNING and node.log), ""
        )

    def apply(self, event: Event) -> None:
        """Take in what happened next."""
        if event.seq and event.seq <= self._seq:
            return
        self._seq = max(self._seq, event.seq)
        match event:
            case RunRequested():
                self.run_id, self.name = event.run_id, event.workflow
            case RunStarted():
                self._begin(event)
            case RunCancelRequested():
                self.cancelling = True
            case RunFinished():
                self.state, self.error, self.ended = RunState(event.status), event.error, event.time
            case TasksAdded():
                for task in event.tasks:
                    self._node(task)
            case _:
                self._apply_to_node(event, self._node(event.task_id))

    def shown(self, limit: int = SHOWN) -> list[NodeProgress]:
        """The nodes worth a line each: all up to `limit`, else those that went wrong or run, at most `limit`."""
        if len(self.nodes) <= limit:
            return list(self.nodes.values())
        wrong = [node for node in self.nodes.values() if node.state in WENT_WRONG]
        active = [node for node in self.nodes.values() if node.state is TaskState.RUNNING or node.retrying]
        return [*wrong, *active][:limit]

    @property
    def headline(self) -> str:
        """Name, state, counts and time in one line of printable text."""
        state = "cancelling" if self.cancelling and not self.finished else str(self.state)
        counts = ", ".join(
            f"{count} {state}" for state, count in self.counts.items() if state is not TaskState.COMPLETED
        )
        completed = f"{self._tally[TaskState.COMPLETED]} of {len(self.nodes)} nodes completed"
        return ", ".join(
            filter(None, [f"{printable(self.name)}: {state}", completed, counts, duration(self.elapsed_s)])
        )

    def to_text(self, width: int = 120) -> str:
        """The progress as plain text of at most `width` columns, for notebooks without widgets and for logs."""
        nodes, now = self.shown(), self.now
        column = max((len(node.id) for node in nodes), default=0)
        lines = [f"{RUN_LOOKS[self.state].symbol} {self.headline}"]
        for node in nodes:
            elapsed = node.elapsed_s(now)
            time = "" if elapsed is None else duration(elapsed)
            lines.append(
                f"  {node.look.symbol} {node.id:<{column}}  {node.state:<10}  {time:>10}  {node.remark}".rstrip()
            )
        return "\n".join(clip(line, width) for line in lines)

    def _node(self, task_id: str) -> NodeProgress:
        if task_id not in self.nodes:
            self.nodes[task_id] = NodeProgress(task_id)
            self._tally[TaskState.PENDING] += 1
        return self.nodes[task_id]

    def _begin(self, event: RunStarted) -> None:
        """A claim. After an end it is a resume: what didn't complete will be done again."""
        if self.finished:
            for node in self.nodes.values():
                if node.state.final and node.state is not TaskState.COMPLETED:
                    self._move(node, TaskState.PENDING)
                    node.attempt, node.failure, node.because = 0, None, ""
                    node.started = node.finished = None
            self.started, self.error, self.cancelling = None, "", False
        self.run_id, self.state = event.run_id, RunState.RUNNING
        self.started, self.ended = self.started or event.time, None

    def _apply_to_node(self, event: TaskEvent, node: NodeProgress) -> None:
        if isinstance(event, TaskProgressed):
            node.said = event
            return
        if isinstance(event, TaskLogged):
            node.log = next((line for line in reversed(event.text.splitlines()) if line.strip()), node.log)
            return
        if not isinstance(event, TaskSkipped | TaskCancelled):  # perhaps no attempt ever began
            node.attempt = max(node.attempt, event.attempt)
        match event:
            case TaskStarted():
                self._move(node, TaskState.RUNNING)
                node.platform, node.worker = event.platform, event.worker
                node.started, node.finished, node.log, node.said = event.time, None, "", None
            case TaskRetried():
                self._move(node, TaskState.DISPATCHED)
                node.failure, node.metrics, node.finished = event.failure, event.metrics, event.time
            case TaskCompleted():
                self._end(node, TaskState.COMPLETED, event)
                node.outputs, node.metrics, node.cached_from = event.outputs, event.metrics, event.cached_from
            case TaskFailed():
                self._end(node, TaskState.FAILED, event)
                node.failure, node.metrics = event.failure, event.metrics
            case TaskUncertain():
                self._end(node, TaskState.UNCERTAIN, event)
                node.failure = event.failure
            case TaskSkipped():
                self._end(node, TaskState.SKIPPED, event)
                node.because = event.because
            case TaskCancelled():
                self._end(node, TaskState.CANCELLED, event)

    def _move(self, node: NodeProgress, state: TaskState) -> None:
        self._tally[node.state] -= 1
        self._tally[state] += 1
        node.state = state

    def _end(self, node: NodeProgress, state: TaskState, event: TaskEvent) -> None:
        self._move(node, state)
        node.finished = event.time

    def _restore(self, record: TaskRecord) -> None:
        node = self._node(record.task_id)
        self._move(node, record.state)
        node.attempt, node.platform, node.worker = record.attempt, record.platform, record.worker
        node.started, node.finished = record.started, record.finished
        node.outputs, node.failure, node.metrics = record.outputs, record.failure, record.metrics
        node.cached_from = record.cached_from


def told(said: TaskProgressed) -> str:
    """What a node says of its progress, in few words.

    >>> told(TaskProgressed(run_id="r", task_id="a", done=2, total=5, message="reading March"))
    '40 % reading March'
    >>> told(TaskProgressed(run_id="r", task_id="a", done=1200))
    '1200 done'
    """
    share = f"{min(100, 100 * said.done / said.total):.0f} %" if said.total else f"{said.done:.15g} done"
    return f"{share} {said.message}".rstrip()
