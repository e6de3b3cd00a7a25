"""Views of workflows, plans and runs under way for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from pydantic import JsonValue

from twingraph_lab.errors import Fault
from twingraph_lab.events import Artifact
from twingraph_lab.frontends.display import LOOKS, RUN_LOOKS, Look, clip, counted, duration, size
from twingraph_lab.frontends.gantt import CACHED
from twingraph_lab.frontends.picture import most_drawn, picture, short
from twingraph_lab.frontends.progress import NodeProgress, RunProgress
from twingraph_lab.frontends.views import NOTHING, Field, Row, View, card, folded, heading, table
from twingraph_lab.runtime.artifacts import ArtifactStore, preview
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.caching import policy_text
from twingraph_lab.spec.workflow import CachePolicy, Node, PlatformSpec, Retry, Workflow

BLUE = "#0072B2"
OUTPUTS_SHOWN = 200
NOTE = len("completed 1 min 00 s")
EMPTY = "has no nodes yet: begin a cell with %%twingraph"


def takes(node: Node, parameters: Mapping[str, JsonValue]) -> str:
    """A node's inputs in a line, with the values of parameters."""
    return ", ".join(f"{name} ← {_source(name, value, parameters)}" for name, value in node.inputs.items())


def _source(name: str, value: JsonValue, parameters: Mapping[str, JsonValue]) -> str:
    """Where an input comes from; an output of the same name goes without saying."""
    match value:
        case {"param": str(parameter), **others} if not others and parameter in parameters:
            return f"parameter {parameter} = {clip(repr(parameters[parameter]), 40)}"
    return short(value).removesuffix(f".{name}")


def defaults(workflow: Workflow) -> dict[str, JsonValue]:
    """The parameters' defaults."""
    return {name: parameter.default for name, parameter in workflow.parameters.items()}


def settings_of(node: Node) -> str:
    """What differs from the defaults in how a node runs, in a line."""
    parts = []
    if node.platform != PlatformSpec():
        options = ", ".join(f"{name}={value!r}" for name, value in node.platform.options.items())
        parts.append(f"on {node.platform.kind}" + (f" ({options})" if options else ""))
    if node.retry != Retry():
        parts.append(f"up to {node.retry.attempts} attempts")
    if node.timeout_s is not None:
        parts.append(f"timeout {duration(node.timeout_s)}")
    if node.cache != CachePolicy():
        parts.append(f"cache {policy_text(node.cache)}")
    if node.resources:
        parts.append("needs " + ", ".join(f"{name} {amount:g}" for name, amount in node.resources.items()))
    if node.after:
        parts.append(f"after {', '.join(node.after)}")
    return ", ".join(parts)


def overview(workflow: Workflow, states: Mapping[str, TaskState], faults: Sequence[Fault]) -> View:
    """A workflow: its picture, its nodes, its faults. `states` are those of nodes that have run as they are now."""
    if not workflow.nodes:
        return heading(f"{workflow.name} {EMPTY}")
    looks = {name: LOOKS[state] for name, state in states.items()}
    rows: list[Row] = [
        [
            Field(node.id, looks.get(node.id)),
            takes(node, defaults(workflow)),
            ", ".join(workflow.outputs_of(node)),
            settings_of(node),
            str(states.get(node.id, "")),
        ]
        for node in workflow.nodes
    ]
    given = ", ".join(f"{name} = {clip(repr(each.default), 40)}" for name, each in workflow.parameters.items())
    title = f"{workflow.name}: {counted(len(workflow.nodes), 'node')}" + (f", parameters {given}" if given else "")
    gives = {node.id: ", ".join(workflow.outputs_of(node)) for node in workflow.nodes}
    drawn = drawing(workflow, looks, {name: text for name, text in gives.items() if text != name})
    warnings = [card(fault.node or workflow.name, "", [], warnings=[str(fault)], colour="#D55E00") for fault in faults]
    return sum(warnings, heading(title) + drawn + table(["node", "takes", "gives", "runs", "last run"], rows))


def drawing(workflow: Workflow, looks: Mapping[str, Look], notes: Mapping[str, str], room: int = 0) -> View:
    """The picture, which has no text form."""
    if len(workflow.nodes) > (limit := most_drawn(workflow)):
        return heading(f"{len(workflow.nodes)} nodes; up to {limit} are drawn")
    return View(f'<div style="margin:6px 0">{picture(workflow, looks, notes, room)}</div>', "")


def running(progress: RunProgress, workflow: Workflow) -> View:
    """A run while it goes on, and how it ended: the picture, and what is to be said of single nodes."""
    looks = {
        name: CACHED if node.cached_from else node.look
        for name, node in progress.nodes.items()
        if node.state is not TaskState.PENDING
    }
    drawn = drawing(workflow, looks, {name: _note(progress, name) for name in progress.nodes}, NOTE)
    look = RUN_LOOKS[progress.state]
    share = f"width:{100 * progress.fraction:.1f}%;background:{look.colour}"
    bar = (
        '<div style="height:4px;width:24em;max-width:100%;border-radius:2px;background:rgba(128,128,128,.3)">'
        f'<div style="height:4px;border-radius:2px;{share}"></div></div>'
    )
    remarkable = any(node.failure for node in progress.nodes.values())
    rows: list[Row] = [
        [Field(node.id, node.look), str(node.state), _elapsed(progress, node), node.remark] for node in progress.shown()
    ]
    nodes = table(["node", "state", "time", "remark"], rows)
    html = f'<div><b style="color:{look.colour}">{look.symbol}</b> {escape(progress.headline)}</div>{bar}{drawn.html}'
    return View(html + (nodes if remarkable else folded("nodes", nodes)).html, progress.to_text())


def _elapsed(progress: RunProgress, node: NodeProgress) -> str:
    elapsed = node.elapsed_s(progress.now)
    return "" if elapsed is None else duration(elapsed)


def _note(progress: RunProgress, name: str) -> str:
    node = progress.nodes[name]
    if node.cached_from:
        return "reused"
    state = "" if node.state is TaskState.PENDING else "retrying" if node.retrying else str(node.state)
    return f"{state} {_elapsed(progress, node)}".strip()


def outputs_table(outputs: Mapping[str, Mapping[str, Artifact]], store: ArtifactStore | None) -> View:
    """What nodes gave: name, size and the beginning of each value."""
    rows = [
        [f"{node}.{name}", artifact.media_type, size(artifact.size), preview(artifact, store)]
        for node, artifacts in outputs.items()
        for name, artifact in artifacts.items()
    ]
    more = heading(f"… and {len(rows) - OUTPUTS_SHOWN} more") if len(rows) > OUTPUTS_SHOWN else NOTHING
    return table(["output", "kind", "size", "value"], rows[:OUTPUTS_SHOWN]) + more
