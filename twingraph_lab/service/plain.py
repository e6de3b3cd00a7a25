"""Outputs of nodes as plain JSON, for the endpoints of engines whose outputs are nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from twingraph_lab.events import Artifact
from twingraph_lab.frontends.inspection.ports import Viewed
from twingraph_lab.frontends.inspection.previews import json_of
from twingraph_lab.planning.resolve import pick
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Builtin, Workflow

LARGEST_BYTES = 1024 * 1024
OUTPUT = Builtin(name="output")


def output_of(lab: Viewed, task: TaskRecord) -> JsonValue:
    """What a node returned, as `pick` reads it; `{}` before it has completed."""
    if task.state is not TaskState.COMPLETED:
        return {}
    found: JsonValue = pick({name: _value(lab, artifact) for name, artifact in task.outputs.items()}, ())
    return found


def results_of(lab: Viewed, workflow: Workflow, tasks: Mapping[str, TaskRecord]) -> dict[str, Any]:
    """What the nodes gave that nobody waits for, by id; an `output` node stands for the nodes that it gathers."""
    waited_for = {parent for node in workflow.nodes for parent in node.upstream}
    last = [node for node in workflow.nodes if node.id not in waited_for]
    found: dict[str, Any] = {}
    for node in last:
        given = output_of(lab, tasks[node.id])
        found |= given if workflow.component_of(node) == OUTPUT and isinstance(given, dict) else {node.id: given}
    return found


def _value(lab: Viewed, artifact: Artifact) -> JsonValue:
    """A value that is JSON and not too large, else what is known of it. Nothing is unpickled here."""
    if found := json_of(artifact, lab.artifacts, LARGEST_BYTES):
        return found[0]
    summary: dict[str, JsonValue] = {"summary": artifact.summary} if artifact.summary else {}
    return {"media_type": artifact.media_type, "size": artifact.size, "digest": artifact.digest, **summary}
