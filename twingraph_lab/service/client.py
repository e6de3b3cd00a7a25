"""Asking the service, from a process of its owner."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx

from twingraph_lab.errors import PlatformError
from twingraph_lab.service.endpoint import Endpoint

TIMEOUT_S = 30.0


class Client:
    """Speaks to one service over its socket. Raises `PlatformError` if it isn't there, or can't do what is asked."""

    def __init__(self, endpoint: Endpoint) -> None:
        transport = httpx.HTTPTransport(uds=endpoint.socket)
        self._http = httpx.Client(transport=transport, base_url="http://localhost/api", timeout=TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def adopt(self) -> None:
        """Have it take up the runs that nobody drives."""
        self._post("/adopt")

    def prepare(self) -> None:
        """Have it start its workers, before a run needs them."""
        self._post("/prepare")

    def _post(self, path: str) -> None:
        try:
            answer = self._http.post(path)
        except httpx.TransportError as error:
            raise PlatformError(f"the service doesn't answer: {error}") from error
        if answer.is_error:
            raise PlatformError(f"the service answers {answer.status_code} to {path}: {answer.text}")
