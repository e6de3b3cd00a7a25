"""Steps that change the graph: addV, addE, property, drop."""

from __future__ import annotations

from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Chain, Flow, Frame, step, wrong
from twingraph_lab.lineage.embedded.gremlin import (
    Cardinality,
    CardinalityValue,
    Edge,
    Property,
    T,
    Vertex,
    VertexProperty,
)
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser
from twingraph_lab.lineage.embedded.values import same
from twingraph_lab.lineage.errors import QueryError

Setting = tuple[Any, Any, Any]
"""(cardinality or None, key, value)"""


def evaluated(frame: Frame, traverser: Traverser, value: Any, what: str) -> Any:
    """A literal as it is, a traversal's first value. Raises `QueryError` if that has none."""
    if not isinstance(value, Chain):
        return value
    found = frame.first(value, traverser)
    if found is MISSING:
        raise QueryError(f"{what}: the traversal gives no value")
    return found


def _given(call: Call, frame: Frame, traverser: Traverser, default: str) -> tuple[str, Any]:
    """The label and the id (or None) of a new element: the step's argument, and `property(T.…)` right after it."""
    if len(call.arguments) > 1 or not all(isinstance(argument, (str, Chain)) for argument in call.arguments):
        raise wrong(call.name, call.arguments, "takes a label")
    label: Any = call.arguments[0] if call.arguments else default
    identifier = None
    for modulator in call.modulators:
        if modulator.name == "property":
            what, value = modulator.arguments
            if what == T.label:
                label = value
            else:
                identifier = evaluated(frame, traverser, value, f"{call.name}().property(T.id)")
    return evaluated(frame, traverser, label, call.name), identifier


@step("addV", mutates=True, modulators=("property",))
def add_vertex(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """A new vertex for each traverser."""
    for traverser in list(traversers):
        label, identifier = _given(call, frame, traverser, "vertex")
        yield traverser.step(frame.graph.add_vertex(label, identifier))


@step("addE", mutates=True, modulators=("from", "to", "property"))
def add_edge(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """A new edge for each traverser, between `from` and `to`; the traverser's vertex where one isn't given."""
    for traverser in list(traversers):
        label, identifier = _given(call, frame, traverser, "edge")
        source, target = (_end(frame, call, traverser, name) for name in ("from", "to"))
        yield traverser.step(frame.graph.add_edge(label, source, target, identifier))


def _end(frame: Frame, call: Call, traverser: Traverser, name: str) -> Vertex:
    found: Any = traverser.value
    match call.modulated(name):
        case (str() as label,):
            found = frame.scope(traverser, label)
        case (Chain() as chain,):
            found = frame.first(chain, traverser)
        case (Vertex() as vertex,):
            found = vertex
        case None:
            pass
        case arguments:
            raise wrong(name, arguments, "takes a label, a vertex or a traversal")
    if not isinstance(found, Vertex):
        raise QueryError(f"addE().{name}() gives {found!r}, not a vertex")
    return found


def _settings(arguments: tuple[Any, ...]) -> list[Setting]:
    cardinality = None
    if arguments and isinstance(arguments[0], Cardinality):
        cardinality, arguments = arguments[0], arguments[1:]
    match arguments:
        case (dict() as pairs,):
            return [(own, key, inner) for key, value in pairs.items() for own, inner in [unwrapped(cardinality, value)]]
        case (str() as key, value):
            return [(cardinality, key, value)]
        case (T() as token, _):
            name = token.name.rstrip("_")
            raise QueryError(f"property(T.{name}): an id or label is given right after addV() or addE(), then stays")
        case (_, _, *more) if more:
            raise QueryError("property(): properties of properties are not supported")
        case _:
            raise wrong("property", arguments, "takes a key and a value, or a map; a Cardinality may come first")


def unwrapped(cardinality: Any, value: Any) -> tuple[Any, Any]:
    """(cardinality, value) of a value that may carry its own cardinality."""
    if isinstance(value, CardinalityValue):
        _, own, inner = value.source_instructions[0]
        return own, inner
    return cardinality, value


@step("property", prepare=_settings, mutates=True)
def set_property(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Set or add values."""
    for traverser in traversers:
        for cardinality, key, value in call.detail:
            found = evaluated(frame, traverser, value, f"property({key!r})")
            assign(frame, traverser.value, key, found, cardinality)
        yield traverser


def assign(frame: Frame, element: Any, key: Any, value: Any, cardinality: Any = None) -> None:
    """Give an element a value, by its cardinality: alone (the default), in a list, or in a set."""
    if not isinstance(key, str) or not isinstance(element, (Vertex, Edge)):
        raise QueryError(
            f"property({key!r}) needs a vertex or an edge and a key of text, not a {type(element).__name__}"
        )
    if cardinality in (None, Cardinality.single):
        frame.graph.set_property(element, key, value)
        return
    if not isinstance(element, Vertex):
        raise QueryError("property(): only vertices have lists and sets of values")
    existing = [found for _, found, _ in frame.graph.properties(element, (key,))]
    if cardinality == Cardinality.list_ or not any(same(value, found) for found in existing):
        frame.graph.append_property(element, key, value)


@step("drop", mutates=True)
def drop(frame: Frame, _call: Call, traversers: Flow) -> Flow:
    """Remove elements and properties; give nothing."""
    for found in [traverser.value for traverser in traversers]:
        match found:
            case Vertex() | Edge():
                frame.graph.remove(found)
            case VertexProperty():
                frame.graph.remove_property(found.vertex, found.key, int(str(found.id).rpartition("/")[2]))
            case Property():
                frame.graph.remove_property(found.element, found.key, 0)
            case _:
                raise QueryError(f"drop() needs a vertex, an edge or a property, not a {type(found).__name__}")
    return
    yield
