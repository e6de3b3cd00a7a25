"""Results behave like the values they stand for, and wait no earlier than they must."""

from __future__ import annotations

import copy
import json
import math
import os
import pickle
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import cloudpickle
import numpy as np
import pandas as pd
import pytest

from twingraph_lab.frontends.handles import Result, place_of, plain
from twingraph_lab.frontends.places import WAITING, Place
from twingraph_lab.frontends.shapes import UNKNOWN, field_of, returned
from twingraph_lab.planning.resolve import pick


class Finished:
    """Nodes that are all done, and a note of what was asked of them."""

    def __init__(self, **outputs: dict[str, Any]) -> None:
        self.outputs = outputs
        self.asked: list[str] = []

    def value(self, node, path):
        self.asked.append(".".join((node, *path)))
        return pick(self.outputs[node], path)

    def whole(self, node, type_):
        return self.value(node, ())

    def execution_id(self, node):
        return f"hash of {node}"

    def reference(self, node, path):
        return {"ref": ".".join((node, *path))}


def result_of(value, type_=UNKNOWN):
    """The result of a node `load` that returned `value`."""
    return Result(Place(Finished(load={"result": value}), "load", type_=type_))


def asked(result):
    """What was looked up so far."""
    return place_of(result).origin.asked


class Split(NamedTuple):
    """Two fields."""

    left: list[int]
    right: dict[str, int]


def test_nothing_is_looked_up_before_a_value_is_used():
    result = result_of({"x": 1})
    fields = [result["outputs"]["x"], result.x, result["x"], result["hash"]]
    assert repr(result) == "<load, not looked at yet>"
    assert repr(fields[1]) == "<load.x, not looked at yet>"
    assert asked(result) == []
    assert fields[0] + 1 == 2
    assert asked(result) == ["load.x"]


def test_a_value_is_looked_up_once():
    result = result_of(3)
    assert [result + 1, result * 2, int(result)] == [4, 6, 3]
    assert asked(result) == ["load"]
    assert repr(result) == "3"


def test_the_shape_of_twingraph_is_kept():
    result = Result(Place(Finished(load={"rows": [1, 2], "n": 2}), "load"))
    assert result["hash"] == "hash of load"
    assert type(result["hash"]) is str
    assert result["outputs"]["n"] == 2
    assert result["outputs"] == {"rows": [1, 2], "n": 2}
    assert place_of(result["outputs"]["rows"]).reference() == {"ref": "load.rows"}


def test_result_called_is_the_value_and_uncalled_the_output():
    assert type(result_of(5).result()) is int
    assert type(result_of("text").upper.__self__) is str
    named = Result(Place(Finished(load={"result": 1, "other": 2}), "load", type_=NamedTuple("R", [("result", int)])))
    assert named.result == 1
    assert place_of(named.result).reference() == {"ref": "load.result"}


