"""Printing: JSON for programs, tables for people, both on stdout; everything else belongs on stderr."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

LAST, NARROW = 30, 16
GAP = "  "
PIPE_WIDTH = 10_000


def console(*, stderr: bool = False) -> Console:
    """A console that prints text as it is: no markup, no guessed colours; a pipe gets lines of any length."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        stderr=stderr, highlight=False, markup=False, emoji=False, width=None if stream.isatty() else PIPE_WIDTH
    )


def print_json(value: Any) -> None:
    """Print one JSON value, readable, and as UTF-8 whatever the locale says."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=not _is_utf8(sys.stdout), allow_nan=False) + "\n")


def print_rows(
    heads: Sequence[str], rows: Sequence[Sequence[Text | str]], *, right: Sequence[str] = (), wrap: bool = False
) -> None:
    """Print a table without lines; columns in which nothing stands are left out.

    Where the terminal is narrow, the last column gives way, then wide ones. With `wrap` the last goes on in further
    lines, else it is cut off.
    """
    out = console()
    columns = [column for column in zip(heads, *rows, strict=True) if any(map(str, column[1:])) or not rows]
    heads, *rows = zip(*columns, strict=True)
    widths = [max(cell_len(str(cell)) for cell in column) for column in zip(heads, *rows, strict=True)]
    widths = _fitted(widths, out.width - len(GAP) * (len(heads) - 1))
    widths[-1] = max(widths[-1], cell_len(heads[-1]))
    for cells in ([Text(head, style="bold") for head in heads], *rows):
        texts = [cell.copy() if isinstance(cell, Text) else Text(cell) for cell in cells]
        last, *more = texts[-1].wrap(out, widths[-1]) if wrap and texts[-1] else [texts[-1]]
        line = Text()
        for head, text, width in zip(heads, [*texts[:-1], last], widths, strict=True):
            text.truncate(width, overflow="ellipsis")
            text.align("right" if head in right else "left", width)
            line.append(text).append(GAP)
        line.rstrip()
        out.print(line, soft_wrap=True)
        for text in more:
            out.print(Text(" " * (sum(widths[:-1]) + len(GAP) * (len(heads) - 1))).append(text), soft_wrap=True)


def _fitted(widths: Sequence[int], room: int) -> list[int]:
    """Widths that sum up to `room` if that can be had: the last column keeps `LAST`, the others keep `NARROW`.

    >>> _fitted([5, 60, 50], 100), _fitted([5, 90, 50], 100)
    ([5, 60, 35], [5, 65, 30])
    """
    *others, last = widths
    while others and max(others) > NARROW and sum(others) + min(last, LAST) > room:
        others[others.index(max(others))] -= 1
    return [*others, min(last, room - sum(others))]


def note(text: str) -> None:
    """Tell the person at the terminal, on stderr; in one write, since others print lines, too."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextlib.contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Send what anybody prints meanwhile to stderr: scripts, child processes and native code too."""
    sys.stdout.flush()
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(io.UnsupportedOperation):  # a stdout that isn't a file, in a test
            descriptor = sys.stdout.fileno()
            kept = os.dup(descriptor)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, descriptor)
            os.dup2(sys.stderr.fileno(), descriptor)
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        yield


def local_time(moment: datetime | None) -> str:
    """A moment in local time, to the second."""
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def ago(moment: datetime) -> str:
    """How long ago a moment was, in one unit."""
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"


def _is_utf8(stream: Any) -> bool:
    return (getattr(stream, "encoding", "") or "").lower().replace("-", "") == "utf8"
