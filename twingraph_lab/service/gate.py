"""What every request and every answer passes: access, limits, and headers that keep browsers from harm."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twingraph_lab.service.access import PAGE, Access, Asked, cookie
from twingraph_lab.service.headers import on_socket
from twingraph_lab.service.limits import Limits, Rates
from twingraph_lab.service.problems import RequestError, answer

SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""Of each answer, unless it says otherwise."""
_SAFE = [(name.encode(), value.encode()) for name, value in SAFE.items()]


class Gate:
    """ASGI middleware around all routes, those that don't exist included."""

    def __init__(self, app: ASGIApp, *, access: Access, limits: Limits) -> None:
        self._app = app
        self._access = access
        self._limits = limits
        self._rates = Rates(limits)
        self._readers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let in."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        safely = _with_safe_headers(send)
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(answer(refusal), scope, receive, safely)
        elif scope["type"] == "websocket":
            self._readers += 1
            try:
                await self._app(scope, receive, safely)
            finally:
                self._readers -= 1
        elif scope["path"] == PAGE and self._access.given(scope["query_string"]):
            await self._keep_token(scope)(scope, receive, safely)
        else:
            await self._answer(scope, receive, safely)

    def _refusal(self, scope: Scope) -> RequestError | None:
        websocket = scope["type"] == "websocket"
        asked = Asked(
            headers=scope["headers"],
            socket=on_socket(scope),
            query=scope["query_string"],
            websocket=websocket,
            page=scope["path"] == PAGE and scope.get("method") == "GET",
        )
        refusal = self._access.refusal(asked)
        client = str((scope.get("client") or ["socket"])[0])
        excess = self._rates.excess(client, stranger=refusal is not None)
        if excess or refusal:
            return excess or refusal
        if websocket and self._readers >= self._limits.readers:
            return RequestError(f"{self._readers} readers are here already; close some", 429, {"Retry-After": "5"})
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self._limits.body_bytes:
            return RequestError(f"the body is larger than {self._limits.body_bytes} bytes", 413)
        return None

    def _keep_token(self, scope: Scope) -> Response:
        """A token in an address is seen in histories and logs, so the browser gets it as a cookie instead."""
        page = RedirectResponse(scope["path"].rpartition("/")[2], HTTPStatus.SEE_OTHER)
        page.set_cookie(cookie(Headers(scope=scope)["host"]), self._access.token, httponly=True, samesite="strict")
        return page

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun = True
                limit.reschedule(None)  # a download takes as long as its reader wants
            await send(message)

        try:
            async with asyncio.timeout(self._limits.request_s) as limit:
                await self._app(scope, receive, sending)
        except TimeoutError:
            if begun or not limit.expired():
                raise
            late = RequestError(f"no answer within {self._limits.request_s:g} s", 503, {"Retry-After": "5"})
            await answer(late)(scope, receive, send)


async def _refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
    else:
        await response(scope, receive, send)


def _with_safe_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            said = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(safe for safe in _SAFE if safe[0] not in said)]
        await send(message)

    return sending
