from __future__ import annotations

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.parameter_text import value_of, values_of


@pytest.mark.parametrize(
    ("text", "declared", "value"),
    [
        ("2020", "string", "2020"),
        ("true", "string", "true"),
        ("", "string", ""),
        ("2020", "integer", 2020),
        ("-1.5e3", "number", -1500.0),
        ("true", "boolean", True),
        ("False", "boolean", False),
        ('{"a": [1]}', "object", {"a": [1]}),
        ("[1, 2]", "array", [1, 2]),
        ("2020", "any", 2020),
        ("null", "any", None),
        ("2020-01-01", "any", "2020-01-01"),
        ("NaN", "any", "NaN"),
        ("{not json", "any", "{not json"),
    ],
)
def test_a_value_is_read_as_its_declared_type_asks(text, declared, value):
    assert value_of(text, declared) == value
    assert type(value_of(text, declared)) is type(value)


@pytest.mark.parametrize("declared", ["integer", "number", "boolean", "object", "array"])
def test_what_cannot_be_of_the_type_is_refused(declared):
    with pytest.raises(ValueError, match=declared):
        value_of("some text", declared)


def test_every_fault_of_what_was_typed_is_named():
    with pytest.raises(WorkflowError) as caught:
        values_of([("n", "1"), ("n", "2"), ("flag", "perhaps")], {"flag": "boolean"}, source="%twingraph")
    assert str(caught.value).startswith("%twingraph: 2 faults")
    assert "parameter 'n' is given twice: 1 and 2" in str(caught.value)
    assert "'perhaps' is not a boolean as JSON" in str(caught.value)
