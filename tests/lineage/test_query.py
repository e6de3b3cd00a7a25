"""Queries that people type."""

from __future__ import annotations

import pytest
from gremlin_python.process.traversal import T
from hypothesis import given
from hypothesis import strategies as st

from tests.lineage.toy_run import RUN, toy_graph
from twingraph_lab.errors import ConflictError
from twingraph_lab.lineage.changes import execution_id
from twingraph_lab.lineage.errors import QueryError
from twingraph_lab.lineage.query import ancestry, evaluate, rows
from twingraph_lab.lineage.syntax import parse


@pytest.fixture(scope="module")
def g(tmp_path_factory):
    return toy_graph(tmp_path_factory.mktemp("toy"))


@pytest.mark.parametrize(
    "query",
    [
        "g.V().hasLabel('Execution').has('status', 'failed').values('node').dedup()",
        'g.V().has_label("Execution").has("status", "failed").values("node").dedup().toList()',
        "g.V().hasLabel('Execution').not(has('status', neq('failed'))).values('node').dedup().next(5)",
        "g.V().hasLabel('Execution').where(__.not_(__.has('status', P.neq('failed')))).values('node').dedup()",
        """g.V()            // everything
            .has('status', within('failed', 'nothing'))
            .has('node')
            .values('node').dedup()
        """,
        "g.V().has('attempt', gt(0).and(lte(2L))).has('status', TextP.startingWith('fa')).values('node').dedup()",
    ],
)
def test_one_question_in_many_spellings(g, query):
    assert evaluate(g, query) == ["plot"]


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("g.V().hasLabel('Run').in('RAN').count()", [0]),
        ("g.V().hasLabel('Run').hasNext()", [True]),
        ("g.V().hasLabel('Execution').order().by('wall_s', desc).limit(1).values('node').next()", ["plot"]),
        ("g.V().hasLabel('Execution').iterate()", []),
        ("g.V().has('node', 'nobody').next()", []),
        ("g.with('evaluationTimeout', 1000).V().hasLabel('Run').values('name')", ["toy"]),
        ("g.inject([1, -2.5, 'a', true, null]).unfold()", [1, -2.5, "a", True, None]),
        ("g.inject([a: 1, (T.label): [b: []]], {'c': 2})", [{"a": 1, T.label: {"b": []}}, {"c": 2}]),
        (r"g.inject('it\'s', \"two\nlines\")".replace('\\"', '"'), ["it's", "two\nlines"]),
        ("g.V().hasLabel('Node').groupCount().by(label)", [{"Node": 4}]),
    ],
)
def test_answers_are_lists_however_the_query_ends(g, query, answer):
    assert evaluate(g, query) == answer


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("g.V().hasLable('Run')", r"column 7: there is no step 'hasLable'; did you mean hasLabel"),
        ("g.V().has('a', gtt(1))", r"column 16: there is no step 'gtt'"),
        ("g.V().has('a', P.gtt(1))", r"column 18: there is no predicate 'gtt'; did you mean gt"),
        ("g.V().order().by('a', Order.down)", "Order has no 'down'"),
        ("g.V().has('name', Run)", "'Run' stands for nothing; text needs quotes"),
        ("g.V().has('name', 'Run'", r"column 24: expected ',' or '\)', not the end of the query"),
        ("g.V().has('name', 'Run", r"column 19: .*text that doesn't end"),
        ("g.V(\n).outt()", r"line 2, column 3: there is no step 'outt'"),
        ("V()", "a query begins with g"),
        ("", "ends too early"),
        ("g", "a query begins with g"),
        ("g.V", "a query begins with g"),
        ("g.V().where(g.V())", "only the whole query begins with g"),
        ("g.V().has('a', between(1))", r"between\(\) takes 2 values"),
        ("g.V().has('a', gt(1).xor(lt(2)))", "a predicate is followed by"),
        ("g.V(); g.V()", "';' is not Gremlin"),
        ("g.V().map{it.get()}", "not '{'"),
        ("g.V()." + "where(" * 60 + ")" * 60, "nested more than 50 deep"),
        ("g.V()" + ".out()" * 20000, "at most 100000 characters"),
    ],
)
def test_a_mistake_is_shown_where_it_is(g, query, message):
    with pytest.raises(QueryError, match=message):
        evaluate(g, query)


