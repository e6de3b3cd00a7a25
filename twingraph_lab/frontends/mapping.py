"""`component.map`: the arguments of many calls, out of lists or results that will be lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from twingraph_lab.frontends.handles import Result, place_of, plain
from twingraph_lab.frontends.sites import call_site

NOTHING: Any = object()
"""Stands for an argument that isn't given."""


def rows(name: str, first: str, items: Any, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The arguments of each call of component `name`.

    `items` go to the parameter `first`, and what is `given` to every call; without `items` all that is given are lists
    of the same length. Raises `TypeError` and `ValueError`, which name the line.
    """
    if items is not NOTHING:
        if not first:
            raise TypeError(f"{name}.map(): it has no parameter that items could go to ({call_site()})")
        if first in given:
            raise TypeError(f"{name}.map(): {first!r} is given twice, by place and by name ({call_site()})")
        return ({first: item, **given} for item in _elements(name, first, items, ""))
    if not given:
        raise TypeError(f"{name}.map() takes a list, or lists by the names of parameters ({call_site()})")
    hint = f"; what all calls share is given beside a list without a name: {name}.map(xs, {{}}=…)"
    columns = {key: _elements(name, key, value, hint.format(key)) for key, value in given.items()}
    if len({len(column) for column in columns.values()}) > 1:
        lengths = ", ".join(f"{key} has {len(column)}" for key, column in columns.items())
        raise ValueError(f"{name}.map() takes lists of the same length, but {lengths} items ({call_site()})")
    return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def _elements(name: str, parameter: str, items: Any, hint: str) -> list[Any]:
    """The items, of a result as references to them; waits for one, because it has to know how many there are."""
    values = plain(items)
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        kind = type(values).__name__
        raise TypeError(f"{name}.map(): {parameter!r} must be a list or the like, not a {kind}{hint} ({call_site()})")
    listed = list(values)
    if type(items) is Result and type(values) in {list, tuple}:
        place = place_of(items)
        return [Result(place.element(index, values)) for index in range(len(listed))]
    return listed
