"""group and groupCount, as a step's result or as a side-effect that `cap` reads."""

from __future__ import annotations

from typing import Any

from twingraph_lab.lineage.embedded.chain import By, Call, Flow, Frame, step, wrong
from twingraph_lab.lineage.embedded.gremlin import HashableDict
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser, begin
from twingraph_lab.lineage.embedded.values import identity
from twingraph_lab.lineage.errors import QueryError


class Groups:
    """Traversers by key, and what to make of those of one key."""

    def __init__(self, call: Call) -> None:
        if len(call.by) > 2:
            raise wrong(call.name, (), "takes at most two by() modulators")
        self._key = call.by[0] if call.by else None
        self._value = call.by[1] if len(call.by) > 1 else None
        self._counting = call.name == "groupCount"
        self._groups: dict[Any, tuple[Any, list[Traverser]]] = {}

    def add(self, frame: Frame, traverser: Traverser) -> None:
        """Put the traverser where it belongs, if its key is productive."""
        key = frame.read(self._key, traverser)
        if key is not MISSING:
            self._groups.setdefault(identity(key), (key, []))[1].append(traverser)

    def result(self, frame: Frame) -> dict[Any, Any]:
        """The map so far."""
        result: dict[Any, Any] = {}
        for key, traversers in self._groups.values():
            value = len(traversers) if self._counting else _value(frame, self._value, traversers)
            if value is MISSING:
                continue
            if (name := _hashable(key)) in result:
                raise QueryError(f"{key!r} and {next(k for k in result if k == name)!r} are one key to Python")
            result[name] = value
        return result


def _value(frame: Frame, by: By | None, traversers: list[Traverser]) -> Any:
    if by is None or by.chain is None:
        return [value for traverser in traversers if (value := frame.read(by, traverser)) is not MISSING]
    if by.chain.gathers:
        found = next(frame.evaluation.plain.run(by.chain, traversers), None)
        return MISSING if found is None else found.value
    productive = [value for traverser in traversers if (value := frame.read(by, traverser)) is not MISSING]
    return productive[-1] if productive else MISSING


def _hashable(key: Any) -> Any:
    return HashableDict.of(key) if isinstance(key, (dict, list, set)) else key


@step("group", "groupCount", modulators=("by",), reduces=True)
def group(frame: Frame, call: Call, traversers: Flow) -> Flow:
    """A map of groups; given a name, a side-effect that lets everything pass."""
    if not call.arguments:
        groups = Groups(call)
        for traverser in traversers:
            groups.add(frame, traverser)
        yield begin(groups.result(frame))
        return
    (name,) = call.arguments
    groups = frame.effects.setdefault(name, Groups(call))
    for traverser in traversers:
        groups.add(frame, traverser)
        yield traverser
