"""What stands for a widget where none can be shown: saved notebooks on the web, mail, terminals. Without scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from twingraph_lab.errors import TwinGraphError
from twingraph_lab.frontends import run_views
from twingraph_lab.frontends.display import LOOKS, RETRYING, Look, clip, counted, printable
from twingraph_lab.frontends.gantt import CACHED
from twingraph_lab.frontends.inspecting import timeline_of
from twingraph_lab.frontends.inspection.lineage import Direction, lineage_graph
from twingraph_lab.frontends.inspection.models import LineageVertex
from twingraph_lab.frontends.missing import known
from twingraph_lab.frontends.picture import picture
from twingraph_lab.frontends.views import View, heading, table
from twingraph_lab.lab import Lab
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Workflow
from twingraph_lab.widgets.running import attended

LARGE = 500
"""Of a run with more nodes only the sum is told."""
ROWS = 200
NAMED = 12
Bundle = dict[str, Any]


class Asked(Protocol):
    """Which part of the lineage is shown."""

    run_id: str
    node: str
    artifact: str
    depth: int
    direction: Direction


def bundle(widget: Mapping[str, Any] | None, forms: Mapping[str, str]) -> Bundle:
    """What to display: the widget if somebody is there to see it, and what stands for it.

    Where a notebook is executed as a batch job, its widgets' state is saved, and a page made of that would show nothing
    but a widget that can't be loaded.
    """
    return {**(widget or {} if attended() else {}), **forms}


def canvas_forms(workflow: Workflow, status: Mapping[str, Any]) -> Bundle:
    """A picture, if the workflow isn't too large for one, and its nodes in a line. `status` is all that frames told."""
    svg = drawn(workflow, status)
    return {"text/plain": in_a_line(workflow), **({"image/svg+xml": svg} if svg else {})}


def drawn(workflow: Workflow, status: Mapping[str, Any]) -> str:
    """A workflow, with how its nodes are doing, as SVG; empty if there is nothing to draw or too much."""
    states: dict[str, dict[str, Any]] = status.get("nodes", {})
    looks = {name: _look(each["state"]) for name, each in states.items() if each["state"] != TaskState.PENDING}
    return picture(workflow, looks, {name: each["note"] for name, each in states.items()})


def _look(state: str) -> Look:
    """Frames have words for more than the states of the ledger."""
    known: dict[str, Look] = {str(each): look for each, look in LOOKS.items()}
    return {**known, "retrying": RETRYING, "cached": CACHED}.get(state, LOOKS[TaskState.DISPATCHED])


def in_a_line(workflow: Workflow) -> str:
    """A workflow in few words.

    >>> in_a_line(Workflow(name="empty"))
    "Canvas of 'empty', 0 nodes"
    """
    names = [node.id for node in workflow.nodes]
    listed = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    count = counted(len(names), "node")
    return printable(f"Canvas of {workflow.name!r}, {count}" + (f": {listed}" if listed else ""))


def run_forms(lab: Lab, run_id: str) -> Bundle:
    """A run as it is now, with its nodes."""
    return _forms(lambda: _run(lab, run_id))


def node_forms(lab: Lab, run_id: str, node: str) -> Bundle:
    """A node with its code, its figures and what it gave."""
    return _forms(lambda: _node(lab, run_id, node))


def lineage_forms(lab: Lab, asked: Asked) -> Bundle:
    """What came from what, a line for each edge."""
    return _forms(lambda: _lineage(lab, asked))


def _forms(look: Callable[[], View]) -> Bundle:
    try:
        view = look()
    except TwinGraphError as error:  # displaying something must not fail
        view = heading(str(error))
    return {"text/html": view.html, "text/plain": view.text}


def _run(lab: Lab, run_id: str) -> View:
    run = lab.run(run_id)
    record, tasks, workflow = run.record, run.tasks, run.workflow
    timeline = timeline_of(record, tasks, workflow, lab.stream)
    if len(tasks) > LARGE:
        return run_views.run_card(record, timeline)
    return run_views.run_view(record, timeline, workflow, lab.artifacts)


def _node(lab: Lab, run_id: str, name: str) -> View:
    run = lab.run(run_id)
    record, workflow = run.record, run.workflow
    if name not in workflow.by_id:
        return heading(known("node", name, workflow.by_id))
    timeline = timeline_of(record, run.tasks, workflow, lab.stream)
    lane = next(lane for lane in timeline.lanes if lane.name == name)
    return run_views.one_node(workflow.by_id[name], workflow, lane, lab.artifacts)


def _lineage(lab: Lab, asked: Asked) -> View:
    graph = lineage_graph(
        lab,
        run_id=asked.run_id or None,
        node=asked.node or None,
        artifact=asked.artifact or None,
        depth=asked.depth,
        direction=asked.direction,
    )
    vertices = {vertex.id: vertex for vertex in graph.vertices}
    rows = [[_named(vertices[edge.source]), edge.label, _named(vertices[edge.target])] for edge in graph.edges]
    more = heading("… and more") if graph.truncated or len(rows) > ROWS else View("", "")
    return table(["from", "edge", "to"], rows[:ROWS]) + more


def _named(vertex: LineageVertex) -> str:
    told = vertex.properties.get("status") or vertex.properties.get("value") or vertex.properties.get("media_type")
    return f"{vertex.name} ({clip(str(told), 40)})" if told else vertex.name
