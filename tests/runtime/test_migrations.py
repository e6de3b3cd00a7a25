"""Opening a store: empty, known, newer, damaged, or somebody else's."""

from __future__ import annotations

import sqlite3
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect, make_url, text

from twingraph_lab.errors import MissingExtraError, StoreError
from twingraph_lab.events import Basis, TaskCompleted
from twingraph_lab.runtime import migrations
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.tables import METADATA
from twingraph_lab.spec.workflow import Node, Workflow

WORKFLOW = Workflow(name="empty")
RUN_ID = "0123456789abcdef"
FIRST_RUN = f"""
INSERT INTO runs (run_id, requested_seq, workflow, digest, body, state, cancel_requested, requested, dynamic,
  parameters, context) VALUES ('{RUN_ID}', 1, 'old', 'd', 'b', 'completed', false, 1, false, '{{}}', '{{}}');
INSERT INTO documents VALUES ('{RUN_ID}', 0, '{{"name":"old","nodes":[{{"id":"a","component":"pkg.mod:f"}}]}}');
INSERT INTO tasks (run_id, task_id, position, state, outputs) VALUES ('{RUN_ID}', 'a', 0, 'completed',
  '{{"result":{{"digest":"sha256:7","media_type":"application/json","size":1,"inline":true,"data":7}}}}');
INSERT INTO events VALUES (1, '{RUN_ID}', NULL, 'run.requested', '{{"type":"run.requested","run_id":"{RUN_ID}",
  "seq":1,"time":"2026-01-01T00:00:00Z","workflow":"old","digest":"d"}}');
"""
"""What a run is in the tables of the first schema."""


def execute(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_an_empty_store_gets_todays_tables(ledger_url: str):
    Ledger(ledger_url).close()
    engine = create_engine(ledger_url)
    inspector = inspect(engine)
    assert set(inspector.get_table_names()) == set(METADATA.tables)
    for name, table in METADATA.tables.items():
        assert [column["name"] for column in inspector.get_columns(name)] == list(table.columns.keys())
        assert {index.name for index in table.indexes} <= {index["name"] for index in inspector.get_indexes(name)}
    engine.dispose()


def test_opening_twice_changes_nothing(ledger_url: str):
    with Ledger(ledger_url) as first, Ledger(ledger_url) as second:
        record, _ = first.accept(WORKFLOW, {})
        assert second.run(record.run_id) == record
    with Ledger(ledger_url) as third:
        assert third.run(record.run_id) == record
        assert third.check() == []


def test_a_new_store_is_made_once_however_many_open_it(ledger_url: str):
    with ThreadPoolExecutor(6) as pool:
        for ledger in pool.map(lambda _: Ledger(ledger_url), range(6)):
            assert ledger.check() == []
            ledger.close()


def test_a_newer_store_is_refused(ledger_url: str):
    Ledger(ledger_url).close()
    newer = len(migrations.MIGRATIONS) + 1
    execute(ledger_url, f"UPDATE meta SET value = '{newer}' WHERE key = 'schema'")
    with pytest.raises(StoreError, match=rf"has schema {newer}, this version of twingraph-lab knows up to {newer - 1}"):
        Ledger(ledger_url)


def test_a_store_of_an_older_schema_goes_through_the_missing_migrations(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
):
    with Ledger(ledger_url) as ledger:
        record, _ = ledger.accept(WORKFLOW, {})

    def add_a_table(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE extra (n INTEGER)"))

    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, add_a_table))
    with Ledger(ledger_url) as ledger:
        assert ledger.run(record.run_id) == record
    execute(ledger_url, "INSERT INTO extra VALUES (1)")
    Ledger(ledger_url).close()


