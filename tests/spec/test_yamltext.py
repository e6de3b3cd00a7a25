from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from twingraph_lab.errors import WorkflowError
from twingraph_lab.spec.yamltext import parse_yaml, to_yaml

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_categories=["Cc", "Cs"]))
KEYS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | PRINTABLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
)


@settings(deadline=None)
@given(VALUES)
def test_reads_what_it_writes(value):
    text = to_yaml(value)
    assert json.dumps(parse_yaml(text)) == json.dumps(value)
    assert yaml.safe_load(text) == value


@settings(deadline=None)
@given(VALUES)
def test_json_text_is_yaml_text(value):
    assert parse_yaml(json.dumps(value)) == value


@settings(deadline=None)
@given(st.text(alphabet="abc:-[]{}&*!|>'\"#%@, \n\t01.~?"))
def test_any_text_is_read_or_refused(text):
    try:
        value = parse_yaml(text)
    except WorkflowError as error:
        assert error.faults  # noqa: PT017  (either outcome is right)
    else:
        json.dumps(value, allow_nan=False)


def test_words_that_older_yaml_takes_for_something_else_are_text():
    text = "[on, yes, no, off, y, 12:30:45, 2024-01-01, 1_000, =, <<]"
    assert parse_yaml(text) == ["on", "yes", "no", "off", "y", "12:30:45", "2024-01-01", "1_000", "=", "<<"]


def test_numbers_and_constants_are_those_of_the_core_schema():
    text = "[1, -2, +3, 0o17, 0x1F, 010, 1.5, .5, 1., 1e3, -1E-2, true, False, null, ~, '1', \"true\"]"
    assert parse_yaml(text) == [
        1,
        -2,
        3,
        15,
        31,
        10,
        1.5,
        0.5,
        1.0,
        1000.0,
        -0.01,
        True,
        False,
        None,
        None,
        "1",
        "true",
    ]


def test_blocks_of_text_are_text():
    assert parse_yaml("a: |\n  1\nb: >\n  true\n  false\nc:\n") == {"a": "1\n", "b": "true false\n", "c": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1", r"anchors and aliases are not allowed \(line 1, column 4\)"),
        ("a: 1\nb: *a", "anchors and aliases|undefined alias"),
        ("a: 1\na: 2", r"the key 'a' more than once \(line 2, column 1\)"),
        ("a: !!set {b}", "the tag tag:yaml.org,2002:set is not allowed"),
        ("!!python/object:os.system x", "is not allowed"),
        ("a: !local 3", "the tag !local is not allowed"),
        ("a: .nan", r"\.nan is not a JSON number"),
        ("a: -.INF", "is not a JSON number"),
        ("a: 1e999", "too large"),
        ("a: " + "7" * 4301, "more than 4300 digits"),
        ("1: a", "the key 1 is not text"),
        ("null: a", "the key null is not text"),
        ("? [a]\n: b", "of several parts is not text"),
        ("--- a\n--- b", "more than one document"),
        ("[" * 100_000, "nested deeper than 64"),
        ("- " * 70 + "a", "nested deeper than 64"),
        ("a: b: c", r"line 1, column 5"),
        ('a: "\\ud800"', "invalid Unicode"),
        ("a: \x01", "control characters"),
        (b"a: \xff", "not UTF-8"),
    ],
)
def test_refusals_say_what_and_where(text, message):
    with pytest.raises(WorkflowError, match=message):
        parse_yaml(text)
