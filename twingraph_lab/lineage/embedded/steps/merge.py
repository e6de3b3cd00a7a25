"""mergeV and mergeE: find elements that match a map, or create one."""

from __future__ import annotations

from typing import Any

from twingraph_lab.lineage.embedded import search
from twingraph_lab.lineage.embedded.chain import Call, Flow, Frame, step, wrong
from twingraph_lab.lineage.embedded.gremlin import Direction, Edge, Merge, T, Vertex
from twingraph_lab.lineage.embedded.steps.mutate import assign, evaluated, unwrapped
from twingraph_lab.lineage.embedded.traverser import Traverser
from twingraph_lab.lineage.embedded.values import same
from twingraph_lab.lineage.errors import QueryError

Wanted = dict[Any, Any]


@step("mergeV", mutates=True, modulators=("option",))
def merge_vertex(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Vertices with this id, label and properties; else a new one."""
    for traverser in list(traversers):
        wanted = _wanted(frame, call, traverser)
        found = [vertex for vertex in _candidates(frame, wanted) if _matches(frame, vertex, wanted)]
        if not found:
            given = _creation(frame, call, traverser, wanted)
            created = frame.graph.add_vertex(given.get(T.label, "vertex"), given.get(T.id))
            _assign_all(frame, created, given)
            yield traverser.step(created)
        for vertex in found:
            _assign_all(frame, vertex, _option(frame, call, traverser, "on_match"))
            yield traverser.step(vertex)


@step("mergeE", mutates=True, modulators=("option",))
def merge_edge(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Edges with this id, label, ends and properties; else a new one."""
    for traverser in list(traversers):
        wanted = _with_ends(frame, call, traverser, _wanted(frame, call, traverser))
        found = [edge for edge in _edges(frame, wanted) if _matches(frame, edge, wanted)]
        if not found:
            given = _with_ends(frame, call, traverser, _creation(frame, call, traverser, wanted))
            source, target = (_created_end(given, direction) for direction in (Direction.OUT, Direction.IN))
            created = frame.graph.add_edge(given.get(T.label, "edge"), source, target, given.get(T.id))
            _assign_all(frame, created, given)
            yield traverser.step(created)
        for edge in found:
            _assign_all(frame, edge, _option(frame, call, traverser, "on_match"))
            yield traverser.step(edge)


def _normal(given: Wanted) -> Wanted:
    """`T.id_` is `T.id`; a value may carry its cardinality, which doesn't matter for finding it."""
    return {(T.id if key == T.id_ else key): value for key, value in given.items()}


def _map(frame: Frame, traverser: Traverser, argument: Any, what: str) -> Wanted:
    found = evaluated(frame, traverser, argument, what)
    if not isinstance(found, dict):
        raise QueryError(f"{what} needs a map, not a {type(found).__name__}")
    return _normal(found)


def _wanted(frame: Frame, call: Call, traverser: Traverser) -> Wanted:
    if len(call.arguments) > 1:
        raise wrong(call.name, call.arguments, "takes one map or traversal")
    return _map(frame, traverser, call.arguments[0] if call.arguments else traverser.value, f"{call.name}()")


def _option(frame: Frame, call: Call, traverser: Traverser, name: str) -> Wanted:
    for modulator in call.modulators:
        merge, argument = modulator.arguments
        if isinstance(merge, Merge) and merge.name == name:
            return _map(frame, traverser, argument, f"option(Merge.{name})")
    return {}


def _creation(frame: Frame, call: Call, traverser: Traverser, wanted: Wanted) -> Wanted:
    given = _option(frame, call, traverser, "on_create")
    for key in (T.id, T.label, Direction.OUT, Direction.IN):
        if key in given and key in wanted and given[key] != wanted[key]:
            raise QueryError(f"option(Merge.on_create) can't change {key} from what {call.name}() looked for")
    return {**wanted, **given}


def _candidates(frame: Frame, wanted: Wanted) -> list[Vertex]:
    if T.id in wanted:
        found = frame.graph.vertex(wanted[T.id])
        return [] if found is None else [found]
    conditions = [search.by_label((wanted[T.label],))] if T.label in wanted else []
    conditions += [
        search.by_property("vertex", key, unwrapped(None, value)[1])
        for key, value in wanted.items()
        if isinstance(key, str)
    ]
    return frame.graph.vertices([condition for condition in conditions if condition is not None])


def _edges(frame: Frame, wanted: Wanted) -> list[Edge]:
    labels = (wanted[T.label],) if T.label in wanted else ()
    for direction, outward in ((Direction.OUT, True), (Direction.IN, False)):
        if direction in wanted:
            vertex = wanted[direction]
            return frame.graph.incident(vertex, outward, labels) if isinstance(vertex, Vertex) else []
    condition = search.by_label(labels)
    return frame.graph.edges([] if condition is None else [condition])


def _matches(frame: Frame, element: Vertex | Edge, wanted: Wanted) -> bool:
    for key, value in wanted.items():
        if isinstance(key, str):
            values = [found for _, found, _ in frame.graph.properties(element, (key,))]
            if not any(same(found, unwrapped(None, value)[1]) for found in values):
                return False
        elif not same(_part(element, key), value):
            return False
    return True


def _part(element: Vertex | Edge, key: Any) -> Any:
    match key:
        case T.id:
            return element.id
        case T.label:
            return element.label
        case Direction.OUT:
            return element.outV
        case _:
            return element.inV


def _with_ends(frame: Frame, call: Call, traverser: Traverser, wanted: Wanted) -> Wanted:
    """Ends as vertices: given as vertex, as id, or as Merge.out_v / Merge.in_v with an option() that says which."""
    return {
        key: _end(frame, call, traverser, value) if isinstance(key, Direction) else value
        for key, value in wanted.items()
    }


def _end(frame: Frame, call: Call, traverser: Traverser, value: Any) -> Any:
    if isinstance(value, Merge):
        argument = next((found.arguments[1] for found in call.modulators if found.arguments[0] == value), None)
        if argument is None:
            raise QueryError(f"mergeE(): there is no option(Merge.{value.name}, …)")
        value = evaluated(frame, traverser, argument, f"option(Merge.{value.name})")
    if isinstance(value, dict):
        value = next(iter(_candidates(frame, _normal(value))), None)
    return value if isinstance(value, (Vertex, type(None))) else frame.graph.vertex(value) or value


def _created_end(given: Wanted, direction: Direction) -> Vertex:
    vertex = given.get(direction)
    if not isinstance(vertex, Vertex):
        given_as = "nothing" if vertex is None else repr(vertex)
        raise QueryError(f"mergeE(): to make the edge, Direction.{direction.name} must be a vertex, not {given_as}")
    return vertex


def _assign_all(frame: Frame, element: Vertex | Edge, given: Wanted) -> None:
    for key, value in given.items():
        if isinstance(key, str):
            cardinality, inner = unwrapped(None, value)
            assign(frame, element, key, inner, cardinality)
