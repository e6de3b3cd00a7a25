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


def print_rows(heads: Sequence[str], rows: Sequence[Sequence[Text | str]], *, right: Sequence[str] = ()) -> None:
    """Print a table without lines. Where the terminal is narrow, the last column gives way."""
    out = console()
    widths = [max(cell_len(str(cell)) for cell in column) for column in zip(heads, *rows, strict=True)]
    widths[-1] = max(cell_len(heads[-1]), min(widths[-1], out.width - sum(widths[:-1]) - len(GAP) * (len(heads) - 1)))
    for cells in ([Text(head, style="bold") for head in heads], *rows):
        line = Text()
        for head, cell, width in zip(heads, cells, widths, strict=True):
            text = cell.copy() if isinstance(cell, Text) else Text(cell)
            text.truncate(width, overflow="ellipsis")
            text.align("right" if head in right else "left", width)
            line.append(text).append(GAP)
        line.rstrip()
        out.print(line, soft_wrap=True)


def note(text: str) -> None:
    """Tell the person at the terminal, on stderr."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


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
