"""A run's progress in the terminal: a live tree, or a line for each change where nobody watches."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from twingraph_lab.cli.output import note
from twingraph_lab.events import (
    Event,
    RunCancelRequested,
    RunStarted,
    TaskCancelled,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskLogged,
    TaskRetried,
    TaskSkipped,
    TaskStarted,
    TaskUncertain,
)
from twingraph_lab.frontends.display import LOOKS, RUN_LOOKS, counted, duration, printable
from twingraph_lab.frontends.progress import SHOWN, NodeProgress, RunProgress
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Workflow

REFRESHES_PER_S = 10
DEEPEST_TREE = 8
"""Levels of indentation; deeper graphs are shown as a list."""


class Display(Protocol):
    """Shows a run while it is a context; `apply` is called with each event."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def apply(self, event: Event) -> None:
        """Take in what happened."""


def display_for(progress: RunProgress, workflow: Workflow, *, quiet: bool) -> Display:
    """What suits stderr: nothing, a live tree on a terminal, else lines."""
    if quiet:
        return Silent(progress)
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return LiveTree(progress, {node.id: node.upstream for node in workflow.nodes})
    return Lines(progress)


class Silent:
    """Shows nothing."""

    def __init__(self, progress: RunProgress) -> None:
        self._progress = progress

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def apply(self, event: Event) -> None:
        """Keep the model up to date for the summary."""
        self._progress.apply(event)


