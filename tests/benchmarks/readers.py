"""Readers of a run's events in a process of their own, which do nothing but read: their number, socket and run."""

from __future__ import annotations

import asyncio
import base64
import os
import sys

END = b"\x88"


async def opened(socket, run_id):
    """A WebSocket."""
    reader, writer = await asyncio.open_unix_connection(socket, limit=1 << 20)
    head = [
        f"GET /api/events?run={run_id} HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    ]
    writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    return reader, writer


async def read(reader, writer):
    """Read to the end; the number of bytes."""
    size, last = 0, b""
    while data := await reader.read(1 << 20):
        size, last = size + len(data), data
    writer.close()
    assert END in last[-4:], "not closed by the service"
    return size


async def main(count, socket, run_id):
    readers = [await opened(socket, run_id) for _ in range(count)]
    print("reading", flush=True)
    sizes = await asyncio.gather(*(read(*each) for each in readers))
    print(min(sizes), max(sizes), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
