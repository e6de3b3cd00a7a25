"""What a palette offers: found by reading, never by importing."""

from __future__ import annotations

import os
import sys
import textwrap

import pytest

from tests.workflows import workflow
from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.canvas import project
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.editing import edited
from twingraph_lab.frontends.canvas.elements import elements
from twingraph_lab.frontends.canvas.messages import AddNode
from twingraph_lab.spec.workflow import Node, Pickled, Source


def write(folder, path, text):
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text))
    return file


def entries(folder, **options):
    return {each.entry: each for each in Catalog(folder, **options).entries()}


def ports(shown):
    return {port.name: port.type for port in shown}


def test_built_ins_say_what_they_take_and_give(tmp_path):
    found = entries(tmp_path)
    http = found["builtin:http"]
    assert (http.label, http.category, http.icon) == ("HTTP request", "Built-in", "http")
    assert ports(http.inputs)["url"] == "string"
    assert http.inputs[0].required
    assert ports(http.outputs)["status"] == "integer"
    assert {"builtin:http", "builtin:input", "builtin:llm", "builtin:notebook", "builtin:output"} <= found.keys()
    assert all(found[name].description for name in found if name.startswith("builtin:"))


@pytest.mark.parametrize(
    ("head", "decorator"),
    [
        ("from twingraph_lab import component", "component"),
        ("from twingraph_lab import component as node", "node(retry=1)"),
        ("import twingraph_lab", "twingraph_lab.component"),
        ("import twingraph_lab as tg", "tg.component()"),
        ("from twingraph_lab.frontends import decorators", "decorators.component"),
        ("from twingraph.orchestration.orchestration_tools import component", "component(platform='local')"),
    ],
)
def test_functions_are_found_however_the_decorator_is_imported(tmp_path, head, decorator):
    write(
        tmp_path,
        "pkg/steps.py",
        f"raise SystemExit\n{head}\n@{decorator}\ndef load(path: str): ...\ndef helper(): ...\n",
    )
    found = [name for name in entries(tmp_path) if name.startswith("function:")]
    assert found == ["function:pkg.steps:load"]
    assert "pkg.steps" not in sys.modules


def test_other_decorators_of_that_name_are_no_components(tmp_path):
    write(tmp_path, "a.py", "from elsewhere import component\nimport twingraph_lab\n@component\ndef f(): ...\n")
    assert not [name for name in entries(tmp_path) if name.startswith("function:")]


def test_signatures_are_read_with_types_defaults_and_documentation(tmp_path):
    write(
        tmp_path,
        "steps.py",
        '''
        import typing as t
        from pathlib import Path
        import pandas as pd
        from twingraph_lab import component

        class Split(t.NamedTuple):
            train: pd.DataFrame
            share: float

        @component
        def split(rows: pd.DataFrame, path: "Path | None" = None, *, share: t.Annotated[float, "of the rows"] = 0.5,
                  names: list[str] = [], n: int | str = 3, flag=True) -> Split:
            """Split rows.

            :param rows: What is split.
            """
        ''',
    )
    found = entries(tmp_path)["function:steps:split"]
    assert ports(found.inputs) == {
        "rows": "table", "path": "string", "share": "number", "names": "array", "n": "any", "flag": "boolean",
    }  # fmt: skip
    assert [port.name for port in found.inputs if port.required] == ["rows"]
    assert (found.description, found.inputs[0].doc, found.inputs[2].doc) == (
        "Split rows.",
        "What is split.",
        "of the rows",
    )
    assert ports(found.outputs) == {"train": "table", "share": "number"}


def test_reading_is_bounded_and_leaves_environments_out(tmp_path, monkeypatch):
    text = "from twingraph_lab import component\n@component\ndef f(): ...\n"
    for path in (".hidden/a.py", "node_modules/a.py", ".venv/a.py", "own/lib/a.py", "my-folder/a.py", "2nd/a.py"):
        write(tmp_path, path, text)
    write(tmp_path, "own/pyvenv.cfg", "")
    write(tmp_path, "broken.py", "def (")
    for number in range(5):
        write(tmp_path, f"m{number}.py", text)
    assert len([name for name in entries(tmp_path) if name.startswith("function:")]) == 5
    monkeypatch.setattr(project, "FILES_LIMIT", 3)
    assert len([name for name in entries(tmp_path) if name.startswith("function:")]) < 5


def test_a_file_that_changes_is_read_again(tmp_path):
    file = write(tmp_path, "m.py", "from twingraph_lab import component\n@component\ndef f(): ...\n")
    catalog = Catalog(tmp_path)
    assert "function:m:f" in {each.entry for each in catalog.entries()}
    file.write_text("from twingraph_lab import component\n@component\ndef g(n: int): ...\n")
    os.utime(file, ns=(1, 1))
    assert "function:m:g" in {each.entry for each in catalog.entries()}
    assert catalog.function("m:g").declaration.inputs["n"].type == "integer"


def test_components_of_the_document_are_offered_too(tmp_path):
    components = {
        "mine": Source(code="y = x", outputs=("y",)),
        "kept": Pickled(name="f", data="", source="def f(a: int): ..."),
    }
    found = entries(tmp_path, components=components)
    assert ports(found["component:mine"].inputs) == {"x": "any"}
    assert ports(found["component:kept"].inputs) == {"a": "integer"}
    made = edited(
        workflow(components=components),
        [AddNode(entry="component:mine", position=(0, 0))],
        Catalog(tmp_path, components),
    )
    assert made.nodes == (Node(id="mine", component="mine"),)


def test_a_blank_cell_has_something_to_draw_an_edge_from():
    made = edited(workflow(), [AddNode(entry="code:python", position=(0, 0))])
    (node,) = elements(made)
    assert [port.name for port in node.data.outputs] == ["result"]
    assert node.data.faults == ()


def test_a_notebook_takes_its_parameters_and_gives_what_its_tagged_cells_bind(tmp_path):
    def code(source, tag):
        return {"cell_type": "code", "metadata": {"tags": [tag]}, "source": source, "outputs": []}

    cells = [code("n: int = 3  # how many\ntitle = 'x'", "parameters"), code("total = n", "output")]
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    write(tmp_path, "report.ipynb", __import__("json").dumps(document))
    made = workflow(Node(id="a", component="notebook", inputs={"path": "report.ipynb", "nonsense": 1}))
    (node,) = elements(made, catalog=Catalog(tmp_path))
    assert ports(node.data.inputs) == {
        "path": "string",
        "kernel_name": "string",
        "n": "integer",
        "title": "string",
        "nonsense": "any",
    }
    assert list(ports(node.data.outputs)) == ["total", "notebook"]
    assert node.data.faults == ("takes no 'nonsense'; it takes path, kernel_name, n, title",)


def test_nothing_outside_of_the_root_is_read(tmp_path):
    inside = tmp_path / "inside"
    write(tmp_path, "secret.ipynb", '{"nbformat": 4, "metadata": {}, "cells": []}')
    inside.mkdir()
    catalog = Catalog(inside, root=inside)
    made = workflow(Node(id="a", component="notebook", inputs={"path": "../secret.ipynb"}))
    (node,) = elements(made, catalog=catalog)
    assert list(ports(node.data.inputs)) == ["path", "kernel_name"]
    with pytest.raises(WorkflowError, match="outside"):
        catalog.file("../secret.ipynb")
