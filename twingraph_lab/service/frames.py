"""A run as frames for a canvas, over a WebSocket: made from the shared tail of the log, at most ten a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter, WebSocket

from twingraph_lab.frontends.canvas.frames import Frames
from twingraph_lab.service.hosted import Hosted, HostedApp
from twingraph_lab.service.sockets import tell

routes = APIRouter(prefix="/api", tags=["events"])

FRAME_S = 0.1


@routes.websocket("/runs/{run_id}/frames")
async def watch_frames(socket: WebSocket, app: HostedApp, run_id: str) -> None:
    """How a run looks: first all of it, then what changed, until it has ended."""
    await tell(socket, _texts(app, run_id))


async def _texts(app: Hosted, run_id: str) -> AsyncGenerator[str, None]:
    frames, after = await asyncio.to_thread(_begun, app, run_id)
    if (frame := frames.take()) is not None:
        yield frame.model_dump_json()
    async with aclosing(app.tail.follow(run_id, after=after)) as batches:
        async for batch in batches:
            for event in batch.events:
                frames.apply(event)
            if (frame := frames.take()) is not None:
                yield frame.model_dump_json()
                await asyncio.sleep(FRAME_S)


def _begun(app: Hosted, run_id: str) -> tuple[Frames, int]:
    """A run as it is, and the cursor of what is in it for sure: some of what follows may be told again."""
    ledger = app.lab.ledger
    after = ledger.last_seq()
    record = ledger.run(run_id)
    return Frames(ledger.workflow(record.run_id), record, ledger.tasks(record.run_id), after=after), after
