"""What a notebook shows of a cell: what it has become when it is defined, and its pictures."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

from twingraph_lab.frontends.cellbook import CellBook
from twingraph_lab.frontends.definitions import definitions_of
from twingraph_lab.frontends.display import counted
from twingraph_lab.frontends.entries import Entry
from twingraph_lab.frontends.views import NOTHING, View, card, code, heading
from twingraph_lab.frontends.workflow_views import BLUE, defaults, settings_of, takes
from twingraph_lab.runtime.serializers import Image

ELSEWHERE = "in the nodes that use them; it is no node itself"


def defined(name: str, book: CellBook, before: CellBook) -> View:
    """What a cell has become, what it changed for others, and what is missing now; `before` is the book without it."""
    node, workflow = book.workflow.by_id.get(name), book.workflow
    again = name in before.workflow.by_id or name in before.entries
    entry = book.entries[name]
    found = definitions_of(entry.cell.code)
    facts = []
    if node is None:
        where = f"definitions for {workflow.name}" + (", defined again" if again else "")
        facts += [("offers", ", ".join(entry.defines)), ("runs", ELSEWHERE)]
    else:
        number = list(workflow.by_id).index(name) + 1
        where = f"node {number} of {len(workflow.nodes)} in {workflow.name}" + (", defined again" if again else "")
        facts += [
            ("takes", takes(node, defaults(workflow))),
            ("brings", ", ".join(entry.brings)),
            ("gives", ", ".join(workflow.outputs_of(node)) or "nothing but figures it draws"),
            ("offers", ", ".join(name for name, each in found.items() if not each.is_import)),
            ("runs", settings_of(node)),
        ]
    facts.append(("used by", ", ".join(_rewired(book, before, name))))
    return card(name, where, facts, warnings=_warnings(book, before, name), colour=BLUE)


def only_defines(name: str, entry: Entry) -> View:
    """A cell that is no node."""
    facts = [("offers", ", ".join(entry.defines)), ("runs", ELSEWHERE)]
    body = entry.cell.code.lstrip("\n")
    warnings = [str(fault) for fault in entry.stale]
    first = 1 + len(entry.cell.code) - len(body)
    return card(name, "only defines", facts, warnings=warnings, colour=BLUE) + code(body, first_line=first)


def _rewired(book: CellBook, before: CellBook, name: str) -> list[str]:
    """The other nodes that take something else than before, or from elsewhere."""
    old = before.workflow.by_id
    return [
        f"{node.id} ({takes(node, defaults(book.workflow)) or 'takes nothing'})"
        for node in book.workflow.nodes
        if node.id != name and node.id in old and old[node.id].inputs != node.inputs
    ]


def _warnings(book: CellBook, before: CellBook, name: str) -> list[str]:
    """The cell's own faults and those it brought to others; of the rest, how many there are."""
    known = before.faults()
    found = book.faults()
    shown = [fault for fault in found if fault.node == name or fault not in known]
    rest = len(found) - len(shown)
    told = [str(fault) for fault in shown]
    return told + ([f"{counted(rest, 'fault')} of other cells: %twingraph show"] if rest else [])


def pictures(given: Mapping[str, Any]) -> View | None:
    """The images among outputs, each once and with its names, if there are any."""
    names: dict[bytes, list[str]] = {}
    for name, value in given.items():
        if isinstance(value, Image):
            names.setdefault(value.data, []).append(name)
    shown = NOTHING
    for image, called in names.items():
        title, data = ", ".join(called), base64.b64encode(image).decode()
        html = f'<img alt="{escape(title)}" style="max-width:100%" src="data:image/png;base64,{data}">'
        shown += heading(title) + View(html, repr(given[called[0]]))
    return shown if shown.html else None
