"""Steps that go one way or another: union, coalesce, optional, choose, branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twingraph_lab.lineage.embedded.by import token
from twingraph_lab.lineage.embedded.chain import Call, Chain, Flow, Frame, step, traversals, wrong
from twingraph_lab.lineage.embedded.gremlin import Pick, T
from twingraph_lab.lineage.embedded.predicates import matcher
from twingraph_lab.lineage.embedded.steps.filters import condition
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser, begin

Way = Chain | None
"""A traversal to go through; None: on as it is."""


@step("union", prepare=traversals("union"), parent=True)
def union(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Everything that any of the traversals gives."""
    chains = call.detail
    return _spread(frame, chains, traversers, lambda _: chains)


@step("coalesce", prepare=traversals("coalesce"))
def coalesce(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """All of the first traversal that gives anything."""
    for traverser in traversers:
        for chain in call.detail:
            found = [result.value for result in frame.child(chain, traverser)]
            if found:
                for value in found:
                    yield traverser.step(value)
                break


@step("optional", prepare=traversals("optional", 1))
def optional(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """What the traversal gives, or the traverser itself if that is nothing."""
    (chain,) = call.detail
    for traverser in traversers:
        found = list(frame.child(chain, traverser))
        yield from found or [traverser]


@step("choose", modulators=("option",), parent=True)
def choose(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """If-then-else, or the first option that matches; what no option is for goes on as it is."""
    if not call.modulators:
        return _if_then_else(frame, call, traversers)

    def ways(traverser: Traverser) -> Sequence[Way]:
        value = _choice(frame, call, traverser)
        return [_option(call, "unproductive") if value is MISSING else _first_match(frame, call, value)]

    return _spread(frame, _targets(call), traversers, ways)


@step("branch", modulators=("option",), parent=True)
def branch(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Every option that matches; `Pick.any` always does, `Pick.none` if no other one did."""

    def ways(traverser: Traverser) -> Sequence[Way]:
        value = _choice(frame, call, traverser)
        chosen = [chain for test, chain in _options(call) if value is not MISSING and _matches(frame, test, value)]
        fallback, every = _option(call, "none"), _option(call, "any")
        return [*(chosen or ([fallback] if fallback else [])), *([every] if every else [])]

    return _spread(frame, _targets(call), traversers, ways)


def _spread(
    frame: Frame, chains: Sequence[Chain], traversers: Flow, ways: Callable[[Traverser], Sequence[Way]]
) -> Flow:
    """Each traverser through its ways: one at a time, unless a way looks at all of its traversers together."""
    if not any(chain.gathers for chain in chains):
        for traverser in traversers:
            for chain in ways(traverser):
                yield from [traverser] if chain is None else frame.child(chain, traverser)
        return
    gathered: dict[Way, list[Traverser]] = {}
    for traverser in traversers:
        for chain in ways(traverser):
            gathered.setdefault(chain, []).append(traverser)
    for chain, members in gathered.items():
        yield from members if chain is None else frame.run(chain, members)


def _if_then_else(frame: Frame, call: Call, traversers: Flow) -> Flow:
    if len(call.arguments) not in (2, 3) or not all(isinstance(argument, Chain) for argument in call.arguments[1:]):
        raise wrong("choose", call.arguments, "takes a condition and one or two traversals, or option()s after it")
    holds = condition("choose", call.arguments[0])
    then, otherwise = call.arguments[1], call.arguments[2] if len(call.arguments) == 3 else None
    return _spread(
        frame, call.arguments[1:], traversers, lambda traverser: [then if holds(frame, traverser) else otherwise]
    )


def _choice(frame: Frame, call: Call, traverser: Traverser) -> Any:
    match call.arguments:
        case (Chain() as chain,):
            return frame.first(chain, traverser)
        case (T() as what,):
            return token(traverser.value, what)
        case arguments:
            raise wrong(call.name, arguments, "takes one traversal or T where option()s follow")


def _options(call: Call) -> list[tuple[Any, Chain]]:
    return [(test, chain) for _, (test, chain), _ in call.modulators if not isinstance(test, Pick)]


def _targets(call: Call) -> list[Chain]:
    return [chain for _, (_, chain), _ in call.modulators]


def _option(call: Call, name: str) -> Chain | None:
    for _, (test, chain), _ in call.modulators:
        if isinstance(test, Pick) and test.name.rstrip("_") == name:
            return chain  # type: ignore[no-any-return]
    return None


def _matches(frame: Frame, test: Any, value: Any) -> bool:
    if isinstance(test, Chain):
        return frame.passes(test, begin(value))
    return matcher(test)(value)


def _first_match(frame: Frame, call: Call, value: Any) -> Chain | None:
    for test, chain in _options(call):
        if _matches(frame, test, value):
            return chain
    return _option(call, "none")
