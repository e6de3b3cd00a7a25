"""Whether a value is JSON data that every reader of the document would agree on (RFC 8259, I-JSON of RFC 7493)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from twingraph_lab.errors import Fault
from twingraph_lab.spec.inputs import step

DEPTH_LIMIT = 64
"""Containers within each other."""

_Link = tuple["_Link", str | int] | None


class Repeated(dict[str, Any]):
    """An object as parsed from text that gives some keys twice; `keys_twice` are these."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.keys_twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]


def flaws(tree: Any, at: str = "", *, depth: int = 0) -> list[Fault]:
    """What keeps `tree`, found at JSON path `at` within `depth` containers, from being plain JSON data.

    Numbers that aren't finite, lone surrogates, keys that are no text or given twice, other types than JSON's, and
    nesting beyond `DEPTH_LIMIT`. Never recurses.

    >>> [str(fault) for fault in flaws({"x": [1, float("nan")]})]
    ['(x[1]): nan is not a JSON number, or one too large']
    """
    found: list[Fault] = []
    stack: list[tuple[Any, _Link, int]] = [(tree, None, depth)]
    deepest: dict[int, int] = {}  # where each container was seen, so that a value that holds itself comes to an end
    while stack:
        value, link, level = stack.pop()
        items: Iterable[tuple[Any, Any]]
        if isinstance(value, dict):
            found += [Fault(message, path=_path(at, link)) for message in _key_flaws(value)]
            items = value.items()
        elif isinstance(value, list | tuple):
            items = enumerate(value)
        else:
            if flaw := _scalar_flaw(value):
                found.append(Fault(flaw, path=_path(at, link)))
            continue
        if level >= DEPTH_LIMIT:
            found.append(Fault(f"is nested deeper than {DEPTH_LIMIT}", path=_path(at, link)[:200]))
            continue
        if deepest.get(id(value), -1) >= level:
            continue
        deepest[id(value)] = level
        for key, item in items:
            kind = type(item)
            if kind not in _SOUND and not (kind is str and item.isascii()):
                stack.append((item, (link, key), level + 1))
    found.reverse()
    return found


_SOUND = frozenset((int, bool, type(None)))


def _scalar_flaw(value: Any) -> str:
    match value:
        case str():
            return "holds a lone surrogate, which is no character" if _has_surrogate(value) else ""
        case float():
            return "" if math.isfinite(value) else f"{value} is not a JSON number, or one too large"
        case int() | None:
            return ""
    return f"a {type(value).__name__} is not JSON data"


def _key_flaws(value: dict[Any, Any]) -> list[str]:
    flawed = [f"has the key {key!r} more than once" for key in value.keys_twice] if isinstance(value, Repeated) else []
    for key in value:
        if type(key) is not str:
            flawed.append(f"has the key {key!r}, which is not text")
        elif not key.isascii() and _has_surrogate(key):
            flawed.append(f"has the key {key!r} with a lone surrogate, which is no character")
    return flawed


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _path(at: str, link: _Link) -> str:
    steps: list[str | int] = []
    while link is not None:
        link, key = link
        steps.append(key)
    for key in reversed(steps):
        at = step(at, key if isinstance(key, int) else str(key))
    return at
