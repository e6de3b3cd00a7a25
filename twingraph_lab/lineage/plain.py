"""Results of a traversal as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import JsonValue

from twingraph_lab.lineage.embedded.gremlin import Edge, Path, Vertex


def plain(value: Any) -> JsonValue:
    """A result as JSON: elements by id and label, paths and sets as arrays, times in ISO form."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Vertex():
            return {"id": str(value.id), "label": value.label}
        case Edge():
            ends = {"out": str(value.outV.id), "in": str(value.inV.id)}
            return {"id": str(value.id), "label": value.label, **ends}
        case Path():
            return [plain(item) for item in value.objects]
        case Mapping():
            return {_key(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, Vertex | Edge):
        return str(key.id)
    return str(getattr(key, "name", key)).rstrip("_")
