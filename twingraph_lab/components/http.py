"""Calls to HTTP services."""

from __future__ import annotations

import json as json_text
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from twingraph_lab.errors import MissingExtraError, TwinGraphError
from twingraph_lab.spec.component import Declaration, Slot, declared

if TYPE_CHECKING:
    import httpx

BODY_LIMIT_BYTES = 32 * 1024 * 1024
SHOWN = 500
"""Characters of an answer that a message quotes."""
TEXTUAL = ("json", "xml", "javascript", "x-www-form-urlencoded", "yaml", "csv")


class RequestError(TwinGraphError):
    """The service can't be reached, or doesn't answer properly or in time. Trying again may help."""

    http_status = 502


class StatusError(RequestError):
    """The service refused the request with a status of 400 to 499."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class ServerError(StatusError):
    """The service failed with a status of 500 or more, or asked for patience (429). Trying again may help."""


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@declared(
    Declaration(
        title="HTTP request",
        description="Calls a service and gives what it answers.",
        inputs={
            "url": Slot(type="string", required=True, description="The address, with http:// or https://"),
            "method": Slot(type="string", default="GET", choices=METHODS, description="What to do there"),
            "headers": Slot(type="object", description="Headers by name"),
            "params": Slot(type="object", description="What is appended to the address after `?`, by name"),
            "json": Slot(description="What is sent as JSON"),
            "timeout_s": Slot(type="number", default=30, description="Seconds for all of it"),
        },
        outputs={
            "data": Slot(description="The body: what JSON holds, text, or bytes"),
            "status": Slot(type="integer", description="The status code, below 400"),
            "headers": Slot(type="object", description="Headers of the answer, in lower case"),
        },
    )
)
def request(  # noqa: PLR0917  (called with keywords: a node's inputs)
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
    json: Any = None,
    timeout_s: float = 30,
) -> dict[str, Any]:
    """Send a request, follow redirects, and return `status`, `headers` (lower case) and the body as `data`.

    `data` is what JSON holds, text, bytes for any other media type, or None without a body; `response` is the same.
    Raises `RequestError`; `StatusError` or `ServerError` on a status of 400 or more. The body may have 32 MiB;
    `timeout_s` is for all of it.
    """
    status, answered, body = exchange(method, url, headers=headers, params=params, json=json, timeout_s=timeout_s)
    data = _data(answered.get("content-type", ""), body, url)
    return {"status": status, "headers": answered, "data": data, "response": data}


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
    json: Any = None,
    timeout_s: float = 30,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer below 400. Messages name the service, never its query or credentials."""
    try:
        import httpx  # noqa: PLC0415  (an extra)
    except ImportError:
        raise MissingExtraError("calling HTTP services", "llm") from None

    name = shown_url(url)
    deadline = time.monotonic() + timeout_s
    try:
        with (
            httpx.Client(timeout=timeout_s, follow_redirects=True, max_redirects=5) as client,
            client.stream(
                method.upper(), url, headers=dict(headers or {}), params=dict(params) if params else None, json=json
            ) as response,
        ):
            body = _body(response, deadline, name)
    except httpx.TimeoutException:
        raise RequestError(f"{name} didn't answer within {timeout_s:g} s") from None
    except httpx.UnsupportedProtocol:
        raise RequestError(f"{name} is not an http:// or https:// address") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RequestError(f"{name}: {type(error).__name__}: {error}") from None
    if response.status_code >= 400:
        kind = ServerError if response.status_code >= 500 or response.status_code == 429 else StatusError
        raise kind(
            f"{name} answered {response.status_code} {response.reason_phrase}: {_excerpt(body)}", response.status_code
        )
    return response.status_code, dict(response.headers), body


def shown_url(url: str) -> str:
    """An address without user, password, query and fragment, which may hold secrets.

    >>> shown_url("https://me:secret@example.org/v1/users?token=secret")
    'https://example.org/v1/users'
    """
    address = url.partition("#")[0].partition("?")[0]
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}" if separator else address


def _body(response: httpx.Response, deadline: float, name: str) -> bytes:
    chunks, size = [], 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > BODY_LIMIT_BYTES:
            raise RequestError(f"{name} answered with more than {BODY_LIMIT_BYTES >> 20} MiB")
        if time.monotonic() > deadline:
            raise RequestError(f"{name} didn't finish its answer in time")
        chunks.append(chunk)
    return b"".join(chunks)


def _data(content_type: str, body: bytes, url: str) -> Any:
    media, _, rest = content_type.lower().partition(";")
    if not body:
        return None
    if media.strip().endswith(("/json", "+json")):
        try:
            return json_text.loads(body)
        except (ValueError, RecursionError) as error:
            raise RequestError(f"{shown_url(url)} answered with JSON that can't be read: {error}") from None
    if not media or media.startswith("text/") or any(word in media for word in TEXTUAL):
        charset = rest.partition("charset=")[2].strip(' "') or "utf-8"
        try:
            return body.decode(charset)
        except (UnicodeDecodeError, LookupError):
            return body
    return body


def _excerpt(body: bytes) -> str:
    text = body[: 4 * SHOWN].decode(errors="replace").strip()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
