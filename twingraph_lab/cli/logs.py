"""The command `logs`: what nodes wrote, from the event stream."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from twingraph_lab.cli.history import find
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import console
from twingraph_lab.errors import NotFoundError
from twingraph_lab.events import Event, TaskLogged
from twingraph_lab.frontends.display import without_controls

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab, Run

PAGE = 1000
STYLES = {"stderr": "yellow", "log": "cyan", "stdout": ""}


def logs(options: Options, name: str, node: str | None, *, follow: bool, as_json: bool) -> None:
    """Print log lines, each after its node's name unless only one node was asked for."""
    with options.lab() as lab:
        run = find(lab, name)
        known = list(run.tasks)
        if node is not None and node not in known and not run.record.dynamic:
            raise NotFoundError(f"run {run.id} has no node {node!r}; known: {', '.join(known)}")
        width = 0 if node else max((len(task) for task in known), default=0)
        out = console()
        for event in run.watch() if follow else _stored(lab, run, node):
            if not isinstance(event, TaskLogged) or node not in (None, event.task_id):
                continue
            if as_json:
                sys.stdout.write(event.model_dump_json() + "\n")
                sys.stdout.flush()  # somebody may be following
            else:
                _print(out, event, width)


def _stored(lab: Lab, run: Run, node: str | None) -> Iterator[Event]:
    after = 0
    while page := lab.ledger.events(run.id, after, PAGE, task_id=node, types=("task.logged",)):
        yield from page
        after = page[-1].seq


def _print(out: Console, event: TaskLogged, width: int) -> None:
    for line in map(without_controls, event.text.splitlines()):
        name = f"{event.task_id:<{width}} │ " if width else ""
        if out.is_terminal:
            out.print(Text(name, style="dim").append(line, style=STYLES[event.stream]), soft_wrap=True)
        else:
            sys.stdout.write(f"{name}{line}\n")  # rich would turn tabs into spaces
    sys.stdout.flush()
