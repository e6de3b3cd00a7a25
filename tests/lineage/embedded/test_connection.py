"""Traversal sources over a file: transactions, threads, processes, event loops, errors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from gremlin_python.process.anonymous_traversal import traversal
from gremlin_python.process.graph_traversal import __
from gremlin_python.process.strategies import OptionsStrategy, PartitionStrategy, ReadOnlyStrategy
from gremlin_python.process.traversal import P, Scope, T

from twingraph_lab.errors import ConflictError, StoreError
from twingraph_lab.lineage.embedded.connection import EmbeddedConnection, open_graph
from twingraph_lab.lineage.embedded.store import Store
from twingraph_lab.lineage.errors import QueryError


def test_a_connection_makes_a_normal_traversal_source(tmp_path):
    g = traversal().with_(EmbeddedConnection(tmp_path / "graph.db"))

    g.add_v("person").property("name", "marko").iterate()

    assert g.V().has("name", "marko").count().next() == 1


def test_with_remote_works_as_well(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # gremlinpython's own, of its older spelling
        g = traversal().withRemote(EmbeddedConnection(tmp_path / "graph.db"))

    assert g.V().to_list() == []


def test_what_was_written_is_there_for_the_next_connection(tmp_path):
    open_graph(tmp_path / "graph.db").add_v("person").property(T.id, "a").iterate()

    assert open_graph(tmp_path / "graph.db").V("a").has_next()


def test_a_big_integer_and_a_text_with_anything_in_it_come_back_as_they_were(empty):
    empty.add_v("x").property("big", 2**62 + 5).property("bigger", 2**200).property(
        "text", "\0é\U0001f600'\"\\"
    ).iterate()

    assert empty.V().values("big", "bigger", "text").to_set() == {2**62 + 5, 2**200, "\0é\U0001f600'\"\\"}


def test_a_traversal_that_fails_changes_nothing(g):
    with pytest.raises(QueryError, match="boom"):
        g.add_v("x").fail("boom").iterate()

    assert not g.V().has_label("x").has_next()


def test_a_committed_transaction_is_kept_and_sees_itself(g):
    transaction = g.tx()
    inside = transaction.begin()
    inside.add_v("tx").iterate()
    seen_inside, seen_outside = inside.V().has_label("tx").count().next(), g.V().has_label("tx").count().next()
    transaction.commit()

    assert (seen_inside, seen_outside, g.V().has_label("tx").count().next()) == (1, 0, 1)


def test_a_transaction_that_is_rolled_back_or_closed_leaves_nothing(g):
    for end in ("rollback", "close"):
        transaction = g.tx()
        transaction.begin().add_v("tx").iterate()
        getattr(transaction, end)()

    assert not g.V().has_label("tx").has_next()


def test_a_failing_traversal_in_a_transaction_doesnt_undo_the_ones_before_it(g):
    transaction = g.tx()
    inside = transaction.begin()
    inside.add_v("tx").iterate()
    with pytest.raises(QueryError):
        inside.add_v("tx").fail("no").iterate()
    transaction.commit()

    assert g.V().has_label("tx").count().next() == 1


def test_there_are_no_transactions_within_transactions(g):
    inside = g.tx().begin()

    with pytest.raises(Exception, match="child transactions are not supported"):
        inside.tx()


@pytest.mark.parametrize(
    "change",
    [
        lambda g: g.add_v("x"),
        lambda g: g.V().drop(),
        lambda g: g.V().side_effect(__.property("a", 1)),
        lambda g: g.V().fold().coalesce(__.unfold(), __.add_v("x")),
        lambda g: g.V().choose(__.has("age"), __.map(__.add_e("self"))),
        lambda g: g.merge_v({"a": 1}),
    ],
)
def test_a_read_only_graph_refuses_every_step_that_changes_it(modern, change):
    with pytest.raises(ConflictError, match="read-only"):
        change(modern).iterate()


def test_a_read_only_connection_needs_a_file_that_exists(tmp_path):
    with pytest.raises(StoreError, match="no lineage database at"):
        open_graph(tmp_path / "none.db", read_only=True)


def test_the_read_only_strategy_is_obeyed(g):
    with pytest.raises(ConflictError):
        g.with_strategies(ReadOnlyStrategy()).add_v("x").iterate()


def test_a_strategy_that_would_change_the_answer_is_refused_not_ignored(g):
    with pytest.raises(QueryError, match="PartitionStrategy is not supported"):
        g.with_strategies(PartitionStrategy(partition_key="p", read_partitions=["a"])).V().to_list()


def test_an_endless_traversal_ends_at_its_timeout(g):
    g.V("lop").as_("a").V("marko").add_e("back").from_("a").iterate()
    endless = g.with_strategies(OptionsStrategy(evaluationTimeout=50)).V("marko").repeat(__.out())

    with pytest.raises(QueryError, match="evaluationTimeout"):
        endless.until(__.has("name", "nobody")).to_list()


def test_many_threads_may_read_one_source(modern):
    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(lambda _: modern.V().repeat(__.out()).emit().count().next(), range(64)))

    assert set(counts) == {8}


def test_threads_that_write_wait_for_each_other(empty):
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: empty.add_v("x").property("n", number).iterate(), range(40)))

    assert empty.V().values("n").to_set() == set(range(40))


def test_readers_see_a_state_between_two_transactions_of_another_process(g, tmp_path):
    """The writer adds two vertices a transaction, so that a reader never sees an odd number."""
    program = """
import sys
from twingraph_lab.lineage.embedded.connection import open_graph
g = open_graph(sys.argv[1])
for _ in range(60):
    g.add_v("pair").add_v("pair").iterate()
"""
    seen = set()
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "graph.db")]) as writer:
        while writer.poll() is None:
            seen.add(g.V().has_label("pair").fold().count(Scope.local).next())
    seen.add(g.V().has_label("pair").count().next())

    assert writer.returncode == 0
    assert max(seen) == 120
    assert all(count % 2 == 0 for count in seen)


def test_a_traversal_works_inside_a_running_event_loop(modern):
    async def ask():
        return modern.V().count().next()

    assert asyncio.run(ask()) == 6


def test_a_promise_is_kept_at_once(modern):
    assert modern.V().has("age", P.gt(30)).id_().promise(lambda found: found.to_list()).result() == ["josh", "peter"]


def test_closing_a_connection_closes_its_file_but_not_somebody_elses(tmp_path):
    own, shared = EmbeddedConnection(tmp_path / "own.db"), Store(tmp_path / "shared.db")
    other = EmbeddedConnection(shared)
    own.close()
    other.close()

    assert own.is_closed()
    assert not other.is_closed()
    with pytest.raises(StoreError, match="is closed"):
        traversal().with_(own).V().to_list()


def test_a_file_that_is_no_database_is_reported_with_its_name(tmp_path):
    (tmp_path / "graph.db").write_bytes(b"not a database, whatever its name says" * 100)

    with pytest.raises(StoreError, match=r"graph\.db"):
        open_graph(tmp_path / "graph.db")


def test_without_gremlinpython_the_missing_extra_is_named():
    program = """
import sys
sys.modules["gremlin_python"] = None
import twingraph_lab.lineage.recorder
from twingraph_lab.errors import MissingExtraError
try:
    import twingraph_lab.lineage.embedded.connection
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "pip install 'twingraph-lab[gremlin]'" in done.stdout
