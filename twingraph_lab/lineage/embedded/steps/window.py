"""Steps that keep some of many: dedup, limit, skip, range, tail, sample."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Flow, Frame, step, wrong
from twingraph_lab.lineage.embedded.gremlin import Path, Scope
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser
from twingraph_lab.lineage.embedded.values import identity
from twingraph_lab.lineage.errors import QueryError

END = -1


@step("dedup", modulators=("by",), gathers=True)
def dedup(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Each value once: the traverser's own, or those of labels. With Scope.local, each member of a list once."""
    if call.arguments[:1] == (Scope.local,):
        for traverser in traversers:
            value = traverser.value
            yield traverser.step(distinct(list(value)) if isinstance(value, (list, tuple, set, frozenset)) else value)
        return
    seen = frame.kept((call, "seen"), set)
    for traverser in traversers:
        found = _distinguishing(frame, call, traverser)
        if found is not None and found not in seen:
            seen.add(found)
            yield traverser


def distinct(values: list[Any]) -> set[Any] | list[Any]:
    """A set; or, of values that Python can't put in one, a list without repetitions."""
    found = list({identity(value): value for value in values}.values())
    try:
        unique = set(found)
    except TypeError:
        return found
    return unique if len(unique) == len(found) else found  # Python takes 1 and True for the same


def _distinguishing(frame: Frame, call: Call, traverser: Traverser) -> Any:
    names = [name for name in call.arguments if isinstance(name, str)]
    if not names:
        value = frame.read(call.by_of(0), traverser)
        return None if value is MISSING else (identity(value),)
    values = [frame.scope(traverser, name) for name in names]
    by = call.by_of(0)
    if by is not None:
        values = [value if value is MISSING else by.read(frame, traverser, value) for value in values]
    return None if any(value is MISSING for value in values) else tuple(identity(value) for value in values)


def _bounds(name: str) -> Any:
    def prepare(arguments: tuple[Any, ...]) -> tuple[bool, int, int]:
        local = arguments[:1] == (Scope.local,)
        numbers = [value for value in arguments if isinstance(value, int)]
        match name, numbers:
            case "limit", [high]:
                return local, 0, high
            case "skip", [low]:
                return local, low, END
            case "range", [low, high] if high == END or low <= high:
                return local, low, high
            case _:
                raise wrong(name, arguments, "takes a number of traversers; range takes two, the lower one first")

    return prepare


def window(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Those from `low` up to `high`, counted anew in each round of a `repeat`."""
    local, low, high = call.detail
    if local:
        for traverser in traversers:
            yield traverser.step(_part(call.name, traverser.value, low, high))
        return
    if high == 0:
        return
    counts: dict[Any, int] = frame.kept((call, "counts"), dict)
    for traverser in traversers:
        place = counts.get(traverser.loops, 0)
        counts[traverser.loops] = place + 1
        if high != END and place >= high:
            return
        if place >= low:
            yield traverser
        if place + 1 == high:
            return


for _name in ("limit", "skip", "range"):
    step(_name, prepare=_bounds(_name), gathers=True)(window)


@step("tail", gathers=True)
def tail(_frame: Frame, call: Call, traversers: Flow) -> Flow:
    """The last ones."""
    count = next((value for value in call.arguments if isinstance(value, int)), 1)
    if call.arguments[:1] != (Scope.local,):
        yield from deque(traversers, maxlen=count)
        return
    for traverser in traversers:
        size = len(traverser.value) if hasattr(traverser.value, "__len__") else 0
        yield traverser.step(_part(call.name, traverser.value, max(size - count, 0), END))


@step("sample", gathers=True)
def sample(_frame: Frame, call: Call, traversers: Flow) -> Flow:
    """As many as asked for, at random."""
    count = call.arguments[-1]
    if call.arguments[:1] != (Scope.local,):
        found = list(traversers)
        yield from random.sample(found, min(count, len(found)))
        return
    for traverser in traversers:
        values = members(call.name, traverser.value)
        yield traverser.step(random.sample(values, min(count, len(values))))


def members(name: str, value: Any) -> list[Any]:
    """The members of a list, set or path."""
    if isinstance(value, Path):
        return list(value.objects)
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    raise QueryError(f"{name}(local) needs a list, not a {type(value).__name__}")


def _part(name: str, value: Any, low: int, high: int) -> Any:
    end = None if high == END else high
    if isinstance(value, dict):
        return dict(list(value.items())[low:end])
    if isinstance(value, Path):
        return Path(value.labels[low:end], value.objects[low:end])
    if not isinstance(value, (list, tuple, set, frozenset)):
        return value
    part = members(name, value)[low:end]
    return set(part) if isinstance(value, (set, frozenset)) else part
