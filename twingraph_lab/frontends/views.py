"""What notebooks display: HTML without scripts, and the same as plain text. Whatever came from a user is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from twingraph_lab.frontends.display import Look, clip, printable

TEXT_WIDTH, LAST_WIDTH = 90, 200
"""Columns of plain text are cut at this width."""

UNBROKEN = 32
"""Fields of a table up to so many characters stay on one line."""


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """Something to display: front ends take the richest form they can show."""

    html: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Both forms; IPython drops what it was told to leave out."""
        del include, exclude
        return {"text/html": self.html, "text/plain": self.text}

    def __add__(self, other: View) -> View:
        texts = [text for text in (self.text, other.text) if text]
        return View(self.html + other.html, "\n".join(texts))


NOTHING = View("", "")


@dataclass(frozen=True, slots=True)
class Field:
    """A table's field: `look` puts its symbol before the text and colours it."""

    text: str
    look: Look | None = None

    @property
    def plain(self) -> str:
        """As one line of text."""
        symbol = f"{self.look.symbol} " if self.look else ""
        return symbol + printable(self.text)

    @property
    def html(self) -> str:
        """As HTML."""
        text = escape(printable(self.text))
        if not self.look:
            return text
        return f'<span style="color:{self.look.colour};font-weight:bold">{escape(self.look.symbol)}</span> {text}'


Row = Sequence[Field | str]
CELL = "text-align:left;padding:2px 12px 2px 4px;vertical-align:top"


def table(head: Sequence[str], rows: Sequence[Row]) -> View:
    """Rows under a head; without rows, nothing. Columns that are empty in every row are left out."""
    fields = [[field if isinstance(field, Field) else Field(field) for field in row] for row in rows]
    used = [column for column in range(len(head)) if any(row[column].plain for row in fields)]
    if not used:
        return NOTHING
    titles = "".join(f'<th style="{CELL}">{escape(head[column])}</th>' for column in used)
    body = "".join(f"<tr>{''.join(_cell(row[column]) for column in used)}</tr>" for row in fields)
    html = (
        '<table style="border-collapse:collapse;font-size:90%;margin:4px 0">'
        f"<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"
    )
    lines = [
        [head[column] for column in used],
        *(
            [clip(row[column].plain, LAST_WIDTH if column == used[-1] else TEXT_WIDTH) for column in used]
            for row in fields
        ),
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(used))]
    text = "\n".join(
        "  ".join(field.ljust(width) for field, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
    return View(html, text)


def _cell(field: Field) -> str:
    wrap = ";white-space:nowrap" if len(field.plain) <= UNBROKEN else ""
    return f'<td style="{CELL}{wrap}">{field.html}</td>'


def card(
    title: str, subtitle: str, facts: Sequence[tuple[str, str]], *, warnings: Sequence[str] = (), colour: str
) -> View:
    """A few facts beside a coloured bar, and warnings below them."""
    shown = [(name, value) for name, value in facts if value]
    lines = [f'<b>{escape(title)}</b> <span style="opacity:.7">{escape(subtitle)}</span>']
    lines += [f'<span style="opacity:.7">{escape(name)}</span> {escape(value)}' for name, value in shown]
    lines += [f'<span style="color:#D55E00">⚠</span> {escape(warning)}' for warning in warnings]
    html = (
        f'<div style="border-left:3px solid {colour};padding:1px 10px;margin:2px 0;line-height:1.5">'
        f"{'<br>'.join(lines)}</div>"
    )
    width = max((len(name) for name, _ in shown), default=0)
    text = [f"{title}  {subtitle}".rstrip(), *(f"  {name:<{width}}  {value}" for name, value in shown)]
    return View(html, "\n".join([*text, *(f"  ⚠ {warning}" for warning in warnings)]))


def heading(text: str) -> View:
    """A line that says what follows."""
    return View(f'<div style="margin:2px 0"><b>{escape(text)}</b></div>', text)


def folded(title: str, view: View) -> View:
    """Shown on demand, where there is HTML."""
    if not view.html:
        return NOTHING
    html = f'<details style="margin:2px 0"><summary>{escape(title)}</summary>{view.html}</details>'
    return View(html, f"{title}:\n{view.text}")


def code(text: str, *, first_line: int = 0) -> View:
    """Source code as it is, with line numbers from `first_line` on if that isn't 0."""
    lines = text.splitlines()
    width = len(str(first_line + len(lines)))
    shown = [f"{number:>{width}}  {line}" for number, line in enumerate(lines, first_line)] if first_line else lines
    style = (
        "margin:4px 0;padding:4px 8px;border:1px solid rgba(128,128,128,.35);border-radius:4px;overflow:auto;"
        "font-family:monospace;font-size:90%;line-height:1.35"
    )
    text = "\n".join(shown)
    return View(f'<pre style="{style}">{escape(text)}</pre>', text)
