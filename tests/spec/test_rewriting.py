"""Renaming nodes and taking edges away, wherever inputs refer to them."""

from __future__ import annotations

import pytest

from twingraph_lab.spec.inputs import TemplateError, references
from twingraph_lab.spec.rewriting import renamed, without


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"ref": "old"}, {"ref": "new"}),
        ({"ref": "old.output.rows"}, {"ref": "new.output.rows"}),
        ({"ref": "older.rows"}, {"ref": "older.rows"}),
        ("{{ old }}", "{{ new }}"),
        ("{{old.x}} and {{ a.old }} and {{ old.y }}", "{{new.x}} and {{ a.old }} and {{ new.y }}"),
        ("{{- old.x -}}", "{{- new.x -}}"),
        ("{{ old.rows | length }} rows", "{{ new.rows | length }} rows"),
        ("{{ a.old | default(old.x) }}", "{{ a.old | default(new.x) }}"),
        ("{{ a | default(old=old.x) if old else 'old' }}", "{{ a | default(old=new.x) if new else 'old' }}"),
        ("{% for x in old.rows %}{{ x.old }}{% endfor %}", "{% for x in new.rows %}{{ x.old }}{% endfor %}"),
        ("{% for old in old.rows %}{{ old.x }}{% endfor %}", "{% for new in new.rows %}{{ new.x }}{% endfor %}"),
        ("{% raw %}{{ old }}{% endraw %}{{ old|upper }}", "{% raw %}{{ old }}{% endraw %}{{ new|upper }}"),
        ("{{ old[0] ~ a[old.i] }}", "{{ new[0] ~ a[new.i] }}"),
        ("{{ input.old }} {{ old }}", "{{ input.old }} {{ new }}"),
        ("old news, no template", "old news, no template"),
        ("{{ old | nosuchfilter }}", "{{ old | nosuchfilter }}"),
        ([1, {"k": {"ref": "old.x"}}], [1, {"k": {"ref": "new.x"}}]),
        ({"value": {"ref": "old"}}, {"value": {"ref": "old"}}),
        ({"param": "old"}, {"param": "old"}),
    ],
)
def test_whatever_refers_to_a_node_follows_its_new_name(before, after):
    assert renamed({"ref": before}, "old", "new") == {"ref": after}


def test_a_node_called_input_is_told_from_the_parameters():
    plain = renamed({"x": "{{ a.n }}{{ a.output.n }}"}, "a", "input")
    assert plain == {"x": "{{ input.output.n }}{{ input.output.n }}"}
    assert renamed({"x": "{{ a.n | upper }}"}, "a", "input") == {"x": "{{ input.output.n | upper }}"}
    both = {"x": "{{ input.output.n | upper }}{{ input.n }}"}
    assert renamed(both, "input", "b") == {"x": "{{ b.output.n | upper }}{{ input.n }}"}


@pytest.mark.parametrize(
    ("template", "new"),
    [
        ("{{ old.n | upper }}", "with-dash"),
        ("{% for new in old.rows %}{{ old.x }}{{ new }}{% endfor %}", "new"),
    ],
)
def test_a_template_that_would_mean_something_else_is_named(template, new):
    with pytest.raises(TemplateError, match="change it by hand first"):
        renamed({"x": template}, "old", new)


def test_a_name_with_a_dash_can_stand_in_a_plain_template():
    made = renamed({"x": "{{ old.n }} rows"}, "old", "with-dash")
    assert made == {"x": "{{ with-dash.n }} rows"}
    assert references(made)[0].node == "with-dash"


def test_taking_an_edge_away_leaves_the_rest_of_the_input():
    inputs = {
        "whole": {"ref": "a.n"},
        "lone": "{{ a.n }}",
        "list": [{"ref": "a.n"}, {"ref": "b"}, 3],
        "object": {"x": {"ref": "a.n"}, "y": "{{ b }}"},
        "text": "{{ a.n }} of {{ b }}",
        "other": {"ref": "a.m"},
        "literal": {"value": {"ref": "a.n"}},
    }
    rest = without(inputs, lambda ref: ref.node == "a" and ref.path == ("n",))
    assert rest.inputs == {
        "list": [{"ref": "b"}, 3],
        "object": {"y": "{{ b }}"},
        "text": "{{ a.n }} of {{ b }}",
        "other": {"ref": "a.m"},
        "literal": {"value": {"ref": "a.n"}},
    }
    assert rest.held == ("{{ a.n }} of {{ b }}",)
