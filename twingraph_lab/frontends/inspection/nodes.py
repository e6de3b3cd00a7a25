"""Everything that is known of a node in a run."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import NotFoundError, TwinGraphError
from twingraph_lab.events import Artifact, Event, Failure, Outputs, TaskFailed, TaskRetried, TaskStarted, TaskUncertain
from twingraph_lab.frontends.inspecting import abandoned
from twingraph_lab.frontends.inspection.models import Attempt, Given, NodeDetail, Preview
from twingraph_lab.frontends.inspection.ports import Viewed
from twingraph_lab.frontends.inspection.previews import literal, preview, previews
from twingraph_lab.frontends.inspection.runs import node_summary
from twingraph_lab.frontends.missing import known
from twingraph_lab.frontends.timeline import TYPES, timeline
from twingraph_lab.lineage.inputs import given
from twingraph_lab.lineage.preview import HIDDEN, secret_name, without_secrets
from twingraph_lab.lineage.provenance import describe
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.states import RunState
from twingraph_lab.spec.inputs import ParameterUse, Reference, mentions, special_form
from twingraph_lab.spec.workflow import Builtin, Component, Node, Pickled, PythonFunction, Source, Workflow

LINES = 100_000
"""Characters of code that are shown."""
OF_RUN = ("run.started", "run.finished")
OF_TASK = tuple(each for each in TYPES if each.startswith("task."))


def node_detail(lab: Viewed, run_id: str, node_id: str) -> NodeDetail:
    """A node with its values, attempts and reasons. Raises `NotFoundError`."""
    record = lab.ledger.run(run_id)
    workflow = Workflow.model_validate_json(record.document)
    tasks = lab.ledger.tasks(record.run_id)
    node, task = workflow.by_id.get(node_id), tasks.get(node_id)
    if node is None or task is None:
        raise NotFoundError(f"run {record.run_id}: {known('node', node_id, tasks)}")
    component = workflow.component_of(node)
    upstream = {name: tasks[name].outputs for name in node.upstream if name in tasks}
    return NodeDetail(
        **node_summary(task),
        component=_name(component),
        code=_code(node, component, record)[:LINES],
        language=component.language if isinstance(component, Source) else "python",
        inputs=tuple(_inputs(node, record.parameters, upstream, lab.artifacts)),
        outputs=previews(task.outputs, lab.artifacts),
        metrics=task.metrics,
        failure=task.failure,
        attempts=tuple(_attempts(lab, record, task)),
        environment=_environment(record, task),
        why=_why(lab, record.run_id, node_id),
        definition=_definition(node),
    )


def output_of(lab: Viewed, run_id: str, node_id: str, name: str) -> Artifact:
    """A node's output of this name. Raises `NotFoundError`, which lists those there are."""
    record = lab.ledger.run(run_id)
    tasks = lab.ledger.tasks(record.run_id)
    if node_id not in tasks:
        raise NotFoundError(f"run {record.run_id}: {known('node', node_id, tasks)}")
    outputs = tasks[node_id].outputs
    if name not in outputs:
        raise NotFoundError(f"run {record.run_id}, node {node_id!r}: {known('output', name, outputs)}")
    return outputs[name]


def _inputs(
    node: Node, parameters: Mapping[str, JsonValue], upstream: Mapping[str, Outputs], store: ArtifactStore
) -> Iterator[Given]:
    values = given(node, parameters, upstream).shown
    for name, tree in node.inputs.items():
        yield Given(name=name, source=_source(name, tree), value=_value(name, tree, values[name], upstream, store))


def _source(name: str, tree: JsonValue) -> str:
    """Where an input comes from: nodes' outputs and parameters."""
    found: list[str] = []
    for mention in mentions({name: tree}):
        match mention:
            case Reference(node=node, path=path):
                found.append(".".join([node, *path]))
            case ParameterUse(name=parameter):
                found.append(f"parameter {parameter}" if parameter else "parameters")
    return ", ".join(dict.fromkeys(found))


