"""Asking an ASGI app directly, with whatever headers and as if by whatever way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import unquote

PORT = ("127.0.0.1", 80)
SOCKET = ("/run/user/1000/twingraph.sock", None)


@dataclass
class Answer:
    """What came back; a WebSocket that was opened has the status 101."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: Exception | None = None


def ask(app, method, target, headers=(), body=b"", *, server=PORT):
    """Ask for a path with a query; the method `WS` opens a WebSocket and leaves.

    A body may be an iterable of chunks, of which the last never comes if it is None.
    """
    return asyncio.run(_ask(app, _scope(method, target, headers, server), body))


async def _ask(app, scope, body):
    answer = Answer()
    opens = scope["type"] == "websocket"
    left = asyncio.Event()
    messages = iter([{"type": "websocket.connect"}] if opens else _chunks(body))

    async def receive():
        for message in messages:
            if message is not None:
                return message
            break
        await left.wait()
        return {"type": "websocket.disconnect" if opens else "http.disconnect", "code": 1001}

    async def send(message):
        kind = message["type"].removeprefix("websocket.")
        if kind == "accept":
            answer.status = 101
            left.set()
        elif kind == "close":
            answer.status = answer.status or 403
        elif kind == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif kind == "http.response.body":
            answer.body += message.get("body", b"")

    try:
        await app(scope, receive, send)
    except Exception as error:  # as a server does, which logs it
        answer.error = error
    return answer


def _chunks(body):
    if isinstance(body, bytes):
        yield {"type": "http.request", "body": body, "more_body": False}
        return
    for chunk in body:
        yield chunk if chunk is None else {"type": "http.request", "body": chunk, "more_body": True}
    yield {"type": "http.request", "body": b"", "more_body": False}


def _scope(method, target, headers, server):
    path, _, query = target.partition("?")
    given = list(headers.items() if isinstance(headers, dict) else headers)
    if not any(name.lower() == "host" for name, _ in given):
        given.append(("Host", "localhost"))
    scope = {
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http",
        "server": server,
        "client": ("127.0.0.1", 40000) if server == PORT else None,
        "root_path": "",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given],
        "state": {},
    }
    if method == "WS":
        return {**scope, "type": "websocket", "subprotocols": [], "extensions": {"websocket.http.response": {}}}
    return {**scope, "type": "http", "method": method, "extensions": {}}
