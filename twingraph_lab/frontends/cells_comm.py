"""The cells of a notebook over a Jupyter comm: what the front end tells of them, and what is written into them.

The front end says `{"op": "cells", "notebook": path, "seen": n, "cells": [{"id", "source"}], "drawings": {…}}` with all
code cells, whenever one has changed; `seen` is the number of the last message of ours that it took. We say
`{"op": "write", "n": n, "changes": […], "drawings": {…}}`; a cell that isn't any more what it `was` is left as it is.
And `{"op": "nodes", "nodes": {id: {"name", "workflow", "faults"}}}` says which cells are nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from comm import create_comm
from pydantic import ValidationError

from twingraph_lab.events import Frozen
from twingraph_lab.frontends.comms import listen_where_asked
from twingraph_lab.frontends.shelf import Shelf
from twingraph_lab.spec.workflow import Comment, Group, Place, Workflow

TARGET = "twingraph.cells"


class FrontCell(Frozen):
    """A cell; what cells say that are no nodes doesn't matter."""

    id: str
    source: str = ""


class Drawing(Frozen):
    """How a workflow is drawn: all that cells don't say."""

    layout: Mapping[str, Place] = {}
    groups: Mapping[str, Group] = {}
    comments: Mapping[str, Comment] = {}


class Cells(Frozen):
    """All code cells of a notebook; `seen` is None from a page that has just been opened."""

    op: Literal["cells"]
    notebook: str
    cells: tuple[FrontCell, ...]
    seen: int | None = None
    drawings: Mapping[str, Drawing] = {}


class CellsComm:
    """The pen of a shelf, and its ear."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._sent = 0
        self._nodes: dict[str, Any] = {}
        self._comm = create_comm(target_name=TARGET)
        listen_where_asked(self._comm)
        self._comm.on_msg(self._hear)
        self._comm.on_close(self._gone)
        shelf.pen = self
        shelf.look_on(self)

    def write(self, changes: Sequence[Mapping[str, Any]], workflow: Workflow) -> None:
        """Write into the notebook; see `Pen`."""
        self._sent += 1
        drawing = Drawing(layout=workflow.layout, groups=workflow.groups, comments=workflow.comments)
        drawings = {workflow.name: drawing.model_dump(mode="json")}
        self._comm.send({"op": "write", "n": self._sent, "changes": [*changes], "drawings": drawings})

    def look(self) -> None:
        """Tell which cells are nodes; see `Onlooker`."""
        if not self._shelf.cells.connected:
            return
        nodes = {
            identity: {"name": name, "workflow": book.workflow.name, "faults": faults}
            for book in self._shelf.books.values()
            for identity, name, faults in self._shelf.cells.nodes(book)
        }
        if nodes != self._nodes:
            self._nodes = nodes
            self._comm.send({"op": "nodes", "nodes": nodes})

    def _hear(self, message: Mapping[str, Any]) -> None:
        try:
            said = Cells.model_validate(message["content"]["data"])
        except ValidationError:
            return  # another version of the extension
        if said.seen is not None and said.seen < self._sent:
            return  # told before what we wrote last was there: it tells again
        if said.seen is None:
            self._nodes = {}  # the page doesn't know them
        self._shelf.remember(
            {
                name: Workflow(name=name, layout={**each.layout}, groups={**each.groups}, comments={**each.comments})
                for name, each in said.drawings.items()
            }
        )
        self._shelf.hear(said.notebook, [(cell.id, cell.source) for cell in said.cells])

    def _gone(self, _: object) -> None:
        self._shelf.cells.connected = False
