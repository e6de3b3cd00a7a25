"""The property forms: what they show, and that what they return is what was meant."""

from __future__ import annotations

import jsonschema
import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.editing import edited
from twingraph_lab.frontends.canvas.forms import form
from twingraph_lab.frontends.canvas.messages import SetNode, SetWorkflow
from twingraph_lab.spec.workflow import Node, Parameter, Retry, Source

STEPS = '''
from typing import Literal
from twingraph_lab import component

@component
def count(table: list, n: int = 3, how: Literal["fast", "slow"] = "fast", exact: bool = False, note: str = "", x=None):
    """Count rows.

    Args:
        table: What is counted.
        n: How often.
    """
'''
COUNT = Node(id="count", component="steps:count", inputs={"table": {"ref": "load"}})


@pytest.fixture
def catalog(tmp_path):
    (tmp_path / "steps.py").write_text(STEPS)
    return Catalog(tmp_path)


def fields(shown):
    return shown.schema_["properties"]["arguments"]["properties"]


def returned(made, node_id, catalog=None, **changes):
    """The workflow after a form was sent back as it was shown, with these changes of its arguments and settings."""
    data = form(made, node_id, catalog).data
    for part, values in changes.items():
        kept = {name: value for name, value in {**data[part], **values}.items() if value is not ...}
        data = {**data, part: kept}
    return edited(made, [SetNode(id=node_id, fields=data)], catalog)


def test_a_form_is_made_of_what_the_component_declares(catalog):
    shown = form(workflow(cell("load"), COUNT), "count", catalog)
    assert fields(shown)["n"] == {"title": "n", "description": "How often.", "type": "integer", "default": 3}
    assert fields(shown)["how"]["enum"] == ["fast", "slow"]
    assert fields(shown)["exact"]["type"] == "boolean"
    assert fields(shown)["table"]["readOnly"]
    assert shown.schema_["description"] == "Count rows."
    assert shown.data["arguments"] == {"table": "load"}


@pytest.mark.parametrize(
    "node",
    [
        COUNT,
        cell("load"),
        Node(id="llm", component="llm", inputs={"prompt": "Dear {{ load }}", "max_tokens": {"param": "n"}}),
        Node(
            id="http",
            component="http",
            inputs={"url": "http://x", "json": {"a": [1, {"ref": "load"}]}, "method": "POST"},
        ),
        Node(
            id="output",
            component="output",
            inputs={"a": "text", "b": "3", "c": 3, "d": None, "e": {"value": {"ref": "x"}}},
        ),
        Node(
            id="o2",
            component="output",
            inputs={"a": "{{ load | upper }}", "b": {"value": "{{ x }}"}, "c": "[1, 2", "d": ""},
        ),
        Node(
            id="all",
            component="output",
            timeout_s=3,
            retry=Retry(attempts=3, on=("ValueError",)),
            cache=True,
            after=("load",),
            resources={"gpu": 1},
            at_most_once=True,
            description="d",
            platform={"kind": "local", "options": {"environment": {"A": "b"}}},
            outputs=("x", "y"),
        ),
    ],
    ids=lambda node: node.id,
)
@pytest.mark.parametrize("parameters", [{}, {"n": Parameter(type="integer")}], ids=["plain", "parameters"])
def test_a_form_sent_back_untouched_changes_nothing_and_fits_its_schema(node, parameters, catalog):
    others = [cell("load")] if node.id != "load" else []
    made = workflow(*others, node, parameters=parameters)
    shown = form(made, node.id, catalog)
    jsonschema.Draft7Validator.check_schema(shown.schema_)
    jsonschema.validate(shown.data, shown.schema_)
    assert returned(made, node.id, catalog) == made


def test_what_is_typed_is_what_the_document_says(catalog):
    made = workflow(cell("load"), COUNT, parameters={"k": Parameter(type="integer")})
    made = returned(
        made, "count", catalog, arguments={"n": 5, "how": "slow", "exact": True, "note": "3", "x": "[1, 2]"}
    )
    assert made.by_id["count"].inputs == {
        "table": {"ref": "load"}, "n": 5, "how": "slow", "exact": True, "note": "3", "x": [1, 2],
    }  # fmt: skip
    made = returned(made, "count", catalog, arguments={"n": "{{ input.k }}", "x": "plain text", "note": "{{ load }}!"})
    inputs = made.by_id["count"].inputs
    assert (inputs["n"], inputs["x"], inputs["note"]) == ({"param": "k"}, "plain text", "{{ load }}!")
    made = returned(made, "count", catalog, arguments={"n": ..., "x": "", "how": None, "note": ...})
    assert made.by_id["count"].inputs == {"table": {"ref": "load"}, "exact": True}


