"""The commands of `%twingraph` that are about runs: look at them, explain them, stop them, go on with them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from twingraph_lab.errors import NotFoundError
from twingraph_lab.events import Event
from twingraph_lab.frontends import cell_views, reason_views, run_views
from twingraph_lab.frontends.display import without_controls
from twingraph_lab.frontends.fetching import wanted
from twingraph_lab.frontends.inspecting import active_s, timeline_of
from twingraph_lab.frontends.missing import known
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.frontends.replays import compared, repeated, verdict
from twingraph_lab.frontends.views import heading
from twingraph_lab.frontends.workflow_commands import overview
from twingraph_lab.runtime.run import Run
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.runtime.stream import EventStream
from twingraph_lab.spec.workflow import Node, Workflow

if TYPE_CHECKING:
    from twingraph_lab.frontends.session import Session
    from twingraph_lab.frontends.timeline import Timeline

PNG = "image/png"


def show(session: Session, options: Namespace) -> None:
    """`%twingraph show`."""
    book = session.book(options.workflow)
    if not options.what:
        overview(session, book)
    elif node := book.workflow.by_id.get(options.what):
        _show_node(session, node, book.now(session.front.variables).workflow)
    elif options.what in book.entries:
        session.front.show(cell_views.only_defines(options.what, book.entries[options.what]))
    else:
        found = _run_or(session, options.what, book.workflow.by_id)
        timeline = _timeline(session, found)
        store = session.lab().artifacts
        session.front.show(run_views.run_view(found.record, timeline, found.workflow, store))


def _show_node(session: Session, node: Node, workflow: Workflow) -> None:
    """A node, and how it fared in the last run, if it was the same one."""
    lab, run = session.lab(), session.last()
    same = run is not None and run.workflow.by_id.get(node.id) == node
    lanes = _timeline(session, run).lanes if run and same else ()
    lane = next((lane for lane in lanes if lane.name == node.id), None)
    session.front.show(run_views.one_node(node, workflow, lane, lab.artifacts))
    if lane:
        images = {name: each for name, each in lane.record.outputs.items() if each.media_type == PNG}
        session.show_pictures({name: lab.artifacts.get(each) for name, each in images.items()})


def status(session: Session, options: Namespace) -> None:
    """`%twingraph status`."""
    found = session.find(options.run)
    session.front.show(run_views.run_status(found.record, _timeline(session, found)))


def why(session: Session, options: Namespace) -> None:
    """`%twingraph why`."""
    run = session.find(options.run)
    found = session.lab().why(run.id, options.node or None)
    single = options.node and reason_views.why_one_view(found[0], run.id)
    session.front.show(single or reason_views.why_view(found, run.id))


def replay(session: Session, options: Namespace) -> None:
    """`%twingraph replay`."""
    lab = session.lab()
    then = session.find(options.run)
    last = session.last_run or then.id
    with session.begun(lambda drive: lab.replay(then.id, options.node, drive=drive)) as now:
        try:
            session.follow(now, RunProgress.of(now.workflow))
        finally:
            session.last_run = last  # a replay is nothing to go on with
            before, after = then.tasks[options.node], repeated(now.tasks)
            found = compared(before, after, lab.artifacts)
            ids = {"then": then.id, "now": now.id}
            session.front.show(reason_views.replay_view(verdict(before, after, found), found, ids))


def logs(session: Session, options: Namespace) -> None:
    """`%twingraph logs`."""
    words = list(options.what)
    last = session.last()
    nodes = last.workflow.by_id if last else {}
    node = words.pop() if len(words) > 1 or (words and words[0] in nodes) else None
    run = _run_or(session, words[0], nodes) if words else session.find("")
    if node and node not in run.workflow.by_id:
        raise NotFoundError(known("node", node, run.workflow.by_id))
    lines = [
        line if node else f"{event.task_id}: {line}"
        for event in _events(session.lab().stream, run.id)
        if event.type == "task.logged" and node in (None, event.task_id)
        for line in event.text.splitlines()
    ]
    print("\n".join(without_controls(line) for line in lines) or "nothing was printed")  # noqa: T201


def cancel(session: Session, options: Namespace) -> None:
    """`%twingraph cancel`."""
    run = session.find(options.run)
    asked = run.cancel()
    state = "is asked to stop" if asked else f"is {run.state}; there is nothing to stop"
    session.front.show(heading(f"run {run.id} {state}"))


def resume(session: Session, options: Namespace) -> None:
    """`%twingraph resume`."""
    lab = session.lab()
    found = session.find(options.run)
    after = max((event.seq for event in _events(lab.stream, found.id)), default=0)
    completed = {name: task for name, task in found.tasks.items() if task.state is TaskState.COMPLETED}
    with session.begun(lambda drive: lab.resume(found.id, drive=drive)) as run:
        session.follow(run, RunProgress.of(run.workflow, completed), after=after)


def history(session: Session, options: Namespace) -> None:
    """`%twingraph history`."""
    lab = session.lab()
    records = lab.runs(options.limit)
    active = {record.run_id: active_s(record, lab.stream) for record in records}
    session.front.show(run_views.history_view(records, active))


def fetch(session: Session, options: Namespace) -> None:
    """`%twingraph fetch`."""
    run = session.find(options.run)
    names = [name for text in options.names for name in text.split(",") if name]
    session.bring(run, wanted(names, run.workflow, run.tasks, session.book().definitions))


def _run_or(session: Session, name: str, nodes: Mapping[str, object]) -> Run:
    """A run, where a node could be meant, too. Raises `NotFoundError`, which tells of both."""
    try:
        return session.find(name)
    except NotFoundError as error:
        raise NotFoundError(f"{known('node', name, nodes)}; {error}") from None


def _timeline(session: Session, run: Run) -> Timeline:
    return timeline_of(run.record, run.tasks, run.workflow, session.lab().stream)


def _events(stream: EventStream, run_id: str) -> Iterator[Event]:
    after = 0
    while page := stream.read(run_id, after=after):
        yield from page
        after = page[-1].seq


RUN_COMMANDS: Mapping[str, Callable[[Session, Namespace], None]] = {
    "show": show,
    "status": status,
    "why": why,
    "replay": replay,
    "logs": logs,
    "cancel": cancel,
    "resume": resume,
    "history": history,
    "fetch": fetch,
}