def test_a_store_of_the_first_schema_keeps_its_runs_and_takes_new_ones(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
):
    database = make_url(ledger_url).database
    Path(database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(ledger_url)
    with monkeypatch.context() as patch, engine.begin() as connection:
        patch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        migrations.migrate(connection)
        for statement in filter(str.strip, FIRST_RUN.split(";")):
            connection.exec_driver_sql(statement)
    engine.dispose()
    with Ledger(ledger_url) as ledger:
        old = ledger.run(RUN_ID)
        assert (old.state, old.workflow) == ("completed", "old")
        task = ledger.tasks(old.run_id)["a"]
        assert (task.state, task.basis, task.outputs["result"].data) == ("completed", None, 7)
        assert [event.type for event in ledger.events(old.run_id)] == ["run.requested"]
        record, _ = ledger.accept(Workflow(name="new", nodes=(Node(id="b", component="pkg.mod:f"),)), {})
        claimed = ledger.claim("c", 60, run_id=record.run_id)
        assert claimed is not None
        basis = Basis(key="sha256:1", code={"cell": "sha256:2"}, inputs={"x": 1}, miss="new")
        done = TaskCompleted(run_id=record.run_id, task_id="b", basis=basis)
        ledger.record(record.run_id, claimed.epoch, [done], dispatched={"b": 1})
        assert ledger.tasks(record.run_id)["b"].basis == basis
        assert ledger.check() == []


def test_a_migration_that_fails_leaves_the_store_as_it_was(ledger_url: str, monkeypatch: pytest.MonkeyPatch):
    Ledger(ledger_url).close()

    def fail_half_way(connection: Connection) -> None:
        connection.execute(text("DROP TABLE tasks"))
        connection.execute(text("DROP TABLE nothing"))

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, fail_half_way))
        with pytest.raises(StoreError, match="nothing"):
            Ledger(ledger_url)
    with Ledger(ledger_url) as ledger:
        ledger.accept(WORKFLOW, {})
        assert ledger.check() == []


def test_tables_of_somebody_else_are_left_alone(ledger_url: str):
    database = make_url(ledger_url).database
    Path(database or "").parent.mkdir(parents=True, exist_ok=True)
    execute(ledger_url, "CREATE TABLE runs (mine INTEGER)", "INSERT INTO runs VALUES (7)")
    with pytest.raises(StoreError, match="not a ledger: it has tables of its own called runs"):
        Ledger(ledger_url)
    execute(ledger_url, "DROP TABLE runs")
    Ledger(ledger_url).close()


def test_a_file_that_is_no_database_is_refused_with_advice(tmp_path: Path):
    path = tmp_path / "ledger.db"
    path.write_text("these are notes, not tables\n" * 100)
    with pytest.raises(StoreError, match=r"not an SQLite file.*`twingraph doctor`"):
        Ledger(f"sqlite:///{path}")
    assert path.read_text().startswith("these are notes")


def test_a_folder_is_no_ledger(tmp_path: Path):
    with pytest.raises(StoreError, match="can't be opened"):
        Ledger(f"sqlite:///{tmp_path}")


def test_a_ledger_is_for_its_owner_alone(tmp_path: Path):
    with Ledger(f"sqlite:///{tmp_path}/new/50% of #1/ledger.db") as ledger:
        ledger.accept(WORKFLOW, {})
        folder = tmp_path / "new" / "50% of #1"
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes.pop(folder.name) == 0o700
    assert modes.keys() >= {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.lock", "ledger.db.mark"}
    assert set(modes.values()) == {0o600}


def test_a_ledger_is_written_ahead_and_synchronously(sqlite_url: str):
    with Ledger(sqlite_url) as ledger, ledger._database.writer.connect() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        assert [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas] == ["wal", 2, 1]


def test_postgresql_is_asked_to_commit_synchronously(postgresql_url: str):
    with Ledger(postgresql_url) as ledger, ledger._database.writer.begin() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_closing_leaves_one_file_that_holds_everything(sqlite_url: str, tmp_path: Path):
    with Ledger(sqlite_url) as ledger:
        ledger.accept(WORKFLOW, {})
    left = {path.name for path in (tmp_path / "store").iterdir()}
    assert left == {"ledger.db", "ledger.db.lock", "ledger.db.mark"}
    with closing(sqlite3.connect(tmp_path / "store" / "ledger.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite://", "lives in a file"),
        ("sqlite:///:memory:", "lives in a file"),
        ("mysql://localhost/x", "not 'mysql'"),
        ("ledger.db", "isn't an SQLAlchemy URL"),
        ("postgresql+psycopg://nobody:secret@/x?host=/nonexistent", "can't be used"),
    ],
)
def test_what_is_no_ledger_is_refused(url: str, message: str):
    with pytest.raises(StoreError, match=message) as caught:
        Ledger(url)
    assert "secret" not in str(caught.value)


def test_postgresql_without_its_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"twingraph-lab\[postgresql\]"):
        Ledger("postgresql+psycopg://user@/x")
