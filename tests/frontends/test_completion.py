"""What Tab offers on a line of ours."""

from __future__ import annotations

import pytest

from twingraph_lab.frontends.cellbook import Cell, CellBook
from twingraph_lab.frontends.cells import as_code
from twingraph_lab.frontends.completion import completions
from twingraph_lab.spec.workflow import Workflow


@pytest.fixture(scope="module")
def book():
    made = CellBook(Workflow(name="test"))
    for name, body in {"load": "x = rate\nrows = [1]", "lower": "y = x", "tools": "def f(): ..."}.items():
        made, _ = made.define(Cell(as_code(body), name=name), {"rate": 1})
    return made


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("%%twingraph --ca", ["--cache"]),
        ("%%twingraph clean --re", ["--retry", "--resources"]),
        ("%%twingraph --cache in", ["inputs"]),
        ("%%twingraph --lang ", ["python"]),
        ("%%twingraph --in x=load.", ["load.x", "load.rows"]),
        ("%%twingraph --in x=lo", ["load", "lower", "load.x", "load.rows", "lower.y"]),
        ("%%twingraph --in a=load.x,b=low", ["lower", "lower.y"]),
        ("%%twingraph --in ro", ["rows="]),
        ("%%twingraph --after load,lo", ["load", "lower"]),
        ("%%twingraph lo", ["load", "lower"]),
        ("%twingraph pl", ["plan"]),
        ("%twingraph run lo", ["load", "lower"]),
        ("%twingraph run -p ra", ["rate="]),
        ("%twingraph run --fetch ro", ["rows"]),
        ("%twingraph run --fe", ["--fetch"]),
        ("%twingraph show 0", ["0abc"]),
        ("%twingraph status ", ["last", "0abc"]),
        ("%twingraph fetch low", ["lower", "lower.y"]),
        ("%twingraph delete to", ["tools"]),
        ("%twingraph nothing x", []),
    ],
)
def test_a_word_is_completed(book, text, offered):
    assert completions(text, book, lambda: ["0abc"]) == offered
