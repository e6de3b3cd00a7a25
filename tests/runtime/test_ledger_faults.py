"""What the ledger does when its store is full, locked, damaged or gone."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from twingraph_lab.errors import StoreError
from twingraph_lab.events import TaskLogged
from twingraph_lab.runtime import sqlite
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.migrations import MIGRATIONS
from twingraph_lab.runtime.postgresql import LOCK_CLASS
from twingraph_lab.spec.workflow import Node, Workflow

SMALL = Workflow(name="small", nodes=(Node(id="a", component="math:sqrt"),))
LARGE = Workflow(name="large", description="x" * 4_000_000, nodes=(Node(id="a", component="math:sqrt"),))


@pytest.fixture
def ledger(sqlite_url: str) -> Iterator[Ledger]:
    with Ledger(sqlite_url, timeout_s=0.2) as ledger:
        yield ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "ledger.db"


def on_the_writer(ledger: Ledger, pragma: str) -> None:
    with closing(ledger._database.writer.raw_connection()) as connection:
        connection.cursor().execute(pragma)


def log(ledger: Ledger, run_id: str, count: int, *, size: int = 10) -> None:
    for _ in range(count):
        ledger.record(run_id, 1, [TaskLogged(run_id=run_id, task_id="a", text="x" * size)])


def test_a_full_disk_is_said_and_got_over(ledger: Ledger):
    kept, _ = ledger.accept(SMALL, {})
    on_the_writer(ledger, "PRAGMA max_page_count=200")
    for _ in range(2):
        with pytest.raises(StoreError, match="the disk is full, and nothing was written"):
            ledger.accept(LARGE, {})
    assert ledger.runs() == [kept]
    ledger.accept(SMALL, {})  # what still fits is still written
    on_the_writer(ledger, "PRAGMA max_page_count=1000000")
    large, _ = ledger.accept(LARGE, {})
    assert ledger.workflow(large.run_id) == LARGE
    assert ledger.check() == []


def test_a_foreign_write_lock_is_said_and_got_over(ledger: Ledger, path: Path):
    kept, _ = ledger.accept(SMALL, {})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked by another process, and nothing was written"):
            ledger.accept(SMALL, {})
        assert ledger.runs() == [kept]  # readers don't wait
        other.execute("ROLLBACK")
    ledger.accept(SMALL, {})
    assert len(ledger.runs()) == 2


def test_another_process_that_keeps_writing_is_said_and_got_over(ledger: Ledger, path: Path):
    descriptor = os.open(f"{path}.lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(StoreError, match=r"was locked by another process for 0\.2 s, and nothing was written"):
        ledger.accept(SMALL, {})
    with pytest.raises(StoreError, match="was locked"):
        Ledger(ledger.url, timeout_s=0.1)
    os.close(descriptor)
    ledger.accept(SMALL, {})
    assert len(ledger.runs()) == 1


def test_a_ledger_closes_though_another_process_keeps_writing(sqlite_url: str, path: Path):
    ledger = Ledger(sqlite_url, timeout_s=0.1)
    descriptor = os.open(f"{path}.lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    ledger.close()
    os.close(descriptor)
    with pytest.raises(StoreError, match="is closed"):
        ledger.accept(SMALL, {})


def test_a_turn_that_postgresql_does_not_give_is_said_and_got_over(postgresql_url: str):
    with Ledger(postgresql_url, timeout_s=0.2) as ledger:
        engine = create_engine(postgresql_url)
        with engine.connect() as other:
            other.execute(text(f"SELECT pg_advisory_lock({LOCK_CLASS}, hashtext(current_schema()))"))
            with pytest.raises(StoreError, match="is locked by another process, and nothing was written"):
                ledger.accept(SMALL, {})
        engine.dispose()
        ledger.accept(SMALL, {})
        assert len(ledger.runs()) == 1


def test_a_lost_connection_to_postgresql_is_made_again(postgresql_url: str):
    with Ledger(postgresql_url) as ledger:
        ledger.accept(SMALL, {})
        assert len(ledger.runs()) == 1
        engine = create_engine(postgresql_url)
        with engine.begin() as other:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            other.execute(text(f"{others} AND datname = current_database()"))
        engine.dispose()
        ledger.accept(SMALL, {})
        assert len(ledger.runs()) == 2


def test_a_sound_store_has_no_problems(ledger_url: str):
    with Ledger(ledger_url) as ledger:
        ledger.accept(SMALL, {}, run_id="r")
        ledger.claim("me", 10)
        log(ledger, "r", 3)
        assert ledger.check() == []


def test_damaged_pages_are_found(ledger: Ledger, path: Path):
    ledger.accept(SMALL, {}, run_id="r")
    ledger.claim("me", 10)
    log(ledger, "r", 300, size=1000)
    ledger.close()
    with path.open("r+b") as file:
        for page in range(40, 60):
            file.seek(page * 4096)
            file.write(b"\xff" * 64)
    with Ledger(ledger.url) as damaged:
        problems = damaged.check()
    assert problems
    assert "malformed" in problems[0] or "Tree" in problems[0] or "btree" in problems[0].lower()


def test_rows_that_belong_to_nothing_are_found(ledger: Ledger, path: Path):
    ledger.accept(SMALL, {}, run_id="r")
    ledger.accept(SMALL, {}, run_id="s")
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("DELETE FROM runs WHERE run_id = 'r'")
        other.execute("DELETE FROM documents WHERE run_id = 's'")
        other.execute("DELETE FROM events WHERE seq = 1")
        other.execute("UPDATE meta SET value = '7'")
    assert ledger.check() == [
        "the log holds 1 events, but the last one is number 2",
        "1 rows of tasks belong to no run",
        "1 rows of documents belong to no run",
        "run s has no workflow",
        f"the store has schema 7, not {len(MIGRATIONS)}",
    ]


def test_a_write_ahead_log_that_was_damaged_is_noticed(
    ledger: Ledger, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """SQLite drops everything after the damage without a word, and finds the rest in order."""
    monkeypatch.setattr(sqlite, "MARK_EVERY_S", 0.0)
    ledger.accept(SMALL, {}, run_id="r")
    ledger.claim("me", 10)
    log(ledger, "r", 50)
    copy = tmp_path / "copy"
    shutil.copytree(path.parent, copy, ignore=shutil.ignore_patterns("*-shm"))
    wal = copy / "ledger.db-wal"
    with wal.open("r+b") as file:
        file.seek(wal.stat().st_size // 2)
        file.write(b"\xff" * 16)
    with Ledger(f"sqlite:///{copy}/ledger.db") as damaged:
        left = len(damaged.events("r"))
        assert 0 < left < 52
        (problem,) = damaged.check()
        assert problem.startswith(f"events {left + 1} to 52 were committed and are gone")
        damaged.claim("you", 10)
        assert damaged.check() == [problem]  # a few writes later, and after closing, it is still known
    with Ledger(f"sqlite:///{copy}/ledger.db") as damaged:
        assert len(damaged.check()) == 1


def test_the_high_water_mark_is_written_on_closing(ledger: Ledger, path: Path):
    ledger.accept(SMALL, {}, run_id="r")
    ledger.claim("me", 10)
    log(ledger, "r", 20)
    ledger.close()
    assert Path(f"{path}.mark").read_text() == "22\n"


def test_a_backup_is_a_ledger(ledger: Ledger, tmp_path: Path):
    record, _ = ledger.accept(SMALL, {})
    copy = tmp_path / "copy.db"
    copy.write_text("an older copy")
    ledger.backup(copy)
    ledger.accept(SMALL, {})
    assert {path.name for path in tmp_path.iterdir()} == {"copy.db", "store"}
    with Ledger(f"sqlite:///{copy}") as restored:
        assert restored.runs() == [record]
        assert restored.check() == []


def test_a_backup_never_replaces_the_ledger_itself(ledger: Ledger, path: Path, tmp_path: Path):
    with pytest.raises(StoreError, match="onto itself"):
        ledger.backup(path)
    with pytest.raises(StoreError, match="can't be backed up to"):
        ledger.backup(tmp_path / "nowhere" / "copy.db")


def test_postgresql_is_backed_up_by_its_own_tools(postgresql_url: str, tmp_path: Path):
    with Ledger(postgresql_url) as ledger, pytest.raises(StoreError, match="pg_dump"):
        ledger.backup(tmp_path / "copy")


def test_the_write_ahead_log_stays_short_though_readers_hold_it(
    sqlite_url: str, path: Path, monkeypatch: pytest.MonkeyPatch
):
    limit = 256 * 1024
    monkeypatch.setattr(sqlite, "WAL_LIMIT_BYTES", limit)
    wal = Path(f"{path}-wal")
    with Ledger(sqlite_url) as ledger, closing(sqlite3.connect(path, isolation_level=None)) as reader:
        ledger.accept(SMALL, {}, run_id="r")
        ledger.claim("me", 10)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (2,)
        log(ledger, "r", 20, size=50_000)
        assert wal.stat().st_size > limit  # what a reader still sees can't be cut
        reader.execute("ROLLBACK")
        log(ledger, "r", 40, size=50_000)
        assert wal.stat().st_size <= limit + 100_000
        assert len(ledger.events("r")) == 62
