"""`/graphql`: queries by POST, subscriptions by WebSocket (`graphql-transport-ws` and its predecessor `graphql-ws`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import strawberry
from fastapi import Depends, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from strawberry.extensions import MaxAliasesLimiter, MaxTokensLimiter
from strawberry.fastapi import GraphQLRouter
from strawberry.types import ExecutionContext

from twingraph_lab.errors import Fault, TwinGraphError, WorkflowError
from twingraph_lab.service.graphql.queries import Query
from twingraph_lab.service.graphql.subscriptions import Subscription
from twingraph_lab.service.hosted import Hosted, hosted
from twingraph_lab.service.limits import MOST_SUBSCRIPTIONS
from twingraph_lab.service.problems import RequestError, no_json
from twingraph_lab.spec.text import parse

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


class _Route(APIRoute):
    """Refuses in the shape that all routes have: strawberry does so in plain text."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            if request.method == "POST" and "application/json" not in request.headers.get("content-type", ""):
                raise no_json()
            response = await handle(request)
            if isinstance(response, PlainTextResponse):
                raise RequestError(bytes(response.body).decode(), response.status_code)
            return response

        return answered


class _Router(GraphQLRouter[dict[str, Any], None]):
    """What comes in is read as strictly as by other routes: strawberry's own reading fails on what is nested deeply."""

    def parse_json(self, data: str | bytes) -> Any:
        """A body. Raises `WorkflowError`, which is answered as everywhere."""
        value = parse(data, source="request")
        if not isinstance(value, dict):
            raise WorkflowError([Fault('send a JSON object, {"query": "…"}')], source="request")
        return value

    def decode_json(self, data: str | bytes) -> object:
        """A message of a WebSocket. Raises the one error that its protocols expect."""
        try:
            return parse(data)
        except WorkflowError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None


async def _context(app: Annotated[Hosted, Depends(hosted)]) -> dict[str, Any]:
    return {"hosted": app}


routes = _Router(
    SCHEMA,
    path="/graphql",
    graphql_ide=None,
    context_getter=_context,
    allow_queries_via_get=False,
    route_class=_Route,
    max_subscriptions_per_connection=MOST_SUBSCRIPTIONS,
)
