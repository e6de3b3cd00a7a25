"""How variables of a notebook are made elsewhere."""

from __future__ import annotations

import json
from datetime import date

import pytest

from twingraph_lab.frontends.surroundings import Surroundings, UntravelledError


def notebook(*cells):
    """A notebook in which these cells ran."""
    variables = {"__name__": "__main__"}
    for number, code in enumerate(cells):
        exec(compile(code, f"<cell {number}>", "exec"), variables)
    return Surroundings(variables, cells)


def text(name, *cells):
    found = notebook(*cells).definition(name)
    return found and found.text


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("j", ["import json as j"], "import json as j"),
        ("xml", ["import xml.dom", "import xml.sax"], "import xml\nimport xml.dom\nimport xml.sax"),
        ("d", ["from json import dumps as d"], "from json import dumps as d"),
        ("date", ["from datetime import date"], "from datetime import date"),
        ("say", ["say = print"], "from builtins import print as say"),
        ("f", ["def f(): return 1", "def f(): return 2"], "def f(): return 2"),
        ("f", ["def f(): return 1", "x = 'def f(): return 3'"], "def f(): return 1"),
        ("sq", ["sq = lambda x: x * x"], "sq = lambda x: x * x"),
        ("A", ["class A:\n    n = 1"], "class A:\n    n = 1"),
        (
            "P",
            ["from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int"],
            "@dataclass\nclass P:\n    x: int",
        ),
        ("P", ["from collections import namedtuple", "P = namedtuple('P', 'x y')"], "P = namedtuple('P', 'x y')"),
        ("half", ["from functools import partial", "half = partial(pow, 2)"], "half = partial(pow, 2)"),
        ("WORD", ["import re", "WORD = re.compile('a+')"], "WORD = re.compile('a+')"),
        ("g", ["def f(): ...", "g = f"], "g = f"),
        ("h", ["n = 3", "def h(v, m=n, *, k=None): ..."], "def h(v, m=n, *, k=None): ..."),
        ("f", ["def w(g):\n    return lambda: g()", "@w\ndef f(): ..."], "@w\ndef f(): ..."),
        ("CODES", ["from http.client import responses as CODES"], "from http.client import responses as CODES"),
        ("x", ["x = {1, 2}"], None),
        ("a", ["class A: ...", "a = A()"], None),
    ],
)
def test_a_variable_is_made_by_what_made_it(name, cells, expected):
    assert text(name, *cells) == expected


@pytest.mark.parametrize(
    ("name", "cells", "message"),
    [
        ("f", ["def outer(n):\n    return lambda: n", "f = outer(3)"], "a closure"),
        ("f", ["n = 3", "def f(v, m=n): ...", "n = 4"], "'f' was defined when 'n' was 3, and it is another now"),
        ("f", ["n = 3", "def f(*, a=1, m=n): ...", "n = {4}"], "'f' was defined when 'n' was 3"),
        ("A", ["class A:\n    n = 1", "A.n = 2"], "'A' is a class that is changed after its definition"),
        ("m", ["import types", "m = types.ModuleType('mine')"], "can't be imported elsewhere"),
        ("m", ["class A:\n    def f(self): ...", "m = A().f"], "a closure"),
    ],
)
def test_what_cannot_go_along_is_explained(name, cells, message):
    with pytest.raises(UntravelledError, match=message):
        text(name, *cells)


def test_a_class_that_no_cell_shows_is_explained():
    hidden = type("Hidden", (), {"__module__": "__main__"})
    with pytest.raises(UntravelledError, match="isn't in the notebook"):
        Surroundings({"Hidden": hidden}).definition("Hidden")


def test_a_function_of_a_script_is_found_in_its_file(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("import math\n\n\ndef area(r):\n    return math.pi * r\n")
    variables = {"__name__": "__main__"}
    exec(compile(path.read_text(), str(path), "exec"), variables)
    assert Surroundings(variables).definition("area").text == "def area(r):\n    return math.pi * r"
    found = Surroundings({"size": variables["area"]}).definition("size")
    assert found.text.endswith("\nsize = area")


def test_cells_that_are_no_python_are_passed_over():
    around = Surroundings({"d": date, "j": json, "x": object()}, ["d = (", "x = ("])
    assert around.definition("d").is_import
    assert around.definition("x") is None
