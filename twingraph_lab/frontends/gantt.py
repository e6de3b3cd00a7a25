"""What a Gantt chart of a run shows, whatever draws it: which nodes, their looks, the axis. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from twingraph_lab.frontends.display import LOOKS, RETRYING, Look, duration, size
from twingraph_lab.frontends.timeline import Ending, Lane, Timeline
from twingraph_lab.runtime.states import TaskState

LIMIT = 50
"""So many nodes have a row of their own; the others share one that tells how many ran at each time."""
CACHED = Look("⇉", "blue", "#3F7F93")
LOST = Look("!", "bold yellow", "#8A6D00")
ENDINGS: Mapping[Ending, Look] = {
    "completed": LOOKS[TaskState.COMPLETED],
    "failed": LOOKS[TaskState.FAILED],
    "retried": RETRYING,
    "uncertain": LOOKS[TaskState.UNCERTAIN],
    "cancelled": LOOKS[TaskState.CANCELLED],
    "lost": LOST,
    "running": LOOKS[TaskState.RUNNING],
}
MEANINGS: Mapping[str, str] = {
    RETRYING.symbol: "failed attempt, tried again",
    LOST.symbol: "lost with its process",
    CACHED.symbol: "outputs reused, not run",
}

STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
TICKS = 7


class Chart(NamedTuple):
    """What is drawn: `lanes` with a row of their own by start, `others` together, over `length_s` seconds."""

    lanes: Sequence[Lane]
    others: Sequence[Lane]
    never: int
    length_s: float


def chart(timeline: Timeline, limit: int = LIMIT) -> Chart:
    """Choose what is drawn. Where not all nodes have room, those that went wrong come first, then the longest."""
    begun = [lane for lane in timeline.lanes if lane.began]
    telling = sorted(begun, key=lambda lane: (_calm(lane), -_busy_s(lane)))
    shown = telling[:limit] if len(begun) > limit + 1 else begun
    others = telling[len(shown) :]
    shown = sorted(shown, key=lambda lane: timeline.at(lane.began) if lane.began else 0.0)
    return Chart(shown, others, len(timeline.lanes) - len(begun), max(timeline.active_s, 1e-3))


def look_of(lane: Lane) -> Look:
    """Symbol and colour of a node: how it is, or that it was reused."""
    if lane.cached_at:
        return CACHED
    return RETRYING if lane.retrying else LOOKS[lane.record.state]


def _calm(lane: Lane) -> bool:
    return lane.record.state in (TaskState.COMPLETED, TaskState.PENDING, TaskState.DISPATCHED) and (
        len(lane.attempts) <= 1
    )


def _busy_s(lane: Lane) -> float:
    return sum((each.end - each.start).total_seconds() for each in lane.attempts)


def time_of(lane: Lane) -> str:
    """How long the last attempt ran: its body where that was measured, else all of it, so far."""
    if lane.cached_at or not lane.attempts:
        return ""
    last = lane.attempts[-1]
    measured = lane.record.metrics.wall_s if lane.record.state.final else 0.0
    return duration(measured or (last.end - last.start).total_seconds())


def title_of(lane: Lane) -> str:
    """Everything known about a node's time, a line each."""
    metrics = lane.record.metrics
    lines = [f"{lane.name}: {lane.record.state}"]
    if lane.cached_at:
        lines.append(f"outputs of {lane.record.cached_from}")
    if lane.waited_s:
        lines.append(f"waited {duration(lane.waited_s)} for its turn")
    lines += [f"attempt {a.number}: {a.ending}, {duration((a.end - a.start).total_seconds())}" for a in lane.attempts]
    if metrics.wall_s:
        lines.append(f"body {duration(metrics.wall_s)}, CPU {duration(metrics.cpu_s)}")
    if metrics.peak_memory_bytes:
        lines.append(f"peak memory {size(metrics.peak_memory_bytes)}")
    return "\n".join([*lines, *([str(lane.record.failure)] if lane.record.failure else [])])


def ticks(length_s: float, most: int = TICKS) -> list[float]:
    """Round times from 0 up to the length, at most `most` besides 0.

    >>> ticks(4), ticks(0.05), ticks(100)
    ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 0.01, 0.02, 0.03, 0.04, 0.05], [0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0])
    """
    least = length_s / most * 0.999
    if least > STEPS_S[-1]:
        step = float(STEPS_S[-1] * math.ceil(least / STEPS_S[-1]))
    elif least > 0.5:
        step = next(float(step) for step in STEPS_S if step >= least)
    else:
        unit = 10.0 ** math.floor(math.log10(least))
        step = next(round(unit * factor, 12) for factor in (1, 2, 5, 10) if unit * factor >= least)
    return [round(step * number, 9) for number in range(int(length_s / step * 1.001) + 1)]


def at_once(lanes: Sequence[Lane], timeline: Timeline, length_s: float, slots: int) -> list[float]:
    """How many of these nodes ran, on average, in each of as many parts of the time."""
    steps = [0.0] * (slots + 1)
    part = length_s / slots
    for lane in lanes:
        for stretch in lane.attempts:
            start, end = timeline.at(stretch.start) / part, timeline.at(stretch.end) / part
            for slot in range(int(start), min(int(end), slots - 1) + 1):
                steps[slot] += max(0.0, min(end, slot + 1) - max(start, slot))
    return steps[:slots]


def tick_text(seconds: float) -> str:
    """A time on the axis.

    >>> [tick_text(s) for s in (0, 0.05, 2.0, 30, 90, 3600, 9000)]
    ['0', '50 ms', '2 s', '30 s', '1:30 min', '1 h', '2:30 h']
    """
    if seconds < 1:
        return f"{seconds * 1000:g} ms" if seconds else "0"
    if seconds < 60:
        return f"{seconds:g} s"
    whole, unit = (seconds / 60, "min") if seconds < 3600 else (seconds / 3600, "h")
    rest = round((whole - int(whole)) * 60)
    return f"{int(whole)}:{rest:02d} {unit}" if rest else f"{int(whole)} {unit}"


def meaning(look: Look) -> str:
    """What a symbol stands for."""
    states = {each.symbol: str(state) for state, each in LOOKS.items() if state is not TaskState.PENDING}
    return MEANINGS.get(look.symbol) or states.get(look.symbol, "waiting")


def more(drawn: Chart) -> str:
    """How many nodes share a row."""
    return f"… {len(drawn.others)} more"
