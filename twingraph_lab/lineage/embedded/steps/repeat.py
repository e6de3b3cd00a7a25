"""repeat(): rounds of a traversal, level by level, without recursion however deep."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from twingraph_lab.lineage.embedded.chain import STEPS, Call, Chain, Flow, Frame, Modulator, step, wrong
from twingraph_lab.lineage.embedded.steps.filters import condition
from twingraph_lab.lineage.embedded.traverser import Traverser
from twingraph_lab.lineage.errors import QueryError

_PASSING = ("group", "groupCount", "tree")
"""With a name these are side-effects, which let traversers pass."""
Test = Callable[[Frame, Traverser], bool]


@dataclass(frozen=True, slots=True)
class _Clause:
    """`until` or `emit`; `early`: written before repeat(), so tested before each round rather than after it."""

    test: Test
    early: bool


def _prepare(arguments: tuple[Any, ...]) -> tuple[str, Chain]:
    match arguments:
        case (Chain() as body,):
            name = ""
        case (str() as name, Chain() as body):
            pass
        case _:
            raise wrong("repeat", arguments, "takes a traversal, and a name for its loops before it")
    for call in body.calls:
        if STEPS[call.name].reduces and not (call.name in _PASSING and call.arguments):
            raise QueryError(f"repeat() can't go round with {call.name}() in it, which makes one of many; try local()")
    return name, body


def _clause(modulators: Iterable[Modulator], names: tuple[str, ...]) -> _Clause | None:
    clause = None
    for name, arguments, early in modulators:
        if name in names:
            clause = _Clause(_test(name, arguments), early)
    return clause


def _test(name: str, arguments: tuple[Any, ...]) -> Test:
    match name, arguments:
        case "times", (int() as rounds,):
            return lambda _, traverser: traverser.loops[-1][1] >= rounds
        case "emit", ():
            return lambda _frame, _traverser: True
        case "until" | "emit", (argument,):
            return condition(name, argument)
        case _:
            raise wrong(name, arguments, "takes a number of rounds" if name == "times" else "takes one condition")


@step("repeat", prepare=_prepare, modulators=("times", "until", "emit"), parent=True)
def repeat(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Go through the body again and again; steps in it (dedup, …) remember what they saw in earlier rounds.

    A round is for all traversers together, so those that are near come before those that are far.
    """
    name, body = call.detail
    until, emit = (_clause(call.modulators, names) for names in (("until", "times"), ("emit",)))
    clauses = _Clauses(frame, until, emit, frame.looping())
    level: list[Traverser] = []
    outer: tuple[tuple[str, int], ...] = ()
    for start in traversers:
        outer = start.loops
        yield from clauses.enter(start.looped((*outer, (name, 0))), level)
    count = 0
    while level:
        frame.graph.check_time()
        count += 1
        following: list[Traverser] = []
        for found in clauses.looping.run(body, level):
            yield from clauses.after(found.looped((*outer, (name, count))), following)
        level = following


@dataclass(frozen=True, slots=True)
class _Clauses:
    """Decides of each traverser whether it leaves the loop, shows up outside, or goes round once more."""

    frame: Frame
    until: _Clause | None
    emit: _Clause | None
    looping: Frame

    def enter(self, traverser: Traverser, level: list[Traverser]) -> Flow:
        """Before a round: done already, or into it, and perhaps seen on the way."""
        if self._holds(self.until, traverser, early=True):
            yield traverser.looped(traverser.loops[:-1])
            return
        level.append(traverser)
        if self._holds(self.emit, traverser, early=True):
            yield traverser.looped(traverser.loops[:-1])

    def after(self, traverser: Traverser, level: list[Traverser]) -> Flow:
        """After a round: done, or seen on the way, and into the next."""
        if self._holds(self.until, traverser, early=False):
            yield traverser.looped(traverser.loops[:-1])
            return
        if self._holds(self.emit, traverser, early=False):
            yield traverser.looped(traverser.loops[:-1])
        yield from self.enter(traverser, level)

    def _holds(self, clause: _Clause | None, traverser: Traverser, *, early: bool) -> bool:
        return clause is not None and clause.early is early and clause.test(self.frame, traverser)
