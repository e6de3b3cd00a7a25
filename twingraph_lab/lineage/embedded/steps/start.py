"""Where traversals begin: V, E, inject."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain as chained
from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Chain, Flow, Frame, step, wrong
from twingraph_lab.lineage.embedded.gremlin import Edge, Vertex
from twingraph_lab.lineage.embedded.pushdown import WHERE
from twingraph_lab.lineage.embedded.traverser import begin


def identifiers(arguments: tuple[Any, ...]) -> list[Any]:
    """Ids from ids and elements; a single list is taken for its members."""
    flat: Iterable[Any] = arguments
    if len(arguments) == 1 and isinstance(arguments[0], (list, tuple, set, frozenset)):
        flat = arguments[0]
    if any(isinstance(value, Chain) for value in flat):
        raise wrong("V", arguments, "takes ids or elements, not a traversal")
    return [value.id if isinstance(value, (Vertex, Edge)) else value for value in flat]


@step("V", "E", prepare=identifiers)
def elements(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Elements by id, or all that meet the conditions folded in. No ids means all, as in TinkerPop."""
    one, many = (
        (frame.graph.vertex, frame.graph.vertices) if call.name == "V" else (frame.graph.edge, frame.graph.edges)
    )
    conditions = [
        condition for modulator in call.modulators if modulator.name == WHERE for condition in modulator.arguments
    ]
    for traverser in traversers:
        if call.detail:
            found = [element for value in call.detail if value is not None and (element := one(value)) is not None]
        else:
            found = many(conditions)
        for element in found:
            yield traverser.step(element)


@step("inject", gathers=True)
def inject(_frame: Frame, call: Call, traversers: Flow) -> Flow:
    """New traversers; they come before those there are, unless the step is its traversal's first."""
    injected = (begin(value) for value in call.arguments)
    if call.first:
        return chained((traverser for traverser in traversers if traverser.path is not None), injected)
    return chained(injected, traversers)
