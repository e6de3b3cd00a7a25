"""A graph to ask, and one to change."""

from __future__ import annotations

import pytest

from tests.lineage import battery
from twingraph_lab.lineage.embedded.connection import open_graph


@pytest.fixture(scope="session")
def modern(tmp_path_factory):
    """TinkerPop's toy graph, for looking at only."""
    path = tmp_path_factory.mktemp("modern") / "graph.db"
    battery.load(open_graph(path))
    return open_graph(path, read_only=True)


@pytest.fixture
def g(tmp_path):
    """TinkerPop's toy graph, for changing."""
    g = open_graph(tmp_path / "graph.db")
    battery.load(g)
    return g


@pytest.fixture
def empty(tmp_path):
    """A graph with nothing in it."""
    return open_graph(tmp_path / "empty.db")
