"""Events as they are told to people: what details of runs and nodes hide is hidden here, too."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from twingraph_lab.lineage.preview import HIDDEN, may_name_secrets, secret_name, without_secrets
from twingraph_lab.runtime.records import StoredEvent
from twingraph_lab.runtime.serializers import Json

VALUED = ("run.requested", "task.completed")
"""Types of events that have values of users in them."""


def discreet(event: StoredEvent) -> StoredEvent:
    """The event with stars for parameters, inputs and outputs that are secrets by their names.

    >>> requested = '{"type": "run.requested", "parameters": {"password": "hunter2"}}'
    >>> discreet(StoredEvent(1, "r", "run.requested", requested)).body
    '{"type": "run.requested", "parameters": {"password": "***"}}'
    """
    if event.type not in VALUED or not may_name_secrets(event.body):
        return event
    told = json.loads(event.body)
    _hide(told)
    return event if told == json.loads(event.body) else replace(event, body=json.dumps(told, ensure_ascii=False))


def _hide(told: dict[str, Any]) -> None:
    for part in (told, told.get("basis") or {}):
        for kind in ("parameters", "inputs"):
            if kind in part:
                part[kind] = without_secrets("", part[kind])
    for name, artifact in told.get("outputs", {}).items():
        if artifact.get("media_type") == Json.media_type:
            artifact["data"] = without_secrets(name, artifact.get("data"))
        elif secret_name(name):
            artifact |= {"data": None, "summary": HIDDEN}
