"""The endpoints of two JSON workflow engines, as their documents show them: submit first, then trigger.

A submitted workflow waits in the ledger; its trigger makes the run of that id. One engine takes overrides by node, the
other, below `/v1`, parameters.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from fastapi import Path
from pydantic import Field, JsonValue

from twingraph_lab.errors import ConflictError, Fault, NotFoundError, WorkflowError
from twingraph_lab.events import Frozen
from twingraph_lab.frontends.dialects import is_dialect
from twingraph_lab.frontends.missing import known
from twingraph_lab.runtime.records import RunRecord
from twingraph_lab.runtime.states import RunState
from twingraph_lab.service.bodies import router
from twingraph_lab.service.hosted import Hosted, HostedApp
from twingraph_lab.service.plain import output_of, results_of
from twingraph_lab.service.submission import CONTEXT_S, context_of
from twingraph_lab.spec.document import load
from twingraph_lab.spec.workflow import canonical

first = router("seed engine", "")
second = router("seed engine v1", "/v1")

ExecutionId = Annotated[str, Path(description="As submitting gave it.", max_length=200)]
PENDING, RUNNING = "PENDING", "RUNNING"
Document = dict[str, Any]


class Accepted(Frozen):
    """An execution and what has become of it."""

    execution_id: str
    status: str


class NodeState(Frozen):
    """A node of an execution; `output` is empty until it has completed."""

    state: str
    output: JsonValue


class ExecutionState(Accepted):
    """An execution with its nodes."""

    nodes: dict[str, NodeState]


class Results(Frozen):
    """What an execution gave: outputs by node, of what its output nodes gather."""

    final_status: str
    aggregated_results: dict[str, JsonValue]


class ExecutionResults(Accepted):
    """`results` is null as long as the execution isn't completed."""

    completed: bool
    results: Results | None
    message: str


class Submitted(Frozen):
    """Equal definitions have the same `workflow_definition_id`."""

    workflow_definition_id: str
    execution_id: str
    message: str


class Inputs(Frozen):
    """The parameters of an execution."""

    input_params: dict[str, JsonValue] = Field(default_factory=dict)


class Started(Frozen):
    """An execution that has begun."""

    execution_id: str
    message: str


class ExecutionStates(Frozen):
    """An execution with the states of its nodes."""

    id: str
    state: str
    started_at: datetime | None
    node_states: dict[str, str]


class EngineHealth(Frozen):
    """Whether the service works, and what it is made of."""

    status: str
    components: dict[str, str]


@first.post("/workflow")
def submit(app: HostedApp, document: Document) -> Accepted:
    """Check a workflow and keep it until it is triggered."""
    return Accepted(execution_id=_hold(app, document), status=PENDING)


@first.post("/workflow/trigger/{execution_id}")
def trigger(
    app: HostedApp, execution_id: ExecutionId, overrides: dict[str, dict[str, JsonValue]] | None = None
) -> Accepted:
    """Run it; the body may replace parts of nodes' configs: `{"node": {"prompt": "…"}}`."""
    _trigger(app, execution_id, overridden(_held(app, execution_id), overrides or {}), {})
    return Accepted(execution_id=execution_id, status=RUNNING)


@first.get("/workflows/{execution_id}")
def read_state(app: HostedApp, execution_id: ExecutionId) -> ExecutionState:
    """How an execution and its nodes are doing."""
    record = _found(app, execution_id)
    if isinstance(record, str):
        waiting = load(record)
        nodes = {node.id: NodeState(state=PENDING, output={}) for node in waiting.nodes}
        return ExecutionState(execution_id=execution_id, status=PENDING, nodes=nodes)
    tasks = app.lab.ledger.tasks(record.run_id)
    nodes = {name: NodeState(state=task.state.upper(), output=output_of(app.lab, task)) for name, task in tasks.items()}
    return ExecutionState(execution_id=execution_id, status=_word(record), nodes=nodes)


@first.get("/workflows/{execution_id}/results")
@second.get("/workflows/{execution_id}/results")
def read_results(app: HostedApp, execution_id: ExecutionId) -> ExecutionResults:
    """What an execution gave."""
    found = _found(app, execution_id)
    record = None if isinstance(found, str) else found
    if record is None or record.state is not RunState.COMPLETED:
        ended = record is not None and record.state.final
        final = record.error or f"The workflow is {record.state}." if record and ended else ""
        return ExecutionResults(
            execution_id=execution_id,
            status=_word(record),
            completed=False,
            results=None,
            message=final or "The workflow has not completed yet.",
        )
    ledger = app.lab.ledger
    gathered = results_of(app.lab, ledger.workflow(record.run_id), ledger.tasks(record.run_id))
    return ExecutionResults(
        execution_id=execution_id,
        status=_word(record),
        completed=True,
        results=Results(final_status="workflow_completed", aggregated_results=gathered),
        message="Results retrieved successfully.",
    )


