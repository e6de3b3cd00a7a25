"""What a return annotation says about the fields of a value, before there is a value."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

UNKNOWN: Final = Any
"""The type of what isn't annotated: it may have any field."""


def returned(function: Callable[..., Any]) -> Any:
    """The return annotation of a function; `UNKNOWN` if there is none, or none that can be evaluated."""
    try:
        return typing.get_type_hints(function).get("return", UNKNOWN)
    except Exception:  # noqa: BLE001  (annotations can be any expression; names may exist for type checkers only)
        return UNKNOWN


class Field(NamedTuple):
    """A field's type, and whether references surely can follow it."""

    type: Any
    certain: bool


def field_of(type_: Any, name: str, *, by_name: bool) -> Field | None:
    """What is known of `x.name` (else of `x["name"]`) from the type of `x`; None if it is no field.

    >>> field_of(dict[str, int], "a", by_name=False), field_of(list[int], "a", by_name=False)
    (Field(type=<class 'int'>, certain=True), None)
    """
    class_ = typing.get_origin(type_) or type_
    if not isinstance(class_, type) or class_ in {UNKNOWN, object, types.UnionType}:
        return Field(UNKNOWN, certain=False)
    fields = fields_of(class_)
    if fields is not None:
        return Field(fields[name], certain=True) if name in fields else None
    if issubclass(class_, Mapping) and not by_name:
        arguments = typing.get_args(type_)
        return Field(arguments[1] if len(arguments) == 2 else UNKNOWN, certain=True)
    return None


@cache
def fields_of(type_: Any) -> Mapping[str, Any] | None:
    """Types of the fields of a namedtuple, dataclass or typed dict; None for anything else."""
    if not isinstance(type_, type):
        return None
    if issubclass(type_, tuple) and hasattr(type_, "_fields"):
        names: tuple[str, ...] = type_._fields
    elif dataclasses.is_dataclass(type_):
        names = tuple(field.name for field in dataclasses.fields(type_))
    elif typing.is_typeddict(type_):
        names = tuple(type_.__annotations__)
    else:
        return None
    try:
        hints = typing.get_type_hints(type_)
    except Exception:  # noqa: BLE001  (as above)
        hints = {}
    return {name: hints.get(name, UNKNOWN) for name in names}
