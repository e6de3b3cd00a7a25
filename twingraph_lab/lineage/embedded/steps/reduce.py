"""Many to one: count, sum, mean, max, min, fold; with Scope.local, within each list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Flow, Frame, step
from twingraph_lab.lineage.embedded.gremlin import Scope
from twingraph_lab.lineage.embedded.steps.mapping import operation
from twingraph_lab.lineage.embedded.steps.window import members
from twingraph_lab.lineage.embedded.traverser import MISSING, begin
from twingraph_lab.lineage.embedded.values import is_number, less
from twingraph_lab.lineage.errors import QueryError


@step("count", reduces=True)
def count(_frame: Frame, call: Call, traversers: Flow) -> Flow:
    """How many."""
    if call.arguments[:1] != (Scope.local,):
        yield begin(sum(1 for _ in traversers))
        return
    for traverser in traversers:
        yield traverser.step(_size(traverser.value))


def _size(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") and not isinstance(value, (str, bytes)) else 1


def _sum(name: str, values: Sequence[Any]) -> Any:
    return sum(_numbers(name, values))


def _mean(name: str, values: Sequence[Any]) -> Any:
    return sum(_numbers(name, values)) / len(values)


def _max(name: str, values: Sequence[Any]) -> Any:
    return _extreme(name, values, less)


def _min(name: str, values: Sequence[Any]) -> Any:
    return _extreme(name, values, lambda best, value: less(value, best))


def _numbers(name: str, values: Sequence[Any]) -> Sequence[Any]:
    for value in values:
        if not is_number(value):
            raise QueryError(f"{name}() needs numbers, not a {type(value).__name__}")
    return values


def _extreme(name: str, values: Sequence[Any], better: Callable[[Any, Any], bool]) -> Any:
    best = values[0]
    for value in values[1:]:
        if better(best, value):
            best = value
        elif not better(value, best) and value != best:
            raise QueryError(f"{name}() can't compare a {type(best).__name__} with a {type(value).__name__}")
    return best


_REDUCERS: dict[str, Callable[[str, Sequence[Any]], Any]] = {"sum": _sum, "mean": _mean, "max": _max, "min": _min}


@step(*_REDUCERS, reduces=True)
def reduced(_frame: Frame, call: Call, traversers: Flow) -> Flow:
    """One number or text of many; nothing of nothing, and `None` doesn't count."""
    reducer = _REDUCERS[call.name]
    if call.arguments[:1] != (Scope.local,):
        value = _unless_empty(reducer, call.name, [traverser.value for traverser in traversers])
        if value is not MISSING:
            yield begin(value)
        return
    for traverser in traversers:
        value = _unless_empty(reducer, call.name, members(call.name, traverser.value))
        if value is not MISSING:
            yield traverser.step(value)


def _unless_empty(reducer: Callable[[str, Sequence[Any]], Any], name: str, values: Sequence[Any]) -> Any:
    known = [value for value in values if value is not None]
    return reducer(name, known) if known else MISSING


@step("fold", reduces=True)
def fold(_frame: Frame, call: Call, traversers: Flow) -> Flow:
    """A list of everything; or, with a seed and an Operator, what that makes of it."""
    values = [traverser.value for traverser in traversers]
    if call.arguments:
        seed, how = call.arguments
        yield begin(reduce(operation(how), values, seed))
    else:
        yield begin(values)
