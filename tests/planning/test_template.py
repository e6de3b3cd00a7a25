from __future__ import annotations

import resource
import sys
import threading
import time
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twingraph_lab.errors import TwinGraphError
from twingraph_lab.planning.template import OUTPUT_LIMIT, TemplateError, as_text, interpolate, limits, render

CONTEXT = {
    "a": {
        "output": {
            "n": 3,
            "text": "hello",
            "rows": [{"id": 1, "items": "x"}, {"id": 2, "items": "y"}],
            "flag": True,
            "none": None,
            "injected": "{{ input.secret }}",
            "two words": [10, 20],
        }
    },
    "my-node": {"output": [1, 2]},
    "input": {"limit": 5, "name": "Ada", "secret": "s3cret"},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ a.output.n }}", 3),
        ("{{a.output.rows}}", CONTEXT["a"]["output"]["rows"]),
        ("{{ a.output.rows.1.id }}", 2),
        ("{{- a.output.flag -}}", True),
        ("{{ a.output.none }}", None),
        ("{{ my-node.output }}", [1, 2]),
        ("{{ input.name }}", "Ada"),
        ("{{ input }}", CONTEXT["input"]),
    ],
)
def test_a_lone_path_keeps_the_type_of_its_value(text, value):
    assert render(text, CONTEXT) == value
    assert type(render(text, CONTEXT)) is type(value)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("no template", "no template"),
        ("n={{ a.output.n }};", "n=3;"),
        ("{{ a.output.flag }} {{ a.output.none }}", "true null"),
        ("{{ my-node.output }}!", "[1, 2]!"),
        ("rows: {{ a.output.rows }}", 'rows: [{"id": 1, "items": "x"}, {"id": 2, "items": "y"}]'),
        ('{"n":{{ a.output.n }}}', '{"n":3}'),
        ("{{ a.output.text | upper }}", "HELLO"),
        ("{{ a.output.n + input.limit * 2 }}", "13"),
        ("{{ a.output.flag and a.output.n }}", "3"),
        ("{{ a.output.rows | map(attribute='id') | join(', ') }}", "1, 2"),
        ("{{ a.output['two words'][1] }}", "20"),
        ("{{ a.output.missing | default('none') }}", "none"),
        ("{{ 'yes' if b.output is defined else 'no' }}", "no"),
        ("{% for row in a.output.rows %}{{ loop.index }}{{ row.items }} {% endfor %}", "1x 2y "),
        ("{% for key, value in input.items() %}{{ key }} {% endfor %}", "limit name secret "),
        ("{% set x = a.output.n %}{{ x }}{{ x }}", "33"),
        ("{% filter upper %}{{ a.output.text }}{% endfilter %}", "HELLO"),
        ("{{ a.output.text[1:3] ~ a.output.text.upper() }}", "elHELLO"),
        ("{{ range(3) | list }}", "[0, 1, 2]"),
        ("{{ '%05.1f' % a.output.n }} {{ '%s' | format(a.output.text) }}", "003.0 hello"),
        ("{{ 'a\nb' | indent(2) }} {{ 'x' | center(3) }} {{ 2.345 | round(1) }}", "a\n  b  x  2.3"),
        ("{{ [1, 2, 3] | slice(2) | list }}", "[[1, 2], [3]]"),
        ("{{ a.output.rows | tojson }}", '[{"id": 1, "items": "x"}, {"id": 2, "items": "y"}]'),
        (" {{- a.output.n -}} !", "3!"),
        ("{{ '{{' }}{# a comment #}\n", "{{\n"),
        ("{% raw %}{{ a }}{% endraw %}", "{{ a }}"),
        ("<{{ a.output.text }}&{{ '<' }}>", "<hello&<>"),
    ],
)
def test_everything_else_is_text(text, rendered):
    assert render(text, CONTEXT) == rendered


