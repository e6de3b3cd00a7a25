from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from twingraph_lab.planning.paths import UnresolvedError, descend, described


@dataclass
class Row:
    id: int
    _secret: str = "s"

    @property
    def computed(self):
        return 1


class Pair(NamedTuple):
    left: Any
    right: Any


class Plain:
    attribute = 1


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ({"a": {"b": 1}}, "a.b", 1),
        ([{"a": 1}], "0.a", 1),
        ((1, 2), "1", 2),
        ({"0": "key"}, "0", "key"),
        ({"_private": 1}, "_private", 1),
        ({"items": 1}, "items", 1),
        (Pair(1, {"x": 2}), "right.x", 2),
        (Pair(1, 2), "0", 1),
        (Row(7), "id", 7),
        ({"a": None}, "a", None),
    ],
)
def test_keys_indices_and_fields_are_followed(value, path, expected):
    assert descend(value, tuple(path.split("."))) == expected


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": 1}, "b"),
        ([1], "1"),
        ([1], "-1"),
        ([1], "x"),
        ([1], "¹"),
        ("text", "0"),
        ("text", "upper"),
        ({}, "keys"),
        (Row(7), "_secret"),
        (Row(7), "computed"),
        (Row(7), "__class__"),
        (Row, "id"),
        (Pair(1, 2), "_fields"),
        (Pair(1, 2), "count"),
        (Plain(), "attribute"),
        (None, "a"),
    ],
)
def test_nothing_else_is(value, path):
    with pytest.raises(UnresolvedError):
        descend(value, tuple(path.split(".")))


def test_messages_say_how_far_the_path_led_and_what_is_there():
    with pytest.raises(UnresolvedError, match=r"there is no 'x' at 'rows\.0' in an object with the keys a, b"):
        descend({"rows": [{"a": 1, "b": 2}]}, ("rows", "0", "x", "y"))


def test_messages_never_hold_values():
    for value in ({"a": "secret"}, ["secret"], "secret", Row(1, "secret"), Pair("secret", 1), Plain()):
        assert "secret" not in described(value).replace("_secret", "")


def test_long_lists_of_names_are_cut():
    assert described({f"k{n}": n for n in range(1000)}).endswith("k19, … (1000 in all)")
