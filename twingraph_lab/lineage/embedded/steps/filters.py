"""Steps that keep or drop traversers: has…, is, filter, and, or, not, simplePath, coin, …"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from twingraph_lab.lineage.embedded.by import token
from twingraph_lab.lineage.embedded.chain import Call, Chain, Flow, Frame, filtering, step, wrong
from twingraph_lab.lineage.embedded.gremlin import Edge, P, Property, T, Vertex, VertexProperty
from twingraph_lab.lineage.embedded.path import path_of
from twingraph_lab.lineage.embedded.predicates import matcher
from twingraph_lab.lineage.embedded.steps.start import identifiers
from twingraph_lab.lineage.embedded.traverser import Traverser
from twingraph_lab.lineage.embedded.values import identity
from twingraph_lab.lineage.errors import QueryError

Keep = Callable[[Frame, Traverser], bool]


def _has(arguments: tuple[Any, ...]) -> Keep:
    match arguments:
        case (str() as key,):
            return lambda frame, traverser: bool(values_of(frame, traverser.value, key))
        case (T() as what, Chain() as chain):
            return lambda frame, traverser: frame.passes(chain, traverser.step(token(traverser.value, what)))
        case (T() as what, wanted):
            fits = matcher(wanted)
            return lambda _, traverser: fits(token(traverser.value, what))
        case (str() as key, Chain() as chain):
            return lambda frame, traverser: any(
                frame.passes(chain, traverser.step(value)) for value in values_of(frame, traverser.value, key)
            )
        case (str() as key, wanted):
            fits = matcher(wanted)
            return lambda frame, traverser: any(map(fits, values_of(frame, traverser.value, key)))
        case (str() | P() as label, str() as key, wanted):
            labelled, fits = matcher(label), matcher(wanted)
            return lambda frame, traverser: (
                labelled(traverser.value.label) and any(map(fits, values_of(frame, traverser.value, key)))
            )
        case _:
            raise wrong("has", arguments, "takes a key, and a value or predicate; a label may come first")


def values_of(frame: Frame, value: Any, key: str) -> list[Any]:
    """All values of a property of an element, or that of a key of a map."""
    if isinstance(value, (Vertex, Edge)):
        return [found for _, found, _ in frame.graph.properties(value, (key,))]
    if isinstance(value, dict):
        return [value[key]] if key in value else []
    if isinstance(value, VertexProperty):
        return []
    raise QueryError(f"has({key!r}) needs a vertex, an edge or a map, not a {type(value).__name__}")


def _kept(_frame: Frame, call: Call, traverser: Traverser) -> bool:
    return bool(call.detail(_frame, traverser))


filtering("has", prepare=_has)(_kept)


def _any_of(what: str, pick: Callable[[Any], Any]) -> Callable[[tuple[Any, ...]], Keep]:
    def prepare(arguments: tuple[Any, ...]) -> Keep:
        if not arguments:
            raise wrong(what, arguments, "takes at least one value or predicate")
        tests = [matcher(argument) for argument in arguments]

        def keep(_frame: Frame, traverser: Traverser) -> bool:
            found = pick(traverser.value)
            return any(test(found) for test in tests)

        return keep

    return prepare


def _key(value: Any) -> Any:
    if not isinstance(value, (VertexProperty, Property)):
        raise QueryError(f"hasKey() and hasValue() need a property, not a {type(value).__name__}")
    return value.key


filtering("hasLabel", prepare=_any_of("hasLabel", lambda value: token(value, T.label)))(_kept)
filtering("hasKey", prepare=_any_of("hasKey", _key))(_kept)
filtering("hasValue", prepare=_any_of("hasValue", lambda value: (_key(value), value.value)[1]))(_kept)


def _has_id(arguments: tuple[Any, ...]) -> Keep:
    tests = [matcher(wanted) for wanted in identifiers(arguments)]
    return lambda _, traverser: any(test(traverser.value.id) for test in tests)


filtering("hasId", prepare=_has_id)(_kept)


@filtering("hasNot")
def has_not(frame: Frame, call: Call, traverser: Traverser) -> bool:
    """The element has no such property."""
    return not values_of(frame, traverser.value, *call.arguments)


def _is(arguments: tuple[Any, ...]) -> Keep:
    if len(arguments) != 1:
        raise wrong("is", arguments, "takes one value or predicate")
    fits = matcher(arguments[0])
    return lambda _, traverser: fits(traverser.value)


filtering("is", prepare=_is)(_kept)


def condition(name: str, argument: Any) -> Keep:
    """A filter given as a traversal or a predicate."""
    if isinstance(argument, Chain):
        return lambda frame, traverser: frame.passes(argument, traverser)
    if isinstance(argument, P):
        fits = matcher(argument)
        return lambda _, traverser: fits(traverser.value)
    raise wrong(name, (argument,), "takes a traversal or a predicate")


def _conditions(name: str) -> Callable[[tuple[Any, ...]], list[Keep]]:
    return lambda arguments: [condition(name, argument) for argument in arguments]


@filtering("filter", "and", prepare=_conditions("and"))
def all_pass(frame: Frame, call: Call, traverser: Traverser) -> bool:
    """Every traversal gives something."""
    return all(keep(frame, traverser) for keep in call.detail)


@filtering("or", prepare=_conditions("or"))
def any_passes(frame: Frame, call: Call, traverser: Traverser) -> bool:
    """At least one traversal gives something."""
    return any(keep(frame, traverser) for keep in call.detail)


@filtering("not", prepare=_conditions("not"))
def none_passes(frame: Frame, call: Call, traverser: Traverser) -> bool:
    """The traversal gives nothing."""
    return not any(keep(frame, traverser) for keep in call.detail)


@filtering("simplePath", "cyclicPath", modulators=("by", "from", "to"))
def simple_path(frame: Frame, call: Call, traverser: Traverser) -> bool:
    """No object comes twice on the path; or, for cyclicPath, one does."""
    objects = path_of(frame, call, traverser)
    if objects is None:
        return False
    simple = len({identity(value) for value, _ in objects}) == len(objects)
    return simple is (call.name == "simplePath")


@filtering("coin")
def coin(_frame: Frame, call: Call, _traverser: Traverser) -> bool:
    """Keep with this probability."""
    return bool(random.random() < call.arguments[0])  # noqa: S311  (a sample, not a secret)


@step("timeLimit")
def time_limit(_frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Stop after so many milliseconds."""
    end = time.monotonic() + call.arguments[0] / 1000
    for traverser in traversers:
        if time.monotonic() > end:
            return
        yield traverser


@step("identity")
def identical(_frame: Frame, _call: Call, traversers: Flow) -> Flow:
    """Everything as it is."""
    return traversers


@step("barrier", gathers=True)
def barrier(_frame: Frame, _call: Call, traversers: Flow) -> Flow:
    """Wait for all that comes before."""
    return iter(list(traversers))


@step("discard")
def discard(_frame: Frame, _call: Call, traversers: Flow) -> Flow:
    """Compute everything, give nothing: what `iterate()` asks for."""
    for _ in traversers:
        pass
    return
    yield


@step("fail")
def fail(_frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Stop with an error if anything gets here."""
    for traverser in traversers:
        raise QueryError(
            f"fail(): {call.arguments[0] if call.arguments else 'fail() step triggered'} at {traverser.value}"
        )
    return
    yield