def test_an_expression_can_draw_an_edge(catalog):
    made = returned(workflow(cell("load"), COUNT), "count", catalog, arguments={"x": "{{ load.rows }}"})
    assert made.by_id["count"].inputs["x"] == {"ref": "load.rows"}


def test_what_does_not_fit_is_named_by_its_field(catalog):
    made = workflow(cell("load"), COUNT)
    with pytest.raises(WorkflowError) as error:
        returned(made, "count", catalog, arguments={"n": "many", "exact": "perhaps", "how": "quick"})
    assert {fault.path: fault.message for fault in error.value.faults} == {
        "inputs.n": 'is "many", but must be an integer',
        "inputs.exact": 'is "perhaps", but must be a boolean',
        "inputs.how": 'must be one of "fast", "slow"',
    }


def test_settings_left_out_are_as_by_default():
    made = returned(
        workflow(cell("a", timeout_s=5, description="x")), "a", settings={"timeout_s": ..., "description": ...}
    )
    assert made.by_id["a"] == cell("a")


def test_the_outputs_of_a_cell_are_its_own():
    made = returned(workflow(cell("a", "x = 1\ny = 2", outputs=("x",))), "a", settings={"outputs": ["x", "y"]})
    assert made.by_id["a"].component.outputs == ("x", "y")


def test_renaming_in_the_form_renames():
    data = form(workflow(cell("a")), "a").data
    made = edited(workflow(cell("a"), cell("b", after=("a",))), [SetNode(id="a", fields={**data, "id": "new"})])
    assert made.by_id["b"].after == ("new",)


def test_options_of_the_platform_are_in_the_form():
    shown = form(workflow(cell("a")), "a").schema_["properties"]["settings"]["properties"]["platform"]
    assert "local" in shown["properties"]["kind"]["enum"]
    (local,) = [
        case for case in shown["dependencies"]["kind"]["oneOf"] if case["properties"]["kind"]["enum"] == ["local"]
    ]
    assert local["properties"]["options"]["properties"]["environment"]["type"] == "object"


def test_code_is_beside_the_form():
    shown = form(workflow(cell("a", "x = 1"), components={}), "a")
    assert (shown.code, shown.language) == ("x = 1", "python")
    shared = form(workflow(Node(id="a", component="c"), components={"c": Source(code="y = 1")}), "a")
    assert shared.code == "y = 1"
    assert form(workflow(Node(id="a", component="http")), "a").code is None


def test_faults_of_the_node_are_told_with_their_field():
    shown = form(workflow(Node(id="a", component="output", inputs={"x": {"ref": "b"}})), "a")
    assert shown.faults == ("inputs.x: reads from 'b', which does not exist",)


class TestWorkflow:
    MADE = workflow(
        cell("a"),
        description="d",
        parameters={
            "n": Parameter(type="integer", default=3, description="how many"),
            "s": Parameter(type="string", default="3"),
            "r": Parameter(required=True),
            "o": Parameter(default=None),
            "l": Parameter(type="array", default=[1, 2]),
        },
        outputs={"x": {"ref": "a.result"}, "y": "{{ a | upper }}", "z": 3},
    )

    def test_a_form_sent_back_untouched_changes_nothing_and_fits_its_schema(self):
        shown = form(self.MADE, "")
        jsonschema.Draft7Validator.check_schema(shown.schema_)
        jsonschema.validate(shown.data, shown.schema_)
        assert edited(self.MADE, [SetWorkflow(fields=shown.data)]) == self.MADE

    def test_rows_that_can_not_be_are_named(self):
        data = form(self.MADE, "").data
        rows = [{"name": "n", "type": "integer", "default": "x"}, {"name": "n"}, {"type": "any"}]
        with pytest.raises(WorkflowError) as error:
            edited(self.MADE, [SetWorkflow(fields={**data, "parameters": rows})])
        assert {fault.path: fault.message for fault in error.value.faults} == {
            "parameters[0].default": 'is "x", but must be an integer',
            "parameters[1]": "there is another one called 'n'",
            "parameters[2]": "has no name",
        }


def test_a_node_that_is_not_there_has_no_form():
    with pytest.raises(WorkflowError, match="there is no node 'x'"):
        form(workflow(), "x")
