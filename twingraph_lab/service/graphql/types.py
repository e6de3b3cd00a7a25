"""What GraphQL tells, under the names that TwinGraph's clients know."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from pydantic import JsonValue
from strawberry.scalars import JSON

from twingraph_lab.events import Metrics
from twingraph_lab.frontends.inspection.models import NodeSummary, RunSummary
from twingraph_lab.service.twingraph import ExecutionGraph, word
from twingraph_lab.spec.library import SavedWorkflow


@strawberry.type
class ExecutionUpdate:
    """News of an execution, or of one of its nodes. `progress` is the share of it that is done, from 0 to 1."""

    execution_id: str
    workflow_id: str
    status: str
    timestamp: datetime
    node_id: str | None = None
    node_status: str | None = None
    progress: float | None = None
    message: str | None = None


@strawberry.type
class VisualNode:
    """A node as it is drawn: `position` has x and y, `data` its label, output and error."""

    id: str
    status: str
    position: JSON
    data: JSON


@strawberry.type
class VisualEdge:
    """From node to node."""

    source: str
    target: str


@strawberry.type
class GraphVisualization:
    """The graph of an execution at a moment."""

    execution_id: str
    nodes: list[VisualNode]
    edges: list[VisualEdge]
    timestamp: datetime

    @classmethod
    def of(cls, graph: ExecutionGraph, now: datetime) -> Self:
        """From the graph as REST gives it."""
        nodes = [
            VisualNode(id=node.id, status=node.status, position=JSON(node.position), data=JSON(node.data))
            for node in graph.nodes
        ]
        edges = [VisualEdge(source=edge.source, target=edge.target) for edge in graph.edges]
        return cls(execution_id=graph.execution_id, nodes=nodes, edges=edges, timestamp=now)


@strawberry.type
class ComponentMetrics:
    """What an attempt of a component used: seconds, bytes of resident memory at most, seconds of CPU.

    `throughput` is how many attempts ended in the last minute, a second; `error_rate` the share of them that failed.
    """

    component_name: str
    execution_time: float
    memory_usage: float
    cpu_usage: float
    throughput: float
    error_rate: float
    timestamp: datetime

    @classmethod
    def of(cls, name: str, used: Metrics, now: datetime, *, throughput: float, error_rate: float) -> Self:
        """Of an attempt that ended now."""
        return cls(
            component_name=name,
            execution_time=used.wall_s,
            memory_usage=float(used.peak_memory_bytes),
            cpu_usage=used.cpu_s,
            throughput=throughput,
            error_rate=error_rate,
            timestamp=now,
        )


@strawberry.type
class NodeExecution:
    """A node of an execution."""

    id: str
    status: str
    attempt: int
    execution_time: float
    memory_usage: float
    cpu_usage: float
    platform: str
    cached_from: str
    error: str
    started_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def of(cls, node: NodeSummary) -> Self:
        """From the node as REST gives it."""
        return cls(
            id=node.id,
            status=word(node.state),
            attempt=node.attempt,
            execution_time=node.wall_s,
            memory_usage=float(node.peak_memory_bytes),
            cpu_usage=node.cpu_s,
            platform=node.platform,
            cached_from=node.cached_from,
            error=node.error,
            started_at=node.started,
            completed_at=node.finished,
        )


@strawberry.type
class Execution:
    """A run. `nodes` are given where one execution is asked for."""

    execution_id: str
    workflow_id: str
    status: str
    requested_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    error: str
    counts: JSON
    nodes: list[NodeExecution]

    @classmethod
    def of(cls, run: RunSummary, nodes: tuple[NodeSummary, ...] = ()) -> Self:
        """From the run as REST gives it."""
        counts: JsonValue = dict(run.counts)
        return cls(
            execution_id=run.run_id,
            workflow_id=run.workflow,
            status=word(run.state),
            requested_at=run.requested,
            started_at=run.started,
            completed_at=run.finished,
            error=run.error,
            counts=JSON(counts),
            nodes=[NodeExecution.of(node) for node in nodes],
        )


@strawberry.type
class Workflow:
    """The newest version of a saved workflow; `document` is its text."""

    id: str
    version: int
    saved_at: datetime
    document: str

    @classmethod
    def of(cls, saved: SavedWorkflow) -> Self:
        """From the library."""
        return cls(id=saved.name, version=saved.version, saved_at=saved.saved, document=saved.text)