class Lines:
    """One line on stderr for each change of interest; in large runs for what went wrong and every tenth of the way."""

    def __init__(self, progress: RunProgress) -> None:
        self._progress = progress
        self._tenth = int(progress.fraction * 10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def apply(self, event: Event) -> None:
        """Print what changed."""
        self._progress.apply(event)
        large = len(self._progress.nodes) > SHOWN
        match event:
            case RunStarted():
                known = f", {counted(len(self._progress.nodes), 'node')}" if self._progress.nodes else ""
                self._print(event.time, f"● {printable(self._progress.name)} started{known}")
            case RunCancelRequested():
                self._print(event.time, "⊘ cancelling")
            case TaskRetried() | TaskFailed() | TaskUncertain():
                self._print_node(event)
            case TaskStarted() | TaskCompleted() | TaskSkipped() | TaskCancelled() if not large:
                self._print_node(event)
            case _:
                pass
        tenth = int(self._progress.fraction * 10)
        if large and tenth > self._tenth:
            self._tenth = tenth
            self._print(event.time, f"  {self._progress.done} of {len(self._progress.nodes)} nodes done")

    def _print_node(self, event: TaskEvent) -> None:
        node = self._progress.nodes[event.task_id]
        state = "to be retried" if node.retrying else str(node.state)
        elapsed = node.elapsed_s(self._progress.now) if not isinstance(event, TaskStarted | TaskLogged) else None
        parts = [f"{node.look.symbol} {node.id} {state}", "" if elapsed is None else duration(elapsed), node.remark]
        self._print(event.time, ", ".join(filter(None, parts)))

    def _print(self, moment: datetime, line: str) -> None:
        """The line, after the time since the run was claimed."""
        since = moment - (self._progress.started or moment)
        note(f"{duration(max(0.0, since.total_seconds())):>10}  {line}")


class LiveTree:
    """The nodes with their state, redrawn in place on stderr."""

    def __init__(
        self, progress: RunProgress, upstream: Mapping[str, Sequence[str]], *, console: Console | None = None
    ) -> None:
        self._progress = progress
        self._upstream = upstream
        self._console = console or Console(stderr=True, highlight=False)
        self._lock = threading.Lock()  # events come in the main thread, frames are drawn in rich's
        self._live = Live(
            console=self._console,
            get_renderable=self.frame,
            refresh_per_second=REFRESHES_PER_S,
            redirect_stdout=sys.stdout.isatty(),  # a stdout that is a file or pipe must get its own
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def apply(self, event: Event) -> None:
        """Take in what happened; the next frame shows it."""
        with self._lock:
            self._progress.apply(event)

    def frame(self) -> Group:
        """The picture now."""
        with self._lock:
            limit = max(3, min(SHOWN, self._console.height - 5))
            width = self._console.width - len("^C^C ")  # what terminals write there must not make a new line
            return Group(_head(self._progress), *_body(self._progress, self._upstream, limit, width))


def _head(progress: RunProgress) -> Table:
    look = RUN_LOOKS[progress.state]
    state = "cancelling" if progress.cancelling and not progress.finished else str(progress.state)
    style = LOOKS[TaskState.FAILED].style if any(map(progress.counts.get, (TaskState.FAILED,))) else "cyan"
    head = Table.grid(padding=(0, 1))
    head.add_row(
        Text(look.symbol, style=look.style),
        Text(printable(progress.name), style="bold", overflow="ellipsis", no_wrap=True),
        Text(state, style=look.style),
        ProgressBar(total=1.0, completed=progress.fraction, width=24, complete_style=style, finished_style="green"),
        Text(f"{progress.done}/{len(progress.nodes)}"),
        Text(duration(progress.elapsed_s), style="dim"),
    )
    return head


def _body(progress: RunProgress, upstream: Mapping[str, Sequence[str]], limit: int, width: int) -> list[Table | Text]:
    shown = progress.shown(limit)
    if len(shown) == len(progress.nodes):
        guides = branches(list(progress.nodes), upstream)
        return [_rows(progress, [(guide, progress.nodes[node]) for node, guide in guides.items()], width)]
    counts = Text("  ")
    for state, count in progress.counts.items():
        counts.append(f"{LOOKS[state].symbol} {count} {state}   ", style=LOOKS[state].style)
    return [counts, _rows(progress, [("  ", node) for node in shown], width)]


def _rows(progress: RunProgress, nodes: Sequence[tuple[str, NodeProgress]], width: int) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.width = width
    table.add_column(no_wrap=True, max_width=60, overflow="ellipsis")
    table.add_column(no_wrap=True, justify="right", min_width=8)
    table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    now = progress.now
    for guide, node in nodes:
        look, elapsed = node.look, node.elapsed_s(now)
        name = Text.assemble((guide, "dim"), (f"{look.symbol} ", look.style), (node.id, look.style))
        remark_style = look.style if node.failure else "dim"
        table.add_row(name, Text("" if elapsed is None else duration(elapsed)), Text(node.remark, style=remark_style))
    return table


def branches(nodes: Sequence[str], upstream: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The guide lines of a tree over a graph, by node, in the order in which to print.

    A node hangs from the last of its parents to come; `nodes` are in topological order. Deep graphs become a list.

    >>> branches(["a", "b", "c"], {"b": ["a"], "c": ["a"]})
    {'a': '  ', 'b': '  ├─ ', 'c': '  └─ '}
    """
    place = {node: i for i, node in enumerate(nodes)}
    children: dict[str, list[str]] = {}
    depth: dict[str, int] = {}
    for node in nodes:
        parents = [parent for parent in upstream.get(node, ()) if parent in place]
        parent = max(parents, key=lambda p: (depth[p], place[p]), default="")
        depth[node] = depth[parent] + 1 if parent else 0
        children.setdefault(parent, []).append(node)
    if max(depth.values(), default=0) > DEEPEST_TREE:
        return dict.fromkeys(nodes, "  ")
    guides: dict[str, str] = {}
    stack = [(node, "  ", "  ") for node in reversed(children.get("", []))]
    while stack:
        node, guide, margin = stack.pop()
        guides[node] = guide
        below = children.get(node, [])
        for child in reversed(below):
            last = child is below[-1]
            stack.append((child, margin + ("└─ " if last else "├─ "), margin + ("   " if last else "│  ")))
    return guides