@pytest.mark.parametrize(
    "query",
    [
        "__import__('os').system('true')",
        "g.__class__.__init__()",
        "g.V().__class__()",
        "g.V().bytecode",
        "g.V().has('a', __builtins__)",
        "g.remote_connection.close()",
        "g.tx()",
        "g.V().values(lambda: 1)",
        "g.V().map(exec('1'))",
        "g.V().has('a', T.__class__)",
        "g.V().with_remote('x')",
        "g.get_graph_traversal()",
    ],
)
def test_nothing_but_gremlin_can_be_reached(g, query):
    with pytest.raises(QueryError):
        evaluate(g, query)


@given(st.text(alphabet="gVP_.()[]{}:,'\"\\ 12x-/\n", max_size=40))
def test_any_text_is_a_query_or_a_query_error(text):
    try:
        parse("g." + text)
    except QueryError:
        return


@pytest.mark.parametrize(
    "query",
    ["g.V().drop()", "g.addV('x')", "g.V().sideEffect(properties('a').drop())", "g.merge_v({})", "g.V().addE('x')"],
)
def test_the_shared_graph_is_never_changed_by_a_query(g, query):
    with pytest.raises(ConflictError, match="read-only"):
        evaluate(g, query)

    assert g.V().count().next() > 0


def test_who_may_write_can_ask_to(tmp_path):
    g = toy_graph(tmp_path)
    evaluate(g, "g.V().hasLabel('Run').property('note', 'mine')", read_only=False)

    assert evaluate(g, "g.V().hasLabel('Run').values('note')") == ["mine"]


def test_results_are_shown_as_a_table(g):
    assert rows(
        evaluate(g, "g.V().hasLabel('Execution').has('node', 'plot').valueMap('node', 'attempt').by(unfold())")
    ) == (
        ["attempt", "node"],
        [[1, "plot"], [2, "plot"]],
    )
    assert rows(evaluate(g, "g.V().hasLabel('Run')")) == (["id", "label"], [[f"run:{RUN}", "Run"]])
    assert rows(evaluate(g, "g.V().has('node', 'stats').outE('PRODUCED')"))[0] == ["id", "label", "out", "in"]
    assert rows(evaluate(g, "g.V().has('node', 'load').out('DEPENDS_ON').path().by('node')")) == (
        ["0", "1"],
        [["load", "clean"]],
    )
    assert rows(evaluate(g, "g.V().hasLabel('Run').elementMap('name')")) == (
        ["id", "label", "name"],
        [[f"run:{RUN}", "Run", "toy"]],
    )
    assert rows([1, "a", None]) == (["value"], [[1], ["a"], [None]])
    assert rows([]) == ([], [])


def test_a_single_large_map_is_shown_with_a_row_for_each_entry(g):
    counted = evaluate(g, "g.V().hasLabel('Execution').groupCount().by('started')")

    assert rows([{str(n): n for n in range(20)}]) == (["key", "value"], [[str(n), n] for n in range(20)])
    assert rows(evaluate(g, "g.V().hasLabel('Execution').groupCount().by('attempt')"))[0] == ["key", "value"]
    assert len(counted) == 1


def test_ancestry_is_everything_upstream_nearest_first(g):
    by_hash = ancestry(g, execution_id(RUN, "plot", 2)).values("node").to_list()

    assert sorted(by_hash[:2]) == ["clean", "stats"]
    assert by_hash[2:] == ["load"]
    assert set(ancestry(g, f"{RUN}/plot").values("node").to_list()) == {"clean", "stats", "load"}
    assert ancestry(g, f"{RUN}/load").to_list() == []
