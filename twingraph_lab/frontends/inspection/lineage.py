"""Where values came from and what was made of them, as a graph small enough to draw."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.display import clip
from twingraph_lab.frontends.inspection.models import LineageEdge, LineageGraph, LineageVertex
from twingraph_lab.frontends.inspection.ports import Viewed
from twingraph_lab.frontends.inspection.texts import visible
from twingraph_lab.frontends.missing import known
from twingraph_lab.lineage.changes import run_vertex_id
from twingraph_lab.lineage.embedded.vicinity import (
    Link,
    Steps,
    around,
    described,
    edge_property,
    keys_of,
    links,
    neighbours,
)

Direction = Literal["ancestors", "descendants", "both"]

DEPTH, DEEPEST = 10, 100
LIMIT = 300
"""Executions, and as many artifacts."""
CATCH_UP_S = 5.0
"""How long to wait for what was just run to be recorded; what isn't by then is missing, and the graph says so."""
LONGEST = 500
"""Characters of a property."""

_AGAINST_THE_FLOW = ("CONSUMED", "CACHED_FROM", "RETRY_OF", "REPLAY_OF")
_DRAWN = ("DEPENDS_ON", "PRODUCED", *_AGAINST_THE_FLOW)
_BETWEEN = ("CACHED_FROM", "RETRY_OF", "REPLAY_OF")
_STEPS: dict[str, Steps] = {
    "ancestors": Steps(out=_BETWEEN, into=("DEPENDS_ON",)),
    "descendants": Steps(out=("DEPENDS_ON",), into=_BETWEEN),
}
_OF_ARTIFACT = {"ancestors": Steps(into=("PRODUCED",)), "descendants": Steps(into=("CONSUMED",))}
_PROPERTIES = (
    *("run_id", "node", "workflow", "attempt", "status", "started", "ended", "wall_s", "cpu_s", "peak_memory_bytes"),
    *("platform", "worker", "component", "code_hash", "input_hash", "error", "error_type", "cached_from"),
    *("git_commit", "git_branch", "git_dirty", "python", "host", "digest", "media_type", "size", "value"),
)


def lineage_graph(
    lab: Viewed,
    *,
    run_id: str | None = None,
    node: str | None = None,
    artifact: str | None = None,
    direction: Direction = "both",
    depth: int = DEPTH,
) -> LineageGraph:
    """What is around a run, one node of it, or the artifact with a digest, within `depth` executions.

    Executions are followed by what they depend on, repeat or took outputs from; the artifacts they read and made are
    there too. A value that other runs happened to compute as well leads to those only if it was asked for by its
    digest. Raises `NotFoundError`.
    """
    recorded = lab.lineage.catch_up(CATCH_UP_S)
    if run_id is not None:
        run_id = lab.ledger.run(run_id).run_id
        if node is not None and node not in (tasks := lab.ledger.tasks(run_id)):
            raise NotFoundError(f"run {run_id}: {known('node', node, tasks)}")
    depth = max(0, min(depth, DEEPEST))
    ways = ("ancestors", "descendants") if direction == "both" else (direction,)
    with lab.lineage.store.reading() as connection:
        found: dict[int, None] = {}
        truncated = not recorded
        for way in ways:
            start = _start(connection, run_id, node, artifact, way)
            near, more = around(connection, start, _STEPS[way], depth=depth, limit=LIMIT)
            found.update(dict.fromkeys(near))
            truncated = truncated or more
        executions = list(found)[:LIMIT]
        values = neighbours(connection, executions, Steps(out=("CONSUMED", "PRODUCED")), LIMIT + 1)
        asked = keys_of(connection, [artifact]) if artifact else []
        artifacts = list(dict.fromkeys([*asked, *values]))[:LIMIT]
        truncated = truncated or len(found) > LIMIT or len(values) > LIMIT
        return _graph(connection, [*executions, *artifacts], truncated=truncated)


def _start(
    connection: sqlite3.Connection, run_id: str | None, node: str | None, artifact: str | None, way: str
) -> list[int]:
    if artifact is not None:
        asked = keys_of(connection, [artifact])
        if not asked:
            raise NotFoundError(f"the lineage has no artifact {artifact!r}")
        return neighbours(connection, asked, _OF_ARTIFACT[way], LIMIT + 1)
    if run_id is None:
        raise NotFoundError("say which run or which artifact")
    run = keys_of(connection, [run_vertex_id(run_id)])
    if node is None:
        return neighbours(connection, run, Steps(out=("RAN",)), LIMIT + 1)
    every = neighbours(connection, run, Steps(out=("RAN",)), -1)
    return [key for key, (_, _, about) in described(connection, every, ("node",)).items() if about.get("node") == node]


def _graph(connection: sqlite3.Connection, keys: Collection[int], *, truncated: bool) -> LineageGraph:
    about = described(connection, keys, _PROPERTIES)
    edges = _without_shortcuts(links(connection, keys, _DRAWN))
    produced = [edge for edge in edges if edge.label == "PRODUCED"]
    outputs = edge_property(connection, [edge.id for edge in produced], "output")
    names = {edge.target: f"{about[edge.source][2].get('node')}.{outputs.get(edge.id)}" for edge in reversed(produced)}
    return LineageGraph(
        vertices=tuple(_vertices(about, names)),
        edges=tuple(_edge(edge, about) for edge in edges),
        truncated=truncated,
    )


def _vertices(
    about: Mapping[int, tuple[str, str, dict[str, Any]]], names: Mapping[int, str]
) -> Iterator[LineageVertex]:
    for key, (identifier, label, properties) in about.items():
        name = names.get(key) or str(properties.get("node") or identifier)
        shown = {name: _property(value) for name, value in properties.items()}
        yield LineageVertex(id=identifier, label=label, name=visible(name), properties=shown)


def _edge(edge: Link, about: Mapping[int, tuple[str, str, dict[str, Any]]]) -> LineageEdge:
    ends = about[edge.source][0], about[edge.target][0]
    source, target = reversed(ends) if edge.label in _AGAINST_THE_FLOW else ends
    return LineageEdge(id=edge.id, label=edge.label, source=source, target=target)


def _without_shortcuts(edges: list[Link]) -> list[Link]:
    """Without the edges between executions that a value connects anyway."""
    made: dict[int, set[int]] = {}
    for edge in edges:
        if edge.label == "PRODUCED":
            made.setdefault(edge.source, set()).add(edge.target)
    read: dict[int, set[int]] = {}
    for edge in edges:
        if edge.label == "CONSUMED":
            read.setdefault(edge.source, set()).add(edge.target)
    nothing: set[int] = set()
    return [
        edge
        for edge in edges
        if edge.label != "DEPENDS_ON" or not made.get(edge.source, nothing) & read.get(edge.target, nothing)
    ]


def _property(value: Any) -> Any:
    return visible(clip(value, LONGEST)) if isinstance(value, str) else value
