"""Where a value is, before it is there: a node's outputs, and a path of fields below them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from pydantic import JsonValue

from twingraph_lab.frontends.shapes import UNKNOWN, field_of, fields_of
from twingraph_lab.planning.paths import UnresolvedError, descend

WAITING: Final = object()
"""The value of what nobody has looked at yet."""


class Origin(Protocol):
    """Where values come from. `value` and `whole` wait for the node, and raise why there is no value."""

    def value(self, node: str, path: tuple[str, ...]) -> Any:
        """The value at `path` of the node's outputs. Raises `UnresolvedError` if there is nothing."""

    def whole(self, node: str, type_: Any) -> Any:
        """What the node's function returned; `type_` is its return annotation."""

    def execution_id(self, node: str) -> str:
        """The hash of the node's execution."""

    def reference(self, node: str, path: tuple[str, ...]) -> JsonValue:
        """What stands for the value in an input tree."""


class Place:
    """A path below a node's outputs. `type_` annotates what is there; `by_name` tells `x.name` from `x["name"]`."""

    __slots__ = ("_value", "by_name", "is_element", "node", "origin", "parent", "path", "type")

    def __init__(
        self,
        origin: Origin,
        node: str,
        path: tuple[str, ...] = (),
        *,
        type_: Any = UNKNOWN,
        parent: Place | None = None,
        by_name: bool = False,
    ) -> None:
        self.origin = origin
        self.node = node
        self.path = path
        self.type = type_
        self.parent = parent
        self.by_name = by_name
        self.is_element = False
        self._value = WAITING

    def __str__(self) -> str:
        return ".".join((self.node, *self.path))

    def outputs(self) -> Place:
        """All outputs of the node: `r["outputs"]`."""
        return Place(self.origin, self.node, type_=self.type, parent=self)

    def holds(self, name: str, *, by_name: bool) -> bool:
        """Whether `name` may be a field that references can follow, as far as that is known."""
        if self.is_outputs:
            return True
        field = field_of(self.type, name, by_name=by_name)
        # without knowing the type, these two may be a key, or the output of that name (see planning.resolve)
        return field is not None and (field.certain or bool(self.path) or name not in {"output", "result"})

    def field(self, name: str, *, by_name: bool) -> Place:
        """The place of `x.name`, else of `x["name"]`."""
        field = field_of(self.type, name, by_name=by_name)
        path = (*self.path, name)
        if path in {("output",), ("result",)} and not (by_name or self.is_outputs or fields_of(self.type)):
            path = ("result", name)  # a key of the only output, not the output
        type_ = field.type if field else self.type if name == "result" else UNKNOWN
        return Place(self.origin, self.node, path, type_=type_, parent=self, by_name=by_name)

    def element(self, index: int, value: Any) -> Place:
        """The place of `x[index]`. `value` is `x`, a list or a tuple; the fields of a named tuple may be outputs."""
        name = value._fields[index] if hasattr(value, "_fields") else str(index)
        place = Place(self.origin, self.node, (*self.path, name), parent=self)
        place.is_element, place._value = True, value[index]
        return place

    def value(self) -> Any:
        """What is there; waits for it. Raises why there is nothing."""
        if self._value is WAITING:
            self._value = self._look_up()
        return self._value

    @property
    def known(self) -> Any:
        """The value if it was looked at before, else `WAITING`."""
        return self._value

    def reference(self) -> JsonValue:
        """What stands for the value in an input tree."""
        return self.origin.reference(self.node, self.path)

    @property
    def certain(self) -> bool:
        """Whether references can surely follow the path: asked for by `["outputs"]`, or told by annotations."""
        parent = self.parent
        if parent is None or self.is_outputs or parent.is_outputs:
            return True
        if self.is_element:
            return parent.certain
        field = field_of(parent.type, self.path[-1], by_name=self.by_name)
        return (field.certain if field else self.path[-1] == "result") and parent.certain

    @property
    def is_outputs(self) -> bool:
        """Whether this is `r["outputs"]`: fields below it are outputs for certain."""
        return self.parent is not None and not self.path

    def _look_up(self) -> Any:
        parent = self.parent
        if parent is None:
            return self.origin.whole(self.node, self.type)
        if parent.known is not WAITING and self.path:
            return step(parent.known, self.path[-1], by_name=self.by_name)
        try:
            return self.origin.value(self.node, self.path)
        except UnresolvedError:
            # no field that references can follow: whatever Python makes of it, like a table's column
            return step(parent.value(), self.path[-1], by_name=self.by_name)


def step(value: Any, name: str, *, by_name: bool) -> Any:
    """`value.name`, else `value["name"]`; fields are found either way, as references find them."""
    try:
        return descend(value, (name,))
    except LookupError:
        return getattr(value, name) if by_name else value[name]


def has(value: Any, name: str) -> bool:
    """Whether `step` finds `name` by name."""
    return hasattr(value, name) or (isinstance(value, Mapping) and name in value)
