"""Batches: idempotent, and as fast as lineage needs."""

from __future__ import annotations

import time

from gremlin_python.process.graph_traversal import __
from gremlin_python.process.traversal import P

from twingraph_lab.lineage.elements import EdgeRecord, VertexRecord
from twingraph_lab.lineage.embedded.batch import upsert
from twingraph_lab.lineage.embedded.connection import open_graph
from twingraph_lab.lineage.embedded.store import Store

MANY = 10_000
VERTICES = [VertexRecord(f"v{i}", "odd" if i % 2 else "even", {"name": f"n{i}", "i": i}) for i in range(MANY)]
EDGES = [EdgeRecord(f"e{i}", "next", f"v{i}", f"v{i + 1}", {"i": i}) for i in range(MANY - 1)]


def write(path, vertices, edges=()):
    store = Store(path)
    with store.writing() as connection:
        missing = upsert(connection, vertices, edges)
    store.close()
    return missing


def test_writing_a_batch_again_changes_nothing(tmp_path):
    vertices = [VertexRecord("a", "x", {"p": 1}), VertexRecord("b", "y")]
    edges = [EdgeRecord("e", "to", "a", "b", {"q": True})]
    for _ in range(2):
        write(tmp_path / "graph.db", vertices, edges)
    g = open_graph(tmp_path / "graph.db")

    assert (g.V().count().next(), g.E().count().next()) == (2, 1)
    assert g.E().value_map().next() == {"q": True}


def test_later_properties_win_and_others_stay(tmp_path):
    write(tmp_path / "graph.db", [VertexRecord("a", "x", {"p": 1, "q": 2})])
    write(tmp_path / "graph.db", [VertexRecord("a", "x", {"p": 3, "none": None}), VertexRecord("a", "x", {"p": [4]})])

    assert open_graph(tmp_path / "graph.db").V("a").value_map().next() == {"p": [[4]], "q": [2]}


def test_an_edge_without_its_vertices_is_left_out_and_returned(tmp_path):
    edge = EdgeRecord("e", "to", "a", "nobody")

    assert write(tmp_path / "graph.db", [VertexRecord("a", "x")], [edge]) == [edge]


def test_ten_thousand_vertices_are_loaded_and_found_quickly(tmp_path):
    """In processor time, so that a busy machine doesn't matter: a second to load, a millisecond to find."""
    begun = time.process_time()
    write(tmp_path / "graph.db", VERTICES, EDGES)
    loaded_s = time.process_time() - begun
    g = open_graph(tmp_path / "graph.db")
    g.V().has("name", "n1").to_list()

    begun = time.process_time()
    for i in range(100):
        assert g.V().has_label("odd").has("name", f"n{2 * i + 1}").id_().next() == f"v{2 * i + 1}"
    found_s = (time.process_time() - begun) / 100

    assert loaded_s < 1.0
    assert found_s < 0.001


def test_a_walk_of_ten_thousand_steps_needs_no_recursion(tmp_path):
    write(tmp_path / "graph.db", VERTICES, EDGES)
    g = open_graph(tmp_path / "graph.db")

    assert g.V("v0").repeat(__.out()).emit().count().next() == MANY - 1
    assert len(g.V("v0").repeat(__.out()).until(__.not_(__.out())).path().next()) == MANY
    assert g.V().has("i", P.gte(MANY - 3)).values("i").to_list() == [MANY - 3, MANY - 2, MANY - 1]
