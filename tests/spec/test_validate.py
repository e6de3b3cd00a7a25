from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import BaseModel, ConfigDict

from twingraph_lab import registry
from twingraph_lab.spec.validate import NODES_LIMIT, faults, value_fault
from twingraph_lab.spec.workflow import Node, Parameter, Source, Workflow

F = "pkg.mod:f"


def workflow(*nodes, **fields):
    return Workflow(name="w", nodes=nodes, **fields)


def test_a_valid_workflow_has_no_faults():
    assert faults(workflow(Node(id="a", component=F), Node(id="b", component=F, inputs={"x": {"ref": "a"}}))) == []


FIRST_CELL = """
import sys
from twingraph_lab import registry
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import Node, Source, Workflow
assert not faults(Workflow(name="w", nodes=[Node(id="a", component=Source(code="a = 1", outputs=["a"]))]))
assert "twingraph_lab.platforms.local" not in sys.modules
assert not registry._entries.cache_info().currsize
"""


def test_the_first_cell_of_a_notebook_waits_neither_for_what_will_run_it_nor_for_a_look_at_what_is_installed():
    subprocess.run([sys.executable, "-c", FIRST_CELL], check=True, timeout=60)


def test_faults_name_node_and_json_path():
    [fault] = faults(workflow(Node(id="a", component=F), Node(id="b", component=F, inputs={"x": [{"ref": "c.y"}]})))
    assert (fault.node, fault.path) == ("b", "nodes[1].inputs.x[0]")
    assert fault.message == "reads from 'c', which does not exist"


def test_a_cycle_is_shown_along_its_edges():
    nodes = [Node(id=name, component=F, inputs={"x": {"ref": up}}) for name, up in ("ac", "ba", "cb")]
    [fault] = faults(workflow(*nodes))
    assert fault.message == "waits for itself: a → b → c → a"


def test_a_long_cycle_is_cut_short():
    nodes = [Node(id=f"n{n}", component=F, after=(f"n{(n - 1) % 5000}",)) for n in range(5000)]
    [fault] = faults(workflow(*nodes))
    assert "n11 → … (5000 nodes) → n0" in fault.message
    assert len(fault.message) < 200


def test_every_independent_cycle_is_reported_and_nodes_behind_one_are_not():
    edges = {"a": "b", "b": "a", "c": "a", "x": "x", "free": None}
    nodes = [Node(id=name, component=F, after=(up,) if up else ()) for name, up in edges.items()]
    assert [fault.node for fault in faults(workflow(*nodes))] == ["a", "x"]


@pytest.mark.parametrize(
    ("upstream", "path", "fine"),
    [
        (Source(code="", outputs=("x", "y")), "up.x", True),
        (Source(code="", outputs=("x", "y")), "up.output.x.0.z", True),
        (Source(code="", outputs=("x", "y")), "up", True),
        (Source(code="", outputs=("x", "y")), "up.output", True),
        (Source(code="", outputs=("x", "y")), "up.z", False),
        (Source(code="", outputs=("result",)), "up.anything", True),
        (Source(code="", outputs=("output",)), "up.output.x", True),
        (Source(code=""), "up.anything", True),
        (F, "up.anything", True),
    ],
)
def test_only_outputs_that_are_surely_missing_are_faults(upstream, path, fine):
    found = faults(workflow(Node(id="up", component=upstream), Node(id="b", component=F, inputs={"x": {"ref": path}})))
    assert (found == []) == fine


@pytest.mark.parametrize("at", ["inputs", "outputs", "platform", "default", "text"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"x": ["\udfff"]}])
def test_what_a_front_end_builds_must_be_json_too(at, value):
    node = {
        "inputs": {"inputs": {"x": value}},
        "platform": {"platform": {"kind": "local", "options": {"x": value}}},
        "text": {"component": {"kind": "source", "code": "\ud800"}},
    }.get(at, {})
    given = workflow(
        Node(**{"id": "a", "component": F, **node}),
        outputs={"o": value} if at == "outputs" else {},
        parameters={"p": Parameter(default=value)} if at == "default" else {},
    )
    assert len(faults(given)) == 1
    assert (faults(given)[0].node == "a") == bool(node)


