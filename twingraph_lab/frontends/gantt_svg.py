"""A run's timeline as an SVG chart: no scripts, no style sheet, readable on light and dark backgrounds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from twingraph_lab.frontends.display import Look, clip, counted, duration
from twingraph_lab.frontends.gantt import (
    CACHED,
    ENDINGS,
    Chart,
    at_once,
    chart,
    look_of,
    meaning,
    more,
    tick_text,
    ticks,
    time_of,
    title_of,
)
from twingraph_lab.frontends.timeline import Lane, Stretch, Timeline

WIDTH = 900
ROW = 22
BAR = 14
HEAD = 26
CHARACTER = 7.2
LETTERS = 26
VALUES = 62
"""The column of times at the right; all of these are pixels."""
SLOTS = 120
"""Parts of the row that nodes without one of their own share."""


def svg(timeline: Timeline, name: str = "") -> str:
    """The chart as an `<svg>` element; empty as long as nothing has begun."""
    drawn = chart(timeline)
    return _Drawing(timeline, drawn).svg(name) if drawn.lanes else ""


class _Drawing:
    """Turns a chart into SVG."""

    def __init__(self, timeline: Timeline, drawn: Chart) -> None:
        self.timeline = timeline
        self.chart = drawn
        longest = max(len(lane.name) for lane in drawn.lanes)
        rest = len(more(drawn)) if drawn.others else 0
        self.left = 38 + CHARACTER * min(max(longest, rest), LETTERS)
        self.width = WIDTH - self.left - VALUES
        self.used: dict[str, Look] = {}

    def x(self, seconds: float) -> float:
        return self.left + self.width * min(1.0, seconds / self.chart.length_s)

    def svg(self, name: str) -> str:
        drawn = self.chart
        rows = [self.lane(lane, HEAD + ROW * number) for number, lane in enumerate(drawn.lanes)]
        bottom = HEAD + ROW * len(drawn.lanes)
        if drawn.others:
            rows.append(self.others(bottom))
            bottom += ROW * 2
        parts = [*self.axis(bottom), *rows, self.legend(bottom + 27)]
        height = bottom + 37
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" '
            f'aria-label="{escape(f"Gantt chart of {name}".removesuffix(" of "))}" '
            'style="display:block;max-width:100%;height:auto" font-family="system-ui,sans-serif" font-size="12">'
            f"{''.join(parts)}</svg>"
        )

    def axis(self, bottom: float) -> Iterator[str]:
        """Round times with a line each, and where the run was taken up again."""
        for tick in ticks(self.chart.length_s):
            x = self.x(tick)
            yield (
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{HEAD - 6}" y2="{bottom}" stroke="currentColor" '
                f'stroke-opacity=".13"/>{_text(x, HEAD - 11, tick_text(tick), anchor="middle", faint=True)}'
            )
        for start, pause_s in self.timeline.pauses:
            x = self.x(start)
            yield (
                f"<g><title>{escape(f'taken up again after {duration(pause_s)}')}</title>"
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{HEAD - 6}" y2="{bottom + 6}" stroke="currentColor" '
                f'stroke-opacity=".7" stroke-width="1.3" stroke-dasharray="2 3"/>'
                f"{_text(x + 4, bottom + 9, f'resumed after {duration(pause_s)}', faint=True)}</g>"
            )

    def lane(self, lane: Lane, top: float) -> str:
        """A row: symbol, name, waiting, attempts, time."""
        look = look_of(lane)
        self._use(look)
        middle = top + ROW / 2
        bars = "".join(self.bar(lane, stretch, middle) for stretch in lane.attempts)
        return (
            f"<g><title>{escape(title_of(lane))}</title>"
            f'<rect x="0" y="{top:.0f}" width="{WIDTH}" height="{ROW}" fill="currentColor" fill-opacity="0"/>'
            f'<circle cx="11" cy="{middle:.1f}" r="8" fill="{look.colour}"/>'
            f"{_symbol(11, middle, look.symbol)}"
            f"{_text(26, middle + 4, clip(lane.name, LETTERS), strong=True)}"
            f"{self.waiting(lane, middle)}{bars}"
            f"{_text(WIDTH - 2, middle + 4, time_of(lane) or ('reused' if lane.cached_at else ''), anchor='end')}</g>"
        )

    def waiting(self, lane: Lane, middle: float) -> str:
        """Dots from when it could run to when it did, and between attempts; a mark where it was reused."""
        if lane.cached_at:
            x = min(self.x(self.timeline.at(lane.cached_at)), self.left + self.width - 4)
            return f'<path d="M{x:.1f},{middle - 6:.1f}l5,6l-5,6l-5,-6z" fill="{CACHED.colour}"/>'
        places = [(self.x(self.timeline.at(wait.start)), self.x(self.timeline.at(wait.end))) for wait in lane.waits]
        return "".join(_dots(x, to, middle) for x, to in places if to > x + 2)

    def bar(self, lane: Lane, stretch: Stretch, middle: float) -> str:
        """An attempt: filled if its outcome stands, outlined with dashes if another one followed."""
        look = ENDINGS[stretch.ending]
        self._use(look)
        x = self.x(self.timeline.at(stretch.start))
        width = max(2.5, self.x(self.timeline.at(stretch.end)) - x)
        x = min(x, self.left + self.width - width)
        void = stretch.ending in ("retried", "lost")
        running = stretch.ending == "running"
        paint = (
            f'fill="{look.colour}" fill-opacity="{".12" if void else ".45" if running else "1"}" '
            f'stroke="{look.colour}" stroke-width="{1.4 if void or running else 0}"'
            + (' stroke-dasharray="4 2"' if void else "")
        )
        colour = "currentColor" if void or running else "#fff"
        told = width >= 15 and stretch != lane.attempts[-1]  # the last one's symbol is at the left
        inside = _symbol(x + width / 2, middle, look.symbol, colour) if told else ""
        y = middle - BAR / 2
        return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR}" rx="2.5" {paint}/>{inside}'

    def others(self, top: float) -> str:
        """The nodes without a row of their own, as how many of them ran at each time."""
        drawn = self.chart
        counts = at_once(drawn.others, self.timeline, drawn.length_s, SLOTS)
        most, base, room = max(*counts, 1e-9), top + 2 * ROW - 4, 2 * ROW - 10
        step = self.width / SLOTS
        points = "".join(
            f"L{self.left + step * i:.1f},{base - room * count / most:.1f}h{step:.1f}" for i, count in enumerate(counts)
        )
        peak = f"≤ {max(1, math.ceil(most))} at once"
        right = self.left + self.width
        return (
            f"<g><title>{escape(f'{more(drawn)}: how many of them ran at each time')}</title>"
            f"{_text(26, top + ROW + 4, more(drawn), strong=True)}"
            f'<path d="M{self.left:.1f},{base:.1f}{points}L{right:.1f},{base:.1f}z" fill="currentColor" '
            f'fill-opacity=".28"/>{_text(WIDTH - 2, top + ROW + 4, peak, anchor="end")}</g>'
        )

    def legend(self, y: float) -> str:
        """What the symbols in the chart mean, and how many nodes aren't in it."""
        parts, x = [], 3.0
        for symbol, look in self.used.items():
            text = meaning(look)
            parts.append(
                f'<circle cx="{x + 8:.1f}" cy="{y - 4:.1f}" r="6.5" fill="{look.colour}"/>'
                f"{_symbol(x + 8, y - 4, symbol, size=9)}{_text(x + 19, y, text, faint=True)}"
            )
            x += 30 + len(text) * 5.4
        if any(lane.waited_s > self.chart.length_s / 500 for lane in self.chart.lanes):
            parts.append(f"{_dots(x + 2, x + 20, y - 4)}{_text(x + 26, y, 'waits for its turn', faint=True)}")
        if self.chart.never:
            told = f"{counted(self.chart.never, 'node')} not begun"
            parts.append(_text(WIDTH - 2, y - 17, told, anchor="end", faint=True))
        return "".join(parts)

    def _use(self, look: Look) -> None:
        self.used.setdefault(look.symbol, look)


def _dots(x: float, to: float, y: float) -> str:
    return (
        f'<line x1="{x + 1:.1f}" x2="{to - 1:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" '
        'stroke-opacity=".55" stroke-width="2" stroke-dasharray="1 3" stroke-linecap="round"/>'
    )


def _symbol(x: float, y: float, symbol: str, colour: str = "#fff", size: int = 11) -> str:
    return (
        f'<text x="{x:.1f}" y="{y + size * 0.36:.1f}" text-anchor="middle" font-weight="bold" font-size="{size}" '
        f'fill="{colour}">{escape(symbol)}</text>'
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", strong: bool = False, faint: bool = False) -> str:
    if not text:
        return ""
    style = ' font-weight="600"' if strong else ' font-size="10.5" fill-opacity=".7"' if faint else ' font-size="11"'
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{place}{style} fill="currentColor">{escape(text)}</text>'
