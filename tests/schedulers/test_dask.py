"""A Dask cluster that isn't ours, by address."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from dask.config import config

from tests.workflows import cell, workflow
from twingraph_lab.lab import Lab
from twingraph_lab.schedulers import dask
from twingraph_lab.schedulers.cluster import LocalCluster
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
    monkeypatch.setitem(config["distributed"]["comm"]["timeouts"], "connect", "1s")
    with Lab(Settings(home=tmp_path / "home", scheduler="tcp://127.0.0.1:9")) as lab:
        record = lab.submit(workflow(cell("a", "result = 1"))).wait(60)
        assert record.state == "failed"
        assert "no Dask cluster" in record.error
        assert "127.0.0.1:9" in record.error


def test_what_comes_before_the_cluster_is_up_waits_for_it_and_can_be_cancelled_meanwhile(tmp_path, monkeypatch):
    up, marks = threading.Event(), tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setattr(dask, "LocalCluster", lambda size: up.wait(60) and LocalCluster(size))
    touch = "from pathlib import Path\nPath(folder, name).touch()\nresult = name"
    with Lab(Settings(home=tmp_path / "home", scheduler="dask")) as lab:
        stays, goes = (
            lab.submit(workflow(cell("a", touch, inputs={"folder": str(marks), "name": name})))
            for name in ("stays", "goes")
        )
        goes.cancel()
        assert goes.wait(60).state == "cancelled"
        assert not up.is_set()
        up.set()
        assert stays.result(60) == {"a": "stays"}
    assert [mark.name for mark in marks.iterdir()] == ["stays"]
