"""A cache policy as one short text, the same for decorators, cells and documents.

`inputs` or `source` or `version=3`, and with commas between them `ttl=1h`, `scope=shared`, `refresh`.
"""

from __future__ import annotations

import re
from typing import Any, get_args

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.spec.wording import Suggestions
from twingraph_lab.spec.workflow import CachePolicy

MODES: tuple[str, ...] = get_args(CachePolicy.model_fields["mode"].annotation)
SCOPES: tuple[str, ...] = get_args(CachePolicy.model_fields["scope"].annotation)
FORM = "none, inputs, source or version=TEXT, then ttl=TIME, scope=run|project|shared, refresh"
UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)\s*(s|min|m|h|d|w|)")


def cache_policy(text: str) -> CachePolicy:
    """Read a policy. Without a mode, what else is said is about `inputs`. Raises `WorkflowError` with every fault.

    >>> cache_policy("inputs, ttl=1h")
    CachePolicy(mode='inputs', version='', ttl_s=3600.0, scope='project', refresh=False)
    >>> cache_policy("version=3").mode
    'version'
    """
    given: dict[str, Any] = {}
    found: list[Fault] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            field, value = _field(part)
        except ValueError as error:
            found.append(Fault(str(error)))
            continue
        if field in given:
            found.append(Fault(f"{part!r} says again what was said before: {field.removesuffix('_s')}"))
        given[field] = value
    if not given and not found:
        found.append(Fault(f"it is empty; say {FORM}"))
    if given.get("mode") == "none" and len(given) > 1:
        found.append(Fault("'none' caches nothing, so nothing else can be said with it"))
    if found:
        raise WorkflowError(found, source=f"cache {text!r}")
    return CachePolicy(**{"mode": "version" if "version" in given else "inputs", **given})


def policy_text(policy: CachePolicy) -> str:
    """What `cache_policy` reads as this policy.

    >>> policy_text(CachePolicy(mode="version", version="2", ttl_s=90, scope="shared"))
    'version=2,ttl=90s,scope=shared'
    """
    mode = [] if policy.mode == "version" and policy.version else [policy.mode]
    version = [f"version={policy.version}"] if policy.version else []
    ttl = [f"ttl={duration_text(policy.ttl_s)}"] if policy.ttl_s else []
    scope = [f"scope={policy.scope}"] if policy.scope != "project" else []
    return ",".join([*mode, *version, *ttl, *scope, *(["refresh"] if policy.refresh else [])])


def duration_s(text: str) -> float:
    """Seconds in `30`, `30s`, `5m`, `1.5h`, `7d` or `2w`. Raises ValueError.

    >>> duration_s("1.5h")
    5400.0
    """
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * UNITS_S[match[2]] if match else 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError(f"{text!r} is not a time like 30s, 5m, 1h or 7d")
    return seconds


def duration_text(seconds: float) -> str:
    """What `duration_s` reads as this time, in the longest unit of which it is a whole number.

    >>> duration_text(90), duration_text(7200)
    ('90s', '2h')
    """
    for unit in ("d", "h", "m", "s"):
        if (count := seconds / UNITS_S[unit]) == int(count):
            return f"{int(count)}{unit}"
    return f"{seconds:f}s"


def _field(part: str) -> tuple[str, Any]:
    """A field of the policy, and its value."""
    name, equals, value = (piece.strip() for piece in part.partition("="))
    match name:
        case "ttl" if equals:
            return "ttl_s", duration_s(value)
        case "scope" if value in SCOPES:
            return "scope", value
        case "scope":
            raise ValueError(f"{part!r}: the scope is one of {', '.join(SCOPES)}")
        case "version" if equals:
            if not value:
                raise ValueError("'version=' names no version")
            return "version", value
        case "refresh" if not equals:
            return "refresh", True
        case _ if name in MODES and not equals:
            return "mode", name
    suggestion = Suggestions([*MODES, "ttl", "scope", "refresh"])(name)
    raise ValueError(f"{part!r} is no part of a cache policy{suggestion}; say {FORM}")
