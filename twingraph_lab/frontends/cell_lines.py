"""A cell and its text: what a text says, and the text changed so that it says what the cell has become. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.cell_options import cell_of, cell_options
from twingraph_lab.frontends.cellbook import CellBook
from twingraph_lab.frontends.celltext import CellText
from twingraph_lab.frontends.entries import Cell
from twingraph_lab.frontends.magic_options import HelpShownError
from twingraph_lab.frontends.parameter_text import value_of
from twingraph_lab.spec.caching import duration_text, policy_text


def typed(cell: Cell, text: str) -> Cell:
    """The cell with the text that made it; with none, if the text says something else and so can't be changed.

    Such are cells with another magic above, and calls of the magic by code.
    """
    found = CellText.read(text)
    try:
        same = found is not None and cell_of(cell_options().parse(found.line), found.code, cell.identity) == cell
    except (WorkflowError, HelpShownError):
        same = False
    return replace(cell, text=text if same else "")


def told(cell: Cell) -> Cell:
    """The cell with its text changed, as little as can be, so that it says what the cell is."""
    text = CellText.read(cell.text)
    if text is None:
        return cell
    was = cell_of(cell_options().parse(text.line), text.code, cell.identity)
    if was == cell:
        return cell
    if was.name != cell.name:
        text = text.named(cell.name)
    if was.code != cell.code:
        text = text.coded(cell.code.removeprefix("\n"))
    before = _options(was)
    for flag, parts in _options(cell).items():
        if before[flag] != parts:
            text = text.saying(flag, parts)
    return replace(cell, text=str(text))


def retold(before: CellBook | None, after: CellBook) -> CellBook:
    """The book whose cells have texts that say what they are, also those that only follow a change of another one."""
    same = {id(entry.cell) for entry in before.entries.values()} if before else set()
    entries = {
        name: each if id(each.cell) in same else replace(each, cell=told(each.cell))
        for name, each in after.entries.items()
    }
    return replace(after, entries=entries)


def _options(cell: Cell) -> dict[str, list[str]]:
    """What the options of a cell say."""
    options: Mapping[str, Any] = cell.options
    platform = options.get("platform", {})
    kind = platform.get("kind", "local")
    timeout_s, cache = options.get("timeout_s"), options.get("cache")
    return {
        "--in": [f"{name}={source}" for name, source in cell.given.items()],
        "--out": [*cell.keep],
        "--platform": [] if kind == "local" else [kind],
        "--option": [f"{name}={_typed(value)}" for name, value in platform.get("options", {}).items()],
        "--retry": [str(options["retry"]["attempts"] - 1)] if "retry" in options else [],
        "--timeout": [] if timeout_s is None else [duration_text(timeout_s)],
        "--cache": [] if cache is None else [policy_text(cache)],
        "--after": [*options.get("after", ())],
        "--resources": [f"{name}={_number(amount)}" for name, amount in options.get("resources", {}).items()],
    }


def _typed(value: JsonValue) -> str:
    """What `value_of` reads as this value."""
    return value if isinstance(value, str) and value_of(value) == value else json.dumps(value, ensure_ascii=False)


def _number(amount: float) -> str:
    return repr(amount).removesuffix(".0")
