"""A Dask cluster that isn't ours, by address."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings


@pytest.fixture
def address(tmp_path):
    """A plain scheduler and one worker with a resource, started by Dask's own commands."""
    place = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(place), "--no-dashboard"]
    loopback = ["--host", "127.0.0.1"]
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    scheduler = subprocess.Popen([*dask, "scheduler", *common, *loopback, "--port", "0"], env=environment, **quiet)
    end = time.monotonic() + 30
    while not place.exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    options = ["--nthreads", "2", "--resources", "lamp=1", "--nworkers", "1"]
    worker = subprocess.Popen([*dask, "worker", *common, *loopback, *options], env=environment, **quiet)
    yield json.loads(place.read_text())["address"]
    for process in (worker, scheduler):
        process.kill()
        process.wait()


def test_a_run_on_somebody_elses_cluster(address, tmp_path):
    with Lab(Settings(home=tmp_path / "home", scheduler=address)) as lab:
        run = lab.submit(
            workflow(cell("a", "result = 1", resources={"lamp": 1}), cell("b", "result = 2", after=("a",)))
        )
        assert run.result(60) == {"b": 2}
        assert lab.coordinator._scheduler.cluster is None


def test_an_address_where_nobody_answers_fails_the_run_and_says_so(tmp_path, monkeypatch):
    import dask

    monkeypatch.setitem(dask.config.config["distributed"]["comm"]["timeouts"], "connect", "1s")
    with Lab(Settings(home=tmp_path / "home", scheduler="tcp://127.0.0.1:9")) as lab:
        record = lab.submit(workflow(cell("a", "result = 1"))).wait(60)
        assert record.state == "failed"
        assert "no Dask cluster" in record.error
        assert "127.0.0.1:9" in record.error
