"""The classes of the program itself: a value of theirs is of the same class when the program is run again."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from twingraph_lab.platforms.cells import recognise


def identify_classes() -> None:
    """Give the classes of `__main__` identities that follow from their source, as far as that is known.

    They travel by value, and would come out of the store as other classes in another process.
    """
    namespace = vars(sys.modules["__main__"])
    for source in _sources(namespace):
        if (tree := _parsed(source)) is not None:
            recognise(tree, namespace)


def _sources(namespace: dict[str, Any]) -> Iterator[str]:
    """The script's text, or that of each cell so far; the last that defines a class is the one that counts."""
    file = namespace.get("__file__")
    if isinstance(file, str):
        yield from _text(file, _changed(file))
    elif isinstance(cells := namespace.get("_ih"), list):  # IPython's inputs
        yield from (cell for cell in cells if "class " in cell or "=" in cell)


@lru_cache(8)
def _text(file: str, changed_ns: int) -> tuple[str, ...]:
    try:
        return (Path(file).read_text(encoding="utf-8"),) if changed_ns else ()
    except (OSError, UnicodeDecodeError):
        return ()


def _changed(file: str) -> int:
    try:
        return Path(file).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(512)
def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
