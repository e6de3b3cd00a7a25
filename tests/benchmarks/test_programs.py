"""Programs, durable and with lineage, against a bare `client.submit` loop on the same cluster in the same process."""

from __future__ import annotations

import statistics
import time

import pytest

from tests.benchmarks.bodies import nothing
from tests.benchmarks.reporting import report
from tests.benchmarks.test_against_dask import ROUNDS
from twingraph_lab.frontends import decorators
from twingraph_lab.frontends.decorators import component, pipeline
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings

pytestmark = pytest.mark.benchmark
CALLS = 1000
MOST_S = 50e-6
"""For passing a handle on."""

step = component(nothing)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(Settings(home=tmp_path_factory.mktemp("bench") / "home", workers=2, threads=2)) as lab:
        before = decorators.use_host(lambda: lab)
        independent()
        lab.coordinator._scheduler.client.submit(nothing, []).result()
        yield lab
        decorators.use_host(before)


@pipeline
def independent():
    for _ in range(CALLS):
        step([])


@pipeline
def handles():
    passed = step([])
    begun = time.perf_counter()
    for _ in range(CALLS):
        step([passed])
    return (time.perf_counter() - begun) / CALLS


@pytest.mark.timeout(600)
def test_independent_calls(lab):
    client = lab.coordinator._scheduler.client
    ours, baseline = [], []
    for _ in range(ROUNDS):
        lab.lineage.catch_up()
        begun = time.perf_counter()
        client.gather([client.submit(nothing, [], pure=False) for _ in range(CALLS)])
        baseline.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        independent()
        ours.append(time.perf_counter() - begun)
    report(f"program of {CALLS} calls", statistics.median(ours), statistics.median(baseline))


@pytest.mark.timeout(600)
def test_a_handle_passed_on(lab):
    lab.lineage.catch_up()
    report("handle passed on", statistics.median(handles() for _ in range(ROUNDS)), MOST_S, "target")
