"""Code that a document holds → what it declares: names that a cell reads and assigns, a function's signature."""

from __future__ import annotations

import ast
import textwrap
from functools import lru_cache

from twingraph_lab.frontends.canvas.annotations import Function, declaration
from twingraph_lab.frontends.cells import RESULT, CellNames, names_of
from twingraph_lab.spec.component import Declaration, Slot
from twingraph_lab.spec.workflow import Source

LONG = 20_000
"""Cells of more characters are shown with the inputs they have; reading takes some microseconds a line."""


@lru_cache(4096)
def cell_declaration(cell: Source) -> Declaration | None:
    """The names that a cell of Python needs, and what it gives; None if its code can't be understood."""
    names = cell_names(cell.code) if cell.language == "python" else None
    brought = cell_names(cell.setup) if cell.setup else None
    if names is None or (cell.setup and brought is None):
        return None
    defined = brought.kinds if brought else {}
    needs = {name: Slot(required=True) for name in names.needs if name not in defined}
    return Declaration(inputs=needs, outputs=dict.fromkeys(cell.outputs, Slot()), takes_more=True)


def cell_fault(cell: Source) -> str:
    """Why a cell's code can't be understood; empty if it can."""
    if cell.language != "python" or not cell.code.strip() or len(cell.code) > LONG:
        return ""
    try:
        names_of(cell.code)
    except SyntaxError as error:
        return f"line {error.lineno or 1}: {error.msg}"
    except ValueError as error:
        return str(error)
    return ""


def cell_names(code: str) -> CellNames | None:
    """The names of a cell; None if it can't be understood."""
    if len(code) > LONG:
        return None
    try:
        return names_of(code)
    except (SyntaxError, ValueError):
        return None


def outputs_of_code(code: str, before: Source) -> tuple[str, ...]:
    """The outputs of a cell with new code: those inferred, unless somebody chose those it has."""
    names, old = cell_names(code), cell_names(before.code)
    if names is None or (old is not None and before.outputs != inferred(old)):
        return before.outputs
    return inferred(names)


def inferred(names: CellNames) -> tuple[str, ...]:
    """What a cell gives if nobody says which."""
    return (*names.outputs, *([RESULT] if names.result and RESULT not in names.kinds else []))


@lru_cache(1024)
def function_declaration(source: str) -> Declaration | None:
    """What the text of a function says; None if it isn't one."""
    try:
        tree = ast.parse(textwrap.dedent(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return next((declaration(node, {}) for node in tree.body if isinstance(node, Function)), None)