def _value(
    name: str, tree: JsonValue, shown: Any, upstream: Mapping[str, Outputs], store: ArtifactStore
) -> Preview | None:
    read = [mention.path for mention in mentions({name: tree}) if isinstance(mention, Reference)]
    if any(secret_name(step) for path in read for step in path):
        return literal(name, HIDDEN)
    form = special_form(tree) if isinstance(tree, dict) else None
    if isinstance(tree, dict) and form == "artifact":
        return preview(name, Artifact.model_validate(tree["artifact"]), store)
    if isinstance(tree, dict) and form == "ref":
        source, *path = str(tree["ref"]).split(".")
        if source not in upstream or not upstream[source]:
            return None
        if (whole := _whole(upstream[source], path)) is not None:
            return preview(name, whole, store)
    return literal(name, shown)


def _whole(outputs: Outputs, path: list[str]) -> Artifact | None:
    """The output that a path names without leading into it."""
    if path and path[0] == "output" and "output" not in outputs:
        path = path[1:]
    if len(path) == 1 and path[0] in outputs:
        return outputs[path[0]]
    return outputs["result"] if not path and list(outputs) == ["result"] else None


def _attempts(lab: Viewed, record: RunRecord, task: TaskRecord) -> Iterator[Attempt]:
    own = list(_events(lab, record.run_id, OF_TASK, task.task_id))
    under_way = record.state is RunState.RUNNING and not abandoned(record)
    order = heapq.merge(own, _events(lab, record.run_id, OF_RUN), key=lambda event: event.seq)
    told = timeline(order, {task.task_id: task}, {}, now=datetime.now(UTC) if under_way else None)
    workers: dict[int, str] = {}
    failures: dict[int, Failure] = {}
    for event in own:
        match event:
            case TaskStarted():
                workers[event.attempt] = event.worker
            case TaskRetried() | TaskFailed() | TaskUncertain():
                failures[event.attempt] = event.failure
    for lane in told.lanes:
        for each in lane.attempts:
            going = each.ending == "running"
            yield Attempt(
                number=each.number,
                started=each.start,
                ended=None if going else each.end,
                ending=each.ending,
                worker=workers.get(each.number, ""),
                failure=None if going or each.ending == "completed" else failures.get(each.number),
            )


def _events(lab: Viewed, run_id: str, types: Iterable[str], task_id: str | None = None) -> Iterator[Event]:
    after = 0
    while page := lab.ledger.events(run_id, after, task_id=task_id, types=tuple(types)):
        yield from page
        after = page[-1].seq


def _environment(record: RunRecord, task: TaskRecord) -> dict[str, str]:
    """Where it ran and with what, for people: versions, machine, folder, commit."""
    git = record.context.get("git")
    found = {**(task.basis.environment if task.basis else {}), "folder": str(record.context.get("cwd") or "")}
    if isinstance(git, dict):
        changed = " (with changes)" if git.get("dirty") else ""
        found["commit"] = f"{git['commit']}{changed}" if git.get("commit") else ""
        found["branch"] = str(git.get("branch") or "")
    return {name: value for name, value in found.items() if value}


def _why(lab: Viewed, run_id: str, node_id: str) -> str:
    """In a line; nothing where what would tell is damaged or gone."""
    with suppress(TwinGraphError):
        return "".join(each.summary for each in lab.why(run_id, node_id))
    return ""


def _name(component: Component) -> str:
    match component:
        case PythonFunction(ref=ref):
            return ref
        case Source(language=language):
            return f"{language} cell"
        case Pickled(name=name) | Builtin(name=name):
            return name


def _code(node: Node, component: Component, record: RunRecord) -> str:
    """What the node ran, as far as it can be told without running anything; a file changed since says nothing."""
    if isinstance(component, Source):
        return component.code
    sys_path = record.context.get("sys_path")
    places = list(map(str, sys_path)) if isinstance(sys_path, list) else []
    with suppress(OSError, ValueError):
        return describe(node, component, places, record.requested).source
    return ""


def _definition(node: Node) -> dict[str, JsonValue]:
    """The node as in the document, without code, which is told apart, and without secrets."""
    definition: dict[str, JsonValue] = node.model_dump(mode="json", exclude_defaults=True)
    component = definition["component"]
    if isinstance(component, dict):
        left_out = {"code", "setup", "data", "source"}
        definition["component"] = {name: value for name, value in component.items() if name not in left_out}
    return {name: without_secrets(name, value) for name, value in definition.items()}


__all__ = ["node_detail", "output_of"]
