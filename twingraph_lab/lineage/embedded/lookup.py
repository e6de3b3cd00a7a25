"""Small questions to the graph that the recorder asks while it writes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from twingraph_lab.lineage.embedded.codec import decode


def completed(connection: sqlite3.Connection, executions: Sequence[str]) -> str | None:
    """The one of these executions that completed."""
    row = connection.execute(
        "SELECT v.id FROM vertex v CROSS JOIN vertex_property s ON s.element = v.pk AND s.key = 'status'"
        " WHERE v.id IN (SELECT value FROM json_each(?)) AND s.value = 'completed'",
        (json.dumps(executions),),
    ).fetchone()
    return str(row[0]) if row else None


def properties_of(connection: sqlite3.Connection, vertex: str, keys: Collection[str]) -> dict[str, Any]:
    """Those of these properties that the vertex has."""
    rows = connection.execute(
        "SELECT p.key, p.value, p.kind FROM vertex v JOIN vertex_property p ON p.element = v.pk WHERE v.id = ?",
        (vertex,),
    )
    return {key: decode(value, kind) for key, value, kind in rows if key in keys}
