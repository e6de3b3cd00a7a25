from __future__ import annotations

import pytest

from twingraph_lab.cli.parameters import read
from twingraph_lab.errors import WorkflowError
from twingraph_lab.spec.workflow import Parameter, Workflow

TYPED = Workflow(
    name="w",
    parameters={
        kind: Parameter(type=kind) for kind in ("string", "integer", "number", "boolean", "object", "array", "any")
    },
)


def test_a_value_may_hold_equals_signs():
    assert read(TYPED, ["string=a=b"], None) == {"string": "a=b"}


def test_every_fault_is_named_at_once():
    with pytest.raises(WorkflowError) as caught:
        read(TYPED, ["integer=x", "no-equals", "=nameless", "boolean=1x"], None)
    assert len(caught.value.faults) == 4
    assert "'integer'" in str(caught.value)
    assert "'no-equals' is not of the form NAME=VALUE" in str(caught.value)


def test_a_parameter_is_given_once():
    with pytest.raises(WorkflowError, match=r"parameter 'integer' is given twice: 1 and 2"):
        read(TYPED, ["integer=1", "string=x", "integer=2"], None)


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
