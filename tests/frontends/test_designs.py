"""Workflows of TwinGraph's visual designer become ours."""

from __future__ import annotations

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.designs import is_dialect
from twingraph_lab.spec.document import load
from twingraph_lab.spec.workflow import Builtin, Source


def port(name, kind="number", **more):
    return {"name": name, "type": kind, **more}


def box(name, *, kind="component", inputs=(), outputs=(), **data):
    return {
        "id": name,
        "type": kind,
        "position": {"x": 10, "y": 20},
        "data": {"label": name, "inputs": list(inputs), "outputs": list(outputs), **data},
    }


def edge(source, target, source_handle=None, target_handle=None):
    handles = {"source_handle": source_handle, "target_handle": target_handle}
    return {"id": f"{source}-{target}", "source": source, "target": target, **handles}


def design(*nodes, edges=()):
    return {"id": "w1", "name": "w", "description": "d", "nodes": list(nodes), "edges": list(edges), "metadata": {}}


SUM = design(
    box("numbers", kind="input", outputs=[port("a"), port("b", default=2)]),
    box("add", code="total = a + b", inputs=[port("a"), port("b")], outputs=[port("total")]),
    box("end", kind="output"),
    edges=[edge("numbers", "add", "a", "a"), edge("numbers", "add", "b", "b"), edge("add", "end")],
)


def test_forms_are_told_apart():
    assert is_dialect(SUM)
    assert not is_dialect({"version": "twingraph/1", "name": "w", "nodes": []})
    assert not is_dialect({"name": "w", "dag": {"nodes": []}})


def test_a_design_loads_as_a_workflow():
    workflow = load(SUM)
    add = workflow.by_id["add"]
    assert add.inputs == {"a": {"ref": "numbers.a"}, "b": {"ref": "numbers.b"}}
    assert isinstance(add.component, Source)
    assert add.component.outputs == ("total",)
    assert workflow.by_id["end"].component == Builtin(name="output")
    assert workflow.by_id["end"].inputs == {"add": {"ref": "add.total"}}
    assert workflow.parameters["a"].required
    assert workflow.parameters["b"].default == 2
    assert workflow.layout["add"] == (10, 20)


def test_it_runs(lab):
    assert lab.submit(load(SUM), {"a": 40}).result(60) == {"end": {"add": 42}}


def test_an_edge_without_handles_between_several_ports_only_orders():
    two = [port("x"), port("y")]
    given = design(box("a", code="x = y = 1", outputs=two), box("b", code="z = 1"), edges=[edge("a", "b")])
    assert load(given).by_id["b"].after == ("a",)


def test_how_a_node_is_to_run_is_kept():
    config = {"compute": {"platform": "local"}, "retry": {"max_attempts": 3}, "timeout": 30, "environment": {}}
    node = load(design(box("a", code="x = 1", config=config))).by_id["a"]
    assert (node.retry.attempts, node.timeout_s, node.platform.kind) == (3, 30, "local")
    assert load(design(box("a", code="x = 1", config={"retry": 2}))).by_id["a"].retry.attempts == 3


def test_every_fault_is_named():
    given = design(box("a"), box("b", code="x = 1"), edges=[edge("b", "nobody"), edge("ghost", "b")])
    with pytest.raises(WorkflowError) as refused:
        load(given)
    assert [fault.path for fault in refused.value.faults] == [
        "edges[0].target",
        "edges[1].source",
        "nodes[0].data.code",
    ]


@pytest.mark.parametrize(
    ("config", "told"),
    [({"timeout": -1}, "timeout_s"), ({"retry": {"max_attempts": "often"}}, "attempts"), ({"retry": -5}, "attempts")],
)
def test_what_a_node_cannot_be_is_named_with_it(config, told):
    with pytest.raises(WorkflowError) as refused:
        load(design(box("a", code="x = 1", config=config)))
    assert [(fault.node, fault.path) for fault in refused.value.faults] == [("a", told)]
