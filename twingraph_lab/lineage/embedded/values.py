"""When two values are the same, which is less, and how any two are put in order: TinkerPop's rules, as of 3.8.

Numbers compare by value whatever their type; a boolean is not a number. Values of different kinds are never equal and
neither less nor greater, but have a fixed order of kinds for `order()`.
Source: TinkerPop documentation, "Gremlin Semantics": equality, comparability, orderability.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from twingraph_lab.lineage.embedded.gremlin import Edge, Path, Property, T, Vertex, VertexProperty


class Entry(dict[Any, Any]):
    """One pair of an unfolded map: looks like a map of one pair, but its keys and values select to single values."""

    @property
    def key(self) -> Any:
        """The pair's key."""
        return next(iter(self))

    @property
    def value(self) -> Any:
        """The pair's value."""
        return next(iter(self.values()))


def is_number(value: Any) -> bool:
    """An integer or a float, and not a boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(left: Any, right: Any) -> bool:
    """Gremlin's equality."""
    if is_number(left) or is_number(right):
        return is_number(left) and is_number(right) and bool(left == right)
    return bool(identity(left) == identity(right))


def less(left: Any, right: Any) -> bool:
    """`left < right`; false where the two can't be compared."""
    if not _comparable(left, right):
        return False
    return bool(left < right)


def _comparable(left: Any, right: Any) -> bool:
    if is_number(left) and is_number(right):
        return True
    for kind in (bool, str, bytes, uuid.UUID):
        if isinstance(left, kind) and isinstance(right, kind):
            return True
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left.tzinfo is None) == (right.tzinfo is None)
    return False


def identity(value: Any) -> Any:
    """Something hashable that is equal for equal values only; an integer differs from a float, as it does on Java."""
    kind = type(value)
    if kind is str or value is None:
        return value
    if isinstance(value, (Vertex, Edge, VertexProperty)):
        return (kind.__name__, value.id)
    if isinstance(value, Property):
        return ("Property", identity(value.element), value.key, identity(value.value))
    if isinstance(value, Path):
        return ("Path", tuple(identity(item) for item in value.objects))
    if isinstance(value, Mapping):
        return ("map", frozenset((identity(key), identity(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return ("list", tuple(identity(item) for item in value))
    if isinstance(value, (set, frozenset)):
        return ("set", frozenset(identity(item) for item in value))
    if isinstance(value, bool):
        return ("bool", value)
    return (kind.__name__ if isinstance(value, float) else "", value)


def sort_key(value: Any) -> tuple[int, Any]:
    """A key that puts any values in order: by kind first, then within the kind."""
    if value is None:
        return (0, 0)
    if isinstance(value, bool):
        return (1, value)
    if is_number(value):
        return (2, value)
    if isinstance(value, datetime):
        return (3, value.timestamp())
    if isinstance(value, str):
        return (4, value)
    if isinstance(value, uuid.UUID):
        return (5, value)
    for rank, kind in enumerate((Vertex, Edge, VertexProperty), 6):
        if isinstance(value, kind):
            return (rank, sort_key(value.id))
    return _compound_key(value)


def _compound_key(value: Any) -> tuple[int, Any]:
    if isinstance(value, Property):
        return (9, (value.key, sort_key(value.value)))
    if isinstance(value, Path):
        return (10, tuple(sort_key(item) for item in value.objects))
    if isinstance(value, (set, frozenset)):
        return (11, tuple(sorted(sort_key(item) for item in value)))
    if isinstance(value, (list, tuple)):
        return (12, tuple(sort_key(item) for item in value))
    if isinstance(value, Mapping):
        return (13, tuple(sorted((sort_key(key), sort_key(item)) for key, item in value.items())))
    if isinstance(value, T):
        return (14, value.name)
    return (15, str(value))
