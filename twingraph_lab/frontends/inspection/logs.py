"""What the nodes of a run wrote, page by page."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from twingraph_lab.errors import NotFoundError
from twingraph_lab.events import Event, TaskLogged
from twingraph_lab.frontends.display import without_controls
from twingraph_lab.frontends.inspection.models import LogLine, LogPage
from twingraph_lab.frontends.inspection.ports import Viewed
from twingraph_lab.frontends.missing import known

LIMIT = 10_000
"""Lines of a page, at most."""
SCANNED = 20_000
"""Events that are looked at for one page; where few of them are wanted it ends early, and the next one goes on."""
_PAGE = 1000


def log_page(
    lab: Viewed, run_id: str, *, node: str | None = None, after: int = 0, limit: int = 1000, level: str | None = None
) -> LogPage:
    """About `limit` lines after cursor `after`: what was written at once stays together.

    With a `level` (`info`), only log records of at least that level. Raises `NotFoundError` for a run, node or level
    that isn't there.
    """
    least = None if level is None else threshold(level)
    record = lab.ledger.run(run_id)
    if node is not None and not record.dynamic and node not in (tasks := lab.ledger.tasks(record.run_id)):
        raise NotFoundError(f"run {record.run_id}: {known('node', node, tasks)}")
    limit = max(1, min(limit, LIMIT))
    lines: list[LogLine] = []
    scanned = 0
    while page := lab.ledger.events(record.run_id, after, _PAGE, task_id=node, types=("task.logged",)):
        for event in page:
            lines += lines_of(event, least)
            after = event.seq
            if len(lines) >= limit:
                return LogPage(lines=tuple(lines), after=after, more=event is not page[-1] or len(page) == _PAGE)
        scanned += len(page)
        if len(page) < _PAGE:
            break
        if scanned >= SCANNED:
            return LogPage(lines=tuple(lines), after=after, more=True)
    return LogPage(lines=tuple(lines), after=after)


def lines_of(event: Event, least: int | None = None) -> Iterator[LogLine]:
    """The lines of an event: a log record is one, with all its lines; `least` is the level it must have at least."""
    if not isinstance(event, TaskLogged) or not has_level(event, least):
        return
    texts = [event.text] if event.stream == "log" else event.text.split("\n")
    for text in texts:
        yield LogLine(
            seq=event.seq,
            time=event.time,
            node=event.task_id,
            attempt=event.attempt,
            stream=event.stream,
            level=event.level,
            text="\n".join(map(without_controls, text.split("\n"))),
            fields=event.fields,
        )


def has_level(event: TaskLogged, least: int | None) -> bool:
    """Whether it is a log record of at least this level, or none is asked for."""
    return least is None or (event.stream == "log" and _number(event.level) >= least)


def threshold(level: str) -> int:
    """The number of a level by its name, whatever its case. Raises `NotFoundError`.

    >>> threshold("warning")
    30
    """
    names = {name.lower(): number for name, number in logging.getLevelNamesMapping().items() if number}
    if level.lower() not in names:
        raise NotFoundError(known("level", level, names))
    return names[level.lower()]


def _number(name: str) -> int:
    levels = logging.getLevelNamesMapping()
    return levels.get(name) or int("".join(filter(str.isdigit, name)) or 0)  # "Level 35" is how logging calls others
