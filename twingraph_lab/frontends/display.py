"""How states, times and sizes are written for people: the same in the terminal, in notebooks and in plain text.

Every state has a symbol beside its colour. The colours are Okabe and Ito's, which colour-blind people can tell apart
("Color Universal Design", 2008), darkened where they carry text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from twingraph_lab.runtime.states import RunState, TaskState

ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
"""ECMA-48: control sequences (colours, cursor), operating system commands (titles, links) and two-character ones."""


class Look(NamedTuple):
    """`style` is a rich style for terminals, `colour` a CSS colour for HTML."""

    symbol: str
    style: str
    colour: str


LOOKS: dict[TaskState, Look] = {
    TaskState.PENDING: Look("·", "dim", "#767676"),
    TaskState.DISPATCHED: Look("○", "dim", "#767676"),
    TaskState.RUNNING: Look("●", "bold cyan", "#0072B2"),
    TaskState.COMPLETED: Look("✓", "green", "#009E73"),
    TaskState.FAILED: Look("✗", "bold red", "#D55E00"),
    TaskState.SKIPPED: Look("↷", "dim", "#767676"),
    TaskState.CANCELLED: Look("⊘", "yellow", "#8A6D00"),
    TaskState.UNCERTAIN: Look("?", "bold magenta", "#B04A85"),
}
RETRYING = Look("↻", "bold yellow", "#8A6D00")

RUN_LOOKS: dict[RunState, Look] = {
    RunState.REQUESTED: LOOKS[TaskState.DISPATCHED],
    RunState.RUNNING: LOOKS[TaskState.RUNNING],
    RunState.COMPLETED: LOOKS[TaskState.COMPLETED],
    RunState.FAILED: LOOKS[TaskState.FAILED],
    RunState.CANCELLED: LOOKS[TaskState.CANCELLED],
}


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> [duration(s) for s in (0.0001, 0.0042, 0.25, 12.34, 75, 3725)]
    ['<1 ms', '4 ms', '0.25 s', '12.3 s', '1 min 15 s', '1 h 02 min']
    """
    if 0 < seconds < 0.001:
        return "<1 ms"
    if seconds < 0.01:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def size(count: float) -> str:
    """Bytes in decimal units.

    >>> [size(n) for n in (0, 999, 1_000, 65_536, 12_300_000)]
    ['0 B', '999 B', '1.0 kB', '65.5 kB', '12.3 MB']
    """
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def counted(number: int, noun: str) -> str:
    """A number and its noun.

    >>> counted(1, "node"), counted(2, "node")
    ('1 node', '2 nodes')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def without_controls(line: str) -> str:
    r"""A line without escape sequences and control characters, which could rewrite what a terminal shows.

    >>> without_controls("a\tb\x1b[31mc\x1b[0m\x07")
    'a\tbc'
    """
    return "".join(c for c in ESCAPE_SEQUENCE.sub("", line) if c.isprintable() or c == "\t")


def printable(text: str) -> str:
    r"""Text as one line that is safe to show.

    >>> printable("a\x1b[31mb\tc\nd")
    'ab c d'
    """
    return " ".join(without_controls(part) for part in text.split())


def clip(text: str, width: int) -> str:
    """At most `width` characters, the last one an ellipsis where something is missing.

    >>> clip("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= width else text[: width - 1] + "…"
