"""One service for each store: found by whoever looks, started by whoever asks first."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.stores import Store, until
from twingraph_lab.errors import ConflictError, PlatformError
from twingraph_lab.service import endpoint, finding
from twingraph_lab.service.finding import ensure

pytest.importorskip("fastapi", reason="the extra `service` is not installed")

from twingraph_lab.service.serve import Place, serve

ASK = """
import sys
from twingraph_lab.service.finding import ensure
from twingraph_lab.settings import Settings
sys.stdin.readline()
print(ensure(Settings()).process)
"""


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    yield made
    made.clean()


@pytest.fixture
def running(store):
    store.ensure()
    return store


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_service_is_started_once_and_found_again(store):
    assert store.find() is None
    first = store.ensure()
    assert store.ensure() == first == store.find()
    assert first.on_demand
    assert str(first.pid) in store.log


def test_it_is_nobodys_child(running):
    service = endpoint.read(running.home)
    assert os.getsid(service.pid) == service.pid
    ancestors = subprocess.run(
        ["ps", "-o", "ppid=", "-p", str(service.pid)], capture_output=True, text=True, check=True
    )
    assert int(ancestors.stdout) != os.getpid()


def test_only_its_owner_can_use_what_it_leaves_in_the_store(running):
    assert mode(running.home) == 0o700
    for name in (endpoint.STATE, endpoint.SOCKET, endpoint.LOCK, endpoint.STARTING, "logs/service.log"):
        assert mode(running.home / name) == 0o600, name


def test_of_twenty_processes_that_ask_at_once_one_starts_it(store):
    environment, pipes = store.environment, {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    askers = [subprocess.Popen([sys.executable, "-c", ASK], env=environment, **pipes) for _ in range(20)]
    for asker in askers:
        asker.stdin.write("\n")
        asker.stdin.flush()
    found = {asker.communicate(timeout=120)[0].strip() for asker in askers}
    assert [asker.returncode for asker in askers] == [0] * 20
    assert found == {store.find().process}
    assert store.log.count("serving") == 1


def test_what_a_killed_service_left_behind_is_no_obstacle(running):
    killed = running.kill()
    assert (running.home / endpoint.SOCKET).is_socket()
    assert running.find() is None
    assert running.ensure().pid != killed.pid


def test_one_that_hangs_is_told_with_its_process_and_what_to_do(running, monkeypatch):
    monkeypatch.setattr(endpoint, "ANSWER_S", 1.0)
    with running.stopped() as hanging, pytest.raises(PlatformError) as told:
        running.ensure()
    assert f"process {hanging.pid}, has been silent for 1 s" in str(told.value)
    assert f"`kill -KILL {hanging.pid}` ends it" in str(told.value)
    with running.stopped(), pytest.raises(PlatformError, match=f"process {hanging.pid}, has been silent"):
        serve(running.settings, Place(), told=print)
    assert running.ensure() == hanging  # it goes on where it was
    monkeypatch.setattr(finding, "STOP_S", 0.5)
    with running.stopped(), pytest.raises(PlatformError, match=f"kill -KILL {hanging.pid}"):
        running.stop()
    until(lambda: not hanging.alive, "the service to end once it can")


def test_another_process_with_the_same_id_isnt_taken_for_it(store):
    first = store.ensure()
    store.stop()
    host, _, began = first.process.split("/")
    endpoint.write(store.home, first.model_copy(update={"process": f"{host}/{os.getpid()}/{began}"}))
    assert store.find() is None
    assert store.stop() is None
    assert store.ensure().pid != os.getpid()


@pytest.mark.parametrize("text", ["", "{}", "nonsense", "[" * 100_000])
def test_a_state_file_that_says_nothing_is_replaced(store, text):
    store.home.mkdir()
    (store.home / endpoint.STATE).write_text(text)
    assert store.find() is None
    assert store.ensure() == endpoint.read(store.home)


def test_a_store_with_a_long_name_has_its_socket_in_a_private_folder(tmp_path):
    store = Store(tmp_path / ("long" * 30) / "store")
    found = store.ensure()
    try:
        folder = Path(found.socket).parent
        assert len(os.fsencode(found.socket)) <= endpoint.LONGEST_SOCKET_PATH
        assert stat.S_IMODE(folder.lstat().st_mode) == 0o700
        assert stat.S_IMODE(os.lstat(found.socket).st_mode) == 0o600
        assert store.find() == found
    finally:
        store.clean()
    assert not os.path.lexists(found.socket)


def test_a_folder_that_others_can_open_gets_no_socket(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"twingraph-{os.getuid()}").mkdir(mode=0o755)
    with pytest.raises(Exception, match="should be a folder that only you can open"):
        endpoint.bind(tmp_path / ("long" * 30))


def test_a_file_is_never_removed_for_a_socket(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("data")
    with pytest.raises(Exception, match="there is something else of that name"):
        endpoint.bind(tmp_path, precious)
    assert precious.read_text() == "data"


def test_a_socket_that_somebody_listens_on_is_left_to_them(tmp_path):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "taken.sock"))
        other.listen()
        with pytest.raises(Exception, match="another process listens there"):
            endpoint.bind(tmp_path, tmp_path / "taken.sock")


def test_why_it_didnt_start_is_told_with_its_log(tmp_path):
    store = Store(tmp_path / "store", ledger="nonsense://nowhere")
    with pytest.raises(PlatformError, match="didn't start") as raised:
        store.ensure()
    assert "nonsense" in str(raised.value)
    assert str(store.home / "logs" / "service.log") in str(raised.value)
    store.clean()


def test_a_service_of_another_version_is_named(running):
    found = endpoint.read(running.home)
    endpoint.write(running.home, found.model_copy(update={"version": "0.0.1"}))
    with pytest.raises(ConflictError, match=r"is twingraph-lab 0\.0\.1.*twingraph serve --stop"):
        running.ensure()


def test_a_service_that_keeps_another_ledger_is_named(running, tmp_path):
    other = running.settings.model_copy(update={"ledger": f"sqlite:///{tmp_path / 'other.db'}"})
    with pytest.raises(ConflictError, match="keeps another ledger"):
        ensure(other)


def test_passwords_are_not_in_the_state_file(tmp_path):
    settings = Store(tmp_path / "store", ledger="postgresql+psycopg://user:hunter2@host/db").settings
    endpoint.write(tmp_path, endpoint.Endpoint.here(settings, "socket"))
    assert "hunter2" not in (tmp_path / endpoint.STATE).read_text()


def test_stopping_says_what_was_stopped(running):
    found = running.find()
    assert running.stop() == found
    assert running.stop() is None
    assert not (running.home / endpoint.STATE).exists()
    assert not (running.home / endpoint.SOCKET).exists()


def test_a_service_that_nobody_uses_stops(store):
    store.ensure(idle_s=2)
    until(lambda: not store.processes(), "the service to stop")
    assert store.log.rstrip().endswith("stopped")
    assert store.ensure(idle_s=30)
