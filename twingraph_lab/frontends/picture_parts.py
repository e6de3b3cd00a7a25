"""The parts that pictures of workflows are made of: SVG without scripts and style sheets, for light and dark pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from twingraph_lab.frontends.display import Look, clip

LETTERS = 22
CHARACTER = 7.3  # pixels of a bold sans-serif letter at 12px, on average

Point = tuple[float, float]

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document can hold, however they are written (XML 1.0, section 2.2)."""


def svg(name: str, corner: Point, size: Point, parts: Iterable[str]) -> str:
    """The picture called `name`, of what is within `size` from its upper left `corner`."""
    (left, top), (width, height) = corner, size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:.0f} {top:.0f} {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" role="img" aria-label="{_escaped(name)}" '
        f'style="display:block;max-width:100%;height:auto" '
        f'font-family="system-ui,sans-serif" font-size="12">{"".join(parts)}</svg>'
    )


def box(corner: Point, size: Point, name: str, *, title: str, note: str = "", look: Look | None = None) -> str:
    """A node: its state's symbol and colour if it has one, its name, and the note below."""
    (x, y), (width, height) = corner, size
    colour, opacity = (look.colour, ".13") if look else ("currentColor", ".04")
    middle = y + height / 2
    text_x = x + (28 if look else 12)
    letters = max(LETTERS, int((width - 44) / CHARACTER))
    badge = (
        f'<circle cx="{x + 15:.1f}" cy="{middle:.1f}" r="8" fill="{look.colour}"/>'
        f'<text x="{x + 15:.1f}" y="{middle + 4:.1f}" text-anchor="middle" font-weight="bold" font-size="11" '
        f'fill="#fff">{_escaped(look.symbol)}</text>'
        if look
        else ""
    )
    name_y = middle - 2 if note else middle + 4
    below = (
        f'<text x="{text_x:.1f}" y="{middle + 12:.1f}" font-size="10" fill="currentColor" fill-opacity=".75">'
        f"{_escaped(clip(note, letters + 3))}</text>"
        if note
        else ""
    )
    return (
        f"<g><title>{_escaped(title.strip())}</title>"
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" rx="6" fill="{colour}" '
        f'fill-opacity="{opacity}" stroke="{colour}" stroke-opacity="{".9" if look else ".5"}" stroke-width="1.4"/>'
        f'{badge}<text x="{text_x:.1f}" y="{name_y:.1f}" font-weight="600" fill="currentColor">'
        f"{_escaped(clip(name, letters))}</text>{below}</g>"
    )


def frame(corner: Point, size: Point, label: str) -> str:
    """What holds a group together."""
    (x, y), (width, height) = corner, size
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="10" fill="currentColor" '
        f'fill-opacity=".03" stroke="currentColor" stroke-opacity=".35" stroke-dasharray="5 4"/>'
        f'<text x="{x + 10:.1f}" y="{y + 16:.1f}" font-size="11" fill="currentColor" fill-opacity=".75">'
        f"{_escaped(clip(label, max(LETTERS, int((width - 20) / CHARACTER))))}</text>"
    )


def lines(corner: Point, texts: Iterable[str], *, height: float = 16) -> str:
    """Plain lines of text, one below the other."""
    x, y = corner
    return "".join(
        f'<text x="{x:.1f}" y="{y + number * height:.1f}" fill="currentColor" fill-opacity=".85">'
        f"{_escaped(text)}</text>"
        for number, text in enumerate(texts)
    )


def arrow(path: str, tip: Point, *, downwards: bool, dashed: bool = False) -> str:
    """A line with an arrowhead at `tip`, which points to the right or downwards."""
    x, y = tip
    head = f"{x:.1f},{y:.1f} " + (
        f"{x - 4:.1f},{y - 7:.1f} {x + 4:.1f},{y - 7:.1f}"
        if downwards
        else f"{x - 7:.1f},{y - 4:.1f} {x - 7:.1f},{y + 4:.1f}"
    )
    dashes = ' stroke-dasharray="4 4"' if dashed else ""
    return (
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity=".45" stroke-width="1.3"{dashes}/>'
        f'<polygon points="{head}" fill="currentColor" fill-opacity=".6"/>'
    )


def curve(start: Point, end: Point, *, downwards: bool) -> str:
    """The piece of a path that bends from `start` to `end`."""
    (x, y), (to_x, to_y) = start, end
    if downwards:
        middle = (y + to_y) / 2
        return f"C{x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}"
    middle = (x + to_x) / 2
    return f"C{middle:.1f},{y:.1f} {middle:.1f},{to_y:.1f} {to_x:.1f},{to_y:.1f}"


def _escaped(text: str) -> str:
    return escape(_ILLEGAL.sub("\ufffd", text))
