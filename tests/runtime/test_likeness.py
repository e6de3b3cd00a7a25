"""A value is like another if all its parts are, which is more than their classes ask for."""

from __future__ import annotations

import pickle
import re
import types
from collections import Counter, OrderedDict, deque, namedtuple
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import pytest

from twingraph_lab.runtime.likeness import alike

Pair = namedtuple("Pair", "a b")  # noqa: PYI024


class Colour(Enum):
    """Two members."""

    RED = 1
    BLUE = 2


@dataclass
class Order:
    """Equal if the number is."""

    number: int
    amount: float = field(default=1.0, compare=False)


class Slotted:
    """Has no dict."""

    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


class Secretive:
    """Can't be taken apart."""

    def __reduce_ex__(self, protocol):
        raise TypeError("no")


def ring(x):
    """A list that contains itself."""
    made = [x]
    made.append(made)
    return made


def adder(n):
    return lambda x: x + n


MADE = [
    lambda: {"a", "b", "c", ("d", 1)},
    lambda: {"x": [1, 2.5, None, float("nan")], "y": b"z"},
    lambda: Pair(1, frozenset({2})),
    lambda: Order(1, 2.0),
    lambda: Slotted({1}),
    lambda: Colour.RED,
    lambda: np.arange(6).reshape(2, 3),
    lambda: pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
    lambda: deque([1, {2}], maxlen=3),
    lambda: OrderedDict(a=1),
    lambda: Counter("abca"),
    lambda: date(2024, 1, 1),
    lambda: PurePosixPath("a/b"),
    lambda: ring(1),
    lambda: adder(3),
    lambda: ValueError("x"),
    lambda: int,
]


@pytest.mark.parametrize("make", MADE)
def test_a_value_is_like_another_of_the_same_parts(make):
    first, second = make(), make()
    assert alike(first, second)
    if not isinstance(first, types.FunctionType):
        assert alike(first, pickle.loads(pickle.dumps(first)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({1}, {True}),
        ({1: "a"}, {1.0: "a"}),
        ({1: "a"}, {2: "a"}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ([1, 2], [1, 2, 3]),
        ([1], (1,)),
        (0.0, -0.0),
        (Pair(1, 2), (1, 2)),
        (Order(1, 2.0), Order(1, 3.0)),
        (Slotted(1), Slotted(2)),
        (Colour.RED, Colour.BLUE),
        (np.arange(3), np.array([0, 1, 3])),
        (np.arange(3), np.arange(3.0)),
        (deque([1], maxlen=3), deque([1], maxlen=4)),
        (OrderedDict(a=1), OrderedDict(a=2)),
        (ring(1), ring(2)),
        (adder(3), adder(4)),
        (adder(3), lambda x: x - 3),
        (ValueError("x"), ValueError("y")),
        (int, float),
        (Secretive(), Secretive()),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", repr(value)),
)
def test_any_difference_makes_another_value(first, second):
    assert not alike(first, second)
    assert not alike([first], [second])
