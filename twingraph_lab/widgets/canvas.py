"""The canvas: a workflow to look at, edit and run with the mouse."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from ipycytoscape import CytoscapeWidget
from ipywidgets import register
from pydantic import JsonValue
from traitlets import Bool, Dict, List, Unicode

from twingraph_lab.errors import Fault, NotFoundError, WorkflowError
from twingraph_lab.frontends.canvas.clipping import clipping
from twingraph_lab.frontends.canvas.forms import form
from twingraph_lab.frontends.canvas.messages import Edit, Frame, NodeForm
from twingraph_lab.frontends.canvas.read import UNTITLED
from twingraph_lab.frontends.partial import Selection
from twingraph_lab.frontends.session import part_of
from twingraph_lab.lab import Lab, current
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.run import Run
from twingraph_lab.spec.workflow import Workflow
from twingraph_lab.widgets import documents, static
from twingraph_lab.widgets.answers import MODULE, POOL, VERSION, Questions, answer, plain
from twingraph_lab.widgets.board import Board, Plain
from twingraph_lab.widgets.drawing import Drawing, Json, merged
from twingraph_lab.widgets.editor import ONLY_SHOWN, Editor, Observer, edits_of
from twingraph_lab.widgets.following import Follower
from twingraph_lab.widgets.graph import DrawnGraph
from twingraph_lab.widgets.questions import AboutRuns
from twingraph_lab.widgets.running import attended, begun
from twingraph_lab.widgets.traits import Computed


@register
class Canvas(CytoscapeWidget):  # type: ignore[misc]
    """A workflow that is edited by hand, and watched while it runs.

    `canvas.workflow` is what is drawn and what runs; setting it draws another. What else is drawn, with ipycytoscape's
    `canvas.graph.add_…`, is no part of it.
    """

    _model_name = Unicode("CanvasModel").tag(sync=True)
    _model_module = Unicode(MODULE).tag(sync=True)
    _model_module_version = Unicode(VERSION).tag(sync=True)
    _view_name = Unicode("CanvasView").tag(sync=True)
    _view_module = Unicode(MODULE).tag(sync=True)
    _view_module_version = Unicode(VERSION).tag(sync=True)

    elements = Computed(lambda canvas: canvas._elements()).tag(sync=True)  # noqa: SLF001
    faults = Computed(lambda canvas: canvas._editor.drawing.faults).tag(sync=True)  # noqa: SLF001
    catalog = Computed(lambda canvas: canvas._entries).tag(sync=True)  # noqa: SLF001
    status = Computed(lambda canvas: canvas._status).tag(sync=True)  # noqa: SLF001
    title = Computed(lambda canvas: canvas.workflow.name).tag(sync=True)
    graph: Any
    selected = List(Unicode()).tag(sync=True)
    read_only = Bool(False).tag(sync=True)

    auto_unselectify = Bool(False).tag(sync=True)
    box_selection_enabled = Bool(True).tag(sync=True)
    cytoscape_layout = Dict({"name": "preset", "fit": False}).tag(sync=True)
    cytoscape_style = List(Dict()).tag(sync=True)

    def __init__(
        self,
        workflow: Workflow | None = None,
        *,
        lab: Lab | None = None,
        run: Run | str | None = None,
        read_only: bool = False,
        board: Board | None = None,
        folder: str | os.PathLike[str] = ".",
        graph: Any = None,
        **kwargs: Any,
    ) -> None:
        """With a `run`, it is shown; without a workflow, that is the run's.

        `lab` is the Lab that runs it, this process's by default; `folder` is where components are looked for. A `board`
        takes the place of the workflow if others change that, too. `graph` and further arguments are ipycytoscape's.
        Raises `NotFoundError` if there is no such run, `WorkflowError` if the workflow is none.
        """
        self._given_lab = lab
        self._graph: DrawnGraph | None = None
        self._status: Json = {}
        self._entries: list[Json] = []
        self._follower: Follower | None = None
        self._watched = attended()
        self.path: Path | None = None
        shown = self._found(run) if run is not None else None
        drawing = Drawing(Path(folder).absolute())
        if board is None:
            first = documents.checked(workflow or (shown.workflow if shown else Workflow(name=UNTITLED)))
            board = Plain(first, drawing.catalog)
        self._editor = Editor(board, drawing, self, self._look_around)
        super().__init__(read_only=read_only, **kwargs)
        self._use_graph(graph)
        self.on_msg(self._said)
        answer(self, self._questions(), at_once=("undo", "redo"))
        self._look_around()
        if shown is not None:
            self.follow(shown)

    @classmethod
    def load(cls, path: str | os.PathLike[str], **kwargs: Any) -> Self:
        """A canvas with the workflow of a document; if there is no such file yet, with an empty one.

        Raises `WorkflowError` for what isn't a workflow, `NotFoundError` for what can't be read.
        """
        file = Path(path)
        canvas = cls(documents.read(file), **{"folder": file.parent, **kwargs})
        canvas.path = file
        return canvas

    def save(self, path: str | os.PathLike[str] | None = None) -> Path:
        """Write the workflow as a document: without a path, to where it was loaded from or saved to last.

        Raises `WorkflowError` if that is nowhere, `NotFoundError` if nothing can be written there.
        """
        file = Path(path) if path is not None else self.path
        if file is None:
            raise WorkflowError([Fault("say where to, such as canvas.save('name.twg.json')")], source=self.title)
        documents.write(self.workflow, file)
        self.path = file
        return file

    # editing

    @property
    def board(self) -> Board:
        """What is edited."""
        return self._editor.board

    @property
    def workflow(self) -> Workflow:
        """What is drawn, and what runs."""
        return self._editor.board.workflow

    @workflow.setter
    def workflow(self, workflow: Workflow) -> None:
        self._editor.make(lambda: self.board.put(documents.checked(workflow)))
        self._keep()

    def apply(self, *edits: Edit | Mapping[str, Any]) -> Workflow:
        """Make edits as a hand does, all or none; the workflow after them. Raises `WorkflowError`."""
        made = edits_of(edits)
        self._editor.make(lambda: self.board.apply(made))
        self._keep()
        return self.workflow

    def undo(self) -> bool:
        """Take the last change back; False if there is none. Others' changes of the board can't be taken back."""
        return self._editor.undo()

    def redo(self) -> bool:
        """Make the change again that was taken back last; False if there is none."""
        return self._editor.redo()

    def on_edit(self, observer: Observer, *, remove: bool = False) -> None:
        """Call `observer` with the workflow after each change, whoever makes it; with `remove`, no more."""
        if remove:
            self._editor.observers.remove(observer)
        else:
            self._editor.observers.append(observer)

    # running

    @property
    def lab(self) -> Lab:
        """The Lab that runs the workflow."""
        return self._given_lab or current()

    def run(
        self,
        parameters: Mapping[str, JsonValue] | None = None,
        *,
        nodes: Sequence[str] = (),
        start: Sequence[str] = (),
        only: Sequence[str] = (),
        of: str = "",
        force: bool = False,
    ) -> Run:
        """Run the workflow, and show how it is doing; returns at once, and `.result()` of what it returns waits.

        With `nodes`, only these and what they need are run. With `start` or `only`, these nodes run, and those after
        `start`; the others keep what they gave in run `of`, or in the newest run that has it. With `force`, nothing is
        taken from the cache. Raises `WorkflowError`.
        """
        selection = Selection(tuple(start), tuple(only), of, force)
        return self._run(parameters or {}, tuple(nodes), selection, by_hand=attended())

    def follow(self, run: Run | str) -> None:
        """Show how a run is doing, on the nodes that are called as its nodes are. Raises `NotFoundError`."""
        found = self._found(run)
        self._stop()
        self._follower = Follower(self.lab, found.id, self._show, self._keep)
        self._follower.start()

    def close(self) -> None:
        """Stop listening and following, and go away. A run goes on."""
        if self.comm is not None:  # else it is gone, or was never made
            self._stop()
            self._editor.close()
            self.graph.close()
        super().close()

    # without a browser

    def __repr__(self) -> str:
        return static.in_a_line(self.workflow)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """With a picture for where no widget can be shown."""
        return static.bundle(super()._repr_mimebundle_(**kwargs), static.canvas_forms(self.workflow, self._status))

    # with one

    def _said(self, _: Any, content: Any, _buffers: Any) -> None:
        match content:
            case {"op": "edits", "n": _, "edits": _}:
                self._editor.by_hand(content, self.graph, read_only=self.read_only)

    def _questions(self) -> Questions:
        return {
            **AboutRuns(lambda: self.lab, self.follow).questions,
            "form": self._form,
            "clip": self._clip,
            "picture": self._picture,
            "undo": lambda: self._by_hand(self.undo),
            "redo": lambda: self._by_hand(self.redo),
            "run": self._asked_run,
            "cancel": self._cancel,
            "resume": self._resume,
        }

    def _by_hand(self, step: Callable[[], bool]) -> bool:
        if self.read_only:
            raise WorkflowError([Fault(ONLY_SHOWN)])
        return step()

    def _form(self, id: str = "") -> NodeForm:  # noqa: A002  (what the browser calls it)
        return form(self.workflow, id, self._editor.drawing.catalog(self.workflow))

    def _clip(self, ids: list[str]) -> str:
        return clipping(self.workflow, ids)

    def _picture(self) -> str:
        return static.drawn(self.workflow, self._status)

    def _asked_run(
        self,
        parameters: dict[str, JsonValue] | None = None,
        nodes: tuple[str, ...] = (),
        start: tuple[str, ...] = (),
        only: tuple[str, ...] = (),
        *,
        force: bool = False,
    ) -> JsonValue:
        run = self._run(parameters or {}, nodes, Selection(start, only, "", force), by_hand=True)
        return {"run_id": run.id}

    def _cancel(self, run_id: str = "") -> JsonValue:
        return AboutRuns(lambda: self.lab, self.follow).cancel(run_id or self._shown_run())

    def _resume(self, run_id: str = "") -> JsonValue:
        return AboutRuns(lambda: self.lab, self.follow).resume(run_id or self._shown_run())

    # within

    def _run(
        self, parameters: Mapping[str, JsonValue], nodes: tuple[str, ...], selection: Selection, *, by_hand: bool
    ) -> Run:
        workflow, values = self.board.ready(nodes)
        workflow = part_of(workflow, nodes) if nodes else workflow
        folder = self._editor.drawing.folder
        here = RunContext.here(source=str(self.path or ""), extra_path=(str(folder),))
        given = {**{name: value for name, value in values.items() if name in workflow.parameters}, **parameters}
        run = begun(self.lab, workflow, given, here, selection, attended=by_hand)
        self.follow(run)
        return run

    def _found(self, run: Run | str) -> Run:
        return self.lab.run(run.id if isinstance(run, Run) else run)

    def _shown_run(self) -> str:
        if self._follower is None:
            raise NotFoundError("there is no run on this canvas")
        return self._follower.run_id

    def _show(self, frame: Frame) -> None:
        self._status = merged(self._status, frame)
        self.send({"op": "frame", "frame": plain(frame)})

    def _keep(self) -> None:
        """Where no page follows, say how things are, for the notebook that is saved: it has no messages, only state."""
        if not self._watched:
            self.send_state(("elements", "faults", "status"))

    def _stop(self) -> None:
        if self._follower is not None:
            self._follower.stop()

    def _elements(self) -> list[Json]:
        with self._editor.lock:
            return self._editor.drawing.elements + (self._graph.elements if self._graph is not None else [])

    def _look_around(self) -> None:
        """Find out what there is to make nodes of, which may take a while: files are read."""

        def look() -> None:
            self._entries = plain(self._editor.drawing.catalog(self.workflow).entries())
            self.send_state("catalog")

        POOL.submit(look)

    def _use_graph(self, graph: Any) -> None:
        empty: Any = self.graph
        self._graph = DrawnGraph(self._beside)
        self.graph = self._graph
        empty.close()
        if isinstance(graph, dict | str):
            self._graph.add_graph_from_json(graph)
        elif graph is not None:
            self._graph.add_graph_from_networkx(graph)

    def _beside(self, added: list[Json], changed: list[Json], gone: list[str]) -> None:
        self._editor.tell({"add": added, "update": changed, "remove": gone})
        self._keep()
