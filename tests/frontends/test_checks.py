"""What is bound to fail is found before anything runs, and nothing else is."""

from __future__ import annotations

import json

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.checks import checked, source_faults
from twingraph_lab.planning.context import RunContext
from twingraph_lab.spec.workflow import Node, Source


@pytest.fixture
def here(tmp_path):
    return RunContext(cwd=str(tmp_path), sys_path=(str(tmp_path),))


def told(nodes, here, **fields):
    return [str(fault) for fault in source_faults(workflow(*nodes, **fields), here)]


def test_code_that_does_not_compile_is_told_with_its_line(here):
    assert told([cell("a", "x = 1\ny = (")], here) == ["node 'a' (line 2): '(' was never closed: y = ("]


def test_names_that_nothing_gives_are_told_with_line_and_likely_name(here):
    found = told([cell("a", "y = 1\nresult = colour + rows", inputs={"colours": [], "rows": 1})], here)
    told_of = "node 'a' (line 2): nothing gives 'colour': it is no input, and the code doesn't bind it"
    assert found == [f"{told_of}; did you mean 'colours'?"]


def test_a_name_read_before_it_is_bound_is_told(here):
    assert told([cell("a", "x = x + 1")], here) == [
        "node 'a' (line 1): 'x' is read before the code binds it, and no input has this name"
    ]


def test_a_name_in_a_function_that_is_called_is_told(here):
    assert "nothing gives 'zz'" in told([cell("a", "def f():\n    return zz\nresult = f()")], here)[0]


@pytest.mark.parametrize(
    "code",
    [
        "x = x + 1 if n else 0",
        "from math import *\nresult = floor(1.5)",
        "exec('a = 1')\nresult = a",
        "globals()['a'] = 1\nresult = a",
        "try:\n    a\nexcept NameError:\n    a = 1",
        "try:\n    a\nexcept Exception:\n    a = 1",
        "import asyncio\nawait asyncio.sleep(0)\nresult = [i for i in range(3)]",
        "def f():\n    return later\nlater = 1\nresult = f()",
        "class A:\n    size = 3\n    def area(self):\n        return self.size\nresult = A().area()",
        "result = __name__, __file__, print, len([])",
        "for i in range(3):\n    pass\nresult = i",
        "if n:\n    a = 1\nelse:\n    a = 2\nresult = a",
        "result = helper(n)",
    ],
)
def test_code_that_may_work_is_not_complained_of(here, code):
    setup = "import math\ndef helper(x):\n    return math.floor(x) + n"
    node = Node(
        id="a", component=Source(code=code, setup=setup, outputs=("result",)), inputs={"n": 1, "x": {"param": "x"}}
    )
    assert told([node], here, parameters={"x": {"default": 1}}) == []


def test_the_setup_is_checked_too(here):
    node = Node(id="a", component=Source(code="result = 1", setup="import math\nunknown(math)"))
    assert told([node], here) == [
        "node 'a' (line 2 of its setup): nothing gives 'unknown': it is no input, and the code doesn't bind it"
    ]


MODULE = """
import functools
from typing import NamedTuple

class Out(NamedTuple):
    rows: int
    mean: float

def clean(data, *, limit=3, mode): ...
def anything(first, **more): ...
def by_place(data, /): ...
def stats(data) -> Out: ...

@functools.cache
def decorated(a): ...

class Model:
    def fit(self, x): ...

if True:
    def twice(a): ...
else:
    def twice(b): ...
"""


