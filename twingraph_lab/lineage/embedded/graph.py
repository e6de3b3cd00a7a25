"""The property graph as one transaction sees it, element by element: what traversals read and write."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from twingraph_lab.lineage.embedded.codec import decode, encode
from twingraph_lab.lineage.embedded.gremlin import Edge, Vertex, VertexProperty
from twingraph_lab.lineage.embedded.search import Condition, where
from twingraph_lab.lineage.errors import QueryError

_EDGE = "SELECT e.id, e.label, s.id, s.label, t.id, t.label FROM "
_EDGE_ENDS = " CROSS JOIN vertex s ON s.pk = e.source CROSS JOIN vertex t ON t.pk = e.target"


class Graph:
    """Reads and writes within `connection`'s transaction. `deadline` is a `time.monotonic` value, or None."""

    def __init__(self, connection: sqlite3.Connection, *, deadline: float | None = None) -> None:
        self._connection = connection
        self._deadline = deadline

    def check_time(self) -> None:
        """Raise `QueryError` if the traversal has run for longer than its `evaluationTimeout`."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise QueryError("the traversal ran for longer than its evaluationTimeout")

    def vertices(self, conditions: Sequence[Condition] = ()) -> list[Vertex]:
        """Vertices that meet every condition, in the order they were made."""
        condition, parameters = where(conditions)
        rows = self._rows(f"SELECT x.id, x.label FROM vertex x{condition} ORDER BY x.pk", parameters)  # noqa: S608
        return [Vertex(*row) for row in rows]

    def edges(self, conditions: Sequence[Condition] = ()) -> list[Edge]:
        """Edges that meet every condition, in the order they were made."""
        condition, parameters = where(conditions)
        found = f"(SELECT * FROM edge x{condition} ORDER BY x.pk) e"  # noqa: S608
        return [_edge(row) for row in self._rows(_EDGE + found + _EDGE_ENDS, parameters)]

    def vertex(self, identifier: Any) -> Vertex | None:
        """The vertex with this id."""
        rows = self._rows("SELECT id, label FROM vertex WHERE id = ?", (_identifier(identifier),))
        return Vertex(*rows[0]) if rows else None

    def edge(self, identifier: Any) -> Edge | None:
        """The edge with this id."""
        rows = self._rows(f"{_EDGE} edge e{_EDGE_ENDS} WHERE e.id = ?", (_identifier(identifier),))
        return _edge(rows[0]) if rows else None

    def adjacent(self, vertex: Vertex, outward: bool, labels: Sequence[str]) -> list[Vertex]:  # noqa: FBT001
        """Vertices one edge away: along its direction if `outward`, else against it. No labels means any."""
        return [Vertex(*row) for row in self._rows(_adjacent(outward, len(labels)), (vertex.id, *labels))]

    def incident(self, vertex: Vertex, outward: bool, labels: Sequence[str]) -> list[Edge]:  # noqa: FBT001
        """Edges that begin (`outward`) or end at the vertex. No labels means any."""
        return [_edge(row) for row in self._rows(_incident(outward, len(labels)), (vertex.id, *labels))]

    def properties(self, element: Vertex | Edge, keys: Sequence[str] = ()) -> list[tuple[str, Any, int]]:
        """(key, value, place) of each property, by key; `place` counts the values of one key. No keys means all."""
        rows = self._rows(_properties(_kind(element), len(keys)), (element.id, *keys))
        return [(key, value if kind is None else decode(value, kind), place) for key, value, kind, place in rows]

    def add_vertex(self, label: str, identifier: Any = None) -> Vertex:
        """A new vertex. Without an id it gets a random one. Raises `QueryError` if the id is taken."""
        vertex = Vertex(uuid.uuid4().hex if identifier is None else _identifier(identifier), label)
        self._insert("INSERT INTO vertex(id, label) VALUES(?, ?)", (vertex.id, label), f"vertex {vertex.id!r}")
        return vertex

    def add_edge(self, label: str, source: Vertex, target: Vertex, identifier: Any = None) -> Edge:
        """A new edge. Without an id it gets a random one. Raises `QueryError` if the id is taken or an end is gone."""
        ends = [self._key("vertex", end.id) for end in (source, target)]
        edge = Edge(uuid.uuid4().hex if identifier is None else _identifier(identifier), source, label, target)
        statement = "INSERT INTO edge(id, label, source, target) VALUES(?, ?, ?, ?)"
        self._insert(statement, (edge.id, label, *ends), f"edge {edge.id!r}")
        return edge

    def set_property(self, element: Vertex | Edge, key: str, value: Any) -> None:
        """Make `value` the only value of `key`; `None` removes the property."""
        table = _kind(element)
        element_key = self._key(table, element.id)
        self._execute(f"DELETE FROM {table}_property WHERE element = ? AND key = ?", (element_key, key))  # noqa: S608
        if value is not None:
            self._put(table, element_key, key, 0, value)

    def append_property(self, vertex: Vertex, key: str, value: Any) -> None:
        """Add a value to those that `key` has."""
        element_key = self._key("vertex", vertex.id)
        question = "SELECT coalesce(max(place) + 1, 0) FROM vertex_property WHERE element = ? AND key = ?"
        ((place,),) = self._rows(question, (element_key, key))
        self._put("vertex", element_key, key, place, value)

    def remove(self, element: Vertex | Edge) -> None:
        """Remove the element with its properties, and a vertex with its edges."""
        table = _kind(element)
        for (key,) in self._rows(f"SELECT pk FROM {table} WHERE id = ?", (element.id,)):  # noqa: S608
            if table == "vertex":
                edges = "(SELECT pk FROM edge WHERE source = ?1 OR target = ?1)"
                self._execute(f"DELETE FROM edge_property WHERE element IN {edges}", (key,))  # noqa: S608
                self._execute("DELETE FROM edge WHERE source = ?1 OR target = ?1", (key,))
            self._execute(f"DELETE FROM {table}_property WHERE element = ?", (key,))  # noqa: S608
            self._execute(f"DELETE FROM {table} WHERE pk = ?", (key,))  # noqa: S608

    def remove_property(self, element: Vertex | Edge, key: str, place: int) -> None:
        """Remove one value of one property."""
        table = _kind(element)
        owner = f"(SELECT pk FROM {table} WHERE id = ?)"  # noqa: S608
        statement = f"DELETE FROM {table}_property WHERE element = {owner} AND key = ? AND place = ?"  # noqa: S608
        self._execute(statement, (element.id, key, place))

    def _put(self, table: str, element_key: int, key: str, place: int, value: Any) -> None:
        statement = f"INSERT INTO {table}_property(element, key, place, value, kind) VALUES(?, ?, ?, ?, ?)"
        self._execute(statement, (element_key, key, place, *encode(value)))

    def _key(self, table: str, identifier: Any) -> int:
        rows = self._rows(f"SELECT pk FROM {table} WHERE id = ?", (identifier,))  # noqa: S608
        if not rows:
            raise QueryError(f"{table} {identifier!r} is not in the graph any more")
        return int(rows[0][0])

    def _insert(self, statement: str, parameters: Sequence[Any], what: str) -> None:
        try:
            self._execute(statement, parameters)
        except sqlite3.IntegrityError as error:
            raise QueryError(f"{what} is in the graph already") from error

    def _rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        if self._deadline is not None:
            self.check_time()
        return self._connection.execute(statement, parameters).fetchall()

    def _execute(self, statement: str, parameters: Sequence[Any]) -> None:
        self._connection.execute(statement, parameters)


def property_of(vertex: Vertex, key: str, value: Any, place: int) -> VertexProperty:
    """A value of a vertex's property as an element of its own; its id says where the value is."""
    return VertexProperty(f"{vertex.id}/{key}/{place}", key, value, vertex)


