from __future__ import annotations

from collections import namedtuple

import pytest

from twingraph_lab.errors import SerializationError
from twingraph_lab.platforms.body import named

Pair = namedtuple("Pair", "x y")  # noqa: PYI024


@pytest.mark.parametrize(
    ("value", "declared", "outputs"),
    [
        (1, (), {"result": 1}),
        (None, (), {"result": None}),
        ({"a": 1}, (), {"result": {"a": 1}}),
        (Pair(1, 2), (), {"x": 1, "y": 2}),
        (Pair(1, 2), ("pair",), {"x": 1, "y": 2}),
        ([1, 2], ("whole",), {"whole": [1, 2]}),
        ([1, 2], ("x", "y"), {"x": 1, "y": 2}),
        ({"y": 2, "x": 1, "z": 3}, ("x", "y"), {"x": 1, "y": 2}),
    ],
)
def test_a_return_value_becomes_outputs(value, declared, outputs):
    assert dict(named(value, declared)) == outputs


@pytest.mark.parametrize("value", [1, (1, 2, 3), {"x": 1}])
def test_a_return_value_that_doesnt_fit_is_refused(value):
    with pytest.raises(SerializationError, match="declares the outputs x, y"):
        dict(named(value, ("x", "y")))
