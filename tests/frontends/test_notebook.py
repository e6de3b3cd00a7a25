"""A notebook file is a workflow of one node, with the parameters that its cell declares."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from twingraph_lab.components import ipynb
from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.notebook import workflow_of
from twingraph_lab.spec.workflow import Builtin, Parameter

NOTEBOOKS = Path(__file__).parents[1] / "fixtures" / "notebooks"


def notebook_with(tmp_path, parameters, *, tags=("parameters",), **document):
    """A notebook of one tagged cell."""
    cell = {"cell_type": "code", "id": "a", "metadata": {"tags": list(tags)}, "source": parameters, "outputs": []}
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]} | document))
    return path


def declared(tmp_path, source):
    return workflow_of(notebook_with(tmp_path, source)).parameters


def faults_of(path):
    with pytest.raises(WorkflowError) as caught:
        workflow_of(path)
    assert caught.value.source == str(path)
    return [str(fault) for fault in caught.value.faults]


def test_a_notebook_is_one_node_with_its_parameters_as_inputs():
    workflow = workflow_of(NOTEBOOKS / "report.ipynb")
    assert workflow.name == "report"
    (node,) = workflow.nodes
    assert workflow.component_of(node) == Builtin(name="notebook")
    assert node.inputs == {
        "path": {"value": str(NOTEBOOKS / "report.ipynb")},
        "n": {"param": "n"},
        "name": {"param": "name"},
        "query": {"param": "query"},
        "started": {"param": "started"},
        "parameters": {"path": {"param": "path"}},
        "optional": {"value": ["started"]},
    }
    assert workflow.parameters["n"] == Parameter(type="number", default=3, description="how many rows")
    assert workflow.parameters["query"] == Parameter(type="string", default="a=b#c")
    assert workflow.parameters["started"] == Parameter(type="any", default=None)


def test_a_notebook_without_parameters_or_cells_is_a_workflow_too():
    workflow = workflow_of(NOTEBOOKS / "without_cells.ipynb")
    assert not workflow.parameters
    assert set(workflow.nodes[0].inputs) == {"path"}


def test_the_path_does_not_depend_on_where_the_workflow_is_run(monkeypatch):
    monkeypatch.chdir(NOTEBOOKS)
    assert workflow_of("report.ipynb") == workflow_of(NOTEBOOKS / "report.ipynb")


class TestParameters:
    @pytest.mark.parametrize(
        ("source", "type_", "default"),
        [
            ("x = 3", "number", 3),
            ("x: int = 3", "integer", 3),
            ("x = 3  # type: int", "integer", 3),
            ("x = -2.5", "number", -2.5),
            ("x = 'a = b # c'", "string", "a = b # c"),
            ("x = True", "boolean", True),
            ("x = [1,\n  2]", "array", [1, 2]),
            ("x: dict[str, int] = {'a': 1}", "object", {"a": 1}),
            ("x = None", "any", None),
            ("x: int = None", "any", None),
        ],
    )
    def test_have_the_type_and_value_of_their_default(self, tmp_path, source, type_, default):
        parameter = declared(tmp_path, source)["x"]
        assert (parameter.type, parameter.default, parameter.required) == (type_, default, False)

    @pytest.mark.parametrize("code", ["10 * 1024", "dict(a=1)", "(1, 2)", "{1: 2}", "b'x'", "float('inf')", "1e999"])
    def test_whose_default_is_code_may_be_left_out(self, tmp_path, code):
        workflow = workflow_of(notebook_with(tmp_path, f"x = {code}"))
        assert workflow.parameters["x"] == Parameter(type="any", default=None)
        assert workflow.nodes[0].inputs["optional"] == {"value": ["x"]}

    def test_are_described_by_the_comment_behind_them(self, tmp_path):
        parameters = declared(
            tmp_path, "a = 1  # first\n# not a description\nb = [\n  2,  # no\n]  # type: list second\nc = 3"
        )
        assert [parameter.description for parameter in parameters.values()] == ["first", "second", ""]

    def test_come_from_assignments_to_one_name_only(self, tmp_path):
        assert set(declared(tmp_path, "import os\na = b = 1\nc, d = 2, 3\ne.f = 4\ng: int\nh = 5\nh = 6")) == {"h"}

    def test_may_follow_a_magic(self, tmp_path):
        pytest.importorskip("IPython", reason="needs the extra `notebook`")
        assert declared(tmp_path, "%matplotlib inline\nx = 1")["x"].default == 1

    def test_that_cannot_be_named_in_a_document_stay_the_notebooks_own(self, tmp_path):
        assert set(declared(tmp_path, "größe = 1\nsize = 2")) == {"size"}

    def test_named_like_special_forms_are_ordinary(self, tmp_path):
        inputs = workflow_of(notebook_with(tmp_path, "ref = 1\nvalue = 2")).nodes[0].inputs
        assert (inputs["ref"], inputs["value"]) == ({"param": "ref"}, {"param": "value"})

    def test_of_other_languages_are_unknown(self, tmp_path):
        path = notebook_with(tmp_path, "x <- 1", metadata={"language_info": {"name": "R"}})
        assert not workflow_of(path).parameters


class TestFaults:
    def test_no_such_file(self, tmp_path):
        assert faults_of(tmp_path / "missing.ipynb") == ["there is no such file"]

    def test_a_folder(self, tmp_path):
        assert faults_of(tmp_path) == ["can't be read: Is a directory"]

    @pytest.mark.parametrize("text", ["", "{", "x = 1", "[" * 100_000], ids=["empty", "cut", "py", "deep"])
    def test_not_json(self, tmp_path, text):
        (tmp_path / "n.ipynb").write_text(text)
        (fault,) = faults_of(tmp_path / "n.ipynb")
        assert fault.startswith("not a notebook, since it isn't JSON: ")

    def test_not_text(self, tmp_path):
        (tmp_path / "n.ipynb").write_bytes(b"\xff\xfe\x00")
        assert "isn't JSON" in faults_of(tmp_path / "n.ipynb")[0]

    @pytest.mark.parametrize("text", ["[]", "{}", "null", '{"nbformat": "4"}'])
    def test_json_but_no_notebook(self, tmp_path, text):
        (tmp_path / "n.ipynb").write_text(text)
        assert faults_of(tmp_path / "n.ipynb") == [
            "(nbformat): not a notebook: JSON, but without a notebook's format number"
        ]

    def test_an_old_format(self):
        (fault,) = faults_of(NOTEBOOKS / "format_3.ipynb")
        assert fault == "(nbformat): notebook format 3, not 4: open and save it in JupyterLab to convert it"

    def test_every_part_that_is_not_as_in_a_notebook(self, tmp_path):
        cells = [
            None,
            {"cell_type": "code", "source": [1]},
            {"cell_type": "code", "source": "", "metadata": {"tags": [3]}},
        ]
        faults = faults_of(notebook_with(tmp_path, "", cells=cells, metadata={"kernelspec": 1}, nbformat_minor="x"))
        paths = [fault[1:].partition(")")[0] for fault in faults]
        assert paths == [
            "nbformat_minor",
            "metadata.kernelspec",
            "cells[0]",
            "cells[1].source",
            "cells[2].metadata.tags[0]",
        ]

    def test_no_list_of_cells(self, tmp_path):
        assert faults_of(notebook_with(tmp_path, "", cells={})) == ["(cells): Input should be a valid list"]

    def test_a_parameters_cell_that_is_not_python(self, tmp_path):
        (fault,) = faults_of(notebook_with(tmp_path, "x = = 1"))
        assert fault.startswith("(cells[0]): can't tell the parameters of this cell: ")
        assert fault.endswith(" in line 1")

    def test_all_output_cells_that_cannot_work(self):
        name, syntax = faults_of(NOTEBOOKS / "called_notebook.ipynb")
        assert name == "(cells[0]): no output can be called 'notebook': that is the executed notebook"
        assert syntax.startswith("(cells[1]): can't tell the outputs of this cell: ")

    def test_outputs_of_another_language(self):
        assert faults_of(NOTEBOOKS / "in_r.ipynb") == ["(cells[0]): only Python cells hand over outputs, and this is r"]


@pytest.mark.parametrize(
    ("source", "names", "shows"),
    [
        ("a = b = 1", "a b", False),
        ("a, [b, *c] = x", "a b c", False),
        ("a: int = 1\nb: int", "a", False),
        ("a += 1", "a", False),
        ("if (a := 1):\n    b = 2\nelse:\n    c = 3", "a b c", False),
        ("for i in x:\n    a = i", "a", False),
        ("with open(p) as f:\n    a = f.read()", "a", False),
        ("try:\n    a = 1\nexcept E as e:\n    b = 2", "a b", False),
        ("def f():\n    a = 1\nclass C:\n    b = 2", "", False),
        ("import os\n_a = 1\nx.y = 2\nx[0] = 3", "", False),
        ("a = [y for y in x if (z := y)]\nf = lambda: (w := 1)", "a f", False),
        ("a = await f()", "a", False),
        ("a", "a", False),
        ("a = 1\nb", "a b", False),
        ("a = 1\na + 1", "a", True),
        ("a + 1;", "", False),
        ("", "", False),
    ],
)
def test_a_tagged_cell_hands_over_what_it_assigns_or_shows(source, names, shows):
    assert ipynb.bound(source) == ipynb.Bound(tuple(names.split()), shows)


def test_building_a_workflow_needs_none_of_jupyters_libraries():
    script = """if True:
        import sys
        from twingraph_lab.frontends.notebook import workflow_of
        workflow_of(sys.argv[1])
        print(*sorted({"papermill", "nbformat", "nbclient", "IPython", "jupyter_client"} & set(sys.modules)))
    """
    command = [sys.executable, "-c", script, str(NOTEBOOKS / "report.ipynb")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == ""
