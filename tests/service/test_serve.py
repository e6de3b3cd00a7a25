"""`twingraph serve`: who may reach it, what it says, what it does when it stops."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import threading
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.service.stores import Store, chain, told, until
from twingraph_lab.runtime.states import RunState
from twingraph_lab.service import endpoint

pytest.importorskip("fastapi", reason="the extra `service` is not installed")
websockets = pytest.importorskip("websockets", reason="the extra `service` is not installed")
client = pytest.importorskip("websockets.sync.client", reason="the extra `service` is not installed")

CONFLICT, WRONG, UNUSABLE, MISSING = 5, 2, 6, 8


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    yield made
    made.clean()


@pytest.fixture
def serving(store):
    """Starts `twingraph serve` with these options, waits until it answers, and ends it after the test."""
    started = []

    def start(*arguments):
        started.append(store.serve(*arguments))
        until(lambda: store.find() or started[-1].poll() is not None, "the service to answer")
        assert started[-1].poll() is None, started[-1].communicate()
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=30)


def ended(process):
    """The exit code of a process, and what it said."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


def asked(url, token=""):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urlopen(Request(url, headers=headers), timeout=10) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def test_it_says_where_it_is_and_ends_cleanly(store, serving):
    process = serving()
    process.send_signal(signal.SIGTERM)
    code, said = ended(process)
    assert code == 0
    assert f"serving {store.home} at {store.home / endpoint.SOCKET}, process {process.pid}" in said
    assert said.rstrip().endswith("stopped")
    assert not (store.home / endpoint.SOCKET).exists()
    assert not (store.home / endpoint.STATE).exists()


def test_ctrl_c_is_a_clean_end(serving):
    process = serving()
    process.send_signal(signal.SIGINT)
    code, said = ended(process)
    assert code == 0
    assert "Traceback" not in said


def test_a_second_start_finds_the_first_and_says_so(store, serving):
    first = serving()
    code, said = ended(store.serve())
    assert code == CONFLICT
    assert f"runs already: process {first.pid} at {store.home / endpoint.SOCKET}" in said
    assert "twingraph serve --stop" in said


def test_one_started_by_hand_is_the_one_that_is_found(store, serving):
    process = serving()
    found = store.ensure()
    assert found.pid == process.pid
    assert not found.on_demand


def test_it_can_be_told_to_stop(store, serving):
    process = serving()
    stopping = store.serve("--stop")
    assert ended(stopping) == (
        0,
        f"stopped process {process.pid}; runs that haven't ended go on with the next service\n",
    )
    assert ended(process)[0] == 0
    assert ended(store.serve("--stop")) == (0, f"no service runs for {store.home}\n")


def test_the_socket_may_be_elsewhere(store, serving, tmp_path):
    serving("--socket", tmp_path / "elsewhere.sock")
    assert store.find().socket == str(tmp_path / "elsewhere.sock")
    assert stat.S_IMODE((tmp_path / "elsewhere.sock").stat().st_mode) == 0o600


def test_a_socket_whose_name_is_too_long_is_refused(store, tmp_path):
    code, said = ended(store.serve("--socket", tmp_path / ("x" * 120)))
    assert code == UNUSABLE
    assert "may have 107 bytes" in said


def test_a_port_asks_for_the_token_that_is_printed_once(store, serving):
    process = serving("--port", 0)
    found = store.find()
    assert asked(f"{found.url}/api/health")[0] == 401
    assert asked(f"{found.url}/api/health", "wrong")[0] == 401
    assert asked(f"{found.url}/api/health", found.token)[0] == 200
    assert stat.S_IMODE((store.home / endpoint.STATE).stat().st_mode) == 0o600
    process.terminate()
    code, said = ended(process)
    assert code == 0
    assert said.count(found.token) == 1


def test_a_websocket_that_is_refused_is_told_why_and_logged_as_no_error(store, serving):
    process = serving("--port", 0)
    found = store.find()
    address = f"{found.url.replace('http', 'ws', 1)}/api/events"
    foreign = {"Authorization": f"Bearer {found.token}", "Origin": "https://evil.example"}
    for headers, status, reason in (({}, 401, "needs a token"), (foreign, 403, "pages of other origins")):
        with pytest.raises(websockets.InvalidStatus) as refused, client.connect(address, additional_headers=headers):
            pass
        assert refused.value.response.status_code == status
        assert reason in refused.value.response.body.decode()
    process.terminate()
    _, said = ended(process)
    assert "ASGI" not in said
    assert "Traceback" not in said


def test_the_token_is_another_each_time(store, serving):
    tokens = set()
    for _ in range(2):
        process = serving("--port", 0)
        tokens.add(store.find().token)
        process.terminate()
        ended(process)
    assert len(tokens) == 2


def test_only_addresses_of_this_machine_are_served(store):
    code, said = ended(store.serve("--port", 0, "--host", "0.0.0.0"))
    assert code == UNUSABLE
    assert "isn't this machine's own address" in said


def test_a_port_that_is_taken_is_named(store, serving, tmp_path):
    serving("--port", 0)
    port = store.find().url.rpartition(":")[2]
    other = Store(tmp_path / "other")
    code, said = ended(other.serve("--port", port))
    assert code == UNUSABLE
    assert f"can't listen on 127.0.0.1:{port}" in said
    other.clean()


def test_without_the_extra_it_is_named(store):
    code = "import sys; sys.modules['uvicorn'] = None; from twingraph_lab.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "serve"], env=store.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == MISSING
    assert "pip install 'twingraph-lab[service]'" in done.stderr


def test_runs_that_wait_are_driven(store, tmp_path):
    with store.lab() as lab:
        run = lab.submit(chain(tmp_path / "journal", length=2, pause_s=0), drive=False)
        store.ensure()
        assert run.result(60) == {"n1": 2}


def test_a_run_goes_on_with_the_next_service_when_one_is_stopped(store, tmp_path):
    journal = tmp_path / "journal"
    with store.lab() as lab:
        store.ensure()
        run = lab.submit(chain(journal, length=4), drive=False)
        until(lambda: "end n0" in told(journal), "the first node")
        store.stop()
        assert run.state is RunState.RUNNING
        store.ensure()
        assert run.result(60) == {"n3": 4}
    assert told(journal).count("end n0") == 1


def test_it_doesnt_stop_for_idleness_while_a_run_is_under_way(store, tmp_path):
    with store.lab() as lab:
        run = lab.submit(chain(tmp_path / "journal", length=2, pause_s=1.5), drive=False)
        first = store.ensure(idle_s=1)
        assert run.result(60) == {"n1": 2}
        assert run.record.coordinator.startswith(first.process)
        assert run.record.epoch == 1


def test_it_doesnt_stop_for_idleness_while_somebody_listens(store):
    found = store.ensure(idle_s=0.4)
    with client.unix_connect(found.socket, "ws://localhost/api/events"):
        assert not threading.Event().wait(1.5)
        assert found.alive
    until(lambda: not found.alive, "the service to stop")
