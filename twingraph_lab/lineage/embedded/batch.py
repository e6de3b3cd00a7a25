"""Many vertices and edges in one go, straight in SQL: how lineage is written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twingraph_lab.lineage.elements import EdgeRecord, VertexRecord
from twingraph_lab.lineage.embedded.codec import encode

_SET = """
INSERT INTO {0}_property(element, key, place, value, kind) VALUES(?, ?, 0, ?, ?)
ON CONFLICT(element, key, place) DO UPDATE SET value = excluded.value, kind = excluded.kind
WHERE value IS NOT excluded.value OR kind IS NOT excluded.kind
"""
_SET_VERTEX, _SET_EDGE = _SET.format("vertex"), _SET.format("edge")


def upsert(
    connection: sqlite3.Connection, vertices: Iterable[VertexRecord], edges: Iterable[EdgeRecord]
) -> list[EdgeRecord]:
    """Get or create all of them, in the caller's transaction; doing it again changes nothing.

    Records of the same id may come more than once, the later one's properties win. A property that is `None` is left
    out. Edges from or to a vertex that doesn't exist are left out and returned.
    """
    vertex_records, edge_records = list(vertices), list(edges)
    ends = {end for edge in edge_records for end in (edge.source, edge.target)}
    keys = _keys(connection, "vertex", [*(vertex.id for vertex in vertex_records), *ends])
    _create_vertices(connection, vertex_records, keys)
    _set_properties(connection, _SET_VERTEX, ((keys[vertex.id], vertex.properties) for vertex in vertex_records))
    _upsert_edges(connection, [edge for edge in edge_records if edge.source in keys and edge.target in keys], keys)
    return [edge for edge in edge_records if edge.source not in keys or edge.target not in keys]


def _create_vertices(connection: sqlite3.Connection, records: Sequence[VertexRecord], keys: dict[str, int]) -> None:
    new = {record.id: record.label for record in records if record.id not in keys}
    first = _next_key(connection, "vertex")
    keys.update({identifier: first + place for place, identifier in enumerate(new)})
    connection.executemany(
        "INSERT INTO vertex(pk, id, label) VALUES(?, ?, ?)",
        [(keys[identifier], identifier, label) for identifier, label in new.items()],
    )


def _upsert_edges(connection: sqlite3.Connection, records: Sequence[EdgeRecord], vertices: Mapping[str, int]) -> None:
    keys = _keys(connection, "edge", [record.id for record in records])
    new = {record.id: record for record in records if record.id not in keys}
    first = _next_key(connection, "edge")
    keys.update({identifier: first + place for place, identifier in enumerate(new)})
    rows = [(keys[edge.id], edge.id, edge.label, vertices[edge.source], vertices[edge.target]) for edge in new.values()]
    connection.executemany("INSERT INTO edge(pk, id, label, source, target) VALUES(?, ?, ?, ?, ?)", rows)
    _set_properties(connection, _SET_EDGE, ((keys[edge.id], edge.properties) for edge in records))


def _keys(connection: sqlite3.Connection, table: str, identifiers: Sequence[str]) -> dict[str, int]:
    rows = connection.execute(
        f"SELECT id, pk FROM {table} WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608  (a name of ours)
        (json.dumps(identifiers),),
    )
    return dict(rows.fetchall())


def _next_key(connection: sqlite3.Connection, table: str) -> int:
    (last,) = connection.execute(f"SELECT max(pk) FROM {table}").fetchone()  # noqa: S608  (a name of ours)
    return (last or 0) + 1


def _set_properties(
    connection: sqlite3.Connection, statement: str, items: Iterable[tuple[int, Mapping[str, Any]]]
) -> None:
    connection.executemany(
        statement,
        [
            (element, key, *((value, None) if type(value) is str else encode(value)))
            for element, properties in items
            for key, value in properties.items()
            if value is not None
        ],
    )
