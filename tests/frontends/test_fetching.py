"""Which output is meant by a name."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.cellbook import Cell, CellBook
from twingraph_lab.frontends.cells import as_code
from twingraph_lab.frontends.fetching import everything, wanted, without
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Node, Workflow


def run(states=(), **bodies):
    """A workflow of cells, and tasks that completed with all their outputs unless `states` says otherwise."""
    book = CellBook(Workflow(name="test"))
    for name, body in bodies.items():
        book, _ = book.define(Cell(as_code(body), name=name), {})
    workflow = book.workflow
    states = dict(states)
    tasks = {
        node.id: SimpleNamespace(
            state=states.get(node.id, TaskState.COMPLETED), outputs=dict.fromkeys(workflow.outputs_of(node))
        )
        for node in workflow.nodes
    }
    return workflow, tasks


def test_a_name_means_the_latest_node_that_gives_it():
    assert wanted(["x"], *run(a="x = 1", b="x = x + 1", c="y = x")) == [("x", "b", "x")]


def test_a_node_that_did_not_complete_is_passed_over():
    assert wanted(["x"], *run({"b": TaskState.FAILED}, a="x = 1", b="x = x + 1")) == [("x", "a", "x")]


def test_an_output_of_a_certain_node():
    assert wanted(["a.x"], *run(a="x = 1", b="x = 2")) == [("x", "a", "x")]
    assert wanted(["a.result"], *run(a="1 + 1")) == [("result", "a", "result")]


def test_a_node_means_all_it_gave():
    assert wanted(["a"], *run(a="x = 1")) == [("a", "a", "")]


def test_an_output_comes_before_a_node_of_the_same_name():
    assert wanted(["x"], *run(x="x = 1\nx + 1")) == [("x", "x", "x")]


def test_everything():
    found = everything(*run(a="x = 1\nx + 1", b="x = x\ny = x"))
    assert found == [("a_result", "a", "result"), ("x", "b", "x"), ("y", "b", "y")]
    assert wanted(["all"], *run(a="x = 1")) == [("x", "a", "x")]
    assert without(found, {"x"}) == [("a_result", "a", "result"), ("y", "b", "y")]


def test_nodes_of_other_kinds_have_outputs_too():
    workflow = Workflow(name="test", nodes=[Node(id="my-node", component="json:dumps", outputs=("text",))])
    tasks = {"my-node": SimpleNamespace(state=TaskState.COMPLETED, outputs={"text": None})}
    assert wanted(["text", "my-node"], workflow, tasks) == [("text", "my-node", "text"), ("my_node", "my-node", "")]


def test_what_is_not_there():
    with pytest.raises(NotFoundError, match="there is no output 'xs'; did you mean 'x'"):
        wanted(["xs"], *run(a="x = 1"))
    with pytest.raises(NotFoundError, match="'a' is failed; it has no outputs to fetch"):
        wanted(["x"], *run({"a": TaskState.FAILED}, a="x = 1"))
    workflow, _ = run(a="x = 1")
    with pytest.raises(NotFoundError, match="'a' is not part of that run"):
        wanted(["a"], workflow, {})


def test_a_figure_that_was_left_open_can_be_fetched():
    workflow, tasks = run(a="x = 1", plot="draw = x")
    tasks["plot"].outputs["figure"] = None
    assert wanted(["figure"], workflow, tasks) == [("figure", "plot", "figure")]


def test_what_only_defines_is_explained():
    workflow, tasks = run(a="x = 1")
    definitions = {"tools": "tools", "double": "tools"}
    with pytest.raises(NotFoundError, match="'double' is what 'tools' defines, and no output"):
        wanted(["double"], workflow, tasks, definitions)
    with pytest.raises(NotFoundError, match="'tools' is a cell that only defines"):
        wanted(["tools"], workflow, tasks, definitions)
