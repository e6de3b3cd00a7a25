"""ipycytoscape's way to draw, on a canvas: as it is documented there, without a comm for each element."""

from __future__ import annotations

import json
import time

import networkx as nx
import pytest
from ipycytoscape import Edge, Node

from tests.workflows import cell, workflow
from twingraph_lab.widgets import Canvas


@pytest.fixture
def canvas(page, inline, tmp_path):
    return Canvas(workflow(cell("own", "1")), lab=inline, folder=tmp_path)


def drawn(canvas):
    return {each["data"]["id"]: each for each in canvas.get_state("elements")["elements"]}


def test_elements_are_drawn_beside_the_workflow(page, canvas):
    canvas.graph.add_nodes([Node(data={"id": "a"}, position={"x": 1, "y": 2}), Node(data={"id": "b", "label": "B"})])
    canvas.graph.add_edges([Edge(data={"source": "a", "target": "b"}, classes="bold")], directed=True)
    seen = drawn(canvas)
    assert list(seen) == ["own", "a", "b", "a->b"]
    assert (seen["a"]["position"], seen["a"]["data"]["label"], seen["b"]["data"]["label"]) == ([1, 2], "a", "B")
    assert seen["a->b"]["classes"] == "bold directed"
    assert [said["op"] for said in page.said(canvas)] == ["delta", "delta"]
    assert list(canvas.workflow.by_id) == ["own"]
    assert {name: each["data"]["kind"] for name, each in seen.items()} == {
        "own": "task",
        "a": "plain",
        "b": "plain",
        "a->b": "plain",
    }
    assert (seen["own"]["data"]["icon"], seen["a"]["data"]["icon"]) == ("python", "")


def test_a_networkx_graph_is_one_message_and_no_comm(page, canvas):
    before = len(page.comms), len(page.said(canvas))
    began = time.process_time()
    canvas.graph.add_graph_from_networkx(nx.path_graph(2500, create_using=nx.DiGraph))
    took = time.process_time() - began
    assert (len(page.comms), len(page.said(canvas)) - before[1]) == (before[0], 2)
    assert len(drawn(canvas)) == 1 + 2500 + 2499
    assert took < 1.0


def test_attributes_of_networkx_are_data(canvas):
    graph = nx.Graph()
    graph.add_node(1, colour="red", classes="big", kinds={"x"})
    graph.add_edge(1, 2, weight=3)
    canvas.graph.add_graph_from_networkx(graph)
    seen = drawn(canvas)
    assert (seen["1"]["data"]["colour"], seen["1"]["data"]["kinds"], seen["1"]["classes"]) == ("red", "{'x'}", "big")
    assert seen["1->2"]["data"]["weight"] == 3
    json.dumps(list(seen.values()))


def test_a_graph_may_be_given_at_once(page, inline):
    canvas = Canvas(graph=nx.path_graph(2), lab=inline)
    assert list(drawn(canvas)) == ["0", "1", "0->1"]
    shown = {
        "nodes": [{"data": {"id": "x"}}, {"data": {"id": "y"}}],
        "edges": [{"data": {"source": "x", "target": "y"}}],
    }
    assert list(drawn(Canvas(graph=shown, lab=inline))) == ["x", "y", "x->y"]
    assert list(drawn(Canvas(graph=json.dumps(shown), lab=inline))) == ["x", "y", "x->y"]


def test_a_frame_is_drawn_without_comms(page, canvas):
    pandas = pytest.importorskip("pandas")
    before = len(page.comms)
    frame = pandas.DataFrame({"kind": ["p", "q"], "n": [1, 2]})
    canvas.graph.add_graph_from_df(frame, ["kind", "n"], ["n"], edges=("a", "b"))
    assert len(page.comms) == before
    assert {"parent-0", "0", "1"} <= drawn(canvas).keys()


def test_elements_are_found_and_removed(page, canvas):
    canvas.graph.add_graph_from_networkx(nx.path_graph(4))
    assert [node.data["id"] for node in canvas.graph.nodes] == ["0", "1", "2", "3"]
    canvas.graph.remove_edge_by_id("0", "1")
    canvas.graph.remove_node_by_id("2")
    assert list(drawn(canvas)) == ["own", "0", "1", "3"]
    canvas.graph.clear()
    assert list(drawn(canvas)) == ["own"]
    assert page.said(canvas)[-1]["delta"]["remove"]


def test_several_edges_between_the_same_nodes_are_told_apart(canvas):
    canvas.graph.add_edges([Edge(data={"source": "a", "target": "b"})], multiple_edges=True)
    canvas.graph.add_edges([Edge(data={"source": "a", "target": "b"})], multiple_edges=True)
    assert {"a->b", "a->b#2"} <= drawn(canvas).keys()


def test_an_element_that_its_owner_changes_is_drawn_anew(page, canvas):
    node = Node(data={"id": "a"})
    canvas.graph.add_node(node)
    node.data["label"] = "changed"
    node.classes = "hot"
    assert (drawn(canvas)["a"]["data"]["label"], drawn(canvas)["a"]["classes"]) == ("changed", "hot")
    assert page.said(canvas)[-1]["delta"]["update"][0]["classes"] == "hot"


def test_hands_move_and_remove_them_too(page, canvas):
    canvas.graph.add_graph_from_networkx(nx.path_graph(2))
    answer = page.edit(canvas, {"op": "move", "positions": {"0": [5, 6]}})
    assert answer["delta"]["update"][0]["position"] == [5, 6]
    both = page.edit(canvas, {"op": "move", "positions": {"0": [7, 8], "own": [1, 1]}})
    assert both["delta"]["update"][0]["data"]["id"] == "own"
    assert page.said(canvas)[-1]["delta"]["update"][0]["position"] == [7, 8]
    answer = page.edit(canvas, {"op": "remove", "ids": ["0"]})
    assert answer["delta"]["remove"] == ["0", "0->1"]
    assert list(drawn(canvas)) == ["own", "1"]


def test_clicks_reach_python(page, canvas):
    clicked = []
    canvas.on("node", "click", clicked.append)
    assert page.state(canvas)["_interaction_handlers"] == {"node": ["click"]}
    page.tell(canvas, {"widget": "node", "event": "click", "data": {"data": {"id": "own"}}})
    assert clicked == [{"data": {"id": "own"}}]
