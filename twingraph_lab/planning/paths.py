"""Following a path into a value: mapping keys, list indices, fields of namedtuples and dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twingraph_lab.errors import TwinGraphError

SHOWN = 20
"""How many names a message lists."""


class UnresolvedError(TwinGraphError, LookupError):
    """There is nothing at a path; the message says how far it led and what is there."""

    http_status = 422


def descend(value: Any, path: Sequence[str]) -> Any:
    """The value at `path` below `value`. Raises `UnresolvedError`.

    >>> descend({"rows": [{"x": 1}]}, ("rows", "0", "x"))
    1
    """
    for depth, name in enumerate(path):
        match value:
            case Mapping() if name in value:
                value = value[name]
            case list() if name.isdecimal() and int(name) < len(value):
                value = value[int(name)]
            case tuple() if name.isdecimal() and int(name) < len(value):
                value = value[int(name)]
            case _ if name in _fields(value):
                value = getattr(value, name)
            case _:
                where = f"at {'.'.join(path[:depth])!r} " if depth else ""
                raise UnresolvedError(f"there is no {name!r} {where}in {described(value)}")
    return value


def described(value: Any) -> str:
    """What a value is and what paths may follow it, for messages; never the value itself.

    >>> described({"a": 1, "b": 2}), described([1, 2]), described(None)
    ('an object with the keys a, b', 'an array of 2', 'null')
    """
    match value:
        case None:
            return "null"
        case Mapping():
            return f"an object with the keys {listed(map(str, value))}" if value else "an empty object"
        case _ if fields := _fields(value):
            return f"a {type(value).__name__} with the fields {listed(fields)}"
        case list() | tuple():
            return f"an array of {len(value)}"
        case str():
            return "text"
        case bool() | int() | float():
            return f"a {type(value).__name__}"
    return f"a value of type {type(value).__name__}"


def listed(names: Iterable[str]) -> str:
    """Names as messages list them: the first twenty.

    >>> listed([]), listed("ab")
    ('none', 'a, b')
    """
    names = list(names)
    more = [f"… ({len(names)} in all)"] if len(names) > SHOWN else []
    return ", ".join([*names[:SHOWN], *more]) or "none"


def _fields(value: Any) -> tuple[str, ...]:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return tuple(value._fields)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return tuple(field.name for field in dataclasses.fields(value) if not field.name.startswith("_"))
    return ()