def test_what_is_rendered_is_never_rendered_again():
    assert render("{{ a.output.injected }}", CONTEXT) == "{{ input.secret }}"
    assert render("x {{ a.output.injected }}", CONTEXT) == "x {{ input.secret }}"
    assert render("{{ a.output.injected | upper }}", CONTEXT) == "{{ INPUT.SECRET }}"
    assert render("{{ '{{ input.secret }}' }}", CONTEXT) == "{{ input.secret }}"


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("{{ a.output.x }}", ["'{{ a.output.x }}'", "no 'x' at 'a.output'", "n, text, rows"]),
        ("is {{ b.output }}", ["'is {{ b.output }}'", "no 'b'", "a, my-node, input"]),
        ("{{ a.output.x | upper }}", ["'{{ a.output.x | upper }}'", "'a.output.x' is undefined", "n, text, rows"]),
        ("{% for r in a.output.rows %}{{ r.nope }}{% endfor %}", ["has no attribute 'nope'"]),
        ("{{ a.output.text.nope() }}", ["has no attribute 'nope'"]),
        ("{{ a.output.n / 0 }}", ["division by zero"]),
        ("{{ a.output.n + a.output.text }}", ["unsupported operand"]),
        ("{{ a.output.rows | sum }}", ["unsupported operand"]),
        ("{{ a.output", ["can't be read"]),
    ],
)
def test_what_is_undefined_or_wrong_is_named_with_the_template_and_what_is_known(text, messages):
    with pytest.raises(TemplateError) as caught:
        render(text, CONTEXT)
    assert all(message in str(caught.value) for message in messages), str(caught.value)
    assert isinstance(caught.value, TwinGraphError)


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ a.output.text.__class__.__mro__ }}",
        "{{ (a.output.rows[0]).__init__ }}",
        "{{ ().__class__.__bases__ }}",
        "{{ a.output.rows.append(1) }}",
        "{{ input.update(limit=1) }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ 'x'.format_map({}) }}",
        "{{ 'x'.center(10) }}",
        "{{ 'x'.zfill(10) }}",
        "{{ 'x'.encode() }}",
        "{{ [''] | map(attribute='__class__') | list }}",
        "{{ [''] | groupby('__class__') }}",
        "{{ range.__class__ }}",
        "{{ cycler(1) }}",
        "{{ lipsum() }}",
        "{{ namespace(x=1) }}",
        "{{ self }}",
        "{{ a.output.text | attr('upper') }}",
        "{{ loop }}",
    ],
)
def test_nothing_but_data_is_in_reach(text):
    with pytest.raises(TemplateError):
        render(text, CONTEXT)


def test_functions_in_the_context_are_not_data():
    with pytest.raises(TemplateError, match="only JSON data"):
        render("{{ f() }}", {"f": open})
    with pytest.raises(TemplateError, match=r"only JSON data .* type builtin_function_or_method"):
        render("{{ f }}!", {"f": open})


@pytest.mark.parametrize(
    "text",
    [
        "{{ 10 ** 10 ** 9 }}",
        "{{ 'x' * 4000000000 }}",
        "{{ 4000000000 * [1] }}",
        "{{ 'x' | center(4000000000) }}",
        "{{ 'a\nb' | indent(4000000000) }}",
        "{{ '%4000000000d' % 1 }}",
        "{{ '%.4000000000f' | format(1) }}",
        "{{ '%*d' % (4000000000, 1) }}",
        "{{ 1.5 | round(1000000000) }}",
        "{{ [1] | slice(1000000000) | list }}",
        "{{ [1] | batch(1000000000, 'x') | list }}",
        "{{ range(1000000000) | list }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set r = range(99999) | list %}{% for a in r %}{% for b in r %}{{ b }}{% endfor %}{% endfor %}",
        "{% set x = 'abcdefgh' %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}",
        "{% set x = 9 * 9 %}" + "{% set x = x * x %}" * 40 + "{{ x }}",
        "{% set x = [1, 2] %}" + "{% set x = x + x %}" * 40 + "{{ x | length }}",
        "{{ ('ab' * 500000) | replace('a', 'b' * 800000) | length }}",
        "{{ ('ab' * 500000).replace('a', 'b' * 800000) | length }}",
        "{{ ('x' * 900000) }}{{ ('x' * 900000) }}",
        "{{ " + "(" * 5000 + " }}",
        "{{ " + "9" * 5000 + " }}",
    ],
)
def test_what_would_grow_without_bound_is_stopped_soon(text):
    started = time.process_time()
    with pytest.raises(TemplateError):
        render(text, CONTEXT)
    assert time.process_time() - started < 5


