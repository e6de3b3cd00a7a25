"""Pictures of workflows."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from twingraph_lab.frontends.display import LOOKS
from twingraph_lab.frontends.picture import LIMIT, picture, short
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Node, Workflow

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


@pytest.mark.parametrize("count", [0, LIMIT + 1])
def test_what_nobody_could_read_is_not_drawn(count):
    assert picture(workflow({f"n{i}": [] for i in range(count)}), {}, {}) == ""


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
