"""The embedded evaluator gives TinkerPop's answers."""

from __future__ import annotations

import pytest

from tests.lineage import battery
from tests.lineage.battery import CASES, ask, is_ordered, plain


@pytest.mark.parametrize("case", [case for case in CASES if not case.writes], ids=lambda case: case.name)
def test_a_traversal_gives_the_answer_that_tinkerpop_defines(modern, case):
    *_, answer = [ask(modern, question) for question in case.asked]

    assert plain(answer, ordered=case.ordered) == plain(case.answer, ordered=case.ordered)


@pytest.mark.parametrize("case", [case for case in CASES if case.writes], ids=lambda case: case.name)
def test_a_change_has_the_effect_that_tinkerpop_defines(g, case):
    *_, answer = [ask(g, question) for question in case.asked]

    assert plain(answer, ordered=case.ordered) == plain(case.answer, ordered=case.ordered)


@pytest.mark.parametrize(
    ("traversal", "answer"), battery.parity(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_traversal_gives_the_answer_that_gremlin_server_gave(modern, traversal, answer):
    assert plain(ask(modern, traversal), ordered=is_ordered(traversal)) == answer
