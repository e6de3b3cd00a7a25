from __future__ import annotations

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from twingraph_lab.spec.graph import children, cycles, topological

IDS = [f"n{number}" for number in range(8)]
GRAPHS = st.dictionaries(st.sampled_from(IDS), st.lists(st.sampled_from(IDS), max_size=3, unique=True)).map(
    lambda upstream: {**{parent: [] for parents in upstream.values() for parent in parents}, **upstream}
)


def networkx_graph(upstream):
    graph = nx.DiGraph()
    graph.add_nodes_from(upstream)
    graph.add_edges_from((parent, name) for name, parents in upstream.items() for parent in parents)
    return graph


@settings(deadline=None)
@given(GRAPHS)
def test_parents_come_first(upstream):
    ordered = topological(upstream)
    place = {name: index for index, name in enumerate(ordered)}
    assert all(place[parent] < place[name] for name in ordered for parent in upstream[name])
    assert (len(ordered) == len(upstream)) == nx.is_directed_acyclic_graph(networkx_graph(upstream))


@settings(deadline=None)
@given(GRAPHS)
def test_every_group_that_waits_for_itself_shows_one_cycle(upstream):
    graph = networkx_graph(upstream)
    groups = [group for group in nx.strongly_connected_components(graph) if nx.number_of_edges(graph.subgraph(group))]
    found = cycles(upstream)
    assert len(found) == len(groups)
    for loop in found:
        assert any(set(loop) <= group for group in groups)
        assert len(set(loop)) == len(loop)
        assert all(graph.has_edge(name, following) for name, following in zip(loop, [*loop[1:], loop[0]], strict=True))


def test_independent_nodes_stay_in_order():
    assert topological({"c": [], "a": [], "b": ["c"]}) == ["c", "a", "b"]


def test_children_are_the_edges_turned_round():
    assert children({"a": [], "b": ["a"], "c": ["a", "b"]}) == {"a": ["b", "c"], "b": ["c"], "c": []}


def test_a_long_ring_is_found_without_recursion():
    ring = {f"n{number}": [f"n{(number - 1) % 20_000}"] for number in range(20_000)}
    [loop] = cycles(ring)
    assert loop[:3] == ["n0", "n1", "n2"]
    assert len(loop) == 20_000
