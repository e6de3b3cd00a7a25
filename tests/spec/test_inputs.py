from __future__ import annotations

import time

import pytest

from twingraph_lab.spec.inputs import (
    Malformed,
    ParameterUse,
    Reference,
    TemplateError,
    literal,
    lone_path,
    mentions,
    pieces,
    references,
    step,
    template_paths,
)


def test_finds_references_in_the_order_of_mention_with_their_places():
    inputs = {
        "x": {"ref": "load"},
        "y": [1, {"z": {"ref": "clean.rows.0.id"}}],
        "text": "{{ load.output.meta.name }} by {{ author.output }}",
    }
    assert references(inputs) == [
        Reference("load", (), "x"),
        Reference("clean", ("rows", "0", "id"), "y[1].z"),
        Reference("load", ("meta", "name"), "text"),
        Reference("author", (), "text"),
    ]


def test_a_leading_output_is_not_part_of_the_path():
    assert references({"a": {"ref": "n.output.x"}, "b": "{{ n.output.x }}", "c": {"ref": "n.x"}}) == [
        Reference("n", ("x",), "a"),
        Reference("n", ("x",), "b"),
        Reference("n", ("x",), "c"),
    ]


def test_input_is_the_parameters_unless_its_output_is_asked_for():
    found = mentions({"a": "{{ input.n }}", "b": "{{ input.output.n }}", "c": "{{ input }}", "d": {"param": "m"}})
    assert found == [
        ParameterUse("n", "a"),
        Reference("input", ("n",), "b"),
        ParameterUse(None, "c"),
        ParameterUse("m", "d"),
    ]


def test_a_literal_is_not_looked_into():
    assert (
        mentions({"x": {"value": {"ref": "a"}}, "y": {"value": "{{ b.c }}"}, "z": [{"value": [{"param": "p"}]}]}) == []
    )


def test_a_stored_value_is_no_edge():
    artifact = {
        "digest": "sha256:00",
        "media_type": "application/json",
        "size": 1,
        "inline": True,
        "data": {"ref": "a"},
    }
    assert mentions({"x": {"artifact": artifact}}) == []
    assert isinstance(mentions({"x": {"artifact": {"title": "a vase"}}})[0], Malformed)


def test_inputs_may_be_called_like_the_special_forms():
    assert references({"ref": "a", "param": "b", "value": {"ref": "c"}}) == [Reference("c", (), "value")]
    assert references({"value": {"ref": "c"}}) == [Reference("c", (), "value")]


def test_an_object_with_more_keys_is_data():
    assert mentions({"x": {"ref": "a", "title": "a book"}, "y": {"$ref": "a"}, "z": {}}) == []


@pytest.mark.parametrize(
    "tree", [{"ref": 5}, {"ref": "a..b"}, {"ref": ""}, {"ref": "a."}, {"param": None}, "{{ a.b", "{% x %}"]
)
def test_what_cant_be_read_is_reported_and_not_raised(tree):
    [found] = mentions({"x": tree})
    assert isinstance(found, Malformed)
    assert found.at == "x"
    assert '{"value": …}' in found.message
    assert references({"x": tree}) == []


def test_paths_in_expressions_are_references_too():
    text = "{% for row in load.output.rows %}{{ row.name }}{{ input.sep }}{% endfor %}{{ b.output['c d'][0] | length }}"
    assert mentions({"x": text}) == [
        Reference("load", ("rows",), "x"),
        ParameterUse("sep", "x"),
        Reference("b", ("c d", "0"), "x"),
    ]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{{ a }}", ("a",)),
        ("{{a.b}}", ("a", "b")),
        ("{{- my-node.output.0 -}}", ("my-node", "output", "0")),
        ("{{ a.größe }}", ("a", "größe")),
        ("{{ a-.b- }}", ("a-", "b-")),
        ("{{ a-}}", ("a",)),
        (" {{ a }}", None),
        ("{{ a }}\n", None),
        ("{{ a | upper }}", None),
        ("{{ 5 }}", None),
        ("{{ true }}", None),
        ("{{ none }}", None),
        ("{{ a. }}", None),
        ("a", None),
    ],
)
def test_a_lone_path_is_the_whole_template(text, path):
    assert lone_path(text) == path


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("{{ a }}", ["", ("a",), ""]),
        ("x{{ a.b }}y{{ c }}", ["x", ("a", "b"), "y", ("c",), ""]),
        ('{"n":{{ a.n }}}', ['{"n":', ("a", "n"), "}"]),
        ("{{ a }} {# no #}", None),
        ("{{ a }} {% if b %}{% endif %}", None),
        ("{{- a }} b", None),
        ("{{ a + 1 }}", None),
        ("{{ true }}", None),
    ],
)
def test_text_and_paths_take_no_jinja(text, parts):
    assert pieces(text) == parts


def test_template_paths_of_a_broken_template_raise():
    with pytest.raises(TemplateError, match="can't be read"):
        template_paths("{{ a.b")


@pytest.mark.parametrize("value", [{"ref": "a"}, [1, {"x": {"param": "p"}}], "{{ a }}", {"value": 1}, ["{% if %}"]])
def test_literal_wraps_what_would_be_resolved(value):
    assert literal(value) == {"value": value}
    assert mentions({"x": literal(value)}) == []


@pytest.mark.parametrize("value", [1, "text", {"a": 1}, {"ref": "a", "b": 1}, [], None])
def test_literal_leaves_the_rest_alone(value):
    assert literal(value) == value


def test_keys_that_are_no_words_are_quoted_in_paths():
    assert step("a", "b-c") == "a.b-c"
    assert step("", "x") == "x"
    assert step("a", 'say "hi"') == 'a["say \\"hi\\""]'
    assert step("a", "ü b") == 'a["ü b"]'
    assert len(step("a", "x y" * 100)) < 80


def test_a_deep_tree_is_walked_without_recursion():
    tree = {"ref": "a"}
    for _ in range(50_000):
        tree = [tree]
    [found] = references({"x": tree})
    assert found.node == "a"


def test_three_thousand_references_take_milliseconds():
    inputs = [{"a": {"ref": "n1.x"}, "b": "{{ n2.output.y }}", "c": [1, {"ref": "n3"}]} for _ in range(1000)]
    times = []
    for _ in range(5):
        started = time.process_time()
        assert sum(len(references(one)) for one in inputs) == 3000
        times.append(time.process_time() - started)
    assert min(times) < 0.05
