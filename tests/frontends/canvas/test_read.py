"""Opening documents on a canvas, also half done ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.canvas.read import opened
from twingraph_lab.spec.document import dump, load
from twingraph_lab.spec.validate import faults

VALID = sorted((Path(__file__).parents[2] / "fixtures" / "workflows" / "valid").iterdir())


@pytest.mark.parametrize("text", ["", " \n", "{}", "\ufeff"])
def test_nothing_is_an_empty_workflow(text):
    assert (opened(text).name, opened(text).nodes) == ("untitled", ())
    assert opened(text, name="mine").name == "mine"


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_what_can_be_loaded_can_be_opened_and_is_the_same(path):
    workflow = opened(path.read_text())
    assert workflow == load(path)
    assert opened(dump(workflow)) == workflow


def test_what_is_wrong_but_can_be_drawn_is_opened():
    text = '{"name": "w", "nodes": [{"id": "a", "component": "nope", "inputs": {"x": {"ref": "b"}}, "after": ["a"]}]}'
    assert len(faults(opened(text))) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "a workflow is an object"),
        ("{", "is not JSON: expecting property name .*line 1, column 2"),
        ('{"name": "w",\n "nodes": [}', r"is not JSON: expecting value \(line 2, column 12\)"),
        ('{"name": "w", "nodes": [{"id": 3}]}', "must be"),
        ('{"name": "w", "nodes": [{"id": "a", "component": "http", "nonsense": 1}]}', "not a known field"),
        ('{"nodes": [{"id": "a", "component": "http"}, {"id": "a", "component": "http"}]}', "that of 2 nodes"),
        ('{"nonsense": 1}', "not a known field"),
        ("just text", "an object"),
    ],
)
def test_what_can_not_be_drawn_is_refused(text, message):
    with pytest.raises(WorkflowError, match=message):
        opened(text)