def test_deep_inputs_are_a_fault_however_deep():
    for depth in (61, 200):
        tree: list = []
        for _ in range(depth - 1):
            tree = [tree]
        assert any(
            "nested deeper than 64" in fault.message
            for fault in faults(workflow(Node(id="a", component=F, inputs={"x": tree})))
        )
    tree = []
    for _ in range(59):
        tree = [tree]
    assert faults(workflow(Node(id="a", component=F, inputs={"x": tree}))) == []


def test_too_many_nodes_are_refused_at_once():
    node = Node(id="a", component=F)
    [fault] = faults(workflow(*[node] * (NODES_LIMIT + 1)))
    assert fault.message == "has 20001 nodes; the limit is 20000"


def test_too_much_text_is_refused():
    [fault] = faults(workflow(Node(id="a", component=F, inputs={"x": "x" * (8 * 1024 * 1024)})))
    assert "the limit is 8388608" in fault.message


def test_many_unknown_names_take_no_long_search():
    nodes = [Node(id=f"node_number_{n}", component=F, after=(f"nude_number_{n}",)) for n in range(1000)]
    found = faults(workflow(*nodes))
    assert len(found) == 1000
    assert sum("did you mean" in fault.message for fault in found) == 5


@pytest.mark.parametrize(
    ("value", "type_", "fine"),
    [
        (1, "integer", True),
        (1.0, "integer", False),
        (True, "integer", False),
        (1, "number", True),
        (1.5, "number", True),
        (False, "number", False),
        ("1", "number", False),
        (True, "boolean", True),
        (0, "boolean", False),
        ("", "string", True),
        (None, "string", False),
        ([], "array", True),
        ({}, "array", False),
        ({}, "object", True),
        (None, "any", True),
    ],
)
def test_types_of_parameters_are_exact(value, type_, fine):
    assert (value_fault(value, Parameter(type=type_)) == "") == fine


def test_null_is_for_parameters_that_may_be_left_out():
    assert value_fault(None, Parameter(type="integer", default=None)) == ""
    assert value_fault(None, Parameter(type="integer", default=3)) == "is null, but must be an integer"


def test_messages_about_large_values_stay_short():
    assert len(value_fault(["x" * 1000] * 1000, Parameter(type="string"))) < 150


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")
    image: str
    cpus: int = 1


class Container:
    """A platform such as a plugin would bring along."""

    Options = Options


class Broken:
    """An entry point whose package lacks a dependency."""

    @staticmethod
    def load():
        raise ImportError("No module named 'docker'")


class Working:
    @staticmethod
    def load():
        return Container


@pytest.fixture
def platforms(monkeypatch):
    """Two more platforms, as installing a plugin would make them known."""
    entries = {**registry._entries("twingraph_lab.platforms"), "container": Working, "broken": Broken}
    known = registry._entries
    monkeypatch.setattr(
        registry, "_entries", lambda group: entries if group == "twingraph_lab.platforms" else known(group)
    )


@pytest.mark.usefixtures("platforms")
@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ({"kind": "container", "options": {"image": "python:3.12"}}, []),
        ("container", [("nodes[0].platform.options.image", "is missing")]),
        (
            {"kind": "container", "options": {"image": 3, "cpus": "many", "gpu": 1}},
            [
                ("nodes[0].platform.options.image", "must be text"),
                (
                    "nodes[0].platform.options.cpus",
                    "must be a valid integer, unable to parse string as an integer",
                ),
                ("nodes[0].platform.options.gpu", "is not a known field"),
            ],
        ),
        ("broken", [("nodes[0].platform.kind", "platform 'broken' can't be used here: No module named 'docker'")]),
        ("mars", [("nodes[0].platform.kind", "no platform named 'mars'; known: broken, container, local")]),
    ],
)
def test_the_platforms_own_model_checks_its_options(platform, expected):
    found = faults(workflow(Node(id="a", component=F, platform=platform)))
    assert [(fault.path, fault.message) for fault in found] == expected


def test_faults_are_found_once_for_a_workflow_but_again_for_a_changed_copy():
    good = workflow(Node(id="a", component=F))
    assert faults(good) == []
    assert faults(good.model_copy(update={"nodes": (Node(id="a", component=F, after=("b",)),)}))
