"""TwinGraph's WebSocket: one connection, any number of topics, `execution:{id}` and `node:{id}:status`.

A client says `{"type": "subscribe", "execution_id": ID}` or `{"type": "subscribe", "topic": TOPIC}`, and `unsubscribe`
likewise; it is told `{"type": TOPIC, "data": {…}}`. Of what it has subscribed to it hears from the beginning on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing, suppress
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from twingraph_lab.errors import TwinGraphError, WorkflowError
from twingraph_lab.events import (
    Event,
    Frozen,
    RunFinished,
    RunStarted,
    TaskEvent,
    TaskFailed,
    TaskLogged,
    TaskProgressed,
)
from twingraph_lab.service.hosted import Hosted, hosted
from twingraph_lab.service.limits import MOST_SUBSCRIPTIONS
from twingraph_lab.service.problems import problem
from twingraph_lab.service.twingraph import word
from twingraph_lab.spec.text import parse

routes = APIRouter()

STATUSES = {
    "task.completed": "completed",
    "task.skipped": "skipped",
    "task.cancelled": "skipped",
    "task.uncertain": "failed",
}
EXECUTION, NODE, STATUS = "execution", "node", "status"


class Wish(Frozen):
    """What a client says."""

    type: str
    execution_id: str = ""
    topic: str = ""

    @property
    def about(self) -> str:
        """The topic meant."""
        return self.topic or f"{EXECUTION}:{self.execution_id}"


@routes.websocket("/ws")
async def listen(socket: WebSocket) -> None:
    """Answer a client's wishes until it leaves."""
    await socket.accept()
    app = await hosted(socket)
    topics: dict[str, asyncio.Task[None]] = {}
    sending = asyncio.Lock()

    async def say(kind: str, data: Any) -> None:
        async with sending:
            await socket.send_text(json.dumps({"type": kind, "data": data}))

    async def follow(topic: str) -> None:
        try:
            async with aclosing(_news(app, topic)) as news:
                async for data in news:
                    await say(topic, data)
        except TwinGraphError as error:
            await say("error", problem(error).model_dump())
        del topics[topic]  # it has come to its end, and may be asked for again

    try:
        while True:
            try:
                wish = Wish.model_validate(parse(await _text(socket), source="message"))
                kind, topic = wish.type, _checked(wish.about)
            except (ValidationError, WorkflowError, ValueError) as error:
                await say("error", {"error": type(error).__name__, "message": str(error)})
                continue
            if kind == "unsubscribe":
                if task := topics.pop(topic, None):
                    task.cancel()
                await say("unsubscribed", {"topic": topic})
            elif kind == "subscribe" and topic not in topics and len(topics) < MOST_SUBSCRIPTIONS:
                topics[topic] = asyncio.create_task(follow(topic))
                await say("subscribed", {"topic": topic})
            elif kind != "subscribe" or topic not in topics:
                told = f"can't {kind} {topic}; say subscribe or unsubscribe, for at most {MOST_SUBSCRIPTIONS} topics"
                await say("error", {"error": "ConflictError", "message": told})
    except WebSocketDisconnect:
        pass
    finally:
        for task in list(topics.values()):
            task.cancel()
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await task


async def _text(socket: WebSocket) -> str:
    try:
        return await socket.receive_text()
    except KeyError:
        raise ValueError("say it as text, not as bytes") from None


def _checked(topic: str) -> str:
    kind, _, rest = topic.partition(":")
    if (kind == EXECUTION and rest) or (kind == NODE and rest.endswith(f":{STATUS}")):
        return topic
    raise ValueError(f"there is no topic {topic!r}; there are execution:ID and node:ID:status")


async def _news(app: Hosted, topic: str) -> AsyncGenerator[dict[str, Any], None]:
    """What is told of a topic: of one execution, or of a node of this name in whatever execution from now on."""
    kind, _, rest = topic.partition(":")
    if kind == EXECUTION:
        async with aclosing(app.tail.follow(rest)) as batches:
            async for batch in batches:
                for data in _told(batch.events):
                    yield data
        return
    node = rest.removesuffix(f":{STATUS}")
    after = await asyncio.to_thread(app.lab.ledger.last_seq)
    async with aclosing(app.tail.follow(None, after=after)) as batches:
        async for batch in batches:
            tasks = (event for event in batch.events if isinstance(event, TaskEvent))
            for data in _told(event for event in tasks if event.task_id == node):
                yield data


def _told(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    for event in events:
        about = {"execution_id": event.run_id, "timestamp": event.time.isoformat(), "event": event.type}
        match event:
            case RunStarted():
                yield about | {"status": "running"}
            case RunFinished():
                yield about | {"status": word(event.status), "error": event.error}
            case TaskLogged():
                yield about | {"node_id": event.task_id, "log": event.text, "level": event.level or event.stream}
            case TaskProgressed():
                yield about | {"node_id": event.task_id, "progress": event.done, "total": event.total}
            case TaskFailed():
                yield about | {"node_id": event.task_id, "status": "failed", "error": str(event.failure)}
            case TaskEvent():
                yield about | {"node_id": event.task_id, "status": STATUSES.get(event.type, "running")}
