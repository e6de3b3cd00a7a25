"""The file: who may read it, what a transaction is, and how readers keep their place."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import suppress

import pytest

from twingraph_lab.errors import StoreError
from twingraph_lab.lineage.elements import VertexRecord
from twingraph_lab.lineage.embedded.batch import upsert
from twingraph_lab.lineage.embedded.store import Store, advance, cursor


def test_only_its_owner_may_read_the_file(tmp_path):
    Store(tmp_path / "deep" / "graph.db")

    assert stat.S_IMODE((tmp_path / "deep" / "graph.db").stat().st_mode) == 0o600


def test_what_raises_is_undone(tmp_path):
    store = Store(tmp_path / "graph.db")
    with suppress(ZeroDivisionError), store.writing() as connection:
        upsert(connection, [VertexRecord("a", "x")], [])
        1 / 0  # noqa: B018

    with store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM vertex").fetchone() == (0,)


def test_the_place_of_a_reader_moves_with_the_graph_or_not_at_all(tmp_path):
    store = Store(tmp_path / "graph.db")
    with store.writing() as connection:
        advance(connection, "recorder", 7)
    with suppress(ZeroDivisionError), store.writing() as connection:
        advance(connection, "recorder", 9)
        assert cursor(connection, "recorder") == 9
        1 / 0  # noqa: B018

    assert (store.cursor("recorder"), store.cursor("somebody else")) == (7, 0)


def test_a_reader_sees_one_state_while_others_write(tmp_path):
    store = Store(tmp_path / "graph.db")
    with store.reading() as reader:
        before = reader.execute("SELECT count(*) FROM vertex").fetchone()
        with store.writing() as writer:
            upsert(writer, [VertexRecord("a", "x")], [])
        during = reader.execute("SELECT count(*) FROM vertex").fetchone()

    with store.reading() as reader:
        assert (before, during, reader.execute("SELECT count(*) FROM vertex").fetchone()) == ((0,), (0,), (1,))


def test_a_writer_that_waits_too_long_says_so(tmp_path):
    Store(tmp_path / "graph.db")
    impatient = Store(tmp_path / "graph.db", timeout_s=0.05)
    with Store(tmp_path / "graph.db").writing(), pytest.raises(StoreError, match="locked"), impatient.writing():
        pass


def test_a_read_only_store_cant_be_written_even_in_sql(tmp_path):
    Store(tmp_path / "graph.db")

    with (
        pytest.raises(StoreError, match="readonly"),
        Store(tmp_path / "graph.db", read_only=True).reading() as connection,
    ):
        connection.execute("DELETE FROM vertex")


def test_a_file_of_a_later_version_is_refused(tmp_path):
    Store(tmp_path / "graph.db").close()
    with sqlite3.connect(tmp_path / "graph.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StoreError, match="has lineage format 99"):
        Store(tmp_path / "graph.db")


def test_a_closed_store_is_refused(tmp_path):
    store = Store(tmp_path / "graph.db")
    store.close()

    with pytest.raises(StoreError, match="is closed"):
        store.cursor("recorder")
