from __future__ import annotations

from typing import NamedTuple

import pytest

from twingraph_lab.events import Artifact
from twingraph_lab.planning.resolve import UnresolvedError, pick, resolve
from twingraph_lab.planning.template import TemplateError


class Pair(NamedTuple):
    left: int
    right: int


@pytest.mark.parametrize(
    ("outputs", "path", "expected"),
    [
        ({"result": 5}, "", 5),
        ({"result": 5}, "output", 5),
        ({"result": 5}, "result", 5),
        ({"result": 5}, "output.result", 5),
        ({"result": {"a": [1, 2]}}, "a.1", 2),
        ({"result": {"a": [1, 2]}}, "output.a.1", 2),
        ({"result": {"result": 7}}, "result", {"result": 7}),
        ({"result": {"output": 7}}, "output", {"output": 7}),
        ({"result": Pair(1, 2)}, "right", 2),
        ({"x": 1, "y": {"z": 2}}, "", {"x": 1, "y": {"z": 2}}),
        ({"x": 1, "y": {"z": 2}}, "output", {"x": 1, "y": {"z": 2}}),
        ({"x": 1, "y": {"z": 2}}, "y.z", 2),
        ({"x": 1, "y": {"z": 2}}, "output.y.z", 2),
        ({"output": {"x": 3}, "x": 4}, "output", {"x": 3}),
        ({"output": {"x": 3}, "x": 4}, "output.x", 3),
        ({"result": 1, "other": 2}, "", {"result": 1, "other": 2}),
        ({"result": {"other": 3}, "other": 2}, "other", 2),
        ({}, "", {}),
    ],
)
def test_paths_lead_to_outputs_and_into_them(outputs, path, expected):
    assert pick(outputs, tuple(path.split(".")) if path else ()) == expected


@pytest.mark.parametrize(
    ("outputs", "path", "message"),
    [
        ({"x": 1, "y": 2}, "z", "there is no output 'z'; known: x, y"),
        ({"x": {"a": 1}}, "a", "there is no output 'a'; known: x"),
        ({"result": {"a": 1}}, "b", "there is no 'b' in an object with the keys a"),
        ({"x": [1]}, "x.1", "there is no '1' in an array of 1"),
        ({}, "x", "known: none"),
    ],
)
def test_a_wrong_path_is_answered_with_what_there_is(outputs, path, message):
    with pytest.raises(UnresolvedError, match=message):
        pick(outputs, tuple(path.split(".")))


def test_an_unresolved_path_is_a_lookup_error():
    with pytest.raises(LookupError):
        pick({}, ("x",))


OUTPUTS = {
    "load": {"rows": [{"id": 1}], "meta": {"owner": "Ada"}},
    "shout": {"result": "{{ input.secret }}"},
    "literal": {"result": {"ref": "load"}},
    "input": {"result": {"given": 1}},
}


def resolved(tree, parameters=None):
    return resolve({"x": tree}, lambda node, path: pick(OUTPUTS[node], path), parameters or {})["x"]


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"ref": "load.rows"}, [{"id": 1}]),
        ({"ref": "load.output.rows.0.id"}, 1),
        ([{"deep": {"ref": "load.meta"}}], [{"deep": {"owner": "Ada"}}]),
        ("{{ load.output.rows }}", [{"id": 1}]),
        ("of {{ load.output.meta.owner }}", "of Ada"),
        ("{{ load.output.meta.owner | upper }}", "ADA"),
        ("{{ input.n }}", 3),
        ("{{ input.output.given }}", 1),
        ("{{ input.n + input.output.given }}", "4"),
        ({"param": "n"}, 3),
        ({"value": {"ref": "load"}}, {"ref": "load"}),
        ({"value": "{{ load }}"}, "{{ load }}"),
        ({"ref": "load", "more": 1}, {"ref": "load", "more": 1}),
        ({"a": [None, True, 1.5]}, {"a": [None, True, 1.5]}),
    ],
)
def test_trees_become_values(tree, expected):
    assert resolved(tree, {"n": 3}) == expected


def test_nothing_a_node_outputs_acts_as_template_or_reference():
    assert resolved({"ref": "shout"}, {"secret": "s"}) == "{{ input.secret }}"
    assert resolved("{{ shout.output }}!", {"secret": "s"}) == "{{ input.secret }}!"
    assert resolved({"ref": "literal"}) == {"ref": "load"}
    assert resolved("{{ input.p }}", {"p": {"ref": "load"}}) == {"ref": "load"}


def test_inputs_may_be_called_like_the_special_forms():
    def value_of(node, path):
        return pick(OUTPUTS[node], path)

    inputs = {"value": {"ref": "load.meta"}, "ref": "just text", "param": 1}
    assert resolve(inputs, value_of, {}) == {"value": {"owner": "Ada"}, "ref": "just text", "param": 1}
    assert resolve({"value": {"ref": "load.meta"}}, value_of, {}) == {"value": {"owner": "Ada"}}


def test_stored_values_are_loaded():
    artifact = Artifact(digest="sha256:00", media_type="application/json", size=1, inline=True, data=7)
    inputs = {"x": {"artifact": artifact.model_dump(mode="json")}}
    assert resolve(inputs, lambda _node, _path: None, {}, lambda stored: stored.data) == {"x": 7}


def test_values_are_copies_of_what_the_document_holds():
    document = {"x": {"value": [1]}, "y": [2], "z": {"param": "p"}}
    parameters = {"p": [3]}
    values = resolve(document, lambda _node, _path: None, parameters)
    for value in values.values():
        value.append("changed")
    assert document == {"x": {"value": [1]}, "y": [2], "z": {"param": "p"}}
    assert parameters == {"p": [3]}


@pytest.mark.parametrize(
    ("tree", "error", "message"),
    [
        ({"ref": "load.nope"}, UnresolvedError, "'load.nope': there is no output 'nope'; known: rows, meta"),
        (
            "{{ load.output.nope }}",
            TemplateError,
            "'{{ load.output.nope }}': 'load.output.nope': there is no output 'nope'",
        ),
        ("{{ input.nope }} x", TemplateError, "there is no parameter 'nope'; known: n"),
        ({"param": "nope"}, UnresolvedError, "there is no parameter 'nope'; known: n"),
        ("{{ load.output.rows[5] | string }}", TemplateError, "there is no '5'"),
    ],
)
def test_what_is_missing_is_named(tree, error, message):
    with pytest.raises(error) as caught:
        resolved(tree, {"n": 1})
    assert message in str(caught.value)
