"""Filters folded into the search give the same answer as filters after it, and use an index."""

from __future__ import annotations

import pytest
from gremlin_python.process.graph_traversal import __
from gremlin_python.process.traversal import P, T, TextP
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twingraph_lab.lineage.embedded import search
from twingraph_lab.lineage.embedded.compile import compile_traversal
from twingraph_lab.lineage.embedded.connection import open_graph

VALUES = [0, 1, 2, -1, 1.0, 2.5, True, False, "", "a", "ab", "b", "1", 2**70, -(2**70), "x" * 300, [1], b"a"]
NUMBERS = st.sampled_from([0, 1, 1.0, 2.5, -1, 2**70])
TEXTS = st.sampled_from(["", "a", "ab", "1", "x" * 300])
ANY = NUMBERS | TEXTS | st.booleans()
SIMPLE = (
    ANY
    | st.builds(P.eq, ANY)
    | st.builds(P.neq, ANY)
    | st.builds(P.within, st.lists(ANY))
    | st.builds(P.without, st.lists(ANY))
    | st.one_of(*(st.builds(predicate, NUMBERS | TEXTS) for predicate in (P.gt, P.gte, P.lt, P.lte)))
    | st.one_of(*(st.builds(predicate, NUMBERS, NUMBERS) for predicate in (P.between, P.inside, P.outside)))
    | st.one_of(
        *(st.builds(predicate, TEXTS) for predicate in (TextP.starting_with, TextP.containing, TextP.ending_with))
    )
)
PREDICATES = SIMPLE | st.recursive(
    SIMPLE.filter(lambda wanted: isinstance(wanted, P)),
    lambda inner: st.builds(P.and_, inner, inner) | st.builds(P.or_, inner, inner) | st.builds(P.not_, inner),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    g = open_graph(tmp_path_factory.mktemp("values") / "graph.db")
    for place, value in enumerate(VALUES):
        g.add_v("odd" if place % 2 else "even").property(T.id, place).property("value", value).iterate()
    g.add_v("none").property(T.id, "none").iterate()
    return g


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(wanted=PREDICATES)
def test_a_filter_finds_the_same_elements_in_sql_and_in_python(values, wanted):
    in_sql = values.V().has("value", wanted).id_().to_set()
    in_python = values.V().identity().has("value", wanted).id_().to_set()

    assert in_sql == in_python


@pytest.mark.parametrize(
    "filters",
    [
        lambda start: start.has_label("even", "none"),
        lambda start: start.has_label("even").has("value", P.gt(0)),
        lambda start: start.has("odd", "value", "a"),
        lambda start: start.has("value"),
        lambda start: start.has_not("value"),
        lambda start: start.has_id(1, 2, "none"),
        lambda start: start.has(T.id, 2),
        lambda start: start.has(T.label, "odd").has_not("nothing"),
        lambda start: start.has("value", __.is_(1)).has_label("odd"),
        lambda start: start.has_label("odd").as_("a").has("value", True).as_("b").select("a"),
    ],
)
def test_several_filters_find_the_same_elements_too(values, filters):
    assert filters(values.V()).id_().to_set() == filters(values.V().identity()).id_().to_set()


def test_exact_filters_become_part_of_the_search(values):
    calls = compile_traversal(values.V().has_label("odd").has("value", "a").has("value", P.gt(1)).bytecode).calls

    assert [call.name for call in calls] == ["V", "has"]  # a range is checked again


def test_a_label_on_a_folded_filter_is_kept(values):
    assert values.V().has("value", "ab").as_("found").select("found").id_().to_list() == [10]


@pytest.mark.parametrize("wanted", ["a", 1, P.within("a", 2), P.gt(3), P.between(1, 5), True])
def test_looking_for_a_value_uses_the_index_of_values(tmp_path, wanted):
    from twingraph_lab.lineage.embedded.store import Store

    condition = search.by_property("vertex", "value", wanted)
    where, parameters = search.where([condition])
    with Store(tmp_path / "graph.db").reading() as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT id FROM vertex x{where}", parameters).fetchall()

    assert any("vertex_property_value" in str(row) for row in plan), plan
    assert not any("SCAN x" in str(row) for row in plan), plan
