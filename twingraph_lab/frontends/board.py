"""The cells of a notebook as what a canvas shows and edits: one workflow for both."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from uuid import uuid4

from pydantic import JsonValue

from twingraph_lab.errors import ConflictError, Fault
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.editing import edited
from twingraph_lab.frontends.canvas.messages import Edit, Rename
from twingraph_lab.frontends.canvas.naming import free
from twingraph_lab.frontends.cell_edits import Following
from twingraph_lab.frontends.cellbook import CellBook
from twingraph_lab.frontends.cells import as_code
from twingraph_lab.frontends.celltext import CellText
from twingraph_lab.frontends.shelf import Shelf
from twingraph_lab.spec.workflow import Node, Source, Workflow

REMEMBERED = 200
"""How many states can be come back to."""
REFUSED = "its cell could not become what it says now"
ILLEGIBLE = "its cell does not just begin with %%twingraph"
LATER = "cells of the notebook have been run or changed since; what came before can't be brought back"


class CellBoard:
    """The workflow called `name` of a notebook; see `Board`. Cells that were refused are nodes of it, too, and opaque.

    Deleting a node deletes its cell. Nodes without cells live in the workflow only.
    """

    def __init__(self, shelf: Shelf, name: str, catalog: Callable[[Workflow], Catalog]) -> None:
        self._shelf = shelf
        self._name = name
        self._catalog = catalog
        self._heard: list[Callable[[Workflow], None]] = []
        self._states: deque[tuple[Workflow, CellBook]] = deque(maxlen=REMEMBERED)
        self._shown = self._seen()
        shelf.look_on(self)

    @property
    def workflow(self) -> Workflow:
        """The workflow as it is now."""
        return self._shown[0]

    @property
    def faults(self) -> Sequence[Fault]:
        """What keeps it from running, and what its cells don't say yet."""
        return self._shown[1]

    @property
    def opaque(self) -> Collection[str]:
        """Nodes whose cells aren't understood, so that nobody rewrites them."""
        return self._shown[2]

    def ready(self, nodes: Sequence[str] = ()) -> tuple[Workflow, dict[str, JsonValue]]:
        """The workflow to run, without cells that were refused, and the values of captured variables.

        Raises `WorkflowError` with all that keeps it, or these nodes and what they need, from running.
        """
        with self._shelf.lock:
            around = self._shelf.around()
            book, values = self._shelf.book(self._name).renewed(around.variables, around.history, nodes)
            return self._shelf.keep(book).workflow, values

    def apply(self, edits: Sequence[Edit]) -> Workflow:
        """Make these edits, all or none; the workflow after them. Raises `WorkflowError` with every fault."""
        with self._shelf.lock:
            book = before = self._shelf.book(self._name)
            self._states.append((self.workflow, before))
            ahead = self._ahead(before)
            for edit in edits:
                shown = self._whole(book)
                wanted = edited(shown, [edit], self._catalog(shown))
                renamed = {edit.id: edit.to} if isinstance(edit, Rename) and edit.id in shown.by_id else {}
                book = self._following(book, wanted, ahead, renamed)
            self._shelf.keep(book, drawn=True)
            self._states.append((self.workflow, self._shelf.book(self._name)))
            return self.workflow

    def put(self, workflow: Workflow) -> Workflow:
        """Become this workflow, as for undoing. Raises `WorkflowError`, or `ConflictError` if cells changed since."""
        with self._shelf.lock:
            book = self._shelf.book(self._name)
            known = [each for shown, each in self._states if shown == workflow]
            if not known:
                book = self._following(book, workflow, self._ahead(book), {})
            elif not any(_same_cells(book, each) for _, each in self._states):
                raise ConflictError(LATER)
            else:
                book = known[-1]
            self._shelf.keep(book, drawn=True)
            self._states.append((self.workflow, self._shelf.book(self._name)))
            return self.workflow

    def subscribe(self, heard: Callable[[Workflow], None]) -> Callable[[], None]:
        """Call `heard` after each change, whoever made it, until what this returns is called."""
        self._heard.append(heard)
        return lambda: self._heard.remove(heard)

    def look(self) -> None:
        """See whether anything has changed, and tell."""
        seen = self._seen()
        if seen != self._shown:
            self._shown = seen
            for heard in list(self._heard):
                heard(seen[0])

    def _seen(self) -> tuple[Workflow, tuple[Fault, ...], frozenset[str]]:
        with self._shelf.lock:
            book = self._shelf.book(self._name)
            whole, cells = self._whole(book), self._shelf.cells
            refused = self._refused(book)
            faults = [*book.faults(), *cells.differing(book)]
            for name, (_, reasons) in refused.items():
                faults += [Fault(each.message, name, each.path) for each in reasons]
            return whole, tuple(faults), frozenset(self._closed(book, {}))

    def _whole(self, book: CellBook) -> Workflow:
        """The workflow with the cells that were refused."""
        workflow = book.now(self._shelf.around().variables).workflow
        refused = tuple(node for node, _ in self._refused(book).values())
        return workflow.model_copy(update={"nodes": (*workflow.nodes, *refused)}) if refused else workflow

    def _refused(self, book: CellBook) -> dict[str, tuple[Node, tuple[Fault, ...]]]:
        """The cells that became no node, as nodes that do nothing, by name."""
        found: dict[str, tuple[Node, tuple[Fault, ...]]] = {}
        for each in self._shelf.cells.refused.get(book.workflow.name, {}).values():
            name = free(each.name, {*found, *book.workflow.by_id, *book.entries})
            text = CellText.read(each.text)
            code = as_code(text.code if text else each.text)
            found[name] = Node(id=name, component=Source(code=code)), each.faults
        return found

    def _closed(self, book: CellBook, ahead: Mapping[str, str]) -> dict[str, str]:
        """The nodes whose cells can't be changed from here, and why."""
        closed = dict.fromkeys(self._refused(book), REFUSED)
        for name, entry in book.entries.items():
            if entry.stale:
                closed[name] = REFUSED
            elif not entry.cell.text:
                closed[name] = ILLEGIBLE
            elif entry.cell.identity in ahead:
                closed[name] = ahead[entry.cell.identity]
        return closed

    def _ahead(self, book: CellBook) -> dict[str, str]:
        """The cells whose texts the front end has told to be others than the book's, and what is to be said of them."""
        if not self._shelf.cells.connected:
            return {}
        entries = book.entries
        return {
            entries[each.node].cell.identity: each.message for each in self._shelf.cells.differing(book) if each.node
        }

    def _following(
        self, book: CellBook, wanted: Workflow, ahead: Mapping[str, str], renamed: Mapping[str, str]
    ) -> CellBook:
        closed = self._closed(book, ahead)
        return Following(self._whole(book), wanted, renamed, self._shelf.around(), _identities(), closed).follow(book)


def _identities() -> Iterator[str]:
    while True:
        yield uuid4().hex[:8]


def _same_cells(book: CellBook, other: CellBook) -> bool:
    """Whether two books are of the same cells and nodes, wherever these are drawn."""
    mine = {name: entry.cell for name, entry in book.entries.items()}
    return mine == {name: entry.cell for name, entry in other.entries.items()} and book.workflow.digest == (
        other.workflow.digest
    )