@pytest.mark.parametrize(
    ("ref", "inputs", "faults"),
    [
        ("steps:clean", ("data", "mode"), []),
        ("steps:clean", ("data",), ["clean of steps needs 'mode', which isn't among the inputs"]),
        ("steps:clean", ("data", "mode", "lim"), ["clean of steps takes no 'lim'; it takes data, limit, mode"]),
        ("steps:anything", ("first", "x", "y"), []),
        ("steps:by_place", ("data",), ["takes 'data' by position only", "takes no 'data'"]),
        ("steps:claen", ("data",), ["module 'steps' has no 'claen'; did you mean 'clean'?"]),
        ("steps:decorated", ("nobody", "knows"), []),
        ("steps:Model", ("x",), []),
        ("steps:Model.fit", ("x",), []),
        ("steps:twice", ("c",), []),
        ("nowhere_to_be_found:f", ("x",), []),
        ("statistics:mean", ("data",), []),
        ("statistics:mean", ("numbers",), ["needs 'data'", "takes no 'numbers'"]),
        ("math:sqrt", ("anything",), []),
        ("os.path:join", ("anything",), []),
    ],
)
def test_functions_are_found_and_fit_their_inputs(here, tmp_path, ref, inputs, faults):
    (tmp_path / "steps.py").write_text(MODULE)
    found = told([Node(id="a", component=ref, inputs=dict.fromkeys(inputs, 1))], here)
    assert len(found) == len(faults)
    assert all(fault in text for fault, text in zip(faults, found, strict=True))
    assert all(text.startswith("node 'a' (nodes[0].component): ") for text in found)


@pytest.mark.parametrize(
    "more",
    ["from os import *", "def __getattr__(name): ...", "globals()['f'] = print", "exec('def f(): ...')"],
)
def test_a_module_that_may_bind_anything_is_left_alone(here, tmp_path, more):
    (tmp_path / "steps.py").write_text(f"{MODULE}\n{more}\n")
    assert told([Node(id="a", component="steps:f"), Node(id="b", component="steps:clean")], here) == []


def test_a_module_is_read_and_never_imported(here, tmp_path):
    (tmp_path / "steps.py").write_text("raise SystemExit('imported')\ndef f(x): ...")
    assert len(told([Node(id="a", component="steps:f")], here)) == 1


def test_a_field_that_the_function_says_it_does_not_return_is_told(here, tmp_path):
    (tmp_path / "steps.py").write_text(MODULE)
    nodes = [
        Node(id="stats", component="steps:stats", inputs={"data": []}),
        cell("good", "result = [a, b]", inputs={"a": {"ref": "stats.mean"}, "b": "{{ stats.output.rows }}"}),
        cell("bad", "result = a", inputs={"a": "{{ stats.output.maen }} rows"}),
    ]
    assert told(nodes, here, outputs={"x": {"ref": "stats.nothing"}}) == [
        "node 'bad' (nodes[2].inputs.a): reads 'maen' of 'stats', which returns rows, mean; did you mean 'mean'?",
        "(outputs.x): reads 'nothing' of 'stats', which returns rows, mean",
    ]


def notebook(path, *, tags=()):
    cell = {"cell_type": "code", "source": "n = 1", "metadata": {"tags": list(tags)}, "outputs": [], "id": "a"}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}))


def test_a_notebook_must_be_there_unless_a_node_before_may_write_it(here):
    assert told([Node(id="a", component="notebook", inputs={"path": "a.ipynb"})], here) == [
        "node 'a' (nodes[0].inputs.path): notebook a.ipynb: there is no such file"
    ]
    written = Node(id="b", component="notebook", inputs={"path": "a.ipynb"}, after=("a",))
    assert told([cell("a"), written], here) == []


def test_parameters_need_a_tagged_cell(here, tmp_path):
    node = Node(id="a", component="notebook", inputs={"path": "a.ipynb", "n": 3, "parameters": {"path": 1}})
    notebook(tmp_path / "a.ipynb")
    assert "has no cell tagged `parameters`, so it can't be given n, path" in told([node], here)[0]
    notebook(tmp_path / "a.ipynb", tags=["parameters"])
    assert told([node], here) == []


def test_faults_of_document_parameters_and_code_come_together(here):
    bad = workflow(
        cell("a", "result = missing"),
        cell("b", "result = x", inputs={"x": {"ref": "nowhere"}}),
        parameters={"n": {"type": "integer"}},
    )
    with pytest.raises(WorkflowError) as caught:
        checked(bad, {"n": "text"}, here)
    assert {fault.node for fault in caught.value.faults} == {None, "a", "b"}


def test_what_is_reused_is_not_checked(here):
    flow = workflow(cell("a", "result = missing"), cell("b", "result = x", inputs={"x": {"ref": "a"}}))
    assert source_faults(flow, here, without={"a"}) == []
