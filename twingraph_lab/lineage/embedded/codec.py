"""Property values ↔ the two columns that hold them: `value`, and `kind` where SQLite's own type isn't enough.

Text, integers of up to 64 bits, floats and bytes are stored as they are, with no `kind`, so that SQL can compare them.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from twingraph_lab.lineage.errors import QueryError

Stored = tuple[Any, str | None]
_INT64 = 1 << 63
_MOST_DIGITS = 200
"""Longer integers would fall out of the index of short values."""


def encode(value: Any) -> Stored:
    """`(value, kind)` for the database. Raises `QueryError` for a value that no property can hold.

    >>> encode(True), encode(7), encode([1, "a"])
    ((1, 'bool'), (7, None), ('[1,"a"]', 'list'))
    """
    encoder = _ENCODERS.get(type(value)) or next(
        (_ENCODERS[kind] for kind in type(value).__mro__ if kind in _ENCODERS), None
    )
    if encoder is None:
        raise QueryError(f"a property can't hold a {type(value).__name__}")
    return encoder(value)


def decode(value: Any, kind: str | None) -> Any:
    """The value that `encode` was given."""
    return value if kind is None else _DECODERS[kind](value)


def _integer(value: int) -> Stored:
    if -_INT64 <= value < _INT64:
        return int(value), None
    text = str(int(value)) if value.bit_length() < _MOST_DIGITS * 3 else ""
    if not text:
        raise QueryError(f"a property can't hold an integer of more than {_MOST_DIGITS} digits")
    return text, "int"


def _float(value: float) -> Stored:
    return (str(value), "float") if math.isnan(value) else (value, None)  # SQLite would make a NaN null


def _tree(value: Any) -> Any:
    """`value` as JSON keeps it; refuses what JSON would change without a word."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():
            return [_tree(item) for item in value]
        case dict() if all(isinstance(key, str) for key in value):
            return {key: _tree(item) for key, item in value.items()}
        case _:
            raise QueryError(f"a property can't hold a {type(value).__name__} inside a list or map")


def _json(kind: str) -> Callable[[Any], Stored]:
    return lambda value: (json.dumps(_tree(value), ensure_ascii=False, separators=(",", ":")), kind)


def _datetime(text: str) -> datetime:
    return datetime.fromisoformat(text)


_ENCODERS: dict[type, Callable[[Any], Stored]] = {
    str: lambda value: (str(value), None),
    bool: lambda value: (int(value), "bool"),
    int: _integer,
    float: _float,
    bytes: lambda value: (value, None),
    datetime: lambda value: (value.isoformat(), "datetime"),
    timedelta: lambda value: (value.total_seconds(), "duration"),
    uuid.UUID: lambda value: (str(value), "uuid"),
    list: _json("list"),
    tuple: _json("list"),
    dict: _json("map"),
    set: lambda value: (_json("set")(sorted(value, key=repr))[0], "set"),
    frozenset: lambda value: (_json("set")(sorted(value, key=repr))[0], "set"),
}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    "bool": bool,
    "int": int,
    "float": float,
    "datetime": _datetime,
    "duration": lambda seconds: timedelta(seconds=seconds),
    "uuid": uuid.UUID,
    "list": json.loads,
    "map": json.loads,
    "set": lambda text: set(json.loads(text)),
}
