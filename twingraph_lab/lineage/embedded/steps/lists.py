"""Steps on lists: combine, intersect, difference, all, any, none, conjoin, product, reverse, …"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Chain, Frame, filtering, mapping
from twingraph_lab.lineage.embedded.predicates import matcher
from twingraph_lab.lineage.embedded.steps.mutate import evaluated
from twingraph_lab.lineage.embedded.steps.window import distinct
from twingraph_lab.lineage.embedded.traverser import Traverser
from twingraph_lab.lineage.embedded.values import identity
from twingraph_lab.lineage.errors import QueryError

_LISTS = (list, tuple, set, frozenset)


def _listed(name: str, value: Any) -> list[Any]:
    if not isinstance(value, _LISTS):
        raise QueryError(f"{name}() needs a list, not a {type(value).__name__}")
    return list(value)


def _ids(values: list[Any]) -> set[Any]:
    return {identity(value) for value in values}


_OPERATIONS: dict[str, Callable[[list[Any], list[Any]], Any]] = {
    "combine": lambda left, right: left + right,
    "merge": lambda left, right: distinct(left + right),
    "intersect": lambda left, right: distinct([value for value in left if identity(value) in _ids(right)]),
    "difference": lambda left, right: distinct([value for value in left if identity(value) not in _ids(right)]),
    "disjunct": lambda left, right: distinct(
        [value for value in left + right if (identity(value) in _ids(left)) != (identity(value) in _ids(right))]
    ),
    "product": lambda left, right: [list(pair) for pair in product(left, right)],
}


@mapping(*_OPERATIONS)
def with_other(frame: Frame, call: Call, traverser: Traverser) -> Any:
    """The list and another one; `merge` also joins two maps."""
    other = evaluated(frame, traverser, call.arguments[0], f"{call.name}()")
    if call.name == "merge" and isinstance(traverser.value, dict) and isinstance(other, dict):
        return {**traverser.value, **other}
    return _OPERATIONS[call.name](_listed(call.name, traverser.value), _listed(call.name, other))


@mapping("conjoin")
def conjoin(_frame: Frame, call: Call, traverser: Traverser) -> str:
    """The members as one text, with a separator between."""
    members = _listed("conjoin", traverser.value)
    return str(call.arguments[0]).join(str(member) for member in members if member is not None)


@mapping("reverse")
def reverse(_frame: Frame, _call: Call, traverser: Traverser) -> Any:
    """A list or text back to front; anything else as it is."""
    value = traverser.value
    return list(value)[::-1] if isinstance(value, _LISTS) else value[::-1] if isinstance(value, str) else value


def _test(arguments: tuple[Any, ...]) -> Any:
    if len(arguments) != 1 or isinstance(arguments[0], Chain):
        return None
    return matcher(arguments[0])


@filtering("all", "any", "none", prepare=_test)
def quantified(_frame: Frame, call: Call, traverser: Traverser) -> bool:
    """All, any or no members of the list pass; `none()` without a predicate lets nothing pass."""
    if call.name == "none" and not call.arguments:
        return False
    if call.detail is None:
        raise QueryError(f"{call.name}() takes one predicate")
    if not isinstance(traverser.value, _LISTS):
        return False
    passing = [call.detail(member) for member in traverser.value]
    return {"all": all(passing), "any": any(passing), "none": not any(passing)}[call.name]
