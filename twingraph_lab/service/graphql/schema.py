"""`/graphql`: queries by POST, subscriptions by WebSocket (`graphql-transport-ws` and its predecessor `graphql-ws`)."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from fastapi import Depends
from strawberry.extensions import MaxAliasesLimiter, MaxTokensLimiter
from strawberry.fastapi import GraphQLRouter
from strawberry.types import ExecutionContext

from twingraph_lab.errors import TwinGraphError
from twingraph_lab.service.graphql.queries import Query
from twingraph_lab.service.graphql.subscriptions import Subscription
from twingraph_lab.service.hosted import Hosted, hosted

TOKENS, ALIASES = 2_000, 30


class _Schema(strawberry.Schema):
    """Only what isn't the asker's fault is logged."""

    def process_errors(self, errors: list[Any], execution_context: ExecutionContext | None = None) -> None:
        ours = [error for error in errors if error.original_error is not None]
        unexpected = [error for error in ours if not isinstance(error.original_error, TwinGraphError)]
        if unexpected:
            super().process_errors(unexpected, execution_context)


SCHEMA = _Schema(
    Query,
    subscription=Subscription,
    extensions=[
        lambda: MaxTokensLimiter(max_token_count=TOKENS),
        lambda: MaxAliasesLimiter(max_alias_count=ALIASES),
    ],
)


async def _context(app: Annotated[Hosted, Depends(hosted)]) -> dict[str, Any]:
    return {"hosted": app}


routes: GraphQLRouter[dict[str, Any], None] = GraphQLRouter(
    SCHEMA, path="/graphql", graphql_ide=None, context_getter=_context, allow_queries_via_get=False
)
