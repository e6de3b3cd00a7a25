"""From element to element: out, in, both and their edges; and flatMap, local, unfold."""

from __future__ import annotations

from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Flow, Frame, step, traversals, wrong
from twingraph_lab.lineage.embedded.gremlin import Direction, Edge, Path, Vertex
from twingraph_lab.lineage.embedded.values import Entry
from twingraph_lab.lineage.errors import QueryError

_WAYS = {"out": (True,), "in": (False,), "both": (True, False), "OUT": (True,), "IN": (False,), "BOTH": (True, False)}
"""Along the edge's direction (True) or against it."""
Detail = tuple[tuple[bool, ...], tuple[str, ...]]


def _detail(call: Call) -> Detail:
    """Which ways to look, and which labels to follow."""
    arguments = call.arguments
    if call.name in ("to", "toE", "toV"):
        if not arguments or not isinstance(arguments[0], Direction):
            raise wrong(call.name, arguments, "takes a Direction, then labels")
        ways, arguments = _WAYS[arguments[0].name], arguments[1:]
    else:
        ways = _WAYS[call.name.rstrip("EV")]
    if not all(isinstance(label, str) for label in arguments):
        raise wrong(call.name, arguments, "takes edge labels")
    return ways, arguments


@step("out", "in", "both", "to")
def adjacent(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Vertices one edge away."""
    ways, labels = _detail(call)
    for traverser in traversers:
        vertex = _vertex(call, traverser.value)
        for outward in ways:
            for found in frame.graph.adjacent(vertex, outward, labels):
                yield traverser.step(found)


@step("outE", "inE", "bothE", "toE")
def incident(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """The vertex's edges."""
    ways, labels = _detail(call)
    for traverser in traversers:
        vertex = _vertex(call, traverser.value)
        for outward in ways:
            for found in frame.graph.incident(vertex, outward, labels):
                yield traverser.step(found)


@step("outV", "inV", "bothV", "toV")
def ends(_frame: Frame, call: Call, traversers: Flow) -> Flow:
    """The edge's vertices."""
    ways, _ = _detail(call)
    for traverser in traversers:
        edge = _edge(call, traverser.value)
        for outward in ways:
            yield traverser.step(edge.outV if outward else edge.inV)


@step("otherV")
def other_end(_frame: Frame, call: Call, traversers: Flow) -> Flow:
    """The end of the edge that the traverser didn't come from."""
    for traverser in traversers:
        edge = _edge(call, traverser.value)
        came_from = [value for value, _ in traverser.ways()][1:2]
        if not came_from or not isinstance(came_from[0], Vertex):
            raise QueryError("otherV() needs to know the vertex before: use it right after outE(), inE() or bothE()")
        yield traverser.step(edge.inV if came_from[0] == edge.outV else edge.outV)


@step("flatMap", prepare=traversals("flatMap", 1))
def flat_map(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Every value of a traversal; the path doesn't show how it got there."""
    (chain,) = call.detail
    for traverser in traversers:
        for found in frame.child(chain, traverser):
            yield traverser.step(found.value)


@step("local", prepare=traversals("local", 1))
def local(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """A traversal for each traverser by itself."""
    (chain,) = call.detail
    for traverser in traversers:
        yield from frame.child(chain, traverser)


@step("unfold")
def unfold(_frame: Frame, _call: Call, traversers: Flow) -> Flow:
    """The members of a list, the pairs of a map, the objects of a path; anything else stays."""
    for traverser in traversers:
        for member in _members(traverser.value):
            yield traverser.step(member)


def _members(value: Any) -> Any:
    match value:
        case Entry():
            return [value]
        case dict():
            return [Entry({key: item}) for key, item in value.items()]
        case Path():
            return value.objects
        case list() | tuple() | set() | frozenset():
            return value
        case _:
            return [value]


def _vertex(call: Call, value: Any) -> Vertex:
    if isinstance(value, Vertex):
        return value
    raise QueryError(f"{call.name}() needs a vertex, not a {type(value).__name__}")


def _edge(call: Call, value: Any) -> Edge:
    if isinstance(value, Edge):
        return value
    raise QueryError(f"{call.name}() needs an edge, not a {type(value).__name__}")
