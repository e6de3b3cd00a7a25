from __future__ import annotations

import pytest

from twingraph_lab.cli.parameters import read, value_of
from twingraph_lab.errors import WorkflowError
from twingraph_lab.spec.workflow import Parameter, Workflow

TYPED = Workflow(
    name="w",
    parameters={
        kind: Parameter(type=kind) for kind in ("string", "integer", "number", "boolean", "object", "array", "any")
    },
)


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


def test_a_value_may_hold_equals_signs():
    assert read(TYPED, ["string=a=b"], None) == {"string": "a=b"}


def test_every_fault_is_named_at_once():
    with pytest.raises(WorkflowError) as caught:
        read(TYPED, ["integer=x", "no-equals", "=nameless", "boolean=1x"], None)
    assert len(caught.value.faults) == 4
    assert "'integer'" in str(caught.value)
    assert "'no-equals' is not of the form NAME=VALUE" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"), [("p.json", '{"integer": 1, "string": "s"}'), ("p.yaml", "integer: 1\nstring: s\n")]
)
def test_parameters_come_from_json_and_yaml_files_and_typed_ones_win(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    assert read(TYPED, ["integer=2"], file) == {"integer": 2, "string": "s"}


def test_a_parameters_file_must_hold_an_object(tmp_path):
    file = tmp_path / "p.json"
    file.write_text("[1]")
    with pytest.raises(WorkflowError, match=r"p\.json"):
        read(TYPED, [], file)
