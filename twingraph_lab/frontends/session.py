"""What a notebook has built and run so far. Knows nothing of IPython."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from pydantic import JsonValue

from twingraph_lab.errors import Fault, MissingExtraError, NotFoundError, WorkflowError
from twingraph_lab.frontends import cell_views
from twingraph_lab.frontends import workflow_views as views
from twingraph_lab.frontends.cellbook import CellBook
from twingraph_lab.frontends.celltext import MAGIC
from twingraph_lab.frontends.completion import completions
from twingraph_lab.frontends.drivers import Driver, Here, started
from twingraph_lab.frontends.failures import run_error
from twingraph_lab.frontends.fetching import Wanted
from twingraph_lab.frontends.live import follow
from twingraph_lab.frontends.missing import known
from twingraph_lab.frontends.own_classes import recognised
from twingraph_lab.frontends.parameter_text import values_of
from twingraph_lab.frontends.ports import Easel, Front, Laboratory, RunWatcher
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.frontends.run_commands import RUN_COMMANDS
from twingraph_lab.frontends.shelf import Shelf
from twingraph_lab.frontends.surroundings import Surroundings
from twingraph_lab.frontends.views import heading, table
from twingraph_lab.frontends.workflow_commands import NEWEST, WORKFLOW_COMMANDS
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.run import Run
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.spec.inputs import ParameterUse
from twingraph_lab.spec.workflow import Workflow

COMMANDS = {**WORKFLOW_COMMANDS, **RUN_COMMANDS}
RECENT = 20
"""Among how many runs of a name the notebook's last one is looked for."""


