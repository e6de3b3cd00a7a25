"""Noticing that nobody needs the service: no request, no WebSocket and no run under way for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

LOOKS = 20
"""How often within the time allowed to look whether something is going on."""


class Activity:
    """Wraps an app, and knows whether somebody uses it and since when nobody does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = 0
        self._since = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what people ask for while it is answered; a WebSocket counts as long as it is open."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1
            self.touch()
        return None

    def touch(self) -> None:
        """Something goes on now."""
        self._since = time.monotonic()

    @property
    def idle_s(self) -> float:
        """For how long nothing has gone on."""
        return 0.0 if self._open else time.monotonic() - self._since


async def until_idle(activity: Activity, seconds: float, busy: Callable[[], bool]) -> None:
    """Return when nobody has asked for anything for so long, while nothing was `busy`."""
    while activity.idle_s < seconds:
        await asyncio.sleep(seconds / LOOKS)
        if busy():
            activity.touch()
