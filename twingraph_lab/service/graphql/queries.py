"""What can be asked."""

from __future__ import annotations

import asyncio

import strawberry
from strawberry.types import Info

from twingraph_lab.frontends.inspection.runs import run_detail, run_summaries
from twingraph_lab.service.graphql.types import Execution, Workflow

MOST = 500


@strawberry.type
class Query:
    """Executions and saved workflows."""

    @strawberry.field
    async def execution(self, info: Info, execution_id: str) -> Execution:
        """An execution with its nodes, by its id or a unique beginning of it."""
        detail = await asyncio.to_thread(run_detail, info.context["hosted"].lab, execution_id)
        return Execution.of(detail, detail.tasks)

    @strawberry.field
    async def executions(
        self, info: Info, workflow_id: str | None = None, status: str | None = None, limit: int = 50
    ) -> list[Execution]:
        """Executions, newest first."""
        lab = info.context["hosted"].lab
        limit = max(1, min(limit, MOST))
        found = await asyncio.to_thread(run_summaries, lab, limit=limit, workflow=workflow_id, state=status)
        return [Execution.of(run) for run in found]

    @strawberry.field
    async def workflows(self, info: Info) -> list[Workflow]:
        """Saved workflows, by name."""
        saved = await asyncio.to_thread(info.context["hosted"].lab.ledger.saved_workflows)
        return [Workflow.of(each) for each in saved]
