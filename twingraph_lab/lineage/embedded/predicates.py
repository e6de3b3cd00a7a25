"""P and TextP as functions.

`regex` is Python's `re`, run by and for the person who asks: a pathological pattern takes its time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from twingraph_lab.lineage.embedded.gremlin import Edge, P, Path, Vertex, VertexProperty
from twingraph_lab.lineage.embedded.values import identity, is_number, less, same
from twingraph_lab.lineage.errors import QueryError

Test = Callable[[Any], bool]


def matcher(wanted: Any) -> Test:
    """Whether a value is `wanted`, or passes it if that is a predicate. Raises `QueryError` for a bad predicate."""
    if not isinstance(wanted, P):
        return lambda value: same(value, wanted)
    match wanted.operator:
        case "and":
            left, right = matcher(wanted.value), matcher(wanted.other)
            return lambda value: left(value) and right(value)
        case "or":
            left, right = matcher(wanted.value), matcher(wanted.other)
            return lambda value: left(value) or right(value)
        case "not":
            inner = matcher(wanted.value)
            return lambda value: not inner(value)
        case "within" | "without" as operator:
            members = _members(wanted.value)
            return (
                (lambda value: _in(value, members)) if operator == "within" else (lambda value: not _in(value, members))
            )
        case "between" | "inside" | "outside" as operator:
            return _RANGES[operator](wanted.value, wanted.other)
        case "regex" | "notRegex" as operator:
            return _regex(wanted.value, negate=operator == "notRegex")
        case "typeOf":
            return _type_of(wanted.value)
        case operator if operator in _TEXTS:
            return _text(operator, wanted.value)
        case operator if operator in _COMPARISONS:
            compare, other = _COMPARISONS[operator], wanted.value
            return lambda value: compare(value, other)
        case operator:
            known = ", ".join(
                [*_COMPARISONS, *_RANGES, *_TEXTS, "within", "without", "regex", "and", "or", "not", "typeOf"]
            )
            raise QueryError(f"no predicate named {operator!r}; known: {known}")


def resolved(wanted: P, value_of: Callable[[str], Any]) -> P:
    """A copy of the predicate with each label replaced by what it stands for, as `where` needs."""

    def replace(item: Any) -> Any:
        if isinstance(item, P):
            return resolved(item, value_of)
        if isinstance(item, (list, set)):
            found = [value_of(name) for name in item]
            return [member for one in found for member in (one if isinstance(one, (list, set)) else [one])]
        return value_of(item) if isinstance(item, str) else item

    return type(wanted)(wanted.operator, replace(wanted.value), replace(wanted.other))


def labels_in(wanted: P) -> list[str]:
    """The labels that a `where` predicate mentions, in order."""
    labels: list[str] = []
    for item in (wanted.value, wanted.other):
        if isinstance(item, P):
            labels += labels_in(item)
        else:
            labels += [name for name in (item if isinstance(item, (list, set)) else [item]) if isinstance(name, str)]
    return labels


def _members(values: Any) -> Collection[Any]:
    if not isinstance(values, (list, tuple, set, frozenset)):
        raise QueryError(f"within and without take a list of values, not a {type(values).__name__}")
    return {_number_or_identity(value) for value in values}


def _in(value: Any, members: Collection[Any]) -> bool:
    return _number_or_identity(value) in members


def _number_or_identity(value: Any) -> Any:
    return ("number", value) if is_number(value) else identity(value)


def _at_most(left: Any, right: Any) -> bool:
    return less(left, right) or (same(left, right) and left is not None)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": same,
    "neq": lambda left, right: not same(left, right),
    "lt": less,
    "lte": _at_most,
    "gt": lambda left, right: less(right, left),
    "gte": lambda left, right: _at_most(right, left),
}
_RANGES: dict[str, Callable[[Any, Any], Test]] = {
    "between": lambda low, high: lambda value: _at_most(low, value) and less(value, high),
    "inside": lambda low, high: lambda value: less(low, value) and less(value, high),
    "outside": lambda low, high: lambda value: less(value, low) or less(high, value),
}
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "startingWith": str.startswith,
    "endingWith": str.endswith,
    "containing": lambda text, part: part in text,
    "notStartingWith": lambda text, part: not text.startswith(part),
    "notEndingWith": lambda text, part: not text.endswith(part),
    "notContaining": lambda text, part: part not in text,
}


def _text(operator: str, part: Any) -> Test:
    if not isinstance(part, str):
        raise QueryError(f"{operator} takes text, not a {type(part).__name__}")
    compare = _TEXTS[operator]
    return lambda value: isinstance(value, str) and compare(value, part)


def _regex(pattern: Any, *, negate: bool) -> Test:
    try:
        search = re.compile(pattern).search
    except (re.error, TypeError) as error:
        raise QueryError(f"regex({pattern!r}): {error}") from error
    return lambda value: isinstance(value, str) and (search(value) is None) is negate


_TYPES: dict[str, Test] = {
    "BOOLEAN": lambda value: isinstance(value, bool),
    "NUMBER": is_number,
    "DOUBLE": lambda value: isinstance(value, float),
    "STRING": lambda value: isinstance(value, str),
    "DATETIME": lambda value: isinstance(value, datetime),
    "UUID": lambda value: isinstance(value, UUID),
    "LIST": lambda value: isinstance(value, (list, tuple)),
    "SET": lambda value: isinstance(value, (set, frozenset)),
    "MAP": lambda value: isinstance(value, dict),
    "PATH": lambda value: isinstance(value, Path),
    "VERTEX": lambda value: isinstance(value, Vertex),
    "EDGE": lambda value: isinstance(value, Edge),
    "VPROPERTY": lambda value: isinstance(value, VertexProperty),
    "NULL": lambda value: value is None,
}


def _type_of(wanted: Any) -> Test:
    name = str(getattr(wanted, "name", wanted)).upper()
    if name not in _TYPES:
        raise QueryError(f"typeOf({name}) is not supported; supported: {', '.join(_TYPES)}")
    return _TYPES[name]
