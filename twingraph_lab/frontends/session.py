"""What a notebook has built and run so far, and what its commands do. Knows nothing of IPython."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import NotFoundError, WorkflowError
from twingraph_lab.events import Event
from twingraph_lab.frontends import cell_views, export, reason_views, run_views
from twingraph_lab.frontends import workflow_views as views
from twingraph_lab.frontends.cell_options import cell_of, cell_options
from twingraph_lab.frontends.cellbook import CellBook
from twingraph_lab.frontends.checks import checked
from twingraph_lab.frontends.completion import completions
from twingraph_lab.frontends.display import without_controls
from twingraph_lab.frontends.earlier import select
from twingraph_lab.frontends.failures import run_error
from twingraph_lab.frontends.fetching import Wanted, wanted, without
from twingraph_lab.frontends.inspecting import active_s, timeline_of
from twingraph_lab.frontends.live import follow
from twingraph_lab.frontends.magic_options import line_options
from twingraph_lab.frontends.missing import known
from twingraph_lab.frontends.outlook import outlook
from twingraph_lab.frontends.own_classes import recognised
from twingraph_lab.frontends.parameter_text import value_of, values_of
from twingraph_lab.frontends.partial import Selection
from twingraph_lab.frontends.ports import Front, Laboratory
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.frontends.replays import compared, verdict
from twingraph_lab.frontends.surroundings import Surroundings
from twingraph_lab.frontends.timeline import Timeline
from twingraph_lab.frontends.views import heading, table
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.run import Run
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.runtime.stream import EventStream
from twingraph_lab.spec.document import load
from twingraph_lab.spec.inputs import ParameterUse
from twingraph_lab.spec.workflow import Workflow

LAST = ("", "last", "-")
PNG = "image/png"


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
    ) -> None:
        """`remembers` tells whether calling `lab` makes no new store."""
        self._lab = lab
        self._remembers = remembers
        self._front = front
        self._source = source
        self.books: dict[str, CellBook] = {}
        self.current = name
        self.last_run = ""

    def book(self, name: str = "") -> CellBook:
        """The workflow of this name, or the current one; empty if it is new."""
        name = name or self.current
        return self.books.get(name) or CellBook(Workflow(name=name))

    def define(self, line: str, body: str, identity: str) -> None:
        """Make a cell, with the options on its first line, a node, and show it.

        Raises `WorkflowError`; what the cell was before doesn't run any more then, until the cell is put right.
        """
        book = self.book()
        named = line.split()[:1]
        try:
            options = cell_options().parse(line)
            book = self.book(options.workflow)
            named = [options.name]
            cell = cell_of(options, body, identity)
            made, name = book.define(cell, self._front.variables, self._front.history)
        except WorkflowError as error:
            for each in {*named, book.cell_called(identity)}:
                book = book.failed(each, error.faults)
            self.books[book.workflow.name] = book
            raise WorkflowError(error.faults, source="%%twingraph") from None
        self.books[made.workflow.name] = made
        self._front.show(cell_views.defined(name, made, book))

    def completions(self, text: str) -> list[str]:
        """What may stand at the end of a line that begins so."""
        return completions(text, self.book(), self._run_ids)

    def _run_ids(self) -> list[str]:
        return [record.run_id for record in self._lab().runs()] if self._remembers() else []

    def execute(self, options: argparse.Namespace) -> None:
        """Do what a line says."""
        getattr(self, f"_{options.command or 'help'}")(options)

    # commands, each with the options of its parser

    def _run(self, options: argparse.Namespace) -> None:
        workflow, values = self._chosen(options)
        lab = self._lab()
        selection = _selection(options)
        made = select(lab, workflow, values, selection)
        for note in made.notes:
            self._front.show(heading(note))
        run = lab.submit(made.workflow, made.parameters, context=selection.over(self._here()), reuse=made.reuse)
        self._follow(run, RunProgress.of(made.workflow))
        if options.fetch:
            found = wanted(options.fetch, made.workflow, run.tasks, self.book(options.workflow).definitions)
            self._bring(run, without(found, options.no_fetch))

    def _plan(self, options: argparse.Namespace) -> None:
        workflow, values = self._chosen(options)
        lab = self._lab() if self._remembers() else None
        selection = _selection(options)
        made = select(lab, workflow, values, selection)
        context = selection.over(self._here())
        located = lab.located(context) if lab else context
        planned = checked(made.workflow, made.parameters, located, made.reuse)
        for note in made.notes:
            self._front.show(heading(note))
        self._front.show(reason_views.outlook_view(planned, outlook(lab, planned, located, made.reuse)))

    def _why(self, options: argparse.Namespace) -> None:
        lab = self._lab()
        run = self._find(lab, options.run)
        found = lab.why(run.id, options.node or None)
        single = options.node and reason_views.why_one_view(found[0], run.id)
        self._front.show(single or reason_views.why_view(found, run.id))

    def _replay(self, options: argparse.Namespace) -> None:
        lab = self._lab()
        then = self._find(lab, options.run)
        now = lab.replay(then.id, options.node)
        last = self.last_run or then.id
        try:
            self._follow(now, RunProgress.of(now.workflow))
        finally:
            self.last_run = last  # a replay is nothing to go on with
            before, after = then.tasks[options.node], now.tasks[options.node]
            found = compared(before, after, lab.artifacts)
            ids = {"then": then.id, "now": now.id}
            self._front.show(reason_views.replay_view(verdict(before, after, found), found, ids))

    def _show(self, options: argparse.Namespace) -> None:
        workflow = self.book(options.workflow).workflow
        if not options.what:
            self._front.show(views.overview(workflow, self._states(workflow), self.book(options.workflow).faults()))
            return
        lab = self._lab()
        if node := workflow.by_id.get(options.what):
            run = self._last(lab)
            same = run is not None and run.workflow.by_id.get(node.id) == node
            timeline = self._timeline(run, lab) if run and same else None
            lane = next((lane for lane in timeline.lanes if lane.name == node.id), None) if timeline else None
            self._front.show(run_views.one_node(node, workflow, lane, lab.artifacts))
            if lane:
                images = {name: each for name, each in lane.record.outputs.items() if each.media_type == PNG}
                self._show_pictures({name: lab.artifacts.get(each) for name, each in images.items()})
            return
        if options.what in (entries := self.book(options.workflow).entries):
            self._front.show(cell_views.only_defines(options.what, entries[options.what]))
            return
        try:
            run = self._find(lab, options.what)
        except NotFoundError as error:
            raise NotFoundError(f"{known('node', options.what, workflow.by_id)}; {error}") from None
        self._front.show(run_views.run_view(run.record, self._timeline(run, lab), run.workflow, lab.artifacts))

    def _status(self, options: argparse.Namespace) -> None:
        lab = self._lab()
        run = self._find(lab, options.run)
        self._front.show(run_views.run_status(run.record, self._timeline(run, lab)))

    def _logs(self, options: argparse.Namespace) -> None:
        lab = self._lab()
        words = list(options.what)
        last = self._last(lab)
        node = words.pop() if len(words) > 1 or (words and last and words[0] in last.workflow.by_id) else None
        run = self._find(lab, words[0] if words else "")
        if node and node not in run.workflow.by_id:
            raise NotFoundError(known("node", node, run.workflow.by_id))
        lines = [
            line if node else f"{event.task_id}: {line}"
            for event in _events(lab.stream, run.id)
            if event.type == "task.logged" and node in (None, event.task_id)
            for line in event.text.splitlines()
        ]
        print("\n".join(without_controls(line) for line in lines) or "nothing was printed")  # noqa: T201

    def _cancel(self, options: argparse.Namespace) -> None:
        run = self._find(self._lab(), options.run)
        asked = run.cancel()
        state = "is asked to stop" if asked else f"is {run.state}; there is nothing to stop"
        self._front.show(heading(f"run {run.id} {state}"))

    def _resume(self, options: argparse.Namespace) -> None:
        lab = self._lab()
        found = self._find(lab, options.run)
        after = max((event.seq for event in _events(lab.stream, found.id)), default=0)
        completed = {name: task for name, task in found.tasks.items() if task.state is TaskState.COMPLETED}
        run = lab.resume(found.id)
        self._follow(run, RunProgress.of(run.workflow, completed), after=after)

    def _history(self, options: argparse.Namespace) -> None:
        lab = self._lab()
        records = lab.runs(options.limit)
        active = {record.run_id: active_s(record, lab.stream) for record in records}
        self._front.show(run_views.history_view(records, active))

    def _fetch(self, options: argparse.Namespace) -> None:
        run = self._find(self._lab(), options.run)
        names = [name for text in options.names for name in text.split(",") if name]
        self._bring(run, wanted(names, run.workflow, run.tasks, self.book().definitions))

    def _param(self, options: argparse.Namespace) -> None:
        book = self.book(options.workflow)
        for name, text in options.values:
            book = book.declare(name, value_of(text))
        self.books[book.workflow.name] = book
        rows = [
            [name, repr(each.default), each.type, "variable of the notebook" if name in book.captured else ""]
            for name, each in book.workflow.parameters.items()
        ]
        self._front.show(table(["parameter", "default", "type", "from"], rows) if rows else heading("no parameters"))

    def _delete(self, options: argparse.Namespace) -> None:
        book = self.book(options.workflow)
        for node in options.nodes:
            book = book.without(node, self._front.variables, self._front.history)
        self.books[book.workflow.name] = book
        self._front.show(views.overview(book.workflow, self._states(book.workflow), book.faults()))

    def _clear(self, options: argparse.Namespace) -> None:
        name = options.workflow or self.current
        self.books.pop(name, None)
        self._front.show(heading(f"{name} is empty"))

    def _new(self, options: argparse.Namespace) -> None:
        workflow = CellBook(Workflow(name=options.name)).workflow
        self.current = workflow.name
        count = len(self.book().workflow.nodes)
        self._front.show(heading(f"cells now belong to {self.current}, which has {count or 'no'} nodes"))

    def _export(self, options: argparse.Namespace) -> None:
        path = Path(options.file).expanduser()
        workflow, values = self._chosen(argparse.Namespace(workflow=options.workflow, nodes=(), parameters=()))
        text = export.text_of(export.with_defaults(workflow, values), export.form_of(path))
        export.write(text, path, overwrite=options.overwrite)
        self._front.show(heading(f"written to {path}"))

    def _load(self, options: argparse.Namespace) -> None:
        workflow = load(Path(options.file).expanduser())
        self.books[workflow.name] = CellBook(workflow)
        self.current = workflow.name
        self._front.show(views.overview(workflow, {}, []))

    def _help(self, options: argparse.Namespace) -> None:
        parser = cell_options() if getattr(options, "topic", "") == "cell" else line_options()
        print(parser.format_help())  # noqa: T201

    # what commands share

    def _here(self) -> RunContext:
        return RunContext.here(source=self._source, extra_path=(".",))

    def _chosen(self, options: argparse.Namespace) -> tuple[Workflow, dict[str, JsonValue]]:
        """The workflow, or the part of it that was asked for, and the values of its parameters."""
        book = self.book(options.workflow)
        book, values = book.renewed(self._front.variables, self._front.history, options.nodes)
        self.books[book.workflow.name] = book
        workflow = part_of(book.workflow, options.nodes) if options.nodes else book.workflow
        types = {name: parameter.type for name, parameter in workflow.parameters.items()}
        given = values_of(options.parameters, types, source="%twingraph")
        return workflow, {**{name: value for name, value in values.items() if name in types}, **given}

    def _follow(self, run: Run, progress: RunProgress, *, after: int = 0) -> None:
        self.last_run = run.id
        workflow = run.workflow
        follow(run, progress, self._front.screen(lambda now: views.running(now, workflow)), after=after)
        record = run.record
        if record.state is not RunState.COMPLETED:
            raise run_error(record, run.tasks, workflow)

    def _bring(self, run: Run, found: Sequence[Wanted]) -> None:
        rows = []
        with recognised(Surroundings(self._front.variables, self._front.history)):
            values = [run.output(node, output or None) for _, node, output in found]
        for (variable, node, output), value in zip(found, values, strict=True):
            self._front.namespace[variable] = value
            rows.append([variable, f"{node}.{output}" if output else node, type(value).__name__])
        self._front.show(table(["variable", "from", "type"], rows))
        self._show_pictures({variable: self._front.namespace[variable] for variable, *_ in found})

    def _show_pictures(self, given: Mapping[str, Any]) -> None:
        if shown := cell_views.pictures(given):
            self._front.show(shown)

    def _timeline(self, run: Run, lab: Laboratory) -> Timeline:
        return timeline_of(run.record, run.tasks, run.workflow, lab.stream)

    def _find(self, lab: Laboratory, name: str) -> Run:
        if name not in LAST:
            return lab.run(name)
        run = self._last(lab)
        if run is None:
            raise NotFoundError("there are no runs yet")
        return run

    def _last(self, lab: Laboratory) -> Run | None:
        """The last run of this notebook, else the newest there is."""
        if self.last_run:
            return lab.run(self.last_run)
        newest = lab.runs(1)
        return lab.run(newest[0].run_id) if newest else None

    def _states(self, workflow: Workflow) -> dict[str, TaskState]:
        """How the nodes fared in this notebook's last run, as far as they are still the same."""
        if not self.last_run:
            return {}
        run = self._lab().run(self.last_run)
        if run.record.workflow != workflow.name:
            return {}
        before = run.workflow.by_id
        same = {node.id for node in workflow.nodes if before.get(node.id) == node}
        return {name: task.state for name, task in run.tasks.items() if name in same}


def _selection(options: argparse.Namespace) -> Selection:
    return Selection(tuple(options.start), tuple(options.only), "" if options.of in LAST else options.of, options.force)


def part_of(workflow: Workflow, nodes: Iterable[str]) -> Workflow:
    """These nodes and all they need. Raises `NotFoundError` for a node that isn't there."""
    kept: set[str] = set()
    todo = list(nodes)
    while todo:
        name = todo.pop()
        if name not in workflow.by_id:
            raise NotFoundError(known("node", name, workflow.by_id))
        if name not in kept:
            kept.add(name)
            todo += workflow.by_id[name].upstream
    chosen = tuple(node for node in workflow.nodes if node.id in kept)
    used = {mention.name for node in chosen for mention in node.mentions if isinstance(mention, ParameterUse)}
    parameters = {name: each for name, each in workflow.parameters.items() if name in used or None in used}
    return workflow.model_copy(update={"nodes": chosen, "parameters": parameters, "outputs": {}})


def _events(stream: EventStream, run_id: str) -> Iterable[Event]:
    after = 0
    while page := stream.read(run_id, after=after):
        yield from page
        after = page[-1].seq
