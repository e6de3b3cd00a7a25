"""The event log over a WebSocket, as a reader far away sees it."""

from __future__ import annotations

import json
import os
import socket as sockets
import threading

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.workflows import cell, workflow
from twingraph_lab.events import RunFinished, TaskLogged
from twingraph_lab.spec.document import as_data

CHAIN = as_data(workflow(cell("a", "print('hello')\nresult = 1"), cell("b", "result = x", inputs={"x": {"ref": "a"}})))


def begun(served):
    """A run that nothing but the test drives."""
    record, _ = served.lab.ledger.accept(workflow(cell("a")), {}, dynamic=True)
    served.lab.ledger.claim("the test", 600, run_id=record.run_id)
    return record.run_id


def say(served, run_id, *texts):
    served.lab.ledger.record(run_id, 1, [TaskLogged(run_id=run_id, task_id="a", text=text) for text in texts])


def end(served, run_id):
    served.lab.ledger.record(run_id, 1, [RunFinished(run_id=run_id, status="completed")])


def everything(served, path):
    """All events that a reader gets until the socket is closed, and the code it is closed with."""
    found = []
    with served.socket(path, max_size=None) as reader:
        for text in reader:
            found += json.loads(text)
        return found, reader.close_code


def test_a_run_is_told_from_its_request_to_its_end(served):
    run_id = served.client.post("/api/runs", json={"workflow": CHAIN}).json()["run_id"]
    events, code = everything(served, f"/api/events?run={run_id}")
    assert code == 1000
    assert events[0]["type"] == "run.requested"
    assert events[-1] | {"type": "run.finished", "status": "completed"} == events[-1]
    assert [event["task_id"] for event in events if event["type"] == "task.completed"] == ["a", "b"]
    assert [event["text"] for event in events if event["type"] == "task.logged"] == ["hello"]
    assert events == [event.model_dump(mode="json") for event in served.lab.ledger.events(run_id)]


def test_secrets_are_hidden_as_in_the_details_of_a_run(served):
    secrets = {"api_key": "hunter2", "server": {"user": "me", "password": "hunter2"}}
    made = workflow(
        cell("a", "token = key", outputs=["token"], inputs={"key": {"param": "api_key"}, "password": "hunter2"}),
        parameters={"api_key": {}, "server": {}},
    )
    asked = {"workflow": as_data(made), "parameters": secrets}
    run_id = served.client.post("/api/runs", json=asked).json()["run_id"]
    events, _ = everything(served, f"/api/events?run={run_id}")
    assert "hunter2" not in json.dumps(events)
    shown = served.client.get(f"/api/runs/{run_id}").json()["parameters"]
    assert events[0]["parameters"] == shown == {"api_key": "***", "server": {"user": "me", "password": "***"}}
    with served.socket(f"/api/events?run={run_id}&after={events[0]['seq']}") as later:
        assert "hunter2" not in later.recv(timeout=60)


def test_a_reader_goes_on_from_the_last_event_it_has(served):
    run_id = begun(served)
    say(served, run_id, "one", "two", "three")
    end(served, run_id)
    events, _ = everything(served, f"/api/events?run={run_id}")
    later, code = everything(served, f"/api/events?run={run_id}&after={events[2]['seq']}")
    assert (later, code) == (events[3:], 1000)


def test_events_come_while_they_happen(served):
    run_id = begun(served)
    with served.socket(f"/api/events?run={run_id}") as reader:
        known = json.loads(reader.recv(timeout=60))
        say(served, run_id, "now")
        assert [event["text"] for event in json.loads(reader.recv(timeout=60))] == ["now"]
        end(served, run_id)
        assert known[0]["type"] == "run.requested"


@pytest.mark.parametrize(
    ("path", "code", "error"),
    [("/api/events?run=nothing-like-it", 4404, "NotFoundError"), ("/api/events?run=x", 4404, "NotFoundError")],
)
def test_an_unknown_run_is_told_in_the_shape_of_all_errors(served, path, code, error):
    with served.socket(path) as reader:
        assert json.loads(reader.recv(timeout=60))["error"] == error
        with pytest.raises(ConnectionClosed) as closed:
            reader.recv(timeout=60)
    assert closed.value.rcvd.code == code


def test_a_cursor_beyond_the_log_is_told_in_the_shape_of_all_errors(served):
    with served.socket(f"/api/events?run={begun(served)}&after={2**62}") as reader:
        assert "the log ends with" in json.loads(reader.recv(timeout=60))["message"]
        with pytest.raises(ConnectionClosed) as closed:
            reader.recv(timeout=60)
    assert closed.value.rcvd.code == 4404


@pytest.mark.parametrize("after", ["-1", "1e3", "99999999999999999999999", "NaN", "%00"])
def test_a_cursor_that_is_none_is_refused(served, after):
    with pytest.raises(Exception, match=r"403|422|rejected"), served.socket(f"/api/events?after={after}"):
        pass


def test_what_a_reader_says_is_ignored(served):
    run_id = begun(served)
    with served.socket(f"/api/events?run={run_id}") as reader:
        for said in ("nonsense", b"\0\xff", "x" * 10_000):
            reader.send(said)
        json.loads(reader.recv(timeout=60))
        say(served, run_id, "still here")
        assert "still here" in reader.recv(timeout=60)
    end(served, run_id)


def silent_reader(served, path):
    """A WebSocket that is open and never read."""
    host, port = served.address.split(":")
    reader = sockets.create_connection((host, int(port)))
    reader.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    head = [
        f"GET {path} HTTP/1.1",
        f"Host: {served.address}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Authorization: Bearer {served.token}",
    ]
    reader.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
    return reader


def test_readers_that_do_not_read_cost_little_and_keep_nobody_waiting(served):
    run_id = begun(served)
    path = f"/api/events?run={run_id}"
    silent = [silent_reader(served, path) for _ in range(50)]
    here = psutil.Process(os.getpid())
    before = here.memory_info().rss
    try:
        for _ in range(300):
            say(served, run_id, *["x" * 10_000] * 10)  # 30 MB: 1.5 GB if each had it waiting
        end(served, run_id)
        events, code = everything(served, path)
        assert len(events) == 3003
        assert code == 1000
        assert here.memory_info().rss - before < 150e6
    finally:
        for reader in silent:
            reader.close()


def test_a_slow_reader_gets_everything_in_the_end(served):
    run_id = begun(served)
    found = []
    with served.socket(f"/api/events?run={run_id}", max_queue=1, max_size=None) as reader:
        found += json.loads(reader.recv(timeout=60))
        for number in range(200):
            say(served, run_id, *(f"{number} {each} {'x' * 5000}" for each in range(10)))
        end(served, run_id)
        for text in reader:
            found += json.loads(text)
        assert reader.close_code == 1000
    seqs = [event["seq"] for event in found]
    assert len(seqs) == 2003
    assert seqs == sorted(set(seqs))


def test_a_hundred_readers_are_told_the_same(served):
    run_id = begun(served)
    results = {}

    def read(number):
        results[number], _ = everything(served, f"/api/events?run={run_id}")

    readers = [threading.Thread(target=read, args=(number,)) for number in range(100)]
    for reader in readers:
        reader.start()
    for number in range(50):
        say(served, run_id, f"line {number}")
    end(served, run_id)
    for reader in readers:
        reader.join(60)
    wanted = [event.seq for event in served.lab.ledger.events(run_id)]
    assert all([event["seq"] for event in results[number]] == wanted for number in range(100))
