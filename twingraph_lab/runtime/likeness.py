"""Whether two values are the same in all their parts, whatever their classes take for equal.

Equality isn't enough to tell whether a call is the same: `{1} == {True}`, a record may compare only its id, and arrays
don't answer at all. Equal bytes would be, but aren't needed: a set is pickled in another order in each process.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Any

_ATOMS = (int, bool, str, bytes, type(None), type(Ellipsis), type(NotImplemented))
_FUNCTION = ("__qualname__", "__code__", "__defaults__", "__kwdefaults__", "__closure__", "__dict__")
_CODE = ("co_code", "co_consts", "co_names", "co_varnames", "co_freevars")


def alike(first: Any, second: Any) -> bool:
    """Whether the values are of the same classes and built of the same parts. False if that can't be told."""
    try:
        return _alike(first, second, {})
    except Exception:  # noqa: BLE001  (taking values apart runs their classes' code)
        return False


def _alike(first: Any, second: Any, met: dict[tuple[int, int], Any]) -> bool:
    if first is second:
        return True
    kind = type(first)
    if kind is not type(second):
        return False
    if kind in _ATOMS:
        return bool(first == second)
    if kind in {float, complex}:
        return repr(first) == repr(second)  # tells zeros apart, and takes nan for nan
    if (id(first), id(second)) in met:
        return True  # they contain themselves; whether they are alike is being found out
    met[id(first), id(second)] = first, second  # kept, so that their ids stay their own
    if kind in {list, tuple}:
        return _all_alike(first, second, met)
    if kind is dict:
        keys = {key: key for key in second}
        return len(first) == len(second) and all(
            key in keys and _alike(key, keys[key], met) and _alike(value, second[key], met)
            for key, value in first.items()
        )
    if kind in {set, frozenset}:
        parts = {part: part for part in second}
        return len(first) == len(second) and all(part in parts and _alike(part, parts[part], met) for part in first)
    if kind in {types.FunctionType, types.CodeType}:
        names = _CODE if kind is types.CodeType else _FUNCTION
        return all(_alike(getattr(first, name), getattr(second, name), met) for name in names)
    if kind is types.CellType:
        return _alike(first.cell_contents, second.cell_contents, met)
    return _made_alike(first.__reduce_ex__(4), second.__reduce_ex__(4), met)


def _made_alike(first: Any, second: Any, met: dict[tuple[int, int], Any]) -> bool:
    """Whether two descriptions of how to make a value (see `object.__reduce__`) are alike."""
    if isinstance(first, str) or isinstance(second, str):
        return bool(first == second)
    if len(first) != len(second) or not _all_alike(first[:3], second[:3], met):
        return False
    items = zip(first[3:5], second[3:5], strict=True)
    return all((a is None) == (b is None) and _all_alike(a or (), b or (), met) for a, b in items)


def _all_alike(first: Iterable[Any], second: Iterable[Any], met: dict[tuple[int, int], Any]) -> bool:
    ours, theirs = list(first), list(second)
    return len(ours) == len(theirs) and all(_alike(a, b, met) for a, b in zip(ours, theirs, strict=True))
