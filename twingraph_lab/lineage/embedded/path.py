"""Paths as steps see them: a part of the way, each object as modulated."""

from __future__ import annotations

from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Frame
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser
from twingraph_lab.lineage.errors import QueryError


def path_of(frame: Frame, call: Call, traverser: Traverser) -> list[tuple[Any, tuple[str, ...]]] | None:
    """(object, labels) along the path between the step's `from` and `to`, oldest first, after its `by` modulators.

    None if a modulator isn't productive for one of them. Raises `QueryError` for a label that isn't on the path.
    """
    way = list(traverser.ways())[::-1]
    way = way[_place(way, call, "from", 0) : _place(way, call, "to", len(way) - 1) + 1]
    if not call.by:
        return way
    read = [
        (call.by[place % len(call.by)].read(frame, traverser, value), labels)
        for place, (value, labels) in enumerate(way)
    ]
    return None if any(value is MISSING for value, _ in read) else read


def _place(way: list[tuple[Any, tuple[str, ...]]], call: Call, end: str, default: int) -> int:
    arguments = call.modulated(end)
    if arguments is None:
        return default
    (label,) = arguments
    for place, (_, labels) in enumerate(way):
        if label in labels:
            return place
    raise QueryError(f"{call.name}().{end}({label!r}): no such label on the path")
