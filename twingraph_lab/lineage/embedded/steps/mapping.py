"""Steps that make one value of each traverser: id, select, project, path, constant, math, format, sack, …"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from twingraph_lab.lineage.embedded import arithmetic
from twingraph_lab.lineage.embedded.by import column, token
from twingraph_lab.lineage.embedded.chain import Call, Chain, Flow, Frame, mapping, step, traversals, wrong
from twingraph_lab.lineage.embedded.gremlin import Column, Edge, Path, Pop, Property, T, Vertex, VertexProperty
from twingraph_lab.lineage.embedded.path import path_of
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser
from twingraph_lab.lineage.embedded.values import is_number
from twingraph_lab.lineage.errors import QueryError

_TOKENS = {"id": T.id, "label": T.label, "key": T.key, "value": T.value}


@mapping("id", "label", "key", "value")
def read_token(_frame: Frame, call: Call, traverser: Traverser) -> Any:
    """A part of an element or property."""
    return token(traverser.value, _TOKENS[call.name])


@mapping("constant")
def constant(_frame: Frame, call: Call, _traverser: Traverser) -> Any:
    """Always the same."""
    return call.arguments[0]


@mapping("loops")
def loops(_frame: Frame, call: Call, traverser: Traverser) -> int:
    """How many rounds of the (named) repeat are done."""
    for name, count in reversed(traverser.loops):
        if not call.arguments or name == call.arguments[0]:
            return count
    raise QueryError(
        f"loops(): the traverser is not in a repeat(){f' named {call.arguments[0]!r}' if call.arguments else ''}"
    )


def _select(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    pop = "last"
    if arguments and isinstance(arguments[0], Pop):
        pop, arguments = arguments[0].name.rstrip("_"), arguments[1:]
    single = len(arguments) == 1 and isinstance(arguments[0], (Column, Chain))
    if not arguments or not (single or all(isinstance(name, str) for name in arguments)):
        raise wrong("select", arguments, "takes labels, or one Column or traversal; a Pop may come first")
    return pop, arguments


@mapping("select", prepare=_select, modulators=("by",))
def select(frame: Frame, call: Call, traverser: Traverser) -> Any:
    """What labels stand for: one value, or a map of them. Nothing if one of them is unknown."""
    pop, names = call.detail
    if isinstance(names[0], Column):
        return column(traverser.value, names[0])
    if isinstance(names[0], Chain):
        return frame.scope(traverser, frame.first(names[0], traverser), pop)
    found = {}
    for place, name in enumerate(names):
        value = frame.scope(traverser, name, pop)
        by = call.by_of(place)
        if value is not MISSING and by is not None:
            value = by.read(frame, traverser, value)
        if value is MISSING:
            return MISSING
        found[name] = value
    return found[names[0]] if len(names) == 1 else found


@mapping("project", modulators=("by",))
def project(frame: Frame, call: Call, traverser: Traverser) -> dict[str, Any]:
    """A map of named values; those that aren't productive are left out."""
    read = {name: frame.read(call.by_of(place), traverser) for place, name in enumerate(call.arguments)}
    return {name: value for name, value in read.items() if value is not MISSING}


@mapping("path", modulators=("by", "from", "to"))
def path(frame: Frame, call: Call, traverser: Traverser) -> Any:
    """The way here."""
    objects = path_of(frame, call, traverser)
    if objects is None:
        return MISSING
    return Path([set(labels) for _, labels in objects], [value for value, _ in objects])


@mapping("map", prepare=traversals("map", 1))
def mapped(frame: Frame, call: Call, traverser: Traverser) -> Any:
    """The first value of a traversal."""
    return frame.first(call.detail[0], traverser)


@mapping("math", prepare=lambda arguments: arithmetic.parse(*arguments), modulators=("by",))
def math(frame: Frame, call: Call, traverser: Traverser) -> Any:
    """The formula's value, a float. `_` is the current value, other names are labels; modulators go round-robin."""
    values = {}
    for place, name in enumerate(call.detail.variables):
        value = traverser.value if name == arithmetic.CURRENT else frame.scope(traverser, name)
        by = call.by_of(place)
        if value is not MISSING and by is not None:
            value = by.read(frame, traverser, value)
        if value is MISSING:
            return MISSING
        if not is_number(value):
            raise QueryError(f"math('{call.detail.text}'): {name} is a {type(value).__name__}, not a number")
        values[name] = float(value)
    return call.detail(values)


_PLACEHOLDER = re.compile(r"%\{(.*?)\}")


@mapping("format", modulators=("by",))
def formatted(frame: Frame, call: Call, traverser: Traverser) -> Any:
    """Text with `%{name}` filled in: a property of the element or a label; `%{_}` takes the next modulator."""
    turns = iter(range(len(call.arguments[0])))
    missing = False

    def fill(found: re.Match[str]) -> str:
        nonlocal missing
        value = _named(frame, call, traverser, found[1], turns)
        missing = missing or value is MISSING
        return str(value)

    text = _PLACEHOLDER.sub(fill, call.arguments[0])
    return MISSING if missing else text


def _named(frame: Frame, call: Call, traverser: Traverser, name: str, turns: Any) -> Any:
    if name == arithmetic.CURRENT:
        return frame.read(call.by_of(next(turns)), traverser)
    if isinstance(traverser.value, (Vertex, Edge)):
        values = frame.graph.properties(traverser.value, (name,))
        if values:
            return values[0][1]
    return frame.scope(traverser, name)


@mapping("element")
def element(_frame: Frame, _call: Call, traverser: Traverser) -> Any:
    """What a property belongs to."""
    match traverser.value:
        case VertexProperty() as found:
            return found.vertex
        case Property() as found:
            return found.element
        case value:
            raise QueryError(f"element() needs a property, not a {type(value).__name__}")


@mapping("index", modulators=("with",))
def index(_frame: Frame, call: Call, traverser: Traverser) -> Any:
    """Each member with its number: pairs, or, with `WithOptions.map`, a map from number to member."""
    value = traverser.value
    members = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    as_map = any(modulator.arguments[1:] == (1,) for modulator in call.modulators)
    return dict(enumerate(members)) if as_map else [[member, place] for place, member in enumerate(members)]


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": operator.add,
    "minus": operator.sub,
    "mult": operator.mul,
    "div": operator.truediv,
    "min": min,
    "max": max,
    "assign": lambda _, value: value,
    "and": lambda left, right: left and right,
    "or": lambda left, right: left or right,
    "addAll": lambda left, right: [*left, *right],
    "sumLong": operator.add,
}


def operation(found: Any) -> Callable[[Any, Any], Any]:
    """An Operator as a function. Raises `QueryError` for one that isn't supported."""
    name = {"add_all": "addAll", "sum_long": "sumLong"}.get(
        getattr(found, "name", ""), getattr(found, "name", "").rstrip("_")
    )
    if name not in _OPERATORS:
        raise QueryError(f"{found!r} is not an Operator; supported: {', '.join(_OPERATORS)}")
    return _OPERATORS[name]


@step("sack", modulators=("by",))
def sack(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """What the traverser carries; or, given an Operator, put something into it."""
    for traverser in traversers:
        if not call.arguments:
            yield traverser.step(traverser.sack)
            continue
        value = frame.read(call.by_of(0), traverser)
        if value is not MISSING:
            yield traverser.carrying(operation(call.arguments[0])(traverser.sack, value))
