"""Who may come in. Pure: a request's headers in, a reason to refuse it out.

On a unix socket that only its owner can open, whoever is there is the owner, or Jupyter, which has asked for its own
login. On a port, a secret token is asked for. In both cases a page of another site that uses a person's browser is
refused: it names its origin, which isn't the host it talks to.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Self
from urllib.parse import parse_qs, urlsplit

from twingraph_lab.service.problems import RequestError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
TOKEN_BYTES = 32
MOST_FIELDS = 100
PAGE = "/docs"
"""What a browser opens, with `?token=…` the first time."""
DEFAULT_PORTS = {"http": 80, "https": 443}
HOW = (
    "send `Authorization: Bearer TOKEN`, or open /docs?token=TOKEN; `twingraph serve` prints the address with its token"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request tells who asks.

    `socket` says that it came over a unix socket, `page` that a browser opens it as one; `query` is its query string.
    """

    headers: Iterable[tuple[bytes, bytes]]
    socket: bool = False
    query: bytes = b""
    websocket: bool = False
    page: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """The rule: who comes over a unix socket (of mode 0600) is its owner; on a port, who has the token and calls the
    service by one of `hosts`. Without a token nobody comes in on a port.
    """

    token: str = field(default="", repr=False)
    hosts: frozenset[str] = LOOPBACK

    @classmethod
    def with_new_token(cls) -> Self:
        """For a port of this machine."""
        return cls(secrets.token_urlsafe(TOKEN_BYTES))

    def refusal(self, asked: Asked) -> RequestError | None:
        """Why a request is refused; None if it isn't."""
        found = _Headers(asked.headers)
        host = found.one("host")
        if host is None or _name(host) is None:
            return RequestError("a request names one host", 400)
        if not asked.socket and _name(host) not in self.hosts:  # on the socket, Jupyter has checked it
            return RequestError(f"this service isn't called {_name(host)!r}; use localhost or 127.0.0.1", 403)
        if found.one("sec-fetch-site") not in {"", "same-origin", "none"}:
            return RequestError("pages of other sites may not use this service", 403)
        origin = found.one("origin")
        if origin is None or (origin and not _same(origin, host, found.one("x-forwarded-host") or "")):
            return RequestError("pages of other origins may not use this service", 403)
        if not asked.socket and not self._has_token(asked, found, from_page=bool(origin)):
            return RequestError(f"this needs a token: {HOW}", 401, {"WWW-Authenticate": "Bearer"})
        return None

    def given(self, query: bytes) -> bool:
        """Whether a query string holds the token."""
        return bool(self.token) and any(map(self._matches, _values(query)))

    def _has_token(self, asked: Asked, found: _Headers, *, from_page: bool) -> bool:
        if not self.token:
            return False
        scheme, _, credentials = (found.one("authorization") or "").partition(" ")
        if scheme.lower() in {"bearer", "token"} and self._matches(credentials.strip()):
            return True
        if (asked.websocket or asked.page) and self.given(asked.query):
            return True
        if asked.websocket and not from_page:
            return False  # a browser says where a page is from; a cookie alone isn't enough here
        return any(self._matches(value) for value in _cookies(found, cookie(found.one("host") or "")))

    def _matches(self, candidate: str) -> bool:
        return hmac.compare_digest(candidate.encode("utf-8", "replace"), self.token.encode())


def cookie(host: str) -> str:
    """What the token's cookie is called for a `Host`: browsers keep one jar for all ports of a host.

    >>> cookie("localhost:8000"), cookie("localhost")
    ('twingraph-token-8000', 'twingraph-token-80')
    """
    return f"twingraph-token-{urlsplit(f'//{host}').port or DEFAULT_PORTS['http']}"


class _Headers:
    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in headers:
            self._values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))

    def one(self, name: str) -> str | None:
        """The only value, empty if there is none; None if there are several."""
        values = self._values.get(name, [""])
        return values[0] if len(values) == 1 else None

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])


def _name(host: str) -> str | None:
    """The host without its port, in lower case; None if it can't be one."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if not host or parts.netloc != host or "@" in host or parts.hostname is None:
        return None
    return f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname


def _same(origin: str, host: str, forwarded: str) -> bool:
    """Whether the page is from the host that the request goes to, by its own name or that of a proxy in front."""
    try:
        page = urlsplit(origin)
        _ = page.port
    except ValueError:
        return False
    if page.scheme not in DEFAULT_PORTS or page.path or page.query or page.username:
        return False
    own = _placed(page.netloc, page.scheme)
    return own is not None and own in {_placed(host, page.scheme), _placed(forwarded, page.scheme)}


def _placed(netloc: str, scheme: str) -> tuple[str, int] | None:
    name = _name(netloc)
    return (name, urlsplit(f"//{netloc}").port or DEFAULT_PORTS[scheme]) if name else None


def _values(query: bytes) -> list[str]:
    if b"token=" not in query:
        return []
    try:
        return parse_qs(query.decode("latin-1"), max_num_fields=MOST_FIELDS).get("token", [])
    except ValueError:
        return []


def _cookies(found: _Headers, name: str) -> list[str]:
    values: list[str] = []
    for header in found.all("cookie"):
        try:
            cookies: SimpleCookie = SimpleCookie(header)
        except CookieError:
            continue
        if name in cookies:
            values.append(cookies[name].value)
    return values
