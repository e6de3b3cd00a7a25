"""The workflows of one notebook, kept in step with its cells and with the canvases that show them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import RLock
from typing import Any, Protocol
from weakref import WeakSet

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.cell_lines import retold, typed
from twingraph_lab.frontends.cell_options import cell_of, cell_options
from twingraph_lab.frontends.cellbook import CELL, CellBook
from twingraph_lab.frontends.celltext import MAGIC, CellText
from twingraph_lab.frontends.front_cells import FrontCells, Refusal
from twingraph_lab.frontends.magic_options import HelpShownError
from twingraph_lab.frontends.surroundings import Surroundings
from twingraph_lab.spec.workflow import NAME, Workflow


class Pen(Protocol):
    """What writes into the notebook."""

    def write(self, changes: Sequence[Mapping[str, Any]], workflow: Workflow) -> None:
        """Make these changes of `FrontCells.changes`, and keep with the notebook how this workflow is drawn."""


class Onlooker(Protocol):
    """What shows a workflow."""

    def look(self) -> None:
        """Something may have changed."""


class Shelf:
    """The books of a notebook by the names of their workflows; `current` is the one that cells belong to.

    What cells say and what canvases say may arrive at the same time: whoever reads a book to change it holds `lock`.
    """

    def __init__(self, name: str, around: Callable[[], Surroundings]) -> None:
        self.around = around
        self.books: dict[str, CellBook] = {}
        self.current = name
        self.cells = FrontCells()
        self.lock = RLock()
        self.pen: Pen | None = None
        self._drawings: dict[str, Workflow] = {}
        self._onlookers: WeakSet[Onlooker] = WeakSet()

    def book(self, name: str = "") -> CellBook:
        """The workflow of this name, or the current one; empty if it is new."""
        name = name or self.current
        return self.books.get(name) or CellBook(Workflow(name=name))

    def keep(self, book: CellBook, *, drawn: bool = False) -> CellBook:
        """Go on with this book as the workflow of its name; `drawn` says that a canvas made it what it is.

        What the cells of the notebook must say now is written into them.
        """
        with self.lock:
            name = book.workflow.name
            before = self.books.get(name)
            book = retold(before, book if drawn else self._placed(book))
            self.books[name] = book
            if drawn:
                self._drawings[name] = book.workflow
            if self.pen and self.cells.connected:
                changes = self.cells.changes(before, book, drawn=drawn)
                self.cells.written(changes)
                if changes or drawn:
                    self.pen.write(changes, book.workflow)
            for identity, text in ((each.cell.identity, each.cell.text) for each in book.entries.values()):
                if identity and text:
                    self.cells.accepted(identity, text, name)
            self._tell()
            return book

    def drop(self, name: str) -> None:
        """Forget a workflow."""
        with self.lock:
            self.books.pop(name, None)
            self._tell()

    def define(self, line: str, body: str, identity: str, text: str) -> tuple[str, CellBook, CellBook]:
        """Make a cell a node; `line` are its options, `text` is all that was typed.

        Returns its name, the book with it and the one before. Raises `WorkflowError`; what the cell was before doesn't
        run any more then, until the cell is put right.
        """
        with self.lock:
            self.cells.ran(identity, text)
            return self._defined(line, body, identity, text)

    def give_up(self, identity: str, text: str = "") -> list[tuple[str, str]]:
        """The cell has become another, or is gone: what it was called, and in which workflows, if it was a node."""
        with self.lock:
            self.cells.ran(identity, text)
            return self._taken_out(identity)

    def hear(self, notebook: str, cells: Sequence[tuple[str, str]]) -> None:
        """The front end tells all cells of a notebook, with their texts, in their order.

        Cells that are gone are no nodes any more. Cells that are again as they once were when they ran are so again;
        others that were changed must run first.
        """
        with self.lock:
            self.cells.connected = True
            told = self.cells.told(notebook, cells)
            for identity in sorted(told.gone):
                self._taken_out(identity)
            for identity, (text, workflow) in told.back.items():
                if found := CellText.read(text):
                    with suppress(WorkflowError, HelpShownError):
                        line = f"{found.line} --workflow {shlex.quote(workflow)}"
                        self._defined(line, found.code, identity, text)
            self._tell()

    def remember(self, drawings: Mapping[str, Workflow]) -> None:
        """How workflows were drawn when the notebook was saved: their nodes go there when they are defined."""
        with self.lock:
            self._drawings.update(drawings)
            for name, book in list(self.books.items()):
                if (placed := self._placed(book)) is not book:
                    self.books[name] = placed
            self._tell()

    def look_on(self, onlooker: Onlooker) -> None:
        """Tell it from now on, as long as anybody has it, when anything may have changed."""
        self._onlookers.add(onlooker)

    def _tell(self) -> None:
        for onlooker in [*self._onlookers]:
            onlooker.look()

    def _defined(self, line: str, body: str, identity: str, text: str) -> tuple[str, CellBook, CellBook]:
        book = self.book()
        named = [word for word in line.split()[:1] if re.fullmatch(NAME, word)]
        around = self.around()
        try:
            options = cell_options().parse(line)
            book = self.book(options.workflow)
            named = [options.name] if options.name else []
            cell = typed(cell_of(options, body, identity), text)
            made, name = book.define(cell, around.variables, around.history)
        except WorkflowError as error:
            known = {*named, book.cell_called(identity)} & {*book.workflow.by_id, *book.entries}
            for each in known:
                book = book.failed(each, error.faults)
            if not known:
                self.cells.refuse(identity, book.workflow.name, Refusal(next(iter(named), CELL), text, error.faults))
            self.keep(book)
            raise WorkflowError(error.faults, source=MAGIC) from None
        self._taken_out(identity, but=book.workflow.name)
        self.cells.forgive(identity)
        return name, self.keep(made), book

    def _taken_out(self, identity: str, but: str = "") -> list[tuple[str, str]]:
        """Take a cell out of all workflows `but` one."""
        around = self.around()
        found = [(book.cell_called(identity), book) for book in self.books.values() if book.workflow.name != but]
        for name, book in found:
            if name:
                self.keep(book.without(name, around.variables, around.history))
        if self.cells.forgive(identity):
            self._tell()
        return [(name, book.workflow.name) for name, book in found if name]

    def _placed(self, book: CellBook) -> CellBook:
        """The book with its nodes where they were drawn before, as far as nobody has put them elsewhere."""
        drawn, workflow = self._drawings.get(book.workflow.name), book.workflow
        if drawn is None:
            return book
        places = {name: place for name, place in drawn.layout.items() if name in workflow.by_id}
        changes: dict[str, Any] = {
            "layout": {**places, **workflow.layout},
            "groups": {**drawn.groups, **workflow.groups},
            "comments": {**drawn.comments, **workflow.comments},
        }
        if all(getattr(workflow, field) == value for field, value in changes.items()):
            return book
        return replace(book, workflow=workflow.model_copy(update=changes))
