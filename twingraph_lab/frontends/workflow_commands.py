"""The commands of `%twingraph` that are about the workflow: check, change, run, write and read it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from twingraph_lab.errors import Fault, NotFoundError, WorkflowError
from twingraph_lab.frontends import export, notebook, reason_views
from twingraph_lab.frontends import workflow_views as views
from twingraph_lab.frontends.cell_options import cell_options
from twingraph_lab.frontends.cellbook import CellBook
from twingraph_lab.frontends.checks import checked
from twingraph_lab.frontends.earlier import select
from twingraph_lab.frontends.fetching import wanted, without
from twingraph_lab.frontends.magic_options import line_options
from twingraph_lab.frontends.missing import known
from twingraph_lab.frontends.outlook import outlook
from twingraph_lab.frontends.parameter_text import value_of
from twingraph_lab.frontends.partial import Selection
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.frontends.views import heading, table
from twingraph_lab.spec.document import load as load_document
from twingraph_lab.spec.workflow import Workflow

if TYPE_CHECKING:
    from twingraph_lab.frontends.session import Session

NEWEST = ("last", "-")


def run(session: Session, options: Namespace) -> None:
    """`%twingraph run`."""
    workflow, values = session.chosen(options.workflow, options.nodes, options.parameters)
    lab = session.lab()
    selection = _selection(options)
    made = select(lab, workflow, values, selection)
    for note in made.notes:
        session.front.show(heading(note))
    context = selection.over(session.here)
    with session.begun(
        lambda drive: lab.submit(made.workflow, made.parameters, context=context, drive=drive, reuse=made.reuse)
    ) as begun:
        session.follow(begun, RunProgress.of(made.workflow))
    if options.fetch:
        found = wanted(options.fetch, made.workflow, begun.tasks, session.book(options.workflow).definitions)
        session.bring(begun, without(found, options.no_fetch))


def plan(session: Session, options: Namespace) -> None:
    """`%twingraph plan`."""
    workflow, values = session.chosen(options.workflow, options.nodes, options.parameters)
    lab = session.lab() if session.remembers() else None
    selection = _selection(options)
    made = select(lab, workflow, values, selection)
    context = selection.over(session.here)
    located = lab.located(context) if lab else context
    planned = checked(made.workflow, made.parameters, located, made.reuse)
    for note in made.notes:
        session.front.show(heading(note))
    session.front.show(reason_views.outlook_view(planned, outlook(lab, planned, located, made.reuse)))


def param(session: Session, options: Namespace) -> None:
    """`%twingraph param`."""
    book = session.book(options.workflow)
    for name, text in options.values:
        book = book.declare(name, value_of(text))
    session.keep(book)
    now = book.now(session.front.variables).workflow
    rows = [
        [name, repr(each.default), each.type, "variable of the notebook" if name in book.captured else ""]
        for name, each in now.parameters.items()
    ]
    session.front.show(table(["parameter", "default", "type", "from"], rows) if rows else heading("no parameters"))


def delete(session: Session, options: Namespace) -> None:
    """`%twingraph delete`."""
    book = session.book(options.workflow)
    there = {**book.workflow.by_id, **book.entries}
    if missing := [name for name in options.nodes if name not in there]:
        raise NotFoundError(known("node", missing[0], there))
    for node in dict.fromkeys(options.nodes):
        book = book.without(node, session.front.variables, session.front.history)
    session.keep(book)
    overview(session, book)


def clear(session: Session, options: Namespace) -> None:
    """`%twingraph clear`."""
    name = options.workflow or session.current
    session.shelf.drop(name)
    session.front.show(heading(f"{name} is empty"))


def new(session: Session, options: Namespace) -> None:
    """`%twingraph new`."""
    session.shelf.current = Workflow(name=options.name).name
    count = len(session.book().workflow.nodes)
    session.front.show(heading(f"cells now belong to {session.current}, which has {count or 'no'} nodes"))


def write(session: Session, options: Namespace) -> None:
    """`%twingraph export`."""
    path = Path(options.file).expanduser()
    form = export.form_of(path)
    workflow, values = session.chosen(options.workflow)
    text = export.text_of(export.with_defaults(workflow, values), form)
    export.write(text, path, overwrite=options.overwrite)
    session.front.show(heading(f"written to {path}"))


def load(session: Session, options: Namespace) -> None:
    """`%twingraph load`."""
    path = Path(options.file).expanduser()
    match path.suffix.lower():
        case ".py":
            fault = Fault("is a script: its workflow is known only when it runs; say %run, or `twingraph run`")
            raise WorkflowError([fault], source=str(path))
        case ".ipynb":
            workflow = notebook.workflow_of(path)
        case _:
            workflow = load_document(path)
    session.keep(CellBook(workflow))
    session.shelf.current = workflow.name
    overview(session, session.book())


def canvas(session: Session, options: Namespace) -> None:
    """`%twingraph canvas`."""
    session.draw(options.workflow)


def tell(_: Session, options: Namespace) -> None:
    """`%twingraph help`."""
    parser = cell_options() if getattr(options, "topic", "") == "cell" else line_options()
    print(parser.format_help())  # noqa: T201


def overview(session: Session, book: CellBook) -> None:
    """Show a workflow with its faults, and how its nodes fared in the last run."""
    workflow = book.now(session.front.variables).workflow
    session.front.show(views.overview(workflow, session.states(workflow), book.faults()))


def _selection(options: Namespace) -> Selection:
    of = "" if options.of in NEWEST else options.of
    return Selection(tuple(options.start), tuple(options.only), of, options.force)


WORKFLOW_COMMANDS: Mapping[str, Callable[[Session, Namespace], None]] = {
    "run": run,
    "plan": plan,
    "param": param,
    "delete": delete,
    "clear": clear,
    "new": new,
    "export": write,
    "load": load,
    "canvas": canvas,
    "help": tell,
}
