"""Vertices and edges on their way into a lineage store, whichever store it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class VertexRecord:
    """Get-or-create vertex `id`, then set `properties` (one value a key); keys that aren't named stay as they are."""

    id: str
    label: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EdgeRecord:
    """Get-or-create edge `id` between two vertices that exist, then set `properties`."""

    id: str
    label: str
    source: str
    target: str
    properties: Mapping[str, Any] = field(default_factory=dict)
