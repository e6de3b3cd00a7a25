"""What the evaluator doesn't know it refuses, with the names of what it knows."""

from __future__ import annotations

import pytest
from gremlin_python.process.graph_traversal import __
from gremlin_python.process.traversal import Order, P, Scope, T

from twingraph_lab.lineage.embedded.compile import compile_traversal, supported_steps
from twingraph_lab.lineage.errors import QueryError


@pytest.mark.parametrize(
    ("traversal", "message"),
    [
        (lambda g: g.V().page_rank(), r"the step pageRank\(\) is not supported.*Supported: E, V, addE"),
        (lambda g: g.V().profile(), r"the step profile\(\) is not supported"),
        (lambda g: g.call("search"), "can't begin with call"),
        (lambda g: g.V().where(__.out().shortest_path()), "shortestPath"),
        (lambda g: g.V().out().by("name"), r"by\(\) can't follow out\(\)"),
        (lambda g: g.V().until(__.out()), r"until\(\) needs a repeat\(\)"),
        (lambda g: g.V().repeat(__.out().count()).times(2), "makes one of many"),
        (lambda g: g.V().has(), r"has\(\): takes a key"),
        (lambda g: g.V().has("a", P("nearly", 3)), "no predicate named 'nearly'; known: eq"),
        (lambda g: g.V().has("a", P("regex", "(")), r"regex\('\('\)"),
        (lambda g: g.V().limit("three"), "takes a number"),
        (lambda g: g.V().map("name"), "takes a traversal"),
        (lambda g: g.V().property("a", 1, "meta", 2), "properties of properties are not supported"),
        (lambda g: g.V().property(T.id, "a"), "right after addV"),
        (lambda g: g.with_computer().V(), "VertexProgramStrategy is not supported"),
        (lambda g: g.with_sack(1, 2).V(), "split and merge operators are not supported"),
    ],
)
def test_what_is_not_supported_is_refused_even_on_an_empty_graph(empty, traversal, message):
    with pytest.raises(QueryError, match=message):
        traversal(empty).to_list()


@pytest.mark.parametrize(
    ("traversal", "message"),
    [
        (lambda g: g.V().values("name").out(), r"out\(\) needs a vertex, not a str"),
        (lambda g: g.V().out_e().out(), r"out\(\) needs a vertex, not a Edge"),
        (lambda g: g.V().id_().values("a"), r"values\(\) needs a vertex or an edge"),
        (lambda g: g.V().values("name").sum_(), r"sum\(\) needs numbers"),
        (lambda g: g.V().values("name", "age").max_(), r"max\(\) can't compare"),
        (lambda g: g.V().math("_ + 1"), "_ is a Vertex, not a number"),
        (lambda g: g.V().loops(), "not in a repeat"),
        (lambda g: g.V().cap("x"), "no such side-effect"),
        (lambda g: g.V().where(P.eq("nobody")), "neither the map"),
        (lambda g: g.E().other_v(), "right after outE"),
        (lambda g: g.V().path().from_("a"), "no such label"),
        (lambda g: g.V().add_e("x").to("nobody"), "not a vertex"),
        (lambda g: g.V("lop").property("m", 1).property(__.out()), "takes a key"),
        (lambda g: g.add_v("x").property(T.id, "lop"), "in the graph already"),
        (lambda g: g.add_v("x").property("a", object()), "can't hold a object"),
        (lambda g: g.V(1.5), "an element's id is text or an integer"),
    ],
)
def test_a_value_of_the_wrong_kind_is_an_error_that_names_it(g, traversal, message):
    with pytest.raises(QueryError, match=message):
        traversal(g).to_list()


def test_several_values_are_not_silently_one(g):
    from gremlin_python.process.traversal import Cardinality

    g.V("lop").property(Cardinality.list_, "m", 1).property(Cardinality.list_, "m", 2).iterate()

    with pytest.raises(QueryError, match=r"2 values of 'm'; use by\(__.values\('m'\).fold\(\)\)"):
        g.V("lop").project("m").by("m").to_list()


def test_python_cant_tell_one_from_true_so_a_group_by_both_is_refused(empty):
    with pytest.raises(QueryError, match="one key to Python"):
        empty.inject(1, True).group().to_list()


def test_a_long_chain_of_steps_needs_no_recursion(modern):
    chain = modern.V("marko")
    for _ in range(3000):
        chain = chain.identity()

    assert chain.count().next() == 1


def test_the_supported_steps_are_listed_without_internal_ones():
    steps = supported_steps()

    assert {"V", "repeat", "by", "match", "mergeV"} <= set(steps)
    assert not [name for name in steps if name.startswith("~")]


def test_whether_a_traversal_changes_the_graph_is_known_before_it_runs(empty):
    assert compile_traversal(empty.V().map(__.coalesce(__.out(), __.add_v("x"))).bytecode).mutates
    assert not compile_traversal(empty.V().order(Scope.local).by("a", Order.desc).bytecode).mutates
