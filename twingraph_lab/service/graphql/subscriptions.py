"""What can be followed. Each subscription has a cursor of its own in the event log, read on as the client takes it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime

import strawberry
from strawberry.types import Info

from twingraph_lab.errors import ConflictError
from twingraph_lab.events import (
    Event,
    RunFinished,
    RunStarted,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskLogged,
    TaskProgressed,
    TaskRetried,
)
from twingraph_lab.service.graphql.types import ComponentMetrics, ExecutionUpdate, GraphVisualization
from twingraph_lab.service.hosted import Hosted
from twingraph_lab.service.plain import output_of
from twingraph_lab.service.topics import STATUSES
from twingraph_lab.service.twingraph import graph_of, word
from twingraph_lab.spec.workflow import Builtin, Pickled, PythonFunction
from twingraph_lab.spec.workflow import Workflow as Document

WINDOW_S = 60.0
DRAW_S = 0.1
"""How long news wait for more before a graph is sent again."""
MOST_REMEMBERED = 100


@strawberry.type
class Subscription:
    """Executions, their graphs, and what components use."""

    @strawberry.subscription
    async def execution_updates(
        self, info: Info, execution_id: str | None = None, workflow_id: str | None = None
    ) -> AsyncGenerator[ExecutionUpdate, None]:
        """One execution from its beginning to its end, or every execution of a workflow from now on."""
        app: Hosted = info.context["hosted"]
        if (execution_id is None) == (workflow_id is None):
            raise ConflictError("give either executionId or workflowId")
        names = _Names(app)
        after = 0 if execution_id else await asyncio.to_thread(app.lab.ledger.last_seq)
        async with aclosing(app.tail.follow(execution_id, after=after)) as batches:
            async for batch in batches:
                for event in batch.events:
                    workflow = await names.of(event.run_id)
                    if workflow_id in {None, workflow} and (update := _update(event, workflow)):
                        yield update

    @strawberry.subscription
    async def graph_visualization(self, info: Info, execution_id: str) -> AsyncGenerator[GraphVisualization, None]:
        """The graph with the states of its nodes, whenever one changes, at most ten times a second."""
        app: Hosted = info.context["hosted"]
        yield await asyncio.to_thread(_drawn, app, execution_id)
        async with aclosing(app.tail.follow(execution_id)) as batches:
            async for batch in batches:
                if any(isinstance(event, TaskEvent) and not isinstance(event, TaskLogged) for event in batch.events):
                    yield await asyncio.to_thread(_drawn, app, execution_id)
                    await asyncio.sleep(DRAW_S)

    @strawberry.subscription
    async def component_metrics_stream(
        self, info: Info, component_names: list[str] | None = None
    ) -> AsyncGenerator[ComponentMetrics, None]:
        """What each attempt used that ends from now on, of these components or nodes, or of all."""
        app: Hosted = info.context["hosted"]
        names, ended = _Names(app), _Ended()
        after = await asyncio.to_thread(app.lab.ledger.last_seq)
        async with aclosing(app.tail.follow(None, after=after)) as batches:
            async for batch in batches:
                for event in batch.events:
                    if isinstance(event, TaskCompleted | TaskFailed | TaskRetried):
                        component = await names.component(event.run_id, event.task_id)
                        if component_names is None or {component, event.task_id} & {*component_names}:
                            rates = ended.count(component, failed=not isinstance(event, TaskCompleted))
                            yield ComponentMetrics.of(
                                component, event.metrics, event.time, throughput=rates[0], error_rate=rates[1]
                            )


def _update(event: Event, workflow: str) -> ExecutionUpdate | None:
    status, node_status, progress, message = "running", None, None, None
    match event:
        case RunStarted():
            message = "started"
        case RunFinished():
            status, message = word(event.status), event.error or None
        case TaskLogged():
            message = event.text
        case TaskProgressed():
            node_status = "running"
            progress, message = event.done / event.total if event.total else None, event.message or None
        case TaskFailed():
            node_status, message = "failed", str(event.failure)
        case TaskEvent():
            node_status = STATUSES.get(event.type, "running")
            progress = 1.0 if isinstance(event, TaskCompleted) else None
        case _:
            return None
    return ExecutionUpdate(
        execution_id=event.run_id,
        workflow_id=workflow,
        status=status,
        timestamp=event.time,
        node_id=event.task_id if isinstance(event, TaskEvent) else None,
        node_status=node_status,
        progress=progress,
        message=message,
    )


def _drawn(app: Hosted, execution_id: str) -> GraphVisualization:
    ledger = app.lab.ledger
    record = ledger.run(execution_id)
    tasks = ledger.tasks(record.run_id)
    outputs = {name: output_of(app.lab, task) for name, task in tasks.items()}
    return GraphVisualization.of(graph_of(record, ledger.workflow(record.run_id), tasks, outputs), datetime.now(UTC))


@dataclass(slots=True)
class _Names:
    """Which workflow a run is of, and which component a node is; asked for once a run."""

    app: Hosted
    workflows: dict[str, Document] = field(default_factory=dict)

    async def of(self, run_id: str) -> str:
        return (await self._workflow(run_id)).name

    async def component(self, run_id: str, node_id: str) -> str:
        workflow = await self._workflow(run_id)
        if node_id not in workflow.by_id:  # a program has added it since
            del self.workflows[run_id]
            workflow = await self._workflow(run_id)
        return _called(workflow, node_id)

    async def _workflow(self, run_id: str) -> Document:
        if run_id not in self.workflows:
            self.workflows[run_id] = await asyncio.to_thread(self.app.lab.ledger.workflow, run_id)
            while len(self.workflows) > MOST_REMEMBERED:
                del self.workflows[next(iter(self.workflows))]
        return self.workflows[run_id]


def _called(workflow: Document, node_id: str) -> str:
    node = workflow.by_id[node_id]
    match component := workflow.component_of(node):
        case PythonFunction():
            return component.ref.rpartition(":")[2]
        case Pickled() | Builtin():
            return component.name
    return node_id


class _Ended:
    """Attempts that ended in the last minute, by component."""

    def __init__(self) -> None:
        self._times: dict[str, deque[tuple[float, bool]]] = {}

    def count(self, component: str, *, failed: bool) -> tuple[float, float]:
        """Attempts a second and the share of failed ones, with one that ended now."""
        now = time.monotonic()
        times = self._times.setdefault(component, deque())
        times.append((now, failed))
        while times[0][0] < now - WINDOW_S:
            times.popleft()
        return len(times) / WINDOW_S, sum(bad for _, bad in times) / len(times)
