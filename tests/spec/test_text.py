from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twingraph_lab.errors import WorkflowError
from twingraph_lab.spec.data import flaws
from twingraph_lab.spec.text import SIZE_LIMIT_BYTES, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)


@settings(deadline=None)
@given(JSON)
def test_reads_what_json_writes(value):
    assert parse(json.dumps(value)) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


@settings(deadline=None)
@given(st.text() | st.binary() | st.text(alphabet='{}[]":,0123456789eE+-.truefalsn \\ud8'))
def test_any_text_is_read_or_refused(text):
    try:
        value = parse(text)
    except WorkflowError as error:
        assert error.faults  # noqa: PT017  (either outcome is right)
    else:
        json.dumps(value, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": [1,\n 2,,]}', "line 2, column 4"),
        ('{"a": {"b": 1, "b": 2}}', r"\(a\): has the key 'b' more than once"),
        ('{"a": [NaN]}', r"\(a\[0\]\): nan is not a JSON number"),
        ("[-Infinity]", "is not a JSON number"),
        ("[1e400]", "is not a JSON number, or one too large"),
        ('["a", "\\udc00"]', r"\(\[1\]\): holds a lone surrogate"),
        ('{"\\ud800": 1}', "with a lone surrogate"),
        ('"\ud800"', r"lone surrogate.*line 1, column 2"),
        (b'"\xc3"', "not UTF-8: .* at byte 1"),
        ("[" * 65 + "]" * 65, "nested deeper than 64"),
        ("[" * 100_000, "nested deeper than 64"),
        ('{"a":' * 100_000, "nested deeper than 64"),
        ('["' + "1" * 5000 + '",\n' + "2" * 4301 + "]", r"more than 4300 digits \(line 2, column 1\)"),
        ("", "line 1, column 1"),
        ('"\x00"', "control character"),
        (" " * (SIZE_LIMIT_BYTES + 1), "the limit is 8388608"),
        ("é" * (SIZE_LIMIT_BYTES // 2 + 1), "the limit is 8388608"),
    ],
)
def test_refusals_say_what_and_where(text, message):
    with pytest.raises(WorkflowError, match=message):
        parse(text)


def test_all_flaws_of_readable_text_are_named():
    with pytest.raises(WorkflowError) as caught:
        parse('{"a": NaN, "b": ["\\ud800", {"c": 1, "c": 2}]}', source="file.json")
    assert [fault.path for fault in caught.value.faults] == ["a", "b[0]", "b[1]"]
    assert str(caught.value).startswith("file.json: 3 faults")


def test_limits_are_inclusive():
    assert parse("[" * 64 + "]" * 64)
    assert parse("1" * 4300)
    assert parse(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize("value", [{1}, b"x", object(), {1: 2}, [{"a": (1, {2})}], math.inf, "\ud800", {"\udc00": 1}])
def test_python_values_that_json_lacks_are_flaws(value):
    assert flaws(value)


def test_values_that_hold_themselves_are_flaws():
    once: list = []
    once.append(once)
    assert flaws({"x": once})
    twice: dict = {}
    twice.update(a=twice, b=[twice])
    assert {fault.message for fault in flaws(twice)} == {"is nested deeper than 64"}
