"""Request bodies are read as strictly as documents: no key twice, no NaN, no lone surrogate, no endless nesting."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from twingraph_lab.service.problems import PROBLEMS
from twingraph_lab.spec.text import parse


class _StrictRequest(Request):
    async def json(self) -> Any:
        return parse(await self.body(), source="request")


class _StrictRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly


def router(tag: str, prefix: str = "/api") -> APIRouter:
    """A router whose routes read bodies strictly and tell OpenAPI how they refuse."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=_StrictRoute, responses=PROBLEMS)
