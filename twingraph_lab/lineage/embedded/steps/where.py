"""where(), in its three forms, and the ends of the patterns inside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Chain, Flow, Frame, filtering, step, wrong
from twingraph_lab.lineage.embedded.gremlin import P
from twingraph_lab.lineage.embedded.predicates import matcher, resolved
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser
from twingraph_lab.lineage.embedded.values import same
from twingraph_lab.lineage.errors import QueryError


def _where(arguments: tuple[Any, ...]) -> tuple[str | None, Any]:
    match arguments:
        case (Chain() | P() as condition,):
            return None, condition
        case (str() as label, P() as condition):
            return label, condition
        case _:
            raise wrong("where", arguments, "takes a traversal, a predicate, or a label and a predicate")


@filtering("where", prepare=_where, modulators=("by",))
def where(frame: Frame, call: Call, traverser: Traverser) -> bool:
    """A traversal gives something; or a predicate holds, whose values are labels of the path."""
    label, condition = call.detail
    if isinstance(condition, Chain):
        return frame.passes(condition, traverser)
    try:
        values = _Compared(frame, call, traverser)
        left = values.read(traverser.value if label is None else scoped(frame, traverser, label))
        wanted = resolved(condition, lambda name: values.read(scoped(frame, traverser, name)))
    except _UnproductiveError:
        return False
    return matcher(wanted)(left)


class _UnproductiveError(Exception):
    pass


class _Compared:
    """Applies the step's modulators round-robin, in the order the operands are read."""

    def __init__(self, frame: Frame, call: Call, traverser: Traverser) -> None:
        self._frame, self._traverser = frame, traverser
        self._turns: Iterator[int] = iter(range(1 << 30))
        self._call = call

    def read(self, value: Any) -> Any:
        by = self._call.by_of(next(self._turns))
        found = value if by is None else by.read(self._frame, self._traverser, value)
        if found is MISSING:
            raise _UnproductiveError
        return found


def scoped(frame: Frame, traverser: Traverser, label: str) -> Any:
    """What a label stands for; an unknown one is an error here."""
    found = frame.scope(traverser, label)
    if found is MISSING:
        raise QueryError(f"where(): neither the map, nor the side-effects, nor the path has {label!r}")
    return found


@step("~whereStart")
def where_start(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Begin at what the label stands for."""
    for traverser in traversers:
        yield traverser.step(scoped(frame, traverser, call.arguments[0]))


@step("~whereEnd")
def where_end(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Keep what arrived where the label is."""
    for traverser in traversers:
        if same(traverser.value, scoped(frame, traverser, call.arguments[0])):
            yield traverser
