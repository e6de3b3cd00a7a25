"""What is around some vertices of the graph, layer by layer, straight in SQL: bounded, so that it can be drawn."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from twingraph_lab.lineage.embedded.codec import decode


class Steps(NamedTuple):
    """Labels of the edges to follow from a vertex: those that leave it, and those that come to it."""

    out: Collection[str] = ()
    into: Collection[str] = ()


class Link(NamedTuple):
    """An edge between two vertices by key."""

    id: str
    label: str
    source: int
    target: int


def keys_of(connection: sqlite3.Connection, identifiers: Iterable[str]) -> list[int]:
    """The keys of the vertices with these ids, as far as there are any."""
    rows = connection.execute(
        "SELECT pk FROM vertex WHERE id IN (SELECT value FROM json_each(?))", (_list(identifiers),)
    )
    return [key for (key,) in rows]


def neighbours(connection: sqlite3.Connection, keys: Collection[int], steps: Steps, limit: int) -> list[int]:
    """One step from all of these, each neighbour once, the oldest first; at most `limit`."""
    rows = connection.execute(
        "SELECT target FROM edge WHERE source IN (SELECT value FROM json_each(:keys))"
        " AND label IN (SELECT value FROM json_each(:out))"
        " UNION SELECT source FROM edge WHERE target IN (SELECT value FROM json_each(:keys))"
        " AND label IN (SELECT value FROM json_each(:into)) ORDER BY 1 LIMIT :limit",
        {"keys": _list(keys), "out": _list(steps.out), "into": _list(steps.into), "limit": limit},
    )
    return [key for (key,) in rows]


def around(
    connection: sqlite3.Connection, start: Collection[int], steps: Steps, *, depth: int, limit: int
) -> tuple[list[int], bool]:
    """The vertices within `depth` steps, nearest first, the start included, and whether there are more of them."""
    found = dict.fromkeys(list(start)[:limit])
    layer: Collection[int] = list(found)
    more = len(start) > limit
    for _ in range(depth):
        beyond = neighbours(connection, layer, steps, limit + len(found) + 1)
        layer = [key for key in beyond if key not in found]
        more = more or len(found) + len(layer) > limit
        layer = layer[: limit - len(found)]
        if not layer:
            return list(found), more
        found.update(dict.fromkeys(layer))
    further = neighbours(connection, layer, steps, len(found) + 1)
    return list(found), more or any(key not in found for key in further)


def links(connection: sqlite3.Connection, keys: Collection[int], labels: Collection[str]) -> list[Link]:
    """The edges of these labels between these vertices."""
    rows = connection.execute(
        "SELECT id, label, source, target FROM edge WHERE source IN (SELECT value FROM json_each(:keys))"
        " AND label IN (SELECT value FROM json_each(:labels))"
        " AND target IN (SELECT value FROM json_each(:keys)) ORDER BY pk",
        {"keys": _list(keys), "labels": _list(labels)},
    )
    return [Link(*row) for row in rows]


def described(
    connection: sqlite3.Connection, keys: Collection[int], properties: Collection[str]
) -> dict[int, tuple[str, str, dict[str, Any]]]:
    """Id, label and these properties of each of these vertices."""
    rows = connection.execute(
        "SELECT pk, id, label FROM vertex WHERE pk IN (SELECT value FROM json_each(?)) ORDER BY pk", (_list(keys),)
    )
    found: dict[int, tuple[str, str, dict[str, Any]]] = {key: (str(id_), label, {}) for key, id_, label in rows}
    values = connection.execute(
        "SELECT element, key, value, kind FROM vertex_property WHERE element IN (SELECT value FROM json_each(?))"
        " AND key IN (SELECT value FROM json_each(?))",
        (_list(keys), _list(properties)),
    )
    for key, name, value, kind in values:
        found[key][2][name] = decode(value, kind)
    return found


def edge_property(connection: sqlite3.Connection, edges: Iterable[str], name: str) -> dict[str, Any]:
    """A property of edges, by the edge's id."""
    rows = connection.execute(
        "SELECT e.id, p.value, p.kind FROM edge e JOIN edge_property p ON p.element = e.pk AND p.key = ?"
        " WHERE e.id IN (SELECT value FROM json_each(?))",
        (name, _list(edges)),
    )
    return {str(id_): decode(value, kind) for id_, value, kind in rows}


def _list(values: Iterable[Any]) -> str:
    return json.dumps(list(values))
