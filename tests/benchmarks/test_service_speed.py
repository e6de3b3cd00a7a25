"""The service as it is served: runs accepted durably over its socket, and what readers of a run cost that run.

Submits are compared with FastAPI that takes the same body and keeps nothing, on the same machine at the same time.
"""

from __future__ import annotations

import asyncio
import json
import socket as sockets
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime

import httpx
import pytest

from tests.benchmarks.reporting import report
from tests.workflows import cell, workflow
from twingraph_lab.spec.document import as_data
from twingraph_lab.spec.workflow import Parameter

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

PATIENCE_S = 60
CONNECTIONS = 32
ROUNDS, SUBMITS = 8, 400
WANTED_PER_S = 500
UNLOADED_ECHO_PER_S = 3500
"""Of the baseline, with nothing else running on the two CPUs that the target is for."""
READERS = 100
FIVE = workflow(
    cell("load", "rows = list(range(n))", outputs=("rows",), inputs={"n": {"param": "n"}}),
    cell("clean", "kept = [row for row in rows if row % 2]", outputs=("kept",), inputs={"rows": {"ref": "load.rows"}}),
    cell("total", "result = sum(kept)", inputs={"kept": {"ref": "clean.kept"}}),
    cell("mean", "result = sum(kept) / max(1, len(kept))", inputs={"kept": {"ref": "clean.kept"}}),
    cell("told", "result = f'{a} {b}'", inputs={"a": {"ref": "total"}, "b": {"ref": "mean"}}),
    name="five",
    parameters={"n": Parameter(type="integer", default=3)},
)


@contextmanager
def process(socket, *command):
    """A server that listens on a socket, until the block ends."""
    with subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not answers(socket):
                assert time.monotonic() < deadline
                assert server.poll() is None
                time.sleep(0.05)
            yield
        finally:
            server.terminate()
            server.wait(PATIENCE_S)


def answers(path):
    with sockets.socket(sockets.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def client(socket):
    transport = httpx.HTTPTransport(uds=str(socket))
    return httpx.Client(transport=transport, base_url="http://localhost", timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    socket = folder / "s"
    options = ("--home", str(folder / "store"), "--socket", str(socket), "--scheduler", "inline")
    with process(socket, "twingraph_lab.cli", "serve", *options):
        yield socket


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    socket = tmp_path_factory.mktemp("echo") / "s"
    with process(socket, "tests.benchmarks.echoing", str(socket)):
        yield socket


async def submitting_s(socket, count):
    """Seconds that so many submits take on connections that stay open; the client does as little as it can."""
    body = json.dumps({"workflow": as_data(FIVE), "parameters": {"n": 5}}).encode()
    head = (
        f"POST /api/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    request = head.encode() + b"\r\n\r\n" + body
    left = iter(range(count))

    async def submit():
        reader, writer = await asyncio.open_unix_connection(socket)
        for _ in left:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 202"), answer
            await reader.readexactly(int(answer.lower().partition(b"content-length:")[2].split()[0]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(submit() for _ in range(CONNECTIONS)))
    return time.perf_counter() - began


def steps(go):
    """Nodes that print and wait a little, after one that waits until a file is there."""
    waiting = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\nresult = 1"
    step = "import time\nprint('working')\ntime.sleep(0.03)\nresult = x"
    return workflow(
        cell("first", waiting),
        *(cell(f"n{n}", step, inputs={"x": {"ref": "first"}}) for n in range(200)),
        name="steps",
    )


def run_s(socket, readers, go):
    """Seconds that a run takes while so many read its events, from when they are all there to its end."""
    with client(socket) as asking:
        run_id = asking.post("/api/runs", json={"workflow": as_data(steps(go))}).json()["run_id"]
        command = [sys.executable, "-m", "tests.benchmarks.readers", str(readers), str(socket), run_id]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reading:
            assert reading.stdout.readline() == "reading\n"
            go.touch()
            least, most = map(int, reading.stdout.readline().split())
        assert least > 50_000, "somebody missed something"
        assert most < 2 * least
        run = asking.get(f"/api/runs/{run_id}").json()
        nodes = {node["id"]: node for node in run["tasks"]}
    assert run["state"] == "completed"
    return (
        datetime.fromisoformat(run["finished"]) - datetime.fromisoformat(nodes["first"]["finished"])
    ).total_seconds()


def test_a_hundred_readers_slow_a_run_by_a_tenth_at_most(service, tmp_path):
    run_s(service, 1, tmp_path / "go")
    alone, watched = [], []
    for turn in range(5):
        alone.append(run_s(service, 1, tmp_path / f"alone{turn}"))
        watched.append(run_s(service, READERS, tmp_path / f"watched{turn}"))
    report(f"a run with {READERS} readers", min(watched), min(alone), "with one reader")
    print(f"{alone} {watched}")
    assert min(watched) <= 1.10 * min(alone)


def test_five_hundred_submits_a_second_are_accepted_durably(service, echo):
    """While the service drives them besides; by turns with the baseline, which has the same load beside it."""
    for socket in (echo, service):
        asyncio.run(submitting_s(socket, CONNECTIONS))
    echo_s = ours_s = 0.0
    for _ in range(ROUNDS):
        echo_s += asyncio.run(submitting_s(echo, SUBMITS)) / SUBMITS / ROUNDS
        ours_s += asyncio.run(submitting_s(service, SUBMITS)) / SUBMITS / ROUNDS
    report("a submit of five nodes, accepted durably", ours_s, echo_s, "FastAPI echo")
    print(f"{1 / ours_s:.0f} submits/s, echo {1 / echo_s:.0f}/s")
    assert 1 / ours_s >= WANTED_PER_S * min(1, 1 / echo_s / UNLOADED_ECHO_PER_S)
    with client(service) as asking:
        runs = asking.get("/api/runs?workflow=five&limit=500").json()["runs"]
    assert len(runs) == 500
    assert all(run["nodes"] == 5 for run in runs)