class Session:
    """The workflows of one notebook, by name, and its last run."""

    def __init__(
        self,
        lab: Callable[[], Laboratory],
        front: Front,
        *,
        name: str,
        source: str = "",
        remembers: Callable[[], bool] = lambda: True,
        driver: Driver | None = None,
        easel: Easel | None = None,
    ) -> None:
        """`remembers` tells whether calling `lab` makes no new store, `easel` shows a canvas."""
        self._driver = driver or Here()
        self.lab = lab
        self.remembers = remembers
        self.front = front
        self._source = source
        self._easel = easel
        self.shelf = Shelf(name, lambda: Surroundings(front.variables, front.history))
        self.last_run = ""
        self._canvases: WeakSet[RunWatcher] = WeakSet()

    def define(self, line: str, body: str, identity: str, text: str = "") -> None:
        """Make a cell, with the options on its first line, a node, and show it. `text` is all of it, as typed.

        Raises `WorkflowError`; what the cell was before doesn't run any more then, until the cell is put right.
        """
        name, made, before = self.shelf.define(line, body, identity, text or f"{MAGIC} {line}\n{body}")
        self.front.show(cell_views.defined(name, made.now(self.front.variables), before))

    def give_up(self, identity: str, text: str = "") -> None:
        """The cell that the front end identifies so has become another: it is no node any more, if it was one."""
        for name, workflow in self.shelf.give_up(identity, text):
            self.front.show(heading(f"{name} is taken out of {workflow}: its cell is another now"))

    def execute(self, options: argparse.Namespace) -> None:
        """Do what a line says."""
        COMMANDS[options.command or "help"](self, options)

    def completions(self, text: str) -> list[str]:
        """What may stand at the end of a line that begins so."""
        return completions(text, self.book(), self._run_ids)

    def _run_ids(self) -> list[str]:
        return [record.run_id for record in self.lab().runs()] if self.remembers() else []

    # what commands share: workflows

    @property
    def current(self) -> str:
        """The workflow that cells belong to."""
        return self.shelf.current

    def book(self, name: str = "") -> CellBook:
        """The workflow of this name, or the current one; empty if it is new."""
        return self.shelf.book(name)

    def keep(self, book: CellBook) -> None:
        """Go on with this book as the workflow of its name."""
        self.shelf.keep(book)

    def chosen(
        self, name: str, nodes: Sequence[str] = (), given: Sequence[tuple[str, str]] = ()
    ) -> tuple[Workflow, dict[str, JsonValue]]:
        """The workflow, or these nodes and what they need, and the values of its parameters.

        Raises `WorkflowError` with all that keeps it from running, `NotFoundError` for a node that isn't there.
        """
        book, values = self.book(name).renewed(self.front.variables, self.front.history, nodes)
        if not book.workflow.nodes:
            raise WorkflowError([Fault(views.EMPTY)], source=book.workflow.name)
        self.keep(book)
        workflow = part_of(book.workflow, nodes) if nodes else book.workflow
        types = {name: parameter.type for name, parameter in workflow.parameters.items()}
        typed = values_of(given, types, source="%twingraph")
        return workflow, {**{name: value for name, value in values.items() if name in types}, **typed}

    def states(self, workflow: Workflow) -> dict[str, TaskState]:
        """How the nodes fared in this notebook's last run, as far as they are still the same."""
        if not self.last_run:
            return {}
        run = self.lab().run(self.last_run)
        if run.record.workflow != workflow.name:
            return {}
        before = run.workflow.by_id
        same = {node.id for node in workflow.nodes if before.get(node.id) == node}
        return {name: task.state for name, task in run.tasks.items() if name in same}

    def draw(self, name: str) -> None:
        """Show the workflow of this name, or the current one, on a canvas. Raises `MissingExtraError`."""
        if self._easel is None:
            raise MissingExtraError("the canvas", "notebook")
        from twingraph_lab.frontends.board import CellBoard  # noqa: PLC0415  (slow, and most sessions draw nothing)
        from twingraph_lab.frontends.canvas.catalog import Catalog  # noqa: PLC0415

        catalog = lambda workflow: Catalog(components=workflow.components)  # noqa: E731
        board = CellBoard(self.shelf, name or self.current, catalog)
        self._canvases.add(self._easel(board, self._latest(board.workflow.name)))

    # what commands share: runs

    @property
    def here(self) -> RunContext:
        """Where bodies find their modules."""
        return RunContext.here(source=self._source, extra_path=(".",))

    @contextmanager
    def begun(self, start: Callable[[bool], Run]) -> Iterator[Run]:
        """A run that somebody drives, to be followed in the block; `start` is told whether this process is to drive it.

        An interrupt cancels it, wherever in the block it strikes, unless it is the notebook that ends.
        """
        run = self._driver.begin(lambda drive: started(start, drive), attended=self.front.attended)
        try:
            yield run
        except KeyboardInterrupt:
            if not self.front.ends():
                run.cancel()
            raise

    def follow(self, run: Run, progress: RunProgress, *, after: int = 0) -> None:
        """Show a run until it ends. Raises `RunFailedError` unless it completed."""
        self.last_run = run.id
        workflow = run.workflow
        if not run.record.context.get("replay_of"):  # which is of one node, and no newer truth about the others
            for canvas in [each for each in self._canvases if each.workflow.name == workflow.name]:
                canvas.follow(run)
        screen = self.front.screen(lambda now: views.running(now, workflow))
        follow(run, progress, screen, after=after, ends=self.front.ends)
        record = run.record
        if record.state is not RunState.COMPLETED:
            raise run_error(record, run.tasks, workflow)

    def _latest(self, workflow: str) -> Run | None:
        """The last run of a workflow of this notebook, whichever kernel started it; on its canvas no source is told."""
        if not self.remembers():
            return None
        lab = self.lab()
        for head in lab.ledger.heads(RECENT, workflow=workflow):
            if head.context.get("source", "") in (self._source, "") and not head.context.get("replay_of"):
                return lab.run(head.run_id)
        return None

    def find(self, name: str) -> Run:
        """The run meant by the beginning of its id, or the last one. Raises `NotFoundError`."""
        if name and name not in NEWEST:
            return self.lab().run(name)
        run = self.last()
        if run is None:
            raise NotFoundError("there are no runs yet")
        return run

    def last(self) -> Run | None:
        """The last run of this notebook, else the newest there is."""
        lab = self.lab()
        if self.last_run:
            return lab.run(self.last_run)
        newest = lab.runs(1)
        return lab.run(newest[0].run_id) if newest else None

    def bring(self, run: Run, found: Sequence[Wanted]) -> None:
        """Make outputs variables of the notebook, and show which."""
        with recognised(Surroundings(self.front.variables, self.front.history)):
            values = [run.output(node, output or None) for _, node, output in found]
        rows = []
        for (variable, node, output), value in zip(found, values, strict=True):
            self.front.namespace[variable] = value
            rows.append([variable, f"{node}.{output}" if output else node, type(value).__name__])
        self.front.show(table(["variable", "from", "type"], rows))
        self.show_pictures({variable: self.front.namespace[variable] for variable, *_ in found})

    def show_pictures(self, given: Mapping[str, Any]) -> None:
        """Show the images among these values."""
        if shown := cell_views.pictures(given):
            self.front.show(shown)


def part_of(workflow: Workflow, nodes: Iterable[str]) -> Workflow:
    """These nodes and all they need. Raises `NotFoundError` for a node that isn't there."""
    kept: set[str] = set()
    todo = list(nodes)
    if unknown := [known("node", name, workflow.by_id) for name in todo if name not in workflow.by_id]:
        raise NotFoundError("; ".join(unknown))
    while todo:
        name = todo.pop()
        if name not in kept and name in workflow.by_id:
            kept.add(name)
            todo += workflow.by_id[name].upstream
    chosen = tuple(node for node in workflow.nodes if node.id in kept)
    used = {mention.name for node in chosen for mention in node.mentions if isinstance(mention, ParameterUse)}
    parameters = {name: each for name, each in workflow.parameters.items() if name in used or None in used}
    return workflow.model_copy(update={"nodes": chosen, "parameters": parameters, "outputs": {}})
