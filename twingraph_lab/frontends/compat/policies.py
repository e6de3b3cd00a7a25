"""TwinGraph's `retry_policy` and cache options → ours, which are kept, not only accepted."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from twingraph_lab.spec.wording import Suggestions
from twingraph_lab.spec.workflow import CachePolicy, Retry

RETRY = ("max_attempts", "backoff", "initial_delay", "max_delay", "exceptions")
BACKOFF = {"exponential": 2.0, "fixed": 1.0, "constant": 1.0, "none": 1.0}
"""The factor from one wait to the next."""


def retry_of(policy: Mapping[str, Any]) -> Retry:
    """Raises `ValueError`, which names every fault."""
    suggest = Suggestions(RETRY)
    faults = [f"{name!r} is not an option{suggest(str(name))}" for name in policy if name not in RETRY]
    backoff = policy.get("backoff", "exponential")
    if isinstance(backoff, str) and backoff not in BACKOFF:
        faults.append(f"backoff {backoff!r} is none of {', '.join(BACKOFF)}, nor a factor")
    options = {
        "attempts": policy.get("max_attempts", 3),
        "delay_s": policy.get("initial_delay", 1.0),
        "factor": BACKOFF.get(backoff, 1.0) if isinstance(backoff, str) else backoff,
        "max_delay_s": policy.get("max_delay", 60.0),
        "on": _names(policy.get("exceptions") or ()),
    }
    try:
        retry = Retry.model_validate(options)
    except ValidationError as error:
        theirs = {"attempts": "max_attempts", "delay_s": "initial_delay", "factor": "backoff", "on": "exceptions"}
        for fault in error.errors():
            name = str(fault["loc"][0])
            faults.append(f"{theirs.get(name, 'max_delay')}: {fault['msg']}")
    if faults:
        raise ValueError("; ".join(faults))
    return retry


def cache_of(enabled: Any, ttl_s: Any) -> CachePolicy:
    """A time to live alone switches the cache on. Raises `ValueError`."""
    on = ttl_s is not None if enabled is None else bool(enabled)
    if not on:
        return CachePolicy()
    try:
        return CachePolicy(mode="inputs", ttl_s=ttl_s)
    except ValidationError as error:
        raise ValueError("; ".join(fault["msg"] for fault in error.errors())) from None


def _names(exceptions: Iterable[Any] | type | str) -> tuple[str, ...]:
    """Names of these exceptions and of all that are derived from them."""
    if isinstance(exceptions, type | str):
        exceptions = (exceptions,)
    names: dict[str, None] = {}
    for each in exceptions:
        kind = getattr(builtins, each, each) if isinstance(each, str) else each
        if kind in (Exception, BaseException):
            return ("error",)
        names |= dict.fromkeys(_derived(kind) if isinstance(kind, type) else (str(each),))
    return tuple(names)


def _derived(kind: type) -> list[str]:
    below: list[type] = kind.__subclasses__()
    return [kind.__name__, *(name for each in below for name in _derived(each))]
