"""The way from a Jupyter server to the service: Jupyter's login in front, the service's socket behind."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_server.utils import url_path_join
from jupyter_server_proxy.handlers import AddSlashHandler, NamedLocalProxyHandler
from jupyter_server_proxy.unixsock import UnixResolver
from jupyter_server_proxy.websocket import pingable_ws_connect
from tornado.httpclient import HTTPRequest
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError

from twingraph_lab.service.headers import ROOT, of_root

NAME = "twingraph"
SAFE = frozenset({"GET", "HEAD"})
TRIES, PAUSE_S = 3, 0.2
JUPYTERS_OWN = ("Authorization", "Cookie", "X-XSRFToken")
"""Headers that prove to Jupyter who asks; they are none of the service's business."""


class Way:
    """Knows the service's socket, and has the service started where nobody listens. `root` is Jupyter's folder."""

    def __init__(self, root: Path) -> None:
        self.root = of_root(root.expanduser().absolute())
        self.socket = ""
        self._starting = asyncio.Lock()

    async def open(self) -> None:
        """Make sure that somebody listens on `socket`. Raises what `ensure` raises."""
        if await _listens(self.socket):
            return
        async with self._starting:
            if not await _listens(self.socket):
                self.socket = await asyncio.to_thread(_ensured)


class ServiceHandler(NamedLocalProxyHandler):  # type: ignore[misc]  # untyped
    """Passes requests on. A page of another origin is refused here, whatever it can prove about who uses it."""

    def initialize(self, way: Way) -> None:
        """See `tornado.web.RequestHandler`."""
        self._way = way

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.proxy_base = NAME
        self.update_last_activity = False

    @property
    def unix_socket(self) -> str:
        """Where requests go."""
        return self._way.socket

    async def prepare(self) -> None:
        """Ask who it is, as for every page of Jupyter's, and where the page is from."""
        await super().prepare()
        if not self._finished and not self.check_origin():
            raise HTTPError(403, "pages of other origins may not use this service")

    async def proxy(self, port: int, path: str) -> None:
        """Pass a request on; a service that has just been killed may still have taken the connection."""
        tries = TRIES if self.request.method in SAFE else 1
        while await self._opened():
            tries -= 1
            try:
                await super().proxy(port, path)
            except OSError:
                if not tries:
                    self._refuse("PlatformError", "the service ended before it answered; look whether it was done")
                    return
                await asyncio.sleep(PAUSE_S)
            else:
                return

    async def open(self, path: str) -> None:
        """Pass a WebSocket on."""
        if await self._opened():
            await super().open(path)

    async def proxy_open(self, host: str, port: int, proxied_path: str = "") -> None:
        """Unlike the inherited one it reads no faster than the browser does, so that nothing piles up here."""
        address = self.get_client_uri("ws", host, port, "/" + proxied_path.lstrip("/"))
        self.ws = await pingable_ws_connect(
            request=HTTPRequest(url=address, headers=self.proxy_request_headers()),
            on_ping_callback=lambda _: None,
            subprotocols=self._requested_subprotocols,
            resolver=UnixResolver(self.unix_socket),
        )
        self._pumping = asyncio.create_task(self._pump())

    def proxy_request_headers(self) -> Any:
        """The request's headers without those that are secrets between the browser and Jupyter, and with the folder."""
        headers = super().proxy_request_headers()
        for name in JUPYTERS_OWN:
            headers.pop(name, None)
        headers[ROOT] = self._way.root
        return headers

    async def _pump(self) -> None:
        with suppress(WebSocketClosedError):
            while (message := await self.ws.read_message()) is not None:
                await self.write_message(message, binary=isinstance(message, bytes))
        self.close(self.ws.close_code, self.ws.close_reason)

    async def _opened(self) -> bool:
        """Whether the service is there; if not, the request has been answered."""
        from twingraph_lab.errors import TwinGraphError  # noqa: PLC0415  (nobody may ever ask)

        try:
            await self._way.open()
        except TwinGraphError as error:
            if self.request.headers.get("Upgrade", "").lower() == "websocket":
                self.close(1013, "the service doesn't run")
            else:
                self._refuse(type(error).__name__, str(error))
            return False
        return True

    def _refuse(self, error: str, message: str) -> None:
        self.set_status(502)
        self.finish({"error": error, "message": message, "faults": []})

    def skip_check_origin(self) -> bool:
        """A token proves who asks, not that they meant to: unlike elsewhere in Jupyter, the origin counts with it."""
        return False


def routes(base_url: str, root: Path) -> list[tuple[Any, ...]]:
    """What the Jupyter server is to serve."""
    return [
        (url_path_join(base_url, NAME, "(.*)"), ServiceHandler, {"way": Way(root)}),
        (url_path_join(base_url, NAME), AddSlashHandler),
    ]


async def _listens(path: str) -> bool:
    if not path:
        return False
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True


def _ensured() -> str:
    from twingraph_lab.service.finding import ensure  # noqa: PLC0415  (slow, and nobody may ever ask)
    from twingraph_lab.settings import Settings  # noqa: PLC0415

    return ensure(Settings()).socket
