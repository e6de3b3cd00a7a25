"""WebSockets that tell something until there is no more to tell.

A reader is sent no more than it reads: the socket's own flow control holds its task at `send`. What can't be answered
is told in a message of the shape that REST answers have, and the socket closed with the code 4000 + its HTTP status.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.websockets import WebSocket, WebSocketDisconnect

from twingraph_lab.errors import TwinGraphError
from twingraph_lab.service.problems import problem

PRIVATE_CODES = 4000
"""Where RFC 6455 lets applications have codes of their own."""


async def tell(socket: WebSocket, texts: AsyncGenerator[str, None]) -> None:
    """Send until there is no more, or the reader goes."""
    await socket.accept()
    sending = asyncio.create_task(_send(socket, texts))
    leaving = asyncio.create_task(_left(socket))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)
    if not sending.cancelled() and (error := sending.exception()):
        raise error


async def _send(socket: WebSocket, texts: AsyncGenerator[str, None]) -> None:
    try:
        async with aclosing(texts):
            async for text in texts:
                await socket.send_text(text)
        await socket.close()
    except TwinGraphError as error:
        await socket.send_text(problem(error).model_dump_json())
        await socket.close(PRIVATE_CODES + error.http_status)
    except (WebSocketDisconnect, OSError):
        return


async def _left(socket: WebSocket) -> None:
    """Return once the reader has gone. Whatever it says is ignored."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
