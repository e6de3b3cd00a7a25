"""Rows of values for notebooks: a DataFrame where pandas is installed, else a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twingraph_lab.frontends.display import clip, printable
from twingraph_lab.frontends.views import NOTHING, heading, table

SHOWN = 1000


def as_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
    """Something that a notebook shows as a table."""
    if not rows:
        return heading("nothing found")
    try:
        from pandas import DataFrame  # noqa: PLC0415  (optional, and slow to import)
    except ImportError:
        more = heading(f"… and {len(rows) - SHOWN} more") if len(rows) > SHOWN else NOTHING
        return table(columns, [[_text(value) for value in row] for row in rows[:SHOWN]]) + more
    return DataFrame([list(row) for row in rows], columns=list(columns), dtype=object)


def _text(value: Any) -> str:
    return clip(printable(value if isinstance(value, str) else repr(value)), 200)
