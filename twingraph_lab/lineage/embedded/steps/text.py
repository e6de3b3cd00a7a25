"""Steps on text: toUpper, trim, replace, split, substring, concat, asString, …; with Scope.local, on each of a list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Chain, Flow, Frame, mapping, step
from twingraph_lab.lineage.embedded.gremlin import Scope
from twingraph_lab.lineage.embedded.steps.mutate import evaluated
from twingraph_lab.lineage.embedded.traverser import Traverser
from twingraph_lab.lineage.errors import QueryError


def _split(text: str, separator: str | None = None) -> list[str]:
    return list(text) if separator == "" else text.split(separator)


def _substring(text: str, start: int, end: int | None = None) -> str:
    """Negative places count from the end; places beyond it are at it."""
    size = len(text)
    low, high = (
        max(place + size, 0) if place < 0 else min(place, size) for place in (start, size if end is None else end)
    )
    return text[low:high]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "length": len,
    "toUpper": str.upper,
    "toLower": str.lower,
    "trim": str.strip,
    "lTrim": str.lstrip,
    "rTrim": str.rstrip,
    "replace": str.replace,
    "split": _split,
    "substring": _substring,
}


@step(*_FUNCTIONS)
def on_text(_frame: Frame, call: Call, traversers: Flow) -> Flow:
    """A function of the text; nothing stays nothing."""
    function = _FUNCTIONS[call.name]
    local = call.arguments[:1] == (Scope.local,)
    arguments = [argument for argument in call.arguments if not isinstance(argument, Scope)]

    def apply(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, str):
            raise QueryError(f"{call.name}() needs text, not a {type(value).__name__}")
        return function(value, *arguments)

    for traverser in traversers:
        value = traverser.value
        yield traverser.step([apply(member) for member in value] if local and isinstance(value, list) else apply(value))


@mapping("concat")
def concat(frame: Frame, call: Call, traverser: Traverser) -> Any:
    """The text with others after it."""
    parts = [traverser.value]
    for argument in call.arguments:
        if isinstance(argument, Chain):
            parts.append(evaluated(frame, traverser, argument, "concat()"))
        else:
            parts += argument if isinstance(argument, list) else [argument]
    known = [part for part in parts if part is not None]
    if not all(isinstance(part, str) for part in known):
        raise QueryError("concat() needs text; asString() makes it of other values")
    return "".join(known) if known else None


@mapping("asString")
def as_string(_frame: Frame, call: Call, traverser: Traverser) -> Any:
    """The value as text."""
    value = traverser.value
    if call.arguments[:1] == (Scope.local,) and isinstance(value, (list, tuple, set)):
        return [_text(member) for member in value]
    return _text(value)


def _text(value: Any) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


@mapping("asNumber")
def as_number(_frame: Frame, _call: Call, traverser: Traverser) -> Any:
    """The number a text stands for: an integer if it is written as one."""
    value = traverser.value
    if isinstance(value, (int, float)) or value is None:
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except (TypeError, ValueError):
            continue
    raise QueryError(f"asNumber(): {value!r} is not a number")


@mapping("asBool")
def as_bool(_frame: Frame, _call: Call, traverser: Traverser) -> bool:
    """`true` and `false` in any case; a number is true unless it is 0."""
    value = traverser.value
    if isinstance(value, (bool, int, float)):
        return bool(value)
    known = {"true": True, "false": False}
    if not isinstance(value, str) or value.lower() not in known:
        raise QueryError(f"asBool(): {value!r} is not a boolean")
    return known[value.lower()]
