"""What elements hold: values, properties, valueMap, elementMap, propertyMap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Flow, Frame, mapping, step, wrong
from twingraph_lab.lineage.embedded.graph import property_of
from twingraph_lab.lineage.embedded.gremlin import Direction, Edge, Property, T, Vertex, VertexProperty
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser
from twingraph_lab.lineage.errors import QueryError

_TOKENS = "~tinkerpop.valueMap.tokens"
_IDS, _LABELS = 1, 2
"""Bits of `WithOptions`: which tokens a valueMap has."""


def _element(call: Call, value: Any) -> Vertex | Edge:
    if isinstance(value, (Vertex, Edge)):
        return value
    raise QueryError(f"{call.name}() needs a vertex or an edge, not a {type(value).__name__}")


@step("values")
def values(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Every value of these properties, of all without names."""
    for traverser in traversers:
        if isinstance(traverser.value, VertexProperty):
            continue
        for _, value, _ in frame.graph.properties(_element(call, traverser.value), call.arguments):
            yield traverser.step(value)


def _properties(frame: Frame, element: Vertex | Edge, keys: Sequence[str]) -> list[Any]:
    found = frame.graph.properties(element, keys)
    if isinstance(element, Edge):
        return [Property(key, value, element) for key, value, _ in found]
    return [property_of(element, key, value, place) for key, value, place in found]


@step("properties")
def properties(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """The properties themselves."""
    for traverser in traversers:
        if isinstance(traverser.value, VertexProperty):
            continue
        for found in _properties(frame, _element(call, traverser.value), call.arguments):
            yield traverser.step(found)


@mapping("propertyMap")
def property_map(frame: Frame, call: Call, traverser: Traverser) -> dict[str, Any]:
    """Properties by key: lists of them for a vertex."""
    element = _element(call, traverser.value)
    found = _properties(frame, element, call.arguments)
    if isinstance(element, Edge):
        return {one.key: one for one in found}
    return {one.key: [other for other in found if other.key == one.key] for one in found}


@mapping("valueMap", modulators=("by", "with"))
def value_map(frame: Frame, call: Call, traverser: Traverser) -> dict[Any, Any]:
    """Values by key: lists of them for a vertex. With tokens, also the id and the label."""
    element = traverser.value
    if isinstance(element, VertexProperty):
        return {}
    tokens = _tokens(call)
    result: dict[Any, Any] = {}
    if tokens & _IDS:
        result[T.id] = _element(call, element).id
    if tokens & _LABELS:
        result[T.label] = element.label
    keys = [key for key in call.arguments if isinstance(key, str)]
    grouped: dict[str, Any] = {}
    for key, value, _ in frame.graph.properties(_element(call, element), keys):
        if isinstance(element, Edge):
            grouped[key] = value
        else:
            grouped.setdefault(key, []).append(value)
    for place, (key, value) in enumerate(grouped.items()):
        by = call.by_of(place)
        read = value if by is None else by.read(frame, traverser, value)
        if read is not MISSING:
            result[key] = read
    return result


def _tokens(call: Call) -> int:
    if call.arguments[:1] == (True,):
        return _IDS | _LABELS
    for modulator in call.modulators:
        match modulator.arguments:
            case (str() as option,) if option == _TOKENS:
                return _IDS | _LABELS
            case (str() as option, int() as bits) if option == _TOKENS:
                return bits
            case arguments:
                raise wrong("with", arguments, "valueMap() takes WithOptions.tokens")
    return 0


@mapping("elementMap")
def element_map(frame: Frame, call: Call, traverser: Traverser) -> dict[Any, Any]:
    """Id, label and one value of each property; of an edge also its ends."""
    element = traverser.value
    if isinstance(element, VertexProperty):
        return {T.id: element.id, T.key: element.key, T.value: element.value}
    result: dict[Any, Any] = {T.id: _element(call, element).id, T.label: element.label}
    if isinstance(element, Edge):
        for direction, end in ((Direction.IN, element.inV), (Direction.OUT, element.outV)):
            result[direction] = {T.id: end.id, T.label: end.label}
    result.update((key, value) for key, value, _ in frame.graph.properties(element, call.arguments))
    return result
