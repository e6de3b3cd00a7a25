"""A run's timeline in lines of block characters, for terminals and plain text."""

from __future__ import annotations

import math
from itertools import groupby
from typing import NamedTuple

from twingraph_lab.frontends.display import Look, clip, duration
from twingraph_lab.frontends.gantt import (
    CACHED,
    ENDINGS,
    LIMIT,
    at_once,
    chart,
    look_of,
    more,
    tick_text,
    ticks,
    time_of,
)
from twingraph_lab.frontends.timeline import Lane, Timeline

BLOCKS = " ▏▎▍▌▋▊▉█"
HEIGHTS = " ▁▂▃▄▅▆▇█"


class Piece(NamedTuple):
    """Characters in one colour; `look` is None for the terminal's own."""

    text: str
    look: Look | None = None


def lines(timeline: Timeline, width: int, limit: int = LIMIT) -> list[list[Piece]]:
    """The chart in lines of at most `width` characters; empty as long as nothing has begun."""
    drawn = chart(timeline, limit)
    if not drawn.lanes:
        return []
    names = [lane.name for lane in drawn.lanes] + ([more(drawn)] if drawn.others else [])
    left = min(max(map(len, names)), max(8, width // 3))
    times = [time_of(lane) or ("reused" if lane.cached_at else "") for lane in drawn.lanes]
    right = max(8, *map(len, times))
    room = max(10, width - left - right - 4)
    made = [[Piece(" " * (left + 3)), Piece(_axis(drawn.length_s, room))]]
    for lane, time in zip(drawn.lanes, times, strict=True):
        look = look_of(lane)
        head = [Piece(look.symbol, look), Piece(f" {clip(lane.name, left):<{left}} ")]
        made.append([*head, *_cells(lane, timeline, drawn.length_s, room), Piece(f" {time:>{right}}")])
    if drawn.others:
        counts = at_once(drawn.others, timeline, drawn.length_s, room)
        most = max(*counts, 1e-9)
        bars = "".join(HEIGHTS[math.ceil(count / most * 8)] for count in counts)
        made.append([Piece(f"  {more(drawn):<{left}} "), Piece(bars), Piece(f" ≤ {max(1, math.ceil(most))} at once")])
    for start, pause_s in timeline.pauses:
        at = min(room - 1, int(start / drawn.length_s * room))
        tale = f"↑ resumed after {duration(pause_s)}"
        indent = left + 3 + (at if at + len(tale) <= room else max(0, at - len(tale) + 1))
        tale = tale if at + len(tale) <= room else f"resumed after {duration(pause_s)} ↑"
        made.append([Piece(" " * indent + tale)])
    return made


def plain(timeline: Timeline, width: int, limit: int = LIMIT) -> str:
    """`lines` as one text without colours."""
    return "\n".join("".join(piece.text for piece in line).rstrip() for line in lines(timeline, width, limit))


def _axis(length_s: float, room: int) -> str:
    text = ""
    for tick in ticks(length_s, max(2, room // 12)):
        label = tick_text(tick)
        at = int(tick / length_s * room)
        if at >= len(text) + (1 if text else 0) and at + len(label) <= room:
            text = text.ljust(at) + label
    return text


def _cells(lane: Lane, timeline: Timeline, length_s: float, room: int) -> list[Piece]:
    """The row of a node, `room` characters wide: `·` waiting, `░` attempts that didn't count, blocks for the last."""
    row: list[tuple[str, Look | None]] = [(" ", None)] * room
    scale = room / length_s

    def place(start: float, end: float, character: str, look: Look | None) -> None:
        first = min(int(start * scale), room - 1)
        for at in range(first, max(first + 1, min(math.ceil(end * scale), room))):
            row[at] = (character, look)

    if lane.cached_at:
        place(timeline.at(lane.cached_at), 0, CACHED.symbol, CACHED)
    for wait in lane.waits:
        place(timeline.at(wait.start), timeline.at(wait.end), "·", None)
    for stretch in lane.attempts:
        look = ENDINGS[stretch.ending]
        start, end = timeline.at(stretch.start), timeline.at(stretch.end)
        void = stretch.ending in ("retried", "lost")
        place(start, end, "░" if void else "▒" if stretch.ending == "running" else "█", look)
        last = math.ceil(end * scale) - 1
        if not void and stretch.ending != "running" and int(start * scale) < last < room:
            eighths = max(1, round((end * scale - last) * 8))
            row[last] = (BLOCKS[eighths], look)
    runs = groupby(row, key=lambda cell: cell[1])
    return [Piece("".join(character for character, _ in cells), look) for look, cells in runs]
