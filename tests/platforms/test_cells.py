"""Cells with what they take along, run in real body processes."""

from __future__ import annotations

import pytest

from tests.workflows import workflow
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings
from twingraph_lab.spec.workflow import Node, Source

DATACLASS = """from dataclasses import dataclass
@dataclass
class Point:
    x: int
    def up(self): return Point(self.x + 1)
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(Settings(home=tmp_path_factory.mktemp("cells") / "home", scheduler="inline", workers=1)) as lab:
        yield lab


def node(name, code, setup="", outputs=(), **inputs):
    component = Source(code=code, setup=setup, outputs=outputs, filename=f"<twingraph {name}>")
    return Node(id=name, component=component, inputs=inputs)


def run(lab, *nodes):
    run = lab.submit(workflow(*nodes))
    run.wait(60)
    return run


def failure(lab, *nodes):
    made = run(lab, *nodes)
    return next(task.failure for task in made.tasks.values() if task.failure)


def test_the_setup_is_there_before_the_cell(lab):
    made = run(lab, node("a", "y = area(2)", "import math\ndef area(r): return round(math.pi * r * k)\n", ("y",), k=10))
    assert made.output("a", "y") == 63


def test_a_setup_may_need_inputs_when_it_is_made(lab):
    made = run(lab, node("a", "y = f()", "def f(x=k): return x\n", ("y",), k=3))
    assert made.output("a", "y") == 3


def test_a_failure_shows_the_cells_own_line_and_the_line_of_what_it_takes_along(lab):
    setup = "def ratio(a, b):\n    whole = a\n    return whole / b\n"
    found = failure(lab, node("a", "\n\ny = ratio(1, 0)", setup, ("y",)))
    lines = [line.strip() for line in found.traceback.splitlines()]
    assert lines[:3] == [
        "Traceback (most recent call last):",
        'File "<twingraph a>", line 3, in <module>',
        "y = ratio(1, 0)",
    ]
    assert 'File "<twingraph a setup>", line 3, in ratio' in lines
    assert "return whole / b" in lines


def test_a_failing_setup_is_told(lab):
    found = failure(lab, node("a", "y = 1", "import math\ndef f(x=1 / 0): ...\n", ("y",)))
    assert found.type == "ZeroDivisionError"
    assert 'File "<twingraph a setup>", line 2' in found.traceback
    assert "def f(x=1 / 0)" in found.traceback


def test_a_failure_of_an_awaiting_cell_shows_its_lines_only(lab):
    found = failure(lab, node("a", "\nimport asyncio\nawait asyncio.sleep(0)\n1 / 0"))
    assert found.traceback.splitlines()[1] == '  File "<twingraph a>", line 4, in <module>'
    assert "asyncio/" not in found.traceback


def test_the_exceptions_behind_an_exception_are_kept(lab):
    code = "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('so')"
    found = failure(lab, node("a", code))
    assert "During handling of the above exception" in found.traceback


def test_values_of_a_class_are_of_that_class_in_every_cell_that_takes_it_along(lab):
    made = run(
        lab,
        node("a", "p = Point(1)", DATACLASS, ("p",)),
        node(
            "b", "ok = [isinstance(p, Point), p == Point(1), p.up() == Point(2)]", DATACLASS, ("ok",), p={"ref": "a.p"}
        ),
    )
    assert made.output("b", "ok") == [True, True, True]
    assert made.output("a", "p").up().x == 2


def test_a_class_of_the_cell_itself_is_the_same_where_it_is_taken_along(lab):
    made = run(
        lab,
        node("a", DATACLASS + "p = Point(1)", "", ("p",)),
        node("b", "ok = isinstance(p, Point)", DATACLASS, ("ok",), p={"ref": "a.p"}),
    )
    assert made.output("b", "ok") is True


def test_members_of_an_enumeration_stay_themselves(lab):
    setup = "import enum\nclass C(enum.Enum):\n    RED = 1\n"
    made = run(
        lab, node("a", "c = C.RED", setup, ("c",)), node("b", "ok = c is C.RED", setup, ("ok",), c={"ref": "a.c"})
    )
    assert made.output("b", "ok") is True


def test_another_class_of_the_same_name_is_another_class(lab):
    other = DATACLASS.replace("self.x + 1", "self.x + 2")
    made = run(
        lab,
        node("a", "p = Point(1)", DATACLASS, ("p",)),
        node("b", "ok = [isinstance(p, Point), p.up().x]", other, ("ok",), p={"ref": "a.p"}),
    )
    assert made.output("b", "ok") == [False, 2]


def test_an_output_that_is_not_bound_is_named(lab):
    assert "without binding its output 'y'" in failure(lab, node("a", "if False:\n    y = 1", "", ("y",))).message
