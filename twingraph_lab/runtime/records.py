"""What the ledger knows of a run and of a task, as values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import Row

from twingraph_lab.events import Artifact, Basis, Failure, Metrics, Outputs
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.spec.workflow import canonical

OUTPUTS: TypeAdapter[Outputs] = TypeAdapter(Outputs)


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run as of its last transaction, without its document: what a list of runs reads.

    `workflow` is its name. `epoch` counts the claims; `coordinator` made the last one, and owns the run until
    `lease_until` while it is running.
    """

    run_id: str
    workflow: str
    digest: str
    parameters: Mapping[str, JsonValue]
    context: Mapping[str, JsonValue]
    state: RunState
    coordinator: str
    epoch: int
    lease_until: datetime | None
    cancel_requested: bool
    requested: datetime
    started: datetime | None
    finished: datetime | None
    error: str
    idempotency_key: str | None
    dynamic: bool


@dataclass(frozen=True, slots=True)
class RunRecord(RunHead):
    """A run with its `document`, the JSON text of the workflow, nodes that were added since included."""

    document: str


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task as of its last transaction.

    `attempt` is the last one begun or dispatched, 0 before; `epoch` is that of the claim under which the row last
    changed; `started` belongs to the last attempt. `platform` and `worker` are empty until an attempt starts. `basis`
    is what a completed task was computed from, if it is cached.
    """

    run_id: str
    task_id: str
    position: int
    state: TaskState
    attempt: int
    epoch: int
    platform: str
    worker: str
    outputs: Mapping[str, Artifact]
    failure: Failure | None
    metrics: Metrics
    cached_from: str
    started: datetime | None
    finished: datetime | None
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the log has it: `body` is its JSON text, for those who only hand it on."""

    seq: int
    run_id: str
    type: str
    body: str


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """A page of the log; `complete` says that nothing followed it when it was read."""

    events: Sequence[StoredEvent]
    complete: bool


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """Of a run only what tells whether it is worth reading. `replay_of` is empty unless it repeated one node."""

    run_id: str
    digest: str
    requested: datetime
    dynamic: bool
    replay_of: str


def run_record(row: Row[Any], parts: Sequence[str]) -> RunRecord:
    """From a row of `runs` and the texts of its `documents`, in order."""
    return RunRecord(**_columns(row), document=assembled(parts))


def run_head(row: Row[Any]) -> RunHead:
    """From a row of `runs`."""
    return RunHead(**_columns(row))


def _columns(row: Row[Any]) -> dict[str, Any]:
    columns = {field.name: getattr(row, field.name) for field in fields(RunHead)}
    return {**columns, "parameters": json.loads(row.parameters), "context": json.loads(row.context)}


def task_record(row: Row[Any]) -> TaskRecord:
    """From a row of `tasks`."""
    return TaskRecord(
        run_id=row.run_id,
        task_id=row.task_id,
        position=row.position,
        state=row.state,
        attempt=row.attempt,
        epoch=row.epoch,
        platform=row.platform,
        worker=row.worker,
        outputs=OUTPUTS.validate_json(row.outputs) if row.outputs else {},
        failure=Failure.model_validate_json(row.failure) if row.failure else None,
        metrics=Metrics.model_validate_json(row.metrics) if row.metrics else Metrics(),
        cached_from=row.cached_from,
        started=row.started,
        finished=row.finished,
        basis=Basis.model_validate_json(row.basis) if row.basis else None,
    )


def assembled(parts: Sequence[str]) -> str:
    """One document from a workflow's JSON text and what it grew by: nodes, components, outputs. What came later wins.

    >>> assembled(['{"name":"w","nodes":[{"id":"a"}]}', '{"nodes":[{"id":"b"},{"id":"a","after":["b"]}]}'])
    '{"components":{},"name":"w","nodes":[{"after":["b"],"id":"a"},{"id":"b"}],"outputs":{}}'
    """
    first, *added = parts
    if not added:
        return first
    document = {"components": {}, "outputs": {}, **json.loads(first)}
    nodes = {node["id"]: node for node in document["nodes"]}
    for part in map(json.loads, added):
        nodes |= {node["id"]: node for node in part.get("nodes", [])}
        document["components"] |= part.get("components", {})
        document["outputs"] |= part.get("outputs", {})
    return canonical({**document, "nodes": list(nodes.values())})
