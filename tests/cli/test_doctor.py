from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest


def finding(report, subject):
    return [found for found in report["findings"] if found["subject"] == subject]


@pytest.fixture
def home(twingraph, write, documents, folder) -> Path:
    """The store after one run, with a value large enough for a file."""
    big = {"id": "big", "component": documents.source("rows = list(range(50_000))", "rows")}
    twingraph("run", write({"name": "big", "nodes": [big]}))
    return folder / ".twingraph"


def test_a_new_installation_is_healthy_and_nothing_is_made(twingraph, folder):
    outcome = twingraph("doctor")
    assert outcome.code == 0
    assert "✓ python" in outcome.stdout
    assert "✓ platform local" in outcome.stdout
    assert "the first run makes it" in outcome.stdout
    assert not (folder / ".twingraph").exists()


def test_a_store_in_use_is_healthy(twingraph, home):
    report = twingraph("doctor", "--full", "--json").json
    assert report["healthy"]
    for subject in ("ledger", "values", "runs", "lineage"):
        assert [found["status"] for found in finding(report, subject)] == ["ok"], subject


def test_missing_and_damaged_values_are_named(twingraph, home):
    [file] = [path for path in (home / "artifacts").rglob("*") if path.is_file()]
    file.chmod(0o600)
    file.write_bytes(b"x" + file.read_bytes()[1:])
    outcome = twingraph("doctor")
    assert outcome.code == 6
    assert "✗ values" in outcome.stdout
    assert "/big is missing or damaged" in outcome.stdout
    file.unlink()
    assert twingraph("doctor").code == 6


def test_a_damaged_ledger_is_bad_news(twingraph, home):
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (home / name).unlink(missing_ok=True)
    data = bytearray((home / "ledger.db").read_bytes())
    data[4096 : len(data) // 2] = bytes(len(data) // 2 - 4096)
    (home / "ledger.db").write_bytes(data)
    outcome = twingraph("doctor", "--json")
    assert outcome.code == 6
    assert not outcome.json["healthy"]


def test_folders_open_to_others_are_closed(twingraph, home):
    home.chmod(0o755)
    assert twingraph("doctor").code == 6
    outcome = twingraph("doctor", "--repair")
    assert outcome.code == 0
    assert home.stat().st_mode & 0o077 == 0


def test_repair_makes_a_backup_first_that_can_be_opened(twingraph, home):
    home.chmod(0o755)
    report = twingraph("doctor", "--repair", "--json").json
    assert "copied the ledger" in report["repairs"][0]
    [backup] = (home / "backups").glob("ledger-*.db")
    assert len(twingraph("runs", "--ledger", f"sqlite:///{backup}", "--json").json) == 1


def test_without_anything_to_repair_nothing_is_done(twingraph, home):
    assert twingraph("doctor", "--repair", "--json").json["repairs"] == []
    assert not (home / "backups").exists()


def test_unfinished_files_of_dead_writers_are_deleted(twingraph, home):
    old, new = home / "artifacts" / ".tmp-old", home / "artifacts" / ".tmp-new"
    old.write_bytes(b"half")
    new.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert "! leftovers" in twingraph("doctor").stdout
    report = twingraph("doctor", "--repair", "--json").json
    assert "deleted .tmp-old" in report["repairs"]
    assert not old.exists()
    assert new.exists()


def test_a_run_whose_process_was_killed_is_released_and_can_be_resumed(twingraph, write, documents, folder):
    process = subprocess.Popen(
        [sys.executable, "-m", "twingraph_lab.cli", "run", str(write(documents.sleeper()))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    next(line for line in process.stderr if "sleep running" in line)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    outcome = twingraph("doctor")
    assert outcome.code == 0
    assert "is running, but its process" in outcome.stdout
    assert "→ twingraph resume" in outcome.stdout
    report = twingraph("doctor", "--repair", "--json").json
    assert any("released run" in repair for repair in report["repairs"])
    assert "interrupted" in twingraph("runs").stdout


def test_lineage_that_is_behind_catches_up(twingraph, home, write, documents, monkeypatch):
    monkeypatch.setenv("TWINGRAPH_LINEAGE", "false")
    twingraph("run", write(documents.diamond()))
    assert "events behind the ledger" in twingraph("doctor").stdout
    report = twingraph("doctor", "--repair", "--json").json
    assert "recorded lineage from the ledger" in report["repairs"]
    assert [found["status"] for found in finding(report, "lineage")] == ["ok"]


def test_damaged_lineage_is_recorded_again(twingraph, home):
    for name in ("lineage.db-wal", "lineage.db-shm"):
        (home / name).unlink(missing_ok=True)
    (home / "lineage.db").write_bytes(b"not a database at all" * 500)
    assert twingraph("doctor").code == 6
    outcome = twingraph("doctor", "--repair")
    assert outcome.code == 0, outcome.stdout
    assert twingraph("lineage", "g.V().hasLabel('Execution').values('node')").stdout == "big\n"


def test_lineage_of_another_ledger_is_recorded_again(twingraph, home, write, documents):
    for name in home.glob("ledger.db*"):
        name.unlink()
    assert "ahead of the ledger" in twingraph("doctor").stdout
    assert twingraph("doctor", "--repair").code == 0
    twingraph("run", write(documents.diamond()))
    assert sorted(twingraph("lineage", "g.V().hasLabel('Execution').values('node')").stdout.split()) == list("abcd")


def test_waiting_runs_are_mentioned(twingraph, folder, write, documents):
    from twingraph_lab.lab import Lab
    from twingraph_lab.spec.document import load

    with Lab() as lab:
        lab.submit(load(write(documents.diamond())), drive=False)
    assert "waits for a coordinator" in twingraph("doctor").stdout


def test_a_scheduler_that_does_not_answer_is_named(twingraph, folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        assert f"✓ scheduler {address}" in twingraph("doctor", "--scheduler", address).stdout
    outcome = twingraph("doctor", "--scheduler", address)
    assert outcome.code == 6
    assert "can't be reached" in outcome.stdout
