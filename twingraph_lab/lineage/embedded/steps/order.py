"""order(): by any number of modulators, of the stream or within each list or map."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

from twingraph_lab.lineage.embedded.chain import By, Call, Flow, Frame, step
from twingraph_lab.lineage.embedded.gremlin import Order, Scope
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser
from twingraph_lab.lineage.embedded.values import Entry, sort_key

X = TypeVar("X")


@step("order", modulators=("by",), gathers=True)
def order(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """Everything in order; what a modulator isn't productive for is dropped."""
    if call.arguments[:1] == (Scope.local,):
        for traverser in traversers:
            yield traverser.step(_within(frame, call, traverser))
        return
    yield from _sorted(list(traversers), call, frame.read)


def _within(frame: Frame, call: Call, traverser: Traverser) -> Any:
    def read(by: By | None, item: Any) -> Any:
        return item if by is None else by.read(frame, traverser, item)

    value = traverser.value
    if isinstance(value, dict):
        entries = _sorted([Entry({key: item}) for key, item in value.items()], call, read)
        return {entry.key: entry.value for entry in entries}
    return _sorted(list(value), call, read) if isinstance(value, (list, tuple, set, frozenset)) else value


def _sorted(items: list[X], call: Call, read: Callable[[By | None, X], Any]) -> list[X]:
    modulators: tuple[By | None, ...] = call.by or (None,)
    keyed = [(item, [read(by, item) for by in modulators]) for item in items]
    keyed = [(item, keys) for item, keys in keyed if not any(key is MISSING for key in keys)]
    for place, by in reversed(list(enumerate(modulators))):
        how = by.order if by else None
        if how == Order.shuffle:
            random.shuffle(keyed)
        else:
            keyed.sort(key=lambda pair: sort_key(pair[1][place]), reverse=how == Order.desc)
    return [item for item, _ in keyed]