def _identifier(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise QueryError(f"an element's id is text or an integer, not a {type(value).__name__}")


def _kind(element: Any) -> str:
    match element:
        case Vertex():
            return "vertex"
        case Edge():
            return "edge"
        case _:
            raise QueryError(f"only vertices and edges have properties, not a {type(element).__name__}")


def _edge(row: Sequence[Any]) -> Edge:
    identifier, label, source, source_label, target, target_label = row
    return Edge(identifier, Vertex(source, source_label), label, Vertex(target, target_label))


def _any_of(column: str, count: int) -> str:
    return f" AND {column} IN ({','.join('?' * count)})" if count else ""


@lru_cache(256)
def _adjacent(outward: bool, labels: int) -> str:  # noqa: FBT001
    near, far = ("source", "target") if outward else ("target", "source")
    # CROSS JOIN keeps SQLite to this order, which is right whatever the statistics say
    return (
        f"SELECT w.id, w.label FROM vertex v CROSS JOIN edge e ON e.{near} = v.pk CROSS JOIN vertex w ON w.pk = e.{far}"  # noqa: S608
        f" WHERE v.id = ?{_any_of('e.label', labels)}"
    )


@lru_cache(256)
def _incident(outward: bool, labels: int) -> str:  # noqa: FBT001
    near = "source" if outward else "target"
    start = f"{_EDGE} vertex v CROSS JOIN edge e ON e.{near} = v.pk{_EDGE_ENDS}"
    return f"{start} WHERE v.id = ?{_any_of('e.label', labels)}"


@lru_cache(256)
def _properties(table: str, keys: int) -> str:
    return (
        f"SELECT p.key, p.value, p.kind, p.place FROM {table} x CROSS JOIN {table}_property p ON p.element = x.pk"  # noqa: S608
        f" WHERE x.id = ?{_any_of('p.key', keys)} ORDER BY p.key, p.place"
    )
