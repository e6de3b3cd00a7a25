"""Equality, comparison and order, as TinkerPop defines them."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime

import pytest
from gremlin_python.process.traversal import P, TextP
from gremlin_python.structure.graph import Edge, Vertex
from hypothesis import given
from hypothesis import strategies as st

from twingraph_lab.lineage.embedded.predicates import labels_in, matcher, resolved
from twingraph_lab.lineage.embedded.values import identity, less, same, sort_key
from twingraph_lab.lineage.errors import QueryError

A, B = Vertex("a"), Vertex("b")
DAY = datetime(2026, 1, 1, tzinfo=UTC)
IN_ORDER = [None, False, True, -1, 0.5, 2, DAY, "", "a", uuid.UUID(int=1), A, B, Edge("a", A, "x", B), [1], {"a": 1}]
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.integers())


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        ("1", 1, False),
        (A, Vertex("a"), True),
        (A, Edge("a", A, "x", B), False),
        ([1, "a"], [1, "a"], True),
        ({"a": 1}, {"a": 1}, True),
        (float("nan"), float("nan"), False),
        (None, None, True),
    ],
)
def test_numbers_are_equal_by_value_and_other_things_by_kind_and_value(left, right, equal):
    assert same(left, right) is equal
    assert same(right, left) is equal


def test_values_of_different_kinds_are_in_a_fixed_order():
    shuffled = random.Random(1).sample(IN_ORDER, len(IN_ORDER))

    assert sorted(shuffled, key=sort_key) == IN_ORDER


@given(VALUES, VALUES)
def test_less_and_greater_are_never_both_true_and_never_with_equal(left, right):
    assert less(left, right) + less(right, left) + same(left, right) <= 1


@given(st.lists(VALUES))
def test_anything_can_be_sorted_and_told_apart(values):
    assert len(sorted(values, key=sort_key)) == len(values)
    assert len({identity(value) for value in values}) <= len(values)


@pytest.mark.parametrize(
    ("predicate", "passing", "failing"),
    [
        (P.gt(3), [4, 3.5], [3, "4", True, None]),
        (P.gte("b"), ["b", "c"], ["a", 1]),
        (P.not_(P.gt(3)), [3, "4", None], [4]),
        (P.within(1, "a", [2]), [1, 1.0, "a", [2]], [True, 2, "A"]),
        (P.without([1, 2]), [3, "1"], [1, 2.0]),
        (P.inside(1, 3), [2], [1, 3, "2"]),
        (P.outside(1, 3), [0, 4], [1, 2, 3, "x"]),
        (P.gt(1).and_(P.lt(3).or_(P.eq(9))), [2, 9], [1, 3]),
        (TextP.containing("b"), ["abc"], ["ac", 1]),
        (TextP.not_starting_with("a"), ["b"], ["ab", 1]),
        (TextP.not_regex("^a"), ["ba"], ["ab", None]),
        (P.gt(DAY), [DAY.replace(year=2027)], [DAY, datetime(2027, 1, 1), 5]),  # noqa: DTZ001
    ],
)
def test_predicates_hold_for_what_they_say_and_for_nothing_else(predicate, passing, failing):
    holds = matcher(predicate)

    assert [value for value in passing if not holds(value)] == []
    assert [value for value in failing if holds(value)] == []


def test_labels_in_a_predicate_are_found_and_replaced():
    predicate = P.gt("a").and_(P.within("b", "c"))

    assert labels_in(predicate) == ["a", "b", "c"]
    assert matcher(resolved(predicate, {"a": 1, "b": [2, 3], "c": 4}.__getitem__))(3)


def test_a_predicate_with_an_operand_of_the_wrong_kind_is_an_error():
    for predicate in (P("within", 3), TextP.containing(3), P.type_of("INTEGERISH")):
        with pytest.raises(QueryError):
            matcher(predicate)
