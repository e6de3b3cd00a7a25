"""What is known of names at a point of some code, and what is found on the way: needed, bound, altered."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Self

Kind = Literal["value", "changed", "target", "import", "definition"]
"""`changed`: an input altered in place; `target`: bound by `for`, `with`, `except`; `definition`: function or class."""


@dataclass(slots=True)
class Bindings:
    """Names at the top level. `reads` and `maybe_reads` map to the line of the first read.

    A name in `reads` is needed on some path and never bound before it; one in `maybe_reads` is bound on another path.
    `certain` are bound at the end whatever happens. `kinds` has every name ever bound, in order of first binding. `now`
    are the names read while the code runs, not only when somebody calls a function that it defines.
    """

    reads: dict[str, int] = field(default_factory=dict)
    maybe_reads: dict[str, int] = field(default_factory=dict)
    certain: frozenset[str] = frozenset()
    kinds: dict[str, set[Kind]] = field(default_factory=dict)
    now: frozenset[str] = frozenset()
    star_import: int = 0


class State(NamedTuple):
    """Names bound on every path to here, and on at least one."""

    certain: frozenset[str] = frozenset()
    maybe: frozenset[str] = frozenset()


def join(states: Iterable[State | None]) -> State | None:
    """The state where paths meet. `None` is a path that doesn't get here."""
    known = [state for state in states if state is not None]
    if not known:
        return None
    return State(
        frozenset.intersection(*(state.certain for state in known)),
        frozenset.union(*(state.maybe for state in known)),
    )


class Flow:
    """Takes note of what a walk through code meets, in the order it runs. `outer` is the flow around a class body.

    `state` is `None` where no path leads.
    """

    def __init__(self, outer: Self | None = None) -> None:
        self.found = Bindings()
        self.state: State | None = State()
        self.outer = outer
        self.callables: dict[str, frozenset[str]] = {}  # functions and classes of this code → what their bodies read
        self.later: list[tuple[str, int]] = []  # read when some body runs, which may be after a later binding
        self.comprehensions: list[set[str]] = []
        self.globals: set[str] = set()

    def settled(self) -> Bindings:
        """What was found. Reads whose time nobody knows are needed unless this code binds the name somewhere."""
        self.found.now = frozenset({*self.found.reads, *self.found.maybe_reads})
        for name, line in self.later:
            if name not in self.found.kinds:
                self.found.reads.setdefault(name, line)
        self.found.certain = self.state.certain if self.state else frozenset()
        return self.found

    def read(self, name: str, line: int) -> None:
        """Code running now takes the value of `name`."""
        if self.state is None or any(name in names for names in self.comprehensions):
            return
        if self.outer and (self.comprehensions or name not in self.state.certain):
            self.outer.read(name, line)
        elif not self.outer:
            self.need(name, line)
            self._call(name, line)

    def _call(self, name: str, line: int) -> None:
        """A function that is mentioned may be called, and so may those that it mentions."""
        reached, todo = {name}, [name]
        while todo:
            for free in sorted(self.callables.get(todo.pop(), frozenset()) - reached):
                reached.add(free)
                todo.append(free)
                self.need(free, line)

    def need(self, name: str, line: int) -> None:
        """`name` has to be there, unless it is bound on all paths to here."""
        if self.state is not None and name not in self.state.certain:
            (self.found.maybe_reads if name in self.state.maybe else self.found.reads).setdefault(name, line)

    def bind(self, name: str, kind: Kind = "value", *, certain: bool = True) -> None:
        """`name` has a value from here on."""
        if self.outer and name in self.globals:
            self.outer.bind(name, kind, certain=certain)
            return
        self.found.kinds.setdefault(name, set()).add(kind)
        self.callables.pop(name, None)
        if self.state is not None:
            now = self.state
            self.state = State(now.certain | {name} if certain else now.certain, now.maybe | {name})

    def unbind(self, name: str) -> None:
        """`name` has no value any more."""
        if self.state is not None:
            self.state = State(self.state.certain - {name}, self.state.maybe - {name})

    def change(self, node: ast.expr) -> None:
        """The object that an expression like `a.b[0]` belongs to is altered: an input `a` is an output too."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        if not isinstance(node, ast.Name) or self.outer or any(node.id in names for names in self.comprehensions):
            return
        self.read(node.id, node.lineno)
        if self.state is not None and node.id not in self.state.maybe:
            self.found.kinds.setdefault(node.id, set()).add("changed")
