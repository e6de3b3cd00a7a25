"""Where boxes go."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from twingraph_lab.frontends.layers import arrange


def test_every_node_is_right_of_those_it_waits_for():
    graph = {"a": [], "b": ["a"], "c": ["a", "b"], "d": []}
    spots = arrange(graph).spots
    assert {node: layer for node, (layer, _) in spots.items()} == {"a": 0, "b": 1, "c": 2, "d": 0}


def test_boxes_of_a_layer_never_overlap():
    graph = {f"n{i}": [f"n{j}" for j in range(max(0, i - 7), i) if (i * j) % 3 == 0] for i in range(40)}
    layers = {}
    for layer, at in arrange(graph).spots.values():
        layers.setdefault(layer, []).append(at)
    for places in layers.values():
        ordered = sorted(places)
        assert all(b - a >= 1 - 1e-9 for a, b in pairwise(ordered))
        assert ordered[0] >= -1e-9


def test_an_edge_over_several_layers_runs_through_them():
    routes = arrange({"a": [], "b": ["a"], "c": ["b"], "d": ["a", "c"]}).routes
    assert [layer for layer, _ in routes["a", "d"]] == [0, 1, 2, 3]
    assert len(routes["a", "b"]) == 2


def test_a_chain_is_straight():
    spots = arrange({"a": [], "b": ["a"], "c": ["b"]}).spots
    assert len({at for _, at in spots.values()}) == 1


def test_a_fan_is_symmetric():
    spots = arrange({"a": [], **{f"p{i}": ["a"] for i in range(5)}, "z": [f"p{i}" for i in range(5)]}).spots
    assert spots["a"][1] == pytest.approx(2)
    assert spots["z"][1] == pytest.approx(2)


def test_crossings_that_can_be_avoided_are():
    spots = arrange({"a": [], "b": [], "y": ["b"], "x": ["a"]}).spots
    assert (spots["a"][1] < spots["b"][1]) == (spots["x"][1] < spots["y"][1])


def test_a_cycle_is_drawn_all_the_same():
    layers = arrange({"a": ["c"], "b": ["a"], "c": ["b"]})
    assert set(layers.routes) == {("c", "a"), ("a", "b"), ("b", "c")}


def test_unknown_parents_and_oneself_are_left_out():
    assert arrange({"a": ["a", "ghost"]}).routes == {}


def test_nothing_takes_no_room():
    assert arrange({}).size == (0, 0)


def test_the_largest_picture_takes_little_time():
    graph = {f"n{i}": [f"n{j}" for j in range(max(0, i - 9), i, 4)] for i in range(60)}
    start = time.perf_counter()
    arrange(graph)
    assert time.perf_counter() - start < 0.5
