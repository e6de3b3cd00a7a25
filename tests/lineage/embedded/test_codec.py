"""Any value that a property may hold comes back as it was."""

from __future__ import annotations

import math
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twingraph_lab.lineage.embedded.codec import decode, encode
from twingraph_lab.lineage.errors import QueryError

TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(TREES.filter(lambda value: value is not None))
def test_json_values_round_trip_with_their_types(value):
    again = decode(*encode(value))

    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        True,
        b"\0\xff",
        -(2**63),
        2**63,
        math.inf,
        uuid.UUID(int=7),
        timedelta(days=1, microseconds=5),
        datetime(2026, 3, 29, 2, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=-7))),
        {"a", 1},
    ],
)
def test_other_values_round_trip_as_well(value):
    assert decode(*encode(value)) == value
    assert type(decode(*encode(value))) is type(value)


def test_not_a_number_stays_one():
    assert math.isnan(decode(*encode(math.nan)))


@pytest.mark.parametrize("value", [object(), {1: "a"}, [object()], 10**1000, {"a": {1, 2}}, None])
def test_what_would_change_on_the_way_is_refused(value):
    with pytest.raises(QueryError, match="can't hold"):
        encode(value)
