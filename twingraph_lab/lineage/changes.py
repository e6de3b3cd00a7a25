"""What events do to the lineage graph, collected until it is written; and the ids of what is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twingraph_lab.lineage.elements import EdgeRecord, VertexRecord


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def execution_id(run_id: str, node: str, attempt: int) -> str:
    """The `hash` of an execution: 32 hexadecimal digits that name it. An id, neither a secret nor a hash of content."""
    return _digest(f"{run_id}/{node}/{attempt}")


def run_vertex_id(run_id: str) -> str:
    """The id of a run's vertex."""
    return f"run:{run_id}"


def node_vertex_id(digest: str, node: str) -> str:
    """The id of a node's vertex, in the version of the workflow that has this digest."""
    return f"node:{digest.rpartition(':')[2][:32]}:{node}"


@dataclass(slots=True)
class Changes:
    """What a batch of events does to the graph. `cached` maps executions to the `run/node` they took outputs from."""

    vertices: dict[str, VertexRecord] = field(default_factory=dict)
    edges: dict[str, EdgeRecord] = field(default_factory=dict)
    cached: dict[str, str] = field(default_factory=dict)

    def vertex(self, identifier: str, label: str, properties: Mapping[str, Any]) -> None:
        """Set properties of a vertex, made if it isn't there; those of one batch come together in one record."""
        known = self.vertices.get(identifier)
        merged = {**known.properties, **properties} if known else properties
        self.vertices[identifier] = VertexRecord(identifier, label, merged)

    def edge(self, label: str, source: str, target: str, **properties: Any) -> None:
        """An edge that is the same for the same label, ends and properties."""
        identifier = _digest("|".join([label, source, target, *map(str, properties.values())]))
        self.edges[identifier] = EdgeRecord(identifier, label, source, target, properties)
