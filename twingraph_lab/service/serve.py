"""The service as a process: it hosts a Lab, drives the runs that nobody drives, and answers on a socket or a port."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from twingraph_lab.errors import ConflictError, StoreError
from twingraph_lab.lab import Lab
from twingraph_lab.lineage.locking import FileLock
from twingraph_lab.service import endpoint
from twingraph_lab.service.access import Access
from twingraph_lab.service.app import create_app
from twingraph_lab.service.endpoint import Endpoint
from twingraph_lab.service.finding import find
from twingraph_lab.service.idle import Activity, until_idle
from twingraph_lab.settings import Settings

LOOPBACK = ("127.0.0.1", "::1", "localhost")
STOPPING_S = 15.0
"""How long a service that is stopping may keep the store from the next one."""
LAST_ANSWERS_S = 3
"""How long answers and WebSockets may go on when the service stops."""
MESSAGE_BYTES = 1 << 20
"""The largest message that a WebSocket takes."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen: always on a socket, which Jupyter and kernels use, and on a port where one is asked for."""

    socket: Path | None = None
    port: int | None = None
    host: str = "127.0.0.1"


def serve(
    settings: Settings,
    place: Place,
    *,
    idle_s: float | None = None,
    on_demand: bool = False,
    told: Callable[[Endpoint], None],
) -> None:
    """Host the service of this store until SIGTERM or Ctrl-C, or until nobody has needed it for `idle_s`.

    `told` is called once it listens. Runs that haven't ended go on with the next service. Raises `ConflictError` if
    there is one already, `PlatformError` if that hangs, `StoreError` if it can't listen.
    """
    home = settings.home.expanduser().absolute()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _locked(home, settings)
    try:
        with Lab(settings) as lab:  # closed before the next service may begin
            listener, path = endpoint.bind(home, place.socket)
            try:
                _host(lab, listener, path, place, idle_s=idle_s, on_demand=on_demand, told=told)
            finally:
                listener.close()
                Path(path).unlink(missing_ok=True)
    finally:
        lock.release()


def _host(
    lab: Lab,
    listener: socket.socket,
    path: str,
    place: Place,
    *,
    idle_s: float | None,
    on_demand: bool,
    told: Callable[[Endpoint], None],
) -> None:
    listeners = [listener]
    access, url = Access(), ""
    if place.port is not None:
        access = Access.with_new_token()
        listeners.append(_port(place))
        url = _address(listeners[-1])
    here = Endpoint.here(lab.settings, path, url=url, token=access.token, on_demand=on_demand)
    root = lab.home.parent if on_demand else Path.cwd()
    activity = Activity(create_app(lab, access, root=root))

    def listening() -> None:
        endpoint.write(lab.home, here)
        told(here)

    signal.signal(signal.SIGTERM, _ended)
    signal.signal(signal.SIGHUP, _ended)
    lab.adopt()
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(lab, activity, listeners, listening, idle_s))
    finally:
        if endpoint.read(lab.home) == here:
            (lab.home / endpoint.STATE).unlink(missing_ok=True)


def _ended(*_: object) -> None:
    """Nothing: uvicorn stops at a signal, and raises it again when it has; then there is more to do."""


class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server`."""
        await super().startup(sockets)
        if self.started:
            self._listening()


class _WebSockets(WebSocketsSansIOProtocol):
    """uvicorn's, which takes a refusal with a body for a fault of the app's, and logs an error for each."""

    async def send(self, message: Any) -> None:
        """See ASGI."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True


async def _serve(
    lab: Lab,
    activity: Activity,
    listeners: Sequence[socket.socket],
    listening: Callable[[], None],
    idle_s: float | None,
) -> None:
    config = uvicorn.Config(
        activity,
        ws=_WebSockets,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # who asks is told by the connection; a header can say anything
        server_header=False,
        ws_per_message_deflate=False,  # a local socket is faster than compressing for each reader
        timeout_graceful_shutdown=LAST_ANSWERS_S,
        ws_max_size=MESSAGE_BYTES,
    )
    server = _Server(config, listening)
    serving = asyncio.create_task(server.serve(list(listeners)))
    if idle_s is not None:
        idle = asyncio.create_task(until_idle(activity, idle_s, lambda: lab.busy))
        await asyncio.wait({serving, idle}, return_when=asyncio.FIRST_COMPLETED)
        idle.cancel()
        server.should_exit = True
    await serving


def _locked(home: Path, settings: Settings) -> FileLock:
    """The lock that the service of a store holds as long as it lives; one that is stopping is waited for."""
    lock = FileLock(home / endpoint.LOCK)
    deadline = time.monotonic() + STOPPING_S
    while not lock.acquire():
        if found := find(settings):
            places = " and ".join(filter(None, [found.socket, found.url]))
            raise ConflictError(
                f"the service of {home} runs already: process {found.pid} at {places}; `twingraph serve --stop` ends it"
            )
        if time.monotonic() > deadline:
            raise ConflictError(f"another process holds {home / endpoint.LOCK}, but doesn't answer")
        time.sleep(0.05)
    return lock


def _port(place: Place) -> socket.socket:
    if place.host not in LOOPBACK:
        raise StoreError(
            f"{place.host} isn't this machine's own address, one of {', '.join(LOOPBACK)}: "
            "the service runs its users' code, so others reach it through Jupyter, or a proxy that asks who they are"
        )
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((place.host, place.port or 0))
    except OSError as error:
        listener.close()
        raise StoreError(f"can't listen on {place.host}:{place.port}: {error.strerror}") from error
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
