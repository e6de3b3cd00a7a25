"""The notebook's cells as its front end has them: what it told of them, and what is to be written into them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from twingraph_lab.errors import Fault
from twingraph_lab.frontends.cellbook import CellBook
from twingraph_lab.frontends.celltext import CellText

RUN_IT = "the cell was changed and not run since: run it"
TYPE_IT = "the canvas changed it, and its cell doesn't say so yet; the cell's first line must be: {line}"
TYPE_ALL = "the canvas changed it, and its cell doesn't say so yet; the cell must be:\n{text}"
NO_CELL = "no cell makes it yet; add one to the notebook:\n{text}"


class Refusal(NamedTuple):
    """A cell that could not become a node: the name it asked for, its text, and why."""

    name: str
    text: str
    faults: tuple[Fault, ...]


class Told(NamedTuple):
    """Cells that are `gone`, and cells that have a text `back` with which they were nodes, of which workflow."""

    gone: set[str]
    back: dict[str, tuple[str, str]]


@dataclass(slots=True)
class FrontCells:
    """`texts` are the cells by the front end's ids, as last run or told; `orders` are all cells of a notebook, if told.

    `had` are the texts with which each cell has been a node, with the workflow it belonged to. `refused` are cells that
    became no node. `above` tells where cells were that are gone.
    """

    texts: dict[str, str] = field(default_factory=dict)
    orders: dict[str, list[str]] = field(default_factory=dict)
    had: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: dict[str, dict[str, Refusal]] = field(default_factory=dict)
    above: dict[str, str] = field(default_factory=dict)
    connected: bool = False

    def ran(self, identity: str, text: str) -> None:
        """The cell ran with this text."""
        if identity:
            self.texts[identity] = text

    def accepted(self, identity: str, text: str, workflow: str) -> None:
        """The cell is a node of this workflow."""
        self.forgive(identity)
        if identity:
            self.had.setdefault(identity, {})[text] = workflow

    def refuse(self, identity: str, workflow: str, refusal: Refusal) -> None:
        """The cell could not become a node."""
        self.forgive(identity)
        if identity:
            self.refused.setdefault(workflow, {})[identity] = refusal

    def forgive(self, identity: str) -> bool:
        """The cell is no longer one that was refused; whether it was."""
        return any(others.pop(identity, None) is not None for others in self.refused.values())

    def told(self, notebook: str, cells: Sequence[tuple[str, str]]) -> Told:
        """All cells of a notebook, with their texts, in their order; for cells that are no nodes any text will do."""
        order, now = self.orders.get(notebook, []), dict(cells)
        self.above.update(pairwise(reversed(order)))
        back = {
            identity: (text, self.had[identity][text])
            for identity, text in cells
            if self.texts.get(identity) != text and text in self.had.get(identity, {})
        }
        gone = {*order} - now.keys()
        others = {each: [one for one in known if one not in now] for each, known in self.orders.items()}
        self.orders = {each: known for each, known in others.items() if known and each != notebook}
        self.orders[notebook] = [*now]
        self.texts = {**{each: text for each, text in self.texts.items() if each not in gone}, **now}
        return Told(gone, back)

    def changes(self, before: CellBook | None, after: CellBook, *, drawn: bool) -> list[dict[str, Any]]:
        """What is to be written into the notebook now that one book follows another.

        Only what was `drawn` on a canvas makes and deletes cells. One that says something else than `before` is left.
        """
        was, now = _cells(before), _cells(after)
        found: list[dict[str, Any]] = []
        if drawn:
            there = {each.cell.identity for each in after.entries.values()}
            found += [
                {"delete": identity, "was": text}
                for identity, text in was.items()
                if identity not in there and text and self.texts.get(identity) == text
            ]
        for identity, text in now.items():
            known = self.texts.get(identity)
            if not text or known == text:
                continue
            if drawn and known is None and identity not in was:
                notebook, above = self._place(identity, now)
                found.append({"insert": identity, "notebook": notebook, "source": text, "after": above})
            elif known is not None and known == was.get(identity):
                found.append({"cell": identity, "source": text, "was": known})
        return found

    def written(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """These changes have been sent to the front end."""
        for change in changes:
            match change:
                case {"delete": identity}:
                    self.texts.pop(identity, None)
                    for order in self.orders.values():
                        self.above.update(pairwise(reversed(order)))
                        order[:] = [each for each in order if each != identity]
                case {"insert": identity, "notebook": notebook, "source": text, "after": above}:
                    self.texts[identity] = text
                    order = self.orders[notebook]
                    order.insert(order.index(above) + 1 if above in order else len(order), identity)
                case {"cell": identity, "source": text}:
                    self.texts[identity] = text

    def differing(self, book: CellBook) -> Iterator[Fault]:
        """What is to be told of nodes whose cells say something else than the workflow does."""
        for name, entry in book.entries.items():
            cell = entry.cell
            if not (cell.identity and cell.text) or entry.stale:
                continue
            known = self.texts.get(cell.identity)
            if known == cell.text:
                continue
            if self.connected and known is not None:
                yield Fault(RUN_IT, node=name)
            elif known is None:
                yield Fault(NO_CELL.format(text=cell.text), node=name)
            else:
                yield Fault(_to_type(known, cell.text), node=name)

    def nodes(self, book: CellBook) -> Iterator[tuple[str, str, list[str]]]:
        """The cells that are nodes of a book: id, name, and what is wrong with them."""
        faults = [*book.faults(), *self.differing(book)]
        for name, entry in book.entries.items():
            if entry.cell.identity and name in book.workflow.by_id:
                yield entry.cell.identity, name, [fault.message for fault in faults if fault.node == name]
        for identity, refusal in self.refused.get(book.workflow.name, {}).items():
            yield identity, refusal.name, [fault.message for fault in refusal.faults]

    def _place(self, identity: str, cells: Mapping[str, str]) -> tuple[str, str | None]:
        """The notebook and the cell below which a new one belongs: as it was before, else the last that is a node."""
        above = self.above.get(identity)
        for notebook, order in self.orders.items():
            if above in order:
                return notebook, above
        for notebook, order in self.orders.items():
            if found := [each for each in order if each in cells]:
                return notebook, found[-1]
        return next(iter(self.orders), ""), None


def _cells(book: CellBook | None) -> dict[str, str]:
    """The cells of a book with their texts, but for those whose last version was refused."""
    entries = book.entries.values() if book else ()
    return {each.cell.identity: each.cell.text for each in entries if each.cell.identity and not each.stale}


def _to_type(known: str, text: str) -> str:
    was, now = CellText.read(known), CellText.read(text)
    if was and now and was.code == now.code:
        return TYPE_IT.format(line=text[: len(text) - len(now.body)].strip())
    return TYPE_ALL.format(text=text)
