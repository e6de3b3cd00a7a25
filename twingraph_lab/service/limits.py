"""How much one client may ask for. A person, a notebook or a script that submits in a loop never meets these."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from time import time

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from twingraph_lab.service.problems import RequestError
from twingraph_lab.spec.text import SIZE_LIMIT_BYTES

WINDOW_S = 5
MOST_SUBSCRIPTIONS = 100
"""What one WebSocket may follow at a time: `readers` of `Limits` are sockets, whatever is heard there."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`requests_per_s` holds on average over five seconds, and `strangers_per_s` for those who are refused.

    A request has `request_s` from its first byte to the first one of its answer. `readers` are open WebSockets.
    """

    body_bytes: int = SIZE_LIMIT_BYTES
    request_s: float = 60.0
    requests_per_s: int = 4000
    strangers_per_s: int = 100
    readers: int = 500


class Rates:
    """Counts what each client asks for. Strangers are counted apart, so that they keep nobody out."""

    def __init__(self, limits: Limits) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerSecond(limits.requests_per_s * WINDOW_S, WINDOW_S)
        self._refusals = RateLimitItemPerSecond(limits.strangers_per_s * WINDOW_S, WINDOW_S)

    def excess(self, client: str, *, stranger: bool) -> RequestError | None:
        """Count a request; why it is one too many, or None if it isn't."""
        item, kind = (self._refusals, "refused") if stranger else (self._requests, "admitted")
        if self._limiter.hit(item, kind, client):
            return None
        wait_s = max(1, ceil(self._limiter.get_window_stats(item, kind, client).reset_time - time()))
        return RequestError(f"too many requests; try again in {wait_s} s", 429, {"Retry-After": str(wait_s)})
