"""Why a cell can't have a name it reads, and what to do about it, in one sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from twingraph_lab.frontends.cells import CellNames, can_cross

CAPTURE_LIMIT_BYTES = 64 * 1024
"""Notebook variables larger than this as JSON don't become parameters."""

OF_NOTEBOOK = frozenset({"display", "exit", "get_ipython", "quit", "In", "Out"})
"""What IPython gives a notebook and nobody gives a node."""


class Missing(NamedTuple):
    """Why there is no such name. `waits` says that running another cell may give it."""

    message: str
    waits: bool = True


def is_plain(value: Any) -> bool:
    """Whether a value is exactly what JSON gives back, finite, with text as keys, and small."""
    if not _is_json(value, depth=32):
        return False
    return len(json.dumps(value)) <= CAPTURE_LIMIT_BYTES


def _is_json(value: Any, depth: int) -> bool:
    if depth < 0:
        return False
    kind = type(value)
    if kind is list:
        return all(_is_json(item, depth - 1) for item in value)
    if kind is dict:
        return all(type(key) is str and _is_json(item, depth - 1) for key, item in value.items())
    return kind in (str, int, bool, type(None)) or (kind is float and math.isfinite(value))


def a_kind(value: Any) -> str:
    """What sort of value this is, with an article.

    >>> a_kind((1, 2)), a_kind(json), a_kind([float("nan")])
    ('a tuple', 'a module', 'a list that JSON cannot hold')
    """
    name = type(value).__name__
    article = "an" if name[0] in "AEIOUaeiou" else "a"
    return f"{article} {name}{' that JSON cannot hold' if type(value) in (list, dict, float, str, int) else ''}"


def known(what: str, name: str, names: Iterable[str]) -> str:
    """That there is no such thing, and what there is.

    >>> known("node", "laod", ["load", "clean"])
    "there is no node 'laod'; did you mean 'load'? There are load, clean"
    """
    names = list(names)
    close = get_close_matches(name, names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"there is no {what} {name!r}{hint} There {'are' if len(names) > 1 else 'is'} {', '.join(names) or 'none'}"


def why_missing(
    name: str, cells: Mapping[str, CellNames], namespace: Mapping[str, Any], known_names: Iterable[str]
) -> Missing:
    """Why a cell can't have `name`, where `cells` are the others by id and `known_names` what it could have meant."""
    if name in OF_NOTEBOOK:
        told = f"{name!r} belongs to the notebook; a node runs elsewhere: end the cell with the value to keep"
        return Missing(told, waits=False)
    if told := _in_other_cells(name, cells):
        return Missing(told)
    if name in namespace:
        return Missing(_in_namespace(name, namespace[name]))
    close = list(dict.fromkeys(get_close_matches(name, list(known_names), n=3)))
    hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
    if any(is_slip(name, other) for other in close):
        return Missing(f"nothing gives {name!r}{hint}", waits=False)
    return Missing(
        f"nothing gives {name!r} yet: no cell binds it, and no parameter or plain variable has that name{hint}"
    )


def is_slip(name: str, other: str) -> bool:
    """Whether `name` is `other` mistyped beyond doubt: one letter wrong, left out, doubled or swapped, within the word.

    >>> is_slip("rosw", "rows"), is_slip("limt", "limit"), is_slip("price", "prices"), is_slip("df_1", "df_2")
    (True, True, False, False)
    """
    if min(len(name), len(other)) < 4 or abs(len(name) - len(other)) > 1 or name[0] != other[0]:
        return False
    start = next((at for at, (ours, theirs) in enumerate(zip(name, other, strict=False)) if ours != theirs), None)
    if start is None:  # one is the beginning of the other, as a singular is of its plural
        return False
    if not (name[start] + other[start]).isalpha():
        return False
    if name[start + 1 :] == other[start:] or name[start:] == other[start + 1 :]:
        return True
    swapped = name[start : start + 2] == other[start : start + 2][::-1] and name[start + 2 :] == other[start + 2 :]
    return swapped or (name[start + 1 :] == other[start + 1 :] and start + 1 < len(name))


def _in_other_cells(name: str, cells: Mapping[str, CellNames]) -> str:
    for cell, names in reversed(list(cells.items())):
        kinds = names.kinds.get(name, frozenset())
        if kinds & {"definition", "import"}:
            return f"{name!r} is defined in {cell!r} inside another statement; define it at the top level of that cell"
        if kinds and not can_cross(name):
            return f"{name!r} can't be passed between nodes: names of outputs are plain ASCII, at most 128 characters"
        if kinds:
            return f"{cell!r} binds {name!r} but doesn't keep it; give that cell `--out {name}`, and its other outputs"
    return ""


def _in_namespace(name: str, value: Any) -> str:
    if _is_json(value, depth=32):
        return (
            f"{name!r} is too large for a parameter ({CAPTURE_LIMIT_BYTES // 1024} KiB); make it in a %%twingraph cell"
        )
    return f"{name!r} is {a_kind(value)} in the notebook, which can't be a parameter; make it in a %%twingraph cell"
