from __future__ import annotations

from twingraph_lab.components.control import collect, passthrough, with_defaults
from twingraph_lab.registry import Registry


def test_inputs_are_handed_on_as_they_are():
    table = object()
    assert passthrough(a=table, b=[1]) == {"a": table, "b": [1]}
    assert collect(**{"two words": 1, "self": 2, "inputs": 3}) == {"two words": 1, "self": 2, "inputs": 3}
    assert passthrough() == collect() == {}


def test_what_is_given_comes_before_the_defaults():
    assert with_defaults({"a": None}, {"a": 1, "b": 2}) == {"a": None, "b": 2}
    assert with_defaults({"a": 1}) == {"a": 1}


def test_they_are_known_by_name():
    components = Registry("twingraph_lab.components")
    assert components.get("input") is passthrough
    assert components.get("output") is collect