USES = [
    (5, lambda r: [r + 1, 1 + r, r - 1, 1 - r, r * 2, 2 * r, r / 2, 10 / r, r // 2, 11 // r]),
    (5, lambda r: [r % 3, 7 % r, divmod(r, 2), divmod(11, r), r**2, 2**r, pow(r, 2, 7)]),
    (5, lambda r: [r << 1, 1 << r, r >> 1, 40 >> r, r & 4, 4 & r, r | 8, 8 | r, r ^ 1, 1 ^ r]),
    (5, lambda r: [-r, +r, ~r, abs(r), bool(r), int(r), float(r), complex(r), round(r), hash(r)]),
    (2.6, lambda r: [round(r), round(r, 1), math.trunc(r), math.floor(r), math.ceil(r), f"{r:.2f}"]),
    (5, lambda r: [r == 5, r != 5, r < 6, r <= 5, r > 4, r >= 6, r in {5, 6}, {5: "x"}[r]]),
    (3, lambda r: [list(range(r)), [1, 2, 3, 4][r], "abcd"[:r], "x" * r, hex(r), f"{r}", str(r)]),
    ([3, 1, 2], lambda r: [len(r), sorted(r), list(r), r[0], r[-1], r[1:], 3 in r, list(reversed(r))]),
    ([3, 1, 2], lambda r: [sum(r), max(r), [*r], r.index(2), r.count(3), list(enumerate(r))]),
    ([3, 1, 2], lambda r: [r + [1], [0] + r, r * 2]),  # noqa: RUF005
    ({"b": 1}, lambda r: [len(r), sorted(r), dict(r), {**r}, list(r.items()), r.get("c", 7), r | {"c": 1}]),
    ("text", lambda r: [r + "s", "a" + r, r.upper(), r[0], "e" in r, str(r), f"{r!s:>6}", bool(r)]),
    (b"ab", lambda r: [bytes(r), r + b"c", r[0]]),
    (None, lambda r: [bool(r), str(r), r == 1]),
    (Path(os.devnull), lambda r: [os.fspath(r), str(r / "x"), r.name, Path(r).exists()]),
    (Split([1], {"a": 2}), lambda r: [r.left, r[0], r.right["a"], [*r], r._fields]),
]


@pytest.mark.parametrize(("value", "use"), USES)
def test_it_acts_like_its_value(value, use):
    assert use(result_of(value)) == use(value)


def test_two_results_work_together():
    left, right = result_of(7), result_of(2)
    assert [left + right, left > right, divmod(left, right), max(left, right) == 7] == [9, True, (3, 1), True]
    assert result_of([5, 6, 7])[right] == 7


def test_isinstance_and_match_see_the_value():
    assert isinstance(result_of(5), int)
    assert not isinstance(result_of(5), str)
    match result_of({"kind": "b"}).result():
        case {"kind": kind}:
            assert kind == "b"


def test_an_exception_of_the_value_is_plain_pythons():
    with pytest.raises(ZeroDivisionError):
        1 / result_of(0)
    with pytest.raises(KeyError, match="'b'"):
        result_of({"a": 1})["b"].result()
    with pytest.raises(AttributeError, match="'int' object has no attribute 'nothing'"):
        int(result_of(5).nothing)
    with pytest.raises(TypeError, match="not callable"):
        result_of(5)()


def test_why_there_is_no_value_is_raised_at_every_use():
    class Failing(Finished):
        def value(self, node, path):
            raise RuntimeError(f"{node} failed")

    result = Result(Place(Failing(), "load"))
    for _ in range(2):
        with pytest.raises(RuntimeError, match="load failed"):
            result + 1


def test_methods_and_columns_of_tables_work_without_annotations():
    table = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    result = result_of(table)
    assert result["a"].sum() == 3
    assert result.shape == (2, 2)
    assert result.merge(result_of(table), on="a").shape == (2, 3)
    assert len(result[result["a"] > 1]) == 1
    assert not place_of(result["a"]).certain


def test_numpy_and_pandas_calculate_with_results():
    array = result_of(np.array([1.0, 4.0]))
    assert np.sqrt(array).tolist() == [1.0, 2.0]
    assert (np.array([1.0, 1.0]) + array).tolist() == [2.0, 5.0]
    assert np.mean(array) == 2.5
    assert np.asarray(array).dtype == float
    assert (np.float64(2) * result_of(3)) == 6
    assert (pd.Series([1, 2]) * result_of(3)).tolist() == [3, 6]
    assert type(result_of(pd.Series([1])) + np.array([1])) is pd.Series


def test_annotated_fields_are_known_before_the_value_is():
    result = result_of(Split([1], {"a": 2}), Split)
    assert place_of(result.right["a"]).reference() == {"ref": "load.right.a"}
    assert place_of(result.right["a"]).certain
    assert asked(result) == []
    assert result.left[0] == 1  # lists have no named fields: waits
    assert asked(result) == ["load.left"]


def test_what_an_annotation_rules_out_is_the_value_itself():
    result = result_of(pd.DataFrame({"a": [1]}), pd.DataFrame)
    assert isinstance(result["a"], pd.Series)
    assert type(result["a"]) is pd.Series


def test_keys_that_look_like_outputs_are_the_values_own():
    value = {"result": 1, "output": 2, "a.b": 3, "": 4, "outputs": 5, "hash": 6}
    for type_ in (dict, UNKNOWN):
        result = result_of(value, type_)
        assert [plain(result[key]) for key in ("result", "output", "a.b", "")] == [1, 2, 3, 4]
        assert [result.result()[key] for key in ("outputs", "hash")] == [5, 6]
    assert place_of(result_of(value, dict)["result"]).reference() == {"ref": "load.result.result"}
    assert pick({"result": value}, ("result", "output")) == 2


def test_shapes_are_read_from_annotations():
    class Config(TypedDict):
        depth: int

    @dataclass
    class Point:
        x: float

    assert field_of(Config, "depth", by_name=False) == (int, True)
    assert field_of(Point, "x", by_name=True) == (float, True)
    assert field_of(Point, "y", by_name=True) is None
    assert field_of(dict[str, Point], "any", by_name=False) == (Point, True)
    assert field_of(dict, "items", by_name=True) is None
    for open_ended in (Any, object, int | Split, "Split", NamedTuple):
        assert field_of(open_ended, "x", by_name=True) == (UNKNOWN, False)


def test_an_annotation_that_cannot_be_evaluated_counts_as_none():
    def odd() -> nowhere.Thing: ...  # noqa: F821

    def bare(): ...

    assert returned(odd) is UNKNOWN
    assert returned(bare) is UNKNOWN


def test_changes_in_place_are_refused():
    result = result_of({"a": 1})
    for change in (
        lambda: result.__setitem__("a", 2),
        lambda: result.__delitem__("a"),
        lambda: setattr(result, "a", 2),
        lambda: delattr(result, "a"),
    ):
        with pytest.raises(TypeError, match=r"'load' is stored.*copy"):
            change()
    number = result_of(1)
    number += 1
    assert number == 2
    assert type(number) is int


@pytest.mark.parametrize(
    ("value", "type_", "change"),
    [
        ([3, 1], UNKNOWN, lambda r: r.append(2)),
        ([3, 1], list[int], lambda r: r.sort()),
        ([3, 1], UNKNOWN, lambda r: (len(r), r.pop())),
        ({"a": 1}, UNKNOWN, lambda r: r.update(b=2)),
        ({"a": [1]}, dict[str, list[int]], lambda r: r["a"].extend([2])),
        ({"a": 1}, dict, lambda r: r.setdefault("b", 2)),
        ({1}, UNKNOWN, lambda r: r.add(2)),
        (bytearray(b"a"), UNKNOWN, lambda r: r.clear()),
    ],
)
def test_methods_that_change_a_value_in_place_are_refused(value, type_, change):
    before = copy.deepcopy(value)
    with pytest.raises(TypeError, match="'load' is stored"):
        change(result_of(value, type_))
    assert value == before


def test_what_calls_anything_callable_is_told_to_take_the_value():
    with pytest.raises(TypeError, match=r"'str' object is not callable: .*'load'.*handle\.result\(\)"):
        pd.DataFrame({"a": [1]})[result_of("a")]
    assert pd.DataFrame({"a": [1]})[result_of("a").result()].tolist() == [1]
    assert result_of(len)([1, 2]) == 2


def test_methods_that_change_nothing_are_called():
    assert result_of([3, 1]).copy() == [3, 1]
    assert result_of({"a": 1}).get("a") == 1
    assert result_of({1}).union({2}) == {1, 2}
    assert result_of("ab").upper() == "AB"


def test_copies_and_pickles_are_the_value():
    value = {"a": [1]}
    result = result_of(value)
    assert copy.copy(result) == value
    assert type(copy.copy(result)) is dict
    assert copy.deepcopy(result)["a"] is not value["a"]
    assert type(pickle.loads(pickle.dumps(result))) is dict
    assert b"twingraph" not in cloudpickle.dumps(result)


def test_what_only_takes_exact_types_takes_the_result_called():
    assert json.dumps(result_of([1]).result()) == "[1]"


def test_passing_a_field_on_is_cheap():
    result = result_of(Split([1], {"a": 2}), Split)
    rounds = 2000
    begun = time.perf_counter()
    for _ in range(rounds):
        place_of(result["outputs"]["left"]).reference()
        place_of(result.right).reference()
    assert (time.perf_counter() - begun) / rounds / 2 < 50e-6
    assert place_of(result).known is WAITING
