"""What moves through a traversal: a value, and the way it came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

Way = tuple[Any, tuple[str, ...], "Way | None"]
"""A path as a linked list, newest first: object, its `as()` labels, the way before. Long paths cost no copying."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What a modulator or a look-up gives when it is not productive; `None` is a value."""


class Traverser:
    """Immutable. `loops` holds (name, count) of each `repeat` it is in, innermost last."""

    __slots__ = ("loops", "path", "sack", "value")

    def __init__(self, value: Any, path: Way | None, loops: tuple[tuple[str, int], ...] = (), sack: Any = None) -> None:
        self.value = value
        self.path = path
        self.loops = loops
        self.sack = sack

    def step(self, value: Any) -> Traverser:
        """One step further, at `value`."""
        return Traverser(value, (value, (), self.path), self.loops, self.sack)

    def named(self, labels: tuple[str, ...]) -> Traverser:
        """The same place, which `select` finds by these labels."""
        if self.path is None:
            return self
        value, existing, before = self.path
        return Traverser(self.value, (value, existing + labels, before), self.loops, self.sack)

    def looped(self, loops: tuple[tuple[str, int], ...]) -> Traverser:
        """The same traverser in other loops."""
        return Traverser(self.value, self.path, loops, self.sack)

    def carrying(self, sack: Any) -> Traverser:
        """The same traverser with another sack."""
        return Traverser(self.value, self.path, self.loops, sack)

    def ways(self) -> Iterator[tuple[Any, tuple[str, ...]]]:
        """(object, labels) along the path, newest first."""
        way = self.path
        while way is not None:
            yield way[0], way[1]
            way = way[2]

    def labelled(self, label: str, pop: Literal["first", "last", "all", "mixed"]) -> Any:
        """What `label` names on the path: one object, or a list of all of them in order; MISSING if nothing."""
        found = [value for value, labels in self.ways() if label in labels]
        if not found:
            return MISSING
        match pop:
            case "last":
                return found[0]
            case "first":
                return found[-1]
            case "mixed" if len(found) == 1:
                return found[0]
            case _:
                return found[::-1]


def begin(value: Any) -> Traverser:
    """A traverser with no past."""
    return Traverser(value, (value, (), None))
