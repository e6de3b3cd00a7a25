"""The command `logs`: what nodes wrote, from the event stream."""

from __future__ import annotations

import json
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from twingraph_lab.cli.history import find
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import console
from twingraph_lab.errors import NotFoundError
from twingraph_lab.events import Event, TaskLogged
from twingraph_lab.frontends.display import without_controls
from twingraph_lab.frontends.inspection.logs import has_level, threshold
from twingraph_lab.logs import json_line

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab, Run

PAGE = 1000
STYLES = {"stderr": "yellow", "log": "cyan", "stdout": ""}
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Line:
    """What a node wrote: a line of its output, or a log record with all its lines."""

    event: TaskLogged
    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines. With a `level`, only log records of at least that level."""

    node: str | None
    level: int | None
    since: datetime | None

    def of(self, events: Iterable[Event]) -> Iterator[Line]:
        """Those lines of these events."""
        for event in events:
            if isinstance(event, TaskLogged) and self._has(event):
                texts = [event.text] if event.stream == "log" else event.text.split("\n")
                yield from (Line(event, text) for text in texts)

    def _has(self, event: TaskLogged) -> bool:
        if self.node not in (None, event.task_id) or (self.since is not None and event.time < self.since):
            return False
        return has_level(event, self.level)


def logs(
    options: Options,
    name: str,
    node: str | None,
    *,
    follow: bool,
    tail: int | None,
    level: str | None,
    since: str | None,
    as_json: bool,
) -> None:
    """Print what nodes wrote, each line after its node's name unless only one node was asked for."""
    wanted = Wanted(node, _level(level), _moment(since))
    with options.lab() as lab:
        run = find(lab, name)
        known = list(run.tasks)
        if node is not None and node not in known and not run.record.dynamic:
            raise NotFoundError(f"run {run.id} has no node {node!r}; known: {', '.join(known)}")
        width = 0 if node else max((len(task) for task in known), default=0)
        out = console()
        for line in _lines(lab, run, wanted, tail, follow=follow):
            if as_json:
                print(json.dumps(as_object(line), ensure_ascii=False), flush=True)  # noqa: T201  (somebody may follow)
            else:
                _print(out, line, width)


def as_object(line: Line) -> dict[str, JsonValue]:
    """A line in the form of `logs.JsonLines`; what wasn't logged but printed has a `stream` instead of a logger."""
    event = line.event
    fields = dict(event.fields)
    logger = str(fields.pop("logger", ""))
    return {
        **json_line(
            time=event.time,
            level=event.level,
            logger=logger,
            message=line.text.removeprefix(f"{logger}: ") if logger else line.text,
            run=event.run_id,
            node=event.task_id,
            attempt=event.attempt,
            fields=fields,
        ),
        "stream": event.stream,
    }


def _lines(lab: Lab, run: Run, wanted: Wanted, tail: int | None, *, follow: bool) -> Iterator[Line]:
    seen = 0

    def stored() -> Iterator[Event]:
        nonlocal seen
        while page := lab.ledger.events(run.id, seen, PAGE, task_id=wanted.node, types=("task.logged",)):
            yield from page
            seen = page[-1].seq

    lines = wanted.of(stored())
    yield from lines if tail is None else deque(lines, maxlen=tail)
    if follow:
        yield from wanted.of(run.watch(seen))


def _print(out: Console, line: Line, width: int) -> None:
    event = line.event
    for text in map(without_controls, line.text.splitlines() or [""]):
        name = f"{event.task_id:<{width}} │ " if width else ""
        if out.is_terminal:
            out.print(Text(name, style="dim").append(text, style=STYLES[event.stream]), soft_wrap=True)
        else:
            sys.stdout.write(f"{name}{text}\n")  # rich would turn tabs into spaces
    sys.stdout.flush()


def _level(name: str | None) -> int | None:
    if name is None:
        return None
    try:
        return threshold(name)
    except NotFoundError as error:
        raise typer.BadParameter(str(error), param_hint="--level") from None


def _moment(text: str | None) -> datetime | None:
    """`10m` ago, or a moment in ISO format; without a zone it is local time."""
    if text is None:
        return None
    if found := re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text):
        return datetime.now(UTC) - timedelta(seconds=float(found[1]) * UNITS_S[found[2]])
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        hint = f"{text!r} is neither a time such as 30s, 10m, 2h or 1d nor a moment such as 2026-01-31T12:00"
        raise typer.BadParameter(hint, param_hint="--since") from None
