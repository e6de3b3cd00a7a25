"""Pictures of workflows."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from twingraph_lab.frontends.display import LOOKS
from twingraph_lab.frontends.picture import LIMIT, picture, short
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Comment, Group, Node, Workflow

SVG = "{http://www.w3.org/2000/svg}"


def workflow(edges, name="test"):
    nodes = [
        Node(id=node, component="output", inputs={f"x{i}": {"ref": up} for i, up in enumerate(ups)})
        for node, ups in edges.items()
    ]
    return Workflow(name=name, nodes=nodes)


def drawn(*args):
    return ET.fromstring(picture(*args))


def texts(svg):
    return [element.text for element in svg.iter(f"{SVG}text")]


def test_every_node_and_edge_is_drawn():
    svg = drawn(workflow({"a": [], "b": ["a"], "c": ["a", "b"]}), {}, {"b": "two rows"})
    assert len(list(svg.iter(f"{SVG}rect"))) == 3
    assert len(list(svg.iter(f"{SVG}path"))) == 3
    assert texts(svg) == ["a", "b", "two rows", "c"]


@pytest.mark.parametrize("layout", [{}, {"a": (0, 0)}])
def test_secrets_are_in_no_picture(layout):
    inputs = {"password": "abcdef", "service": {"token": "abcdef"}, "url": "http://here"}
    drawing = picture(
        Workflow(name="w", nodes=(Node(id="a", component="output", inputs=inputs),), layout=layout), {}, {}
    )
    assert "http://here" in drawing
    assert "abcdef" not in drawing


@pytest.mark.parametrize("layout", [{}, {"a": (0, 0)}])
def test_text_that_xml_cannot_hold_spoils_no_picture(layout):
    text = "x\x00\x1b[2J\ufffe <script>"
    flow = Workflow(
        name="test",
        nodes=(Node(id="a", component="output", inputs={"x": text}),),
        layout=layout,
        groups={"g": Group(label=text, nodes=("a",))},
        comments={"c": Comment(text=text, position=(0, 0))},
    )
    svg = drawn(flow, {}, {"a": text})
    assert not list(svg.iter(f"{SVG}script"))
    assert "a" in texts(svg)


def test_a_picture_with_room_for_notes_keeps_its_size_when_they_come():
    whole = workflow({"a": [], "b": ["a"]})
    sizes = {drawn(whole, {}, notes, 16).get("viewBox") for notes in ({}, {"a": "running 1.0 s"}, {"b": "completed"})}
    assert len(sizes) == 1
    assert drawn(whole, {}, {}).get("viewBox") not in sizes


def test_a_state_has_a_symbol_beside_its_colour():
    svg = drawn(workflow({"a": [], "b": []}), {"a": LOOKS[TaskState.FAILED]}, {})
    assert texts(svg) == ["✗", "a", "b"]


def test_what_users_write_is_escaped():
    hostile = '"><script>alert(1)</script>&'
    made = Workflow(name=hostile, nodes=[Node(id="a", component="output", inputs={hostile: hostile})])
    svg = drawn(made, {}, {"a": hostile})
    assert not list(svg.iter(f"{SVG}script"))
    assert svg.get("aria-label") == hostile


def test_long_names_are_cut_but_told_in_full():
    svg = drawn(workflow({"n" * 100: []}), {}, {})
    assert texts(svg) == ["n" * 21 + "…"]
    assert next(svg.iter(f"{SVG}title")).text == "n" * 100


def test_everything_is_inside_the_picture():
    svg = drawn(workflow({"a": [], "b": ["a"], **{f"p{i}": ["b"] for i in range(9)}}), {}, {})
    _, _, width, height = (float(number) for number in svg.get("viewBox").split())
    for box in svg.iter(f"{SVG}rect"):
        assert 0 <= float(box.get("x")) <= width - float(box.get("width"))
        assert 0 <= float(box.get("y")) <= height - float(box.get("height"))


def test_a_long_chain_runs_downwards():
    svg = drawn(workflow({f"n{i}": [f"n{i - 1}"] if i else [] for i in range(20)}), {}, {})
    assert len({box.get("x") for box in svg.iter(f"{SVG}rect")}) == 1


def test_what_nobody_could_read_is_summed_up():
    large = workflow({f"n{i}": ["n0"] if i else [] for i in range(LIMIT + 1)})
    svg = drawn(large, {"n0": LOOKS[TaskState.FAILED], "n1": LOOKS[TaskState.FAILED]}, {})
    assert texts(svg) == ["test", "61 nodes, 60 edges: too many to be drawn here", "✗ 2"]
    assert picture(workflow({}), {}, {}) == ""


PLACED = workflow({"a": [], "b": ["a"], "c": ["b"]}).model_copy(update={"layout": {"a": (0, 0), "b": (300, 40)}})


def corners(svg):
    return [(float(box.get("x")), float(box.get("y"))) for box in svg.iter(f"{SVG}rect")]


def test_nodes_are_drawn_where_somebody_put_them_and_the_rest_below():
    a, b, c = corners(drawn(PLACED, {}, {}))
    assert (b[0] - a[0], b[1] - a[1]) == (300, 40)
    assert c[1] > b[1] + 52


def test_everything_placed_is_inside_the_picture():
    made = PLACED.model_copy(
        update={
            "layout": {"a": (-5000, 700), "b": (300, -40)},
            "comments": {"note": Comment(text="far away", position=(900, 900))},
            "groups": {"g": Group(nodes=("a", "b"))},
        }
    )
    svg = drawn(made, {}, {})
    left, top, width, height = (float(number) for number in svg.get("viewBox").split())
    for box in svg.iter(f"{SVG}rect"):
        assert left <= float(box.get("x")) <= left + width - float(box.get("width"))
        assert top <= float(box.get("y")) <= top + height - float(box.get("height"))
    for text in svg.iter(f"{SVG}text"):
        assert left <= float(text.get("x")) < left + width
        assert top < float(text.get("y")) <= top + height


def test_groups_are_frames_and_collapsed_ones_boxes_with_the_edges_that_cross():
    groups = {"g": Group(label="Load <data>", nodes=("a", "b"))}
    svg = drawn(PLACED.model_copy(update={"groups": groups}), {}, {})
    assert texts(svg) == ["Load <data>", "a", "b", "c"]
    groups = {"g": Group(label="Load <data>", nodes=("a", "b"), collapsed=True)}
    svg = drawn(PLACED.model_copy(update={"groups": groups}), {}, {})
    assert texts(svg) == ["Load <data>", "2 nodes", "c"]
    assert len(list(svg.iter(f"{SVG}path"))) == 1


def test_comments_are_drawn_and_escaped():
    hostile = "<script>alert(1)</script>\nsecond line"
    made = PLACED.model_copy(update={"comments": {"note": Comment(text=hostile, position=(0, 200))}})
    svg = drawn(made, {}, {})
    assert not list(svg.iter(f"{SVG}script"))
    assert texts(svg)[-2:] == ["<script>alert(1)</script>", "second line"]


def test_waiting_without_data_is_a_dashed_line():
    made = Workflow(
        name="w",
        nodes=[Node(id="a", component="output"), Node(id="b", component="output", after=("a",))],
        layout={"a": (0, 0), "b": (0, 200)},
    )
    assert [path.get("stroke-dasharray") for path in drawn(made, {}, {}).iter(f"{SVG}path")] == ["4 4"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"ref": "a.x"}, "a.x"),
        ({"param": "n"}, "parameter n"),
        ({"value": {"ref": "a"}}, "{'ref': 'a'}"),
        ({"ref": "a", "other": 1}, "{'ref': 'a', 'other': 1}"),
        ("{{ a.x }}", "'{{ a.x }}'"),
        ("x" * 100, "'" + "x" * 58 + "…"),
    ],
)
def test_inputs_in_few_words(value, text):
    assert short(value) == text
