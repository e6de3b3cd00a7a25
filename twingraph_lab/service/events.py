"""What happens, as it happens: the event log over a WebSocket."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter, WebSocket

from twingraph_lab.service.hosted import Hosted, HostedApp
from twingraph_lab.service.runs import Cursor
from twingraph_lab.service.sockets import tell

routes = APIRouter(prefix="/api", tags=["events"])


@routes.websocket("/events")
async def watch_events(socket: WebSocket, app: HostedApp, run: str | None = None, after: Cursor = 0) -> None:
    """Events after a cursor as JSON arrays, in order: of a run until it ends, or of all runs."""
    await tell(socket, _texts(app, run, after))


async def _texts(app: Hosted, run: str | None, after: int) -> AsyncGenerator[str, None]:
    async with aclosing(app.tail.follow(run, after=after)) as batches:
        async for batch in batches:
            yield batch.text
