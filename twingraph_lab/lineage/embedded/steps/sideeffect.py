"""Steps that remember: aggregate, store, cap, sideEffect, tree, subgraph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Flow, Frame, step, traversals, wrong
from twingraph_lab.lineage.embedded.gremlin import Edge, Scope, Vertex
from twingraph_lab.lineage.embedded.path import path_of
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser, begin
from twingraph_lab.lineage.errors import QueryError


@dataclass(frozen=True, slots=True)
class Subgraph:
    """What `subgraph(name)` collected: each edge once, and the vertices at their ends."""

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]


class _Edges:
    def __init__(self) -> None:
        self._edges: dict[Any, Edge] = {}

    def add(self, edge: Any) -> None:
        if not isinstance(edge, Edge):
            raise QueryError(f"subgraph() needs an edge, not a {type(edge).__name__}")
        self._edges[edge.id] = edge

    def result(self, _frame: Frame) -> Subgraph:
        ends = {vertex.id: vertex for edge in self._edges.values() for vertex in (edge.outV, edge.inV)}
        return Subgraph(tuple(ends.values()), tuple(self._edges.values()))


def _aggregate(arguments: tuple[Any, ...]) -> tuple[bool, str]:
    match arguments:
        case (str() as name,):
            return True, name
        case (Scope() as scope, str() as name):
            return scope != Scope.local, name
        case _:
            raise wrong("aggregate", arguments, "takes the name of a side-effect")


@step("aggregate", prepare=_aggregate, modulators=("by",), gathers=True)
def aggregate(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Collect values in a list, before anything goes on; with Scope.local, as they pass."""
    waits, name = call.detail
    return iter(list(_collected(frame, call, name, traversers))) if waits else _collected(frame, call, name, traversers)


@step("store", modulators=("by",))
def store(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Collect values in a list as they pass."""
    return _collected(frame, call, call.arguments[0], traversers)


def _collected(frame: Frame, call: Call, name: str, traversers: Flow) -> Flow:
    values = frame.effects.setdefault(name, [])
    if not isinstance(values, (list, set)):
        raise QueryError(f"{call.name}({name!r}): that side-effect is not a list")
    for traverser in traversers:
        value = frame.read(call.by_of(0), traverser)
        if value is not MISSING:
            (values.append if isinstance(values, list) else values.add)(value)
        yield traverser


@step("cap", reduces=True)
def cap(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Compute everything before, then give the side-effect; of several names, a map."""
    for _ in traversers:
        pass
    unknown = [name for name in call.arguments if name not in frame.effects]
    if unknown:
        known = ", ".join(map(repr, frame.effects)) or "none"
        raise QueryError(f"cap({unknown[0]!r}): no such side-effect; known: {known}")
    found = {name: frame.effect(name) for name in call.arguments}
    yield begin(found[call.arguments[0]] if len(found) == 1 else found)


@step("sideEffect", prepare=traversals("sideEffect", 1))
def side_effect(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Run a traversal for what it does, and go on as before."""
    (chain,) = call.detail
    for traverser in traversers:
        for _ in frame.child(chain, traverser):
            pass
        yield traverser


@step("subgraph")
def subgraph(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Collect edges in a `Subgraph`."""
    edges = frame.effects.setdefault(call.arguments[0], _Edges())
    for traverser in traversers:
        edges.add(traverser.value)
        yield traverser


@step("tree", modulators=("by",), reduces=True)
def tree(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """The paths as nested maps; given a name, as a side-effect."""
    if call.arguments:
        root = frame.effects.setdefault(call.arguments[0], {})
        for traverser in traversers:
            _grow(root, frame, call, traverser)
            yield traverser
        return
    root = {}
    for traverser in traversers:
        _grow(root, frame, call, traverser)
    yield begin(root)


def _grow(root: dict[Any, Any], frame: Frame, call: Call, traverser: Traverser) -> None:
    for value, _ in path_of(frame, call, traverser) or ():
        root = root.setdefault(value, {})
