"""A value of the program's own class is read as one of it by the next process that runs the program."""

from __future__ import annotations

import pickle
import sys
import types

import cloudpickle
import pytest

from twingraph_lab.frontends.identities import identify_classes

POINT = "class Point:\n    def __init__(self, x): self.x = x\n"
OTHER = "class Point:\n    def __init__(self, x): self.x = -x\n"
KINDS = (
    "import enum, collections\nPair = collections.namedtuple('Pair', 'a b')\nclass Colour(enum.Enum):\n    RED = 1\n"
)


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Makes `__main__` what the given source makes it: a script, or a notebook of cells."""

    def begin(*sources, script=True):
        main = types.ModuleType("__main__")
        if script:
            main.__file__ = str(tmp_path / "program.py")
            (tmp_path / "program.py").write_text("\n".join(sources))
        else:
            main._ih = ["", *sources]
        monkeypatch.setitem(sys.modules, "__main__", main)
        for source in sources:
            exec(source, main.__dict__)
        identify_classes()
        return main

    return begin


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(
    ("source", "make"),
    [(POINT, lambda m: m.Point(1)), (KINDS, lambda m: m.Pair(1, 2)), (KINDS, lambda m: m.Colour.RED)],
)
def test_a_value_is_of_the_class_of_the_next_process(program, source, make, script):
    first = program(source, script=script)
    stored = cloudpickle.dumps(make(first))
    second = program(source, script=script)
    assert type(make(second)) is not type(make(first))
    assert type(pickle.loads(stored)) is type(make(second))


def test_a_class_of_another_source_is_another(program):
    stored = cloudpickle.dumps(program(POINT).Point(1))
    main = program(OTHER)
    found = pickle.loads(stored)
    assert (type(found) is main.Point, found.x) == (False, 1)


def test_of_two_cells_the_later_counts(program):
    stored = cloudpickle.dumps(program(OTHER).Point(1))
    main = program(POINT, OTHER, script=False)
    assert type(pickle.loads(stored)) is main.Point


def test_where_no_source_is_found_nothing_happens(monkeypatch):
    main = types.ModuleType("__main__")
    main.__file__ = "/nowhere/at/all.py"
    monkeypatch.setitem(sys.modules, "__main__", main)
    identify_classes()
    del main.__file__
    main._ih = ["class Broken(", "x = 1"]
    identify_classes()
