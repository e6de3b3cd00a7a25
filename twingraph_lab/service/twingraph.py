"""TwinGraph's own endpoints for executions and their graph; workflows are saved at `/api/workflows` as ours are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, status
from pydantic import Field, JsonValue, model_validator

from twingraph_lab.events import Frozen
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.service.bodies import router
from twingraph_lab.service.hosted import HostedApp, HostedLab
from twingraph_lab.service.plain import output_of, results_of
from twingraph_lab.service.submission import Submission, submit
from twingraph_lab.spec.workflow import Workflow

routes = router("TwinGraph")

ExecutionId = Annotated[str, Path(description="The id of a run, or a unique beginning of it.", max_length=200)]
WORDS = {"requested": "pending", "uncertain": "failed", "cancelled": "skipped"}
"""States that TwinGraph knows by other names."""


class ExecutionRequest(Frozen):
    """What to execute: a saved workflow by its id, or a whole one; `inputs` are its parameters."""

    workflow_id: str | None = None
    workflow: dict[str, Any] | None = None
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_workflow(self) -> ExecutionRequest:
        if (self.workflow_id is None) == (self.workflow is None):
            raise ValueError("takes either workflow_id or workflow")
        return self


class Execution(Frozen):
    """An execution; `node_statuses` by id, `results` of what completed."""

    execution_id: str
    workflow_id: str
    status: str
    started_at: datetime | None = None
    completed_at: datetime | None = None
    error: str = ""
    node_statuses: dict[str, str] = Field(default_factory=dict)
    results: dict[str, JsonValue] = Field(default_factory=dict)


class GraphNode(Frozen):
    """A node as the designer draws it."""

    id: str
    status: str
    position: dict[str, float]
    data: dict[str, JsonValue]


class GraphEdge(Frozen):
    """From node to node."""

    source: str
    target: str


class ExecutionGraph(Frozen):
    """The graph of an execution with the states of its nodes."""

    execution_id: str
    nodes: list[GraphNode]
    edges: list[GraphEdge]


@routes.post("/executions", status_code=status.HTTP_202_ACCEPTED)
def execute(app: HostedApp, asked: ExecutionRequest) -> Execution:
    """Run a workflow."""
    document = asked.workflow if asked.workflow is not None else {"name": asked.workflow_id}
    run = submit(app, Submission(workflow=document, parameters={**asked.parameters, **asked.inputs}))
    return Execution(execution_id=run.run_id, workflow_id=run.workflow, status=word(run.state))


@routes.get("/executions/{execution_id}")
def read_execution(lab: HostedLab, execution_id: ExecutionId) -> Execution:
    """How an execution is doing, and what it has given."""
    record = lab.ledger.run(execution_id)
    tasks = lab.ledger.tasks(record.run_id)
    return Execution(
        execution_id=record.run_id,
        workflow_id=record.workflow,
        status=word(record.state),
        started_at=record.started,
        completed_at=record.finished,
        error=record.error,
        node_statuses={name: word(task.state) for name, task in tasks.items()},
        results=results_of(lab, lab.ledger.workflow(record.run_id), tasks) if record.state == "completed" else {},
    )


@routes.post("/executions/{execution_id}/cancel")
@routes.post("/executions/{execution_id}/stop")
def stop_execution(lab: HostedLab, execution_id: ExecutionId) -> Execution:
    """Ask an execution to stop."""
    lab.run(execution_id).cancel()
    return read_execution(lab, execution_id)


@routes.get("/graph/execution/{execution_id}")
def read_graph(lab: HostedLab, execution_id: ExecutionId) -> ExecutionGraph:
    """The graph of an execution, with each node's state and output."""
    record = lab.ledger.run(execution_id)
    tasks = lab.ledger.tasks(record.run_id)
    outputs = {name: output_of(lab, task) for name, task in tasks.items()}
    return graph_of(record, lab.ledger.workflow(record.run_id), tasks, outputs)


def graph_of(
    record: RunRecord, workflow: Workflow, tasks: Mapping[str, TaskRecord], outputs: Mapping[str, JsonValue]
) -> ExecutionGraph:
    """The graph to draw; nodes that nobody has placed are at the origin."""
    nodes = []
    for name, task in tasks.items():
        x, y = workflow.layout.get(name, (0.0, 0.0))
        data: dict[str, JsonValue] = {"label": name, "output": outputs.get(name, {}), "attempt": task.attempt}
        if task.failure:
            data["error"] = str(task.failure)
        nodes.append(GraphNode(id=name, status=word(task.state), position={"x": x, "y": y}, data=data))
    edges = [GraphEdge(source=source, target=target) for source, target in workflow.graph.edges]
    return ExecutionGraph(execution_id=record.run_id, nodes=nodes, edges=edges)


def word(state: str) -> str:
    """A state as TwinGraph calls it.

    >>> word("requested"), word("completed")
    ('pending', 'completed')
    """
    return WORDS.get(state, str(state))
