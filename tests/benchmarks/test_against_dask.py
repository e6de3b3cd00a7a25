"""No-op graphs, durable and with lineage, against a bare `client.submit` loop on the same cluster in the same process.

Prints a line for each and writes `.bench/results.json`. Our time is from `submit` to the committed end of the run.
"""

from __future__ import annotations

import random
import statistics
import time
from itertools import pairwise

import pytest

from tests.benchmarks.bodies import nothing
from tests.benchmarks.reporting import report
from tests.workflows import workflow
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings
from twingraph_lab.spec.workflow import Node

pytestmark = pytest.mark.benchmark
ROUNDS = 3


def fan(size=1000):
    middle = {f"n{i}": ("first",) for i in range(size - 2)}
    return {"first": (), **middle, "last": tuple(middle)}


def layered(size=1000, width=50, parents=3):
    chance = random.Random(7)
    rows = [[f"n{i}" for i in range(start, min(start + width, size))] for start in range(0, size, width)]
    graph = dict.fromkeys(rows[0], ())
    for above, row in pairwise(rows):
        graph |= {name: tuple(sorted(chance.sample(above, parents))) for name in row}
    return graph


def chain(size=200):
    return {"n0": (), **{f"n{i}": (f"n{i - 1}",) for i in range(1, size)}}


def bare(client, graph):
    futures = {}
    for name, parents in graph.items():
        futures[name] = client.submit(nothing, [futures[parent] for parent in parents], pure=False)
    client.gather(list(futures.values()))


def document(graph):
    component = {"kind": "python", "ref": "tests.benchmarks.bodies:nothing"}
    nodes = [
        Node(id=name, component="nothing", inputs={"xs": [{"ref": parent} for parent in parents]})
        for name, parents in graph.items()
    ]
    return workflow(*nodes, components={"nothing": component}, name="benchmark")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(Settings(home=tmp_path_factory.mktemp("bench") / "home", workers=2, threads=2)) as lab:
        lab.submit(document(chain(3))).wait(60)
        bare(lab.coordinator._scheduler.client, chain(3))
        yield lab


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", [fan, layered, chain])
def test_overhead(lab, shape):
    graph = shape()
    client = lab.coordinator._scheduler.client
    made = document(graph)
    ours, baseline = [], []
    for _ in range(ROUNDS):
        lab.lineage.catch_up()  # what the last round left to record must not slow the baseline
        begun = time.perf_counter()
        bare(client, graph)
        baseline.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        record = lab.submit(made).wait(300)
        ours.append(time.perf_counter() - begun)
        assert record.state == "completed", record.error
    report(f"{shape.__name__} {len(graph)} nodes", statistics.median(ours), statistics.median(baseline))