@second.post("/workflow")
def submit_definition(app: HostedApp, document: Document) -> Submitted:
    """Check a workflow and keep it until it is triggered."""
    execution_id = _hold(app, document)
    definition = uuid5(NAMESPACE_URL, f"twingraph:{load(document).digest}")
    return Submitted(
        workflow_definition_id=str(definition), execution_id=execution_id, message="Workflow submitted successfully"
    )


@second.post("/workflow/trigger/{execution_id}")
def trigger_with_inputs(app: HostedApp, execution_id: ExecutionId, inputs: Inputs | None = None) -> Started:
    """Run it with these parameters."""
    _trigger(app, execution_id, _held(app, execution_id), inputs.input_params if inputs else {})
    return Started(execution_id=execution_id, message="Workflow started successfully")


@second.get("/workflows/{execution_id}")
def read_states(app: HostedApp, execution_id: ExecutionId) -> ExecutionStates:
    """How an execution and its nodes are doing."""
    record = _found(app, execution_id)
    if isinstance(record, str):
        waiting = load(record)
        states = {node.id: PENDING for node in waiting.nodes}
        return ExecutionStates(id=execution_id, state=PENDING, started_at=None, node_states=states)
    tasks = app.lab.ledger.tasks(record.run_id)
    return ExecutionStates(
        id=execution_id,
        state=_word(record),
        started_at=record.started,
        node_states={name: task.state.upper() for name, task in tasks.items()},
    )


@second.get("/health")
def read_health(app: HostedApp) -> EngineHealth:
    """Whether ledger and coordinator work."""
    app.lab.ledger.last_seq()
    driving = "driving runs" if app.lab.busy else "idle"
    return EngineHealth(status="healthy", components={"ledger": "ok", "coordinator": driving})


def overridden(document: Document, overrides: Mapping[str, Mapping[str, JsonValue]]) -> Document:
    """The document with parts of nodes' configs replaced. Raises `WorkflowError` for nodes that it doesn't have.

    >>> overridden({"dag": {"nodes": [{"id": "a", "config": {"url": "x", "prompt": "p"}}]}}, {"a": {"prompt": "q"}})
    {'dag': {'nodes': [{'id': 'a', 'config': {'url': 'x', 'prompt': 'q'}}]}}
    """
    nodes = document["dag"]["nodes"]
    ids = [node["id"] for node in nodes]
    if unknown := [name for name in overrides if name not in ids]:
        raise WorkflowError([Fault(known("node", name, ids), path=name) for name in unknown], source="trigger")
    changed = [
        {**node, "config": {**(node.get("config") or {}), **overrides[node["id"]]}} if node["id"] in overrides else node
        for node in nodes
    ]
    return {**document, "dag": {**document["dag"], "nodes": changed}}


def _hold(app: Hosted, document: Document) -> str:
    if not is_dialect(document):
        told = 'a workflow is {"name", "dag": {"nodes": […]}} here; documents of the other form go to /api/runs'
        raise WorkflowError([Fault(told)], source="workflow")
    load(document, source="workflow")
    execution_id = str(uuid4())
    app.lab.ledger.hold(execution_id, canonical(document))
    return execution_id


def _held(app: Hosted, execution_id: str) -> Document:
    """The document that waits to be triggered. Raises ConflictError if it doesn't any more."""
    found = _found(app, execution_id)
    if not isinstance(found, str):
        raise ConflictError(f"execution {execution_id} was triggered before; submit the workflow again for another one")
    document: Document = json.loads(found)
    return document


def _trigger(app: Hosted, execution_id: str, document: Document, parameters: Mapping[str, JsonValue]) -> None:
    context = context_of(str(app.root), int(time.monotonic() / CONTEXT_S))
    app.lab.accept(load(document, source="workflow"), parameters, context=context, run_id=execution_id)


def _found(app: Hosted, execution_id: str) -> RunRecord | str:
    """The run that an execution has become, or the text that waits. Raises NotFoundError if there is neither."""
    try:
        return app.lab.ledger.held(execution_id)  # looked for first: it goes when the run comes
    except NotFoundError:
        with suppress(NotFoundError, ConflictError):
            record = app.lab.ledger.run(execution_id)
            if record.run_id == execution_id:  # not only its beginning
                return record
        raise


def _word(record: RunRecord | None) -> str:
    if record is None:
        return PENDING
    return RUNNING if record.state is RunState.REQUESTED else record.state.upper()
