from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twingraph_lab.spec.expressions import parse
from twingraph_lab.spec.inputs import TemplateError


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("{{ a.b | upper }}", ["a.b"]),
        ("{{ a['b'][0].c | upper }}", ["a.b.0.c"]),
        ("{{ a.0.b | upper }}", ["a.0.b"]),
        ("{{ a.items() }}", ["a"]),
        ("{{ a.b.strip(c.d) }}", ["a.b", "c.d"]),
        ("{{ a[b.c].d }}", ["a", "b.c"]),
        ("{{ a[1:2] }}", ["a"]),
        ("{{ a if b else c }}", ["b", "a", "c"]),
        ("{{ {'k': a}[b] ~ [c, (d,)] }}", ["a", "b", "c", "d"]),
        ("{{ a.x is divisibleby(b.y) }}", ["a.x", "b.y"]),
        ("{{ a.x + a.x }}", ["a.x"]),
        ("{{ range(a.n) | list }}", ["a.n"]),
        ("{{ true }} {{ none }} {{ 1 }}", []),
        ("{% raw %}{{ a }}{% endraw %}", []),
        ("{# {{ a }} #}{{ b | d }}", ["b"]),
    ],
)
def test_paths_of_constant_steps_are_found(text, paths):
    assert sorted(".".join(path) for path in parse(text).paths) == sorted(paths)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("{% for a in a.rows %}{{ a.x }}{% else %}{{ a.y }}{% endfor %}", ["a.rows", "a.y"]),
        ("{% for k, v in a.items() if v > b %}{{ k }}{{ v }}{{ loop.index }}{% endfor %}{{ k }}", ["a", "b", "k"]),
        ("{% set x = y %}{{ x.z }}", ["y"]),
        ("{{ x.z }}{% set x = y %}", ["x.z", "y"]),
        ("{% set x %}{{ a }}{% endset %}{{ x }}", ["a"]),
        ("{% set a, b = c %}{{ a }}{{ b }}", ["c"]),
        ("{% with a = b, c = a %}{{ a }}{{ c }}{% endwith %}{{ c }}", ["b", "a", "c"]),
        ("{% for x in y %}{% set z = x %}{{ z }}{% endfor %}{{ z }}", ["y", "z"]),
        ("{% if a %}{% set b = 1 %}{% elif c %}{{ d }}{% endif %}{{ b }}", ["a", "c", "d"]),
        ("{% filter upper %}{{ a }}{% endfilter %}", ["a"]),
        ("{{ loop.index }}", ["loop.index"]),
    ],
)
def test_names_that_the_template_binds_are_not_references(text, paths):
    assert sorted(".".join(path) for path in parse(text).paths) == sorted(paths)


@pytest.mark.parametrize(
    "text",
    [
        "{% macro m() %}{% endmacro %}",
        "{% call m() %}{% endcall %}",
        "{% import 'x' as y %}",
        "{% from 'x' import y %}",
        "{% include 'x' %}",
        "{% extends 'x' %}",
        "{% block b %}{% endblock %}",
        "{% autoescape true %}{% endautoescape %}",
        "{% for x in y recursive %}{% endfor %}",
        "{{ 2 ** 3 }}",
        "{{ a | attr('b') }}",
        "{{ a | random }}",
        "{{ a | urlize }}",
        "{{ a is prime }}",
    ],
)
def test_what_defines_loads_or_grows_is_refused(text):
    with pytest.raises(TemplateError, match=r"not allowed|there is no"):
        parse(text)


def test_refusals_name_the_statement_and_what_was_perhaps_meant():
    with pytest.raises(TemplateError, match=r"{% autoescape %} is not allowed"):
        parse("{% autoescape true %}{% endautoescape %}")
    with pytest.raises(TemplateError, match="there is no filter 'uper'; did you mean 'upper'"):
        parse("{{ a | uper }}")


@pytest.mark.parametrize(
    "text",
    ["{{ a", "{{ }}", "{% if %}", "{{ 1 + }}", "{% endfor %}", "{{ '", "{{ " + "9" * 5000 + " }}", "{{ a | }}", "{%"],
)
def test_syntax_errors_quote_the_template(text):
    with pytest.raises(TemplateError, match=r"template .*can't be read"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["{{ " + "(" * 5000 + " }}", "{{ " + "1+" * 20_000 + "1 }}", "{{ " + "[" * 3000 + "]" * 3000 + "}}"]
)
def test_deep_templates_are_refused_without_a_crash(text):
    with pytest.raises(TemplateError, match="nested too deeply"):
        parse(text)


def test_long_templates_are_refused_before_they_are_read():
    with pytest.raises(TemplateError, match="longer than"):
        parse("{{ a | d }}" * 10_000)


WORDS = [
    *("{{", "}}", "{%", "%}", "{#", "#}", "{{-", "-}}", "a", "b.c", "['x']", "[0]", "(", ")", "|", "~", "+", "*", "**"),
    *("if", "else", "for", "in", "set", "with", "macro", "upper", "true", "none", "'q'", '"', "\n"),
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=25).map(" ".join))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(TemplateError):
        parse(text)