def test_the_output_has_a_limit():
    exact = {"x": "y" * OUTPUT_LIMIT}
    assert len(render("{{ x }}{{ e }}", {**exact, "e": ""})) == OUTPUT_LIMIT
    with pytest.raises(TemplateError, match="renders more than 1048576 characters"):
        render("{{ x }}!", exact)
    with pytest.raises(TemplateError, match="renders more than 1048576 characters"):
        render("{{ x | lower }}!", exact)
    assert len(render("{{ x }}", {"x": "y" * (OUTPUT_LIMIT + 1)})) == OUTPUT_LIMIT + 1


def test_each_path_is_looked_up_once_and_only_if_mentioned():
    asked = []

    def lookup(path):
        asked.append(path)
        return 1

    assert interpolate("{{ a.b + a.b }} {{ c['d'] | d }}", lookup) == "2 1"
    assert asked == [("a", "b"), ("c", "d")]


class Point(NamedTuple):
    x: int
    y: int


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        ("", ""),
        (1, "1"),
        (1.0, "1.0"),
        (True, "true"),
        (None, "null"),
        ("ü", "ü"),
        (["ü", 1], '["ü", 1]'),
        ((1, 2), "[1, 2]"),
        (Point(1, 2), '{"x": 1, "y": 2}'),
        (np.float64(1.5), "1.5"),
        (np.int32(3), "3"),
        (np.bool_(1), "true"),
        (np.str_("s"), "s"),
        ({"a": np.int64(1)}, '{"a": 1}'),
    ],
)
def test_values_within_text_look_like_json(value, text):
    assert as_text(value) == text
    assert render("{{ x }}{{ y }}", {"x": value, "y": ""}) == text
    assert render("{{ x if true else 1 }}", {"x": value}) == text


@pytest.mark.parametrize("value", [{1, 2}, object(), b"x", np.zeros(2), {1: 2}, 1j])
def test_other_values_have_no_text_but_keep_their_type_alone(value):
    assert render("{{ x }}", {"x": value}) is value
    for text in ("{{ x }}!", "{{ x | string }}"):
        with pytest.raises(TemplateError, match="only JSON data"):
            render(text, {"x": value})


def test_values_that_hold_themselves_have_no_text():
    value: list = []
    value.append(value)
    with pytest.raises(TemplateError, match="nested deeper"):
        render("{{ x }}!", {"x": value})


@pytest.mark.skipif(sys.platform != "linux", reason="limits are Linux's")
def test_memory_is_limited_while_rendering_and_only_then():
    before = resource.getrlimit(resource.RLIMIT_AS)
    with limits():
        assert resource.getrlimit(resource.RLIMIT_AS)[0] not in {before[0], resource.RLIM_INFINITY}
        with pytest.raises(MemoryError):
            bytearray(1 << 30)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    with pytest.raises(TemplateError):
        render("{{ ('ab' * 500000) | replace('a', 'b' * 800000) | length }}", {})
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert len(bytearray(1 << 30)) == 1 << 30


def test_threads_that_render_at_once_leave_the_limit_as_it_was():
    before = resource.getrlimit(resource.RLIMIT_AS)
    results: list[str] = []

    def work():
        results.extend(render("{% for i in range(2000) %}x{% endfor %}{{ n }}", {"n": 1}) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 20
    assert resource.getrlimit(resource.RLIMIT_AS) == before


PIECES = st.sampled_from(
    [
        "{{ a.output.n }}",
        "{{ a.output.",
        "{{",
        "}}",
        "{% if a %}",
        "{% endif %}",
        "{#",
        "x",
        "{{ a.output.rows | ",
        "| upper }}",
        "'",
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=4), max_size=8).map("".join))
def test_any_text_renders_or_raises_a_template_error(text):
    try:
        render(text, CONTEXT)
    except TemplateError as error:
        assert "template" in str(error)  # noqa: PT017  (either outcome is right)


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="{")), st.text())
def test_text_around_and_in_values_is_untouched(around, inside):
    assert render(f"{around}{{{{ x }}}}{around}", {"x": inside}) == (f"{around}{inside}{around}" if around else inside)
