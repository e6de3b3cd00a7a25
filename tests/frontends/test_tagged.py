"""A notebook's tagged cells are a workflow, read without a kernel."""

from __future__ import annotations

import json

import pytest

from twingraph_lab.components import ipynb
from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.notebook import workflow_of
from twingraph_lab.frontends.tagged import workflow_of_cells
from twingraph_lab.spec.workflow import Builtin, Parameter


def cell(source, *tags, kind="code"):
    return {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source}


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook of these cells."""

    def write(*cells, **metadata):
        path = tmp_path / "flights.ipynb"
        path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}))
        return path

    return write


@pytest.fixture
def faults(notebook):
    """What is wrong with a notebook of these cells."""

    def told(*cells, **metadata):
        with pytest.raises(WorkflowError) as caught:
            workflow_of(notebook(*cells, **metadata))
        return [str(fault) for fault in caught.value.faults]

    return told


def test_tagged_and_magic_cells_are_nodes_joined_by_the_names_they_share(notebook):
    whole = workflow_of(
        notebook(
            cell("# Flights", kind="markdown"),
            cell("n: int = 3  # how many", "parameters"),
            cell("rows = list(range(n))", "node:load"),
            cell("%%twingraph --retry 2 --timeout 90\ntotal = sum(rows)"),
            cell("mean = total / n", "node"),
        )
    )
    assert whole.name == "flights"
    assert whole.description == "the tagged and %%twingraph cells of flights.ipynb"
    assert whole.parameters == {"n": Parameter(type="integer", default=3, description="how many")}
    assert list(whole.by_id) == ["load", "total", "mean"]
    assert whole.by_id["load"].inputs == {"n": {"param": "n"}}
    assert whole.by_id["total"].inputs == {"rows": {"ref": "load.rows"}}
    assert (whole.by_id["total"].retry.attempts, whole.by_id["total"].timeout_s) == (3, 90)
    assert whole.by_id["mean"].inputs == {"total": {"ref": "total.total"}, "n": {"param": "n"}}


def test_a_notebook_without_such_cells_runs_as_one_node(notebook):
    whole = workflow_of(notebook(cell("x = 1"), cell("y = x", "output")))
    assert whole.component_of(whole.nodes[0]) == Builtin(name="notebook")
    assert whole.description == "flights.ipynb as one node, by papermill"


def test_imports_functions_and_classes_travel_with_the_nodes_that_use_them(notebook):
    whole = workflow_of(
        notebook(
            cell("import math\nimport json\nunused = 5\nprint(unused)"),
            cell("def area(r):\n    return math.pi * r**2"),
            cell("a = area(1)", "node"),
            cell("b = json.dumps(1)", "node"),
        )
    )
    setups = {node.id: whole.component_of(node).setup for node in whole.nodes}
    assert setups == {"a": "import math\ndef area(r):\n    return math.pi * r**2\n", "b": "import json\n"}


def test_nodes_may_stand_in_any_order(notebook):
    whole = workflow_of(notebook(cell("b = a + 1", "node"), cell("a = 1", "node")))
    assert whole.by_id["b"].upstream == ("a",)


def test_commands_and_other_magics_are_not_looked_at(notebook):
    whole = workflow_of(
        notebook(
            cell("%load_ext twingraph_lab\n%twingraph new 'my flow'\n%matplotlib inline"),
            cell("%%bash\na = ("),
            cell("a = 1", "node"),
            cell("%twingraph run --fetch a"),
            cell("a.head()\n!ls"),
        )
    )
    assert (whole.name, list(whole.by_id)) == ("my flow", ["a"])


def test_what_only_an_untagged_cell_binds_is_to_be_tagged(faults):
    found = faults(
        cell("import math"), cell("rows = list('ab')\nn = len(rows)"), cell("y = 1\nx = len(rows) + n", "node")
    )
    what_to_do = "is bound in cell 2, which isn't tagged; tag that cell `node`, or `parameters` if it only sets values"
    assert found == [f"(cell 3, line 2): {name!r} {what_to_do}" for name in ("rows", "n")]


def test_all_faults_are_told_with_cell_and_line(faults):
    found = faults(
        cell("text", kind="markdown"),
        cell("%%twingraph a --retry x --timeout soon\nx = 1"),
        cell("y = (", "node:b"),
        cell("c = nowhere", "node"),
        cell("z = 1", "node:two words"),
    )
    told = "\n".join(found)
    assert "cell 2" in told
    assert "cell 5" in told
    assert "two words" in told
    found = faults(cell("y = (", "node:b"), cell("x = 1\nc = nowhere", "node"))
    assert found[0].startswith("node 'b' (cell 1, line 1): ")
    assert found[1].startswith("node 'x' (cell 2, line 2): nothing gives 'nowhere'")


def test_two_cells_of_the_same_name_are_told(faults):
    (fault,) = faults(cell("x = 1", "node:a"), cell("y = 1", "node:a"))
    assert fault == "(cell 2): is called 'a' like cell 1; name it"


def test_cells_of_several_workflows_are_no_file(faults):
    (fault,) = faults(cell("%%twingraph --workflow one\nx = 1"), cell("%%twingraph --workflow two\ny = 1"))
    assert "several workflows (one, two)" in fault


def test_a_parameter_that_only_a_kernel_could_tell_is_named(faults):
    (fault,) = faults(cell("n = 2 ** 10", "parameters"), cell("x = n", "node"))
    assert "the default of 'n' is code" in fault


def test_cells_in_other_languages_are_no_nodes(faults):
    (fault,) = faults(cell("x <- 1", "node"), language_info={"name": "R"})
    assert fault == "only Python cells can be nodes, and this notebook is in r"


def test_a_notebook_without_tags_where_they_are_needed_says_what_to_do(notebook):
    document = ipynb.read(notebook(cell("x = 1")))
    with pytest.raises(
        WorkflowError, match=r"no cell of this notebook is a node: tag the cells .* or begin them with %%"
    ):
        workflow_of_cells(document, name="flights", source="flights.ipynb")


def test_imports_and_functions_of_the_parameters_cell_travel_too(notebook):
    first = cell("import math\n\nn = 9\n\ndef twice(x):\n    return 2 * x", "parameters")
    whole = workflow_of(notebook(first, cell("y = twice(math.sqrt(n))", "node:y")))
    assert list(whole.parameters) == ["n"]
    assert "def twice" in whole.component_of(whole.by_id["y"]).setup


def test_plain_values_of_other_cells_are_parameters_as_in_a_live_notebook(notebook, faults):
    load = cell("%%twingraph load\nrows = list(range(n))[::step]")
    whole = workflow_of(notebook(cell("n = 3\nlabel = 'unused'"), cell("step: int = 2"), load, cell("n = 4")))
    assert whole.parameters == {"n": Parameter(type="number", default=4), "step": Parameter(type="number", default=2)}
    (told,) = faults(cell("n = 3\nstep = 1"), load, cell("n = n + 1"))
    assert "(cell 2, line 2): 'n' is bound in cell 3" in told
