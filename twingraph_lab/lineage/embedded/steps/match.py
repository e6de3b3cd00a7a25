"""match(): patterns with labels at their ends, solved together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Chain, Flow, Frame, step, wrong
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser
from twingraph_lab.lineage.embedded.values import same
from twingraph_lab.lineage.errors import QueryError

Pattern = tuple[str | None, str | None, Chain]
"""(label it begins at, label it ends at, steps between); without a beginning it is a condition on other labels."""
Bindings = dict[str, Any]


def _prepare(arguments: tuple[Any, ...]) -> list[Pattern]:
    if not arguments:
        raise wrong("match", arguments, "takes patterns")
    return list(arguments)


@step("match", prepare=_prepare)
def match(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """A map from label to value for every way all patterns hold at once."""
    patterns: list[Pattern] = call.detail
    labels = list(dict.fromkeys(label for start, end, _ in patterns for label in (start, end) if label))
    first = _first_label(patterns)
    for traverser in traversers:
        known = {label: frame.scope(traverser, label) for label in labels}
        bindings = {label: value for label, value in known.items() if value is not MISSING}
        if not any(start in bindings for start, _, _ in patterns):
            bindings[first] = traverser.value
        for solution in _solutions(frame, traverser, patterns, bindings):
            yield traverser.step({label: solution[label] for label in labels if label in solution})


def _first_label(patterns: list[Pattern]) -> str:
    """A label that patterns begin at and none ends at, if there is one."""
    starts = [start for start, _, _ in patterns if start]
    ends = {end for _, end, _ in patterns}
    if not starts:
        raise QueryError("match() needs a pattern that begins with as(label)")
    return next((start for start in starts if start not in ends), starts[0])


def _solutions(frame: Frame, traverser: Traverser, patterns: list[Pattern], bindings: Bindings) -> Iterator[Bindings]:
    if not patterns:
        yield bindings
        return
    pattern = _next_pattern(patterns, bindings)
    rest = [other for other in patterns if other is not pattern]
    for extended in _extensions(frame, traverser, pattern, bindings):
        yield from _solutions(frame, traverser, rest, extended)


def _next_pattern(patterns: list[Pattern], bindings: Bindings) -> Pattern:
    """One that can begin; conditions last, when all they mention is bound."""
    ready = [pattern for pattern in patterns if pattern[0] in bindings]
    if ready:
        return min(ready, key=lambda pattern: pattern[1] is not None and pattern[1] not in bindings)
    conditions = [pattern for pattern in patterns if pattern[0] is None]
    if len(conditions) < len(patterns):
        unreachable = ", ".join(repr(start) for start, _, _ in patterns if start)
        raise QueryError(f"match(): no pattern leads to {unreachable}")
    return conditions[0]


def _extensions(frame: Frame, traverser: Traverser, pattern: Pattern, bindings: Bindings) -> Iterator[Bindings]:
    start, end, chain = pattern
    here = traverser
    for label, value in bindings.items():
        here = here.step(value).named((label,))
    if start is None:
        if frame.passes(chain, here):
            yield bindings
        return
    here = here.step(bindings[start])
    if end is None:
        if frame.passes(chain, here):
            yield bindings
        return
    for found in frame.child(chain, here):
        if end not in bindings:
            yield {**bindings, end: found.value}
        elif same(found.value, bindings[end]):
            yield bindings
