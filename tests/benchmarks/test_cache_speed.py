"""A workflow of which everything is cached, beside the same one the first time, on the same cluster."""

from __future__ import annotations

import itertools
import statistics
import time

import pytest

from tests.benchmarks.reporting import report
from tests.benchmarks.test_against_dask import ROUNDS, document, fan, layered
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings
from twingraph_lab.spec.workflow import CachePolicy

pytestmark = pytest.mark.benchmark
VERSIONS = itertools.count()


def cached(graph, version):
    """Keys differ between versions, and between nodes: each also takes its own number."""
    made = document(graph)
    nodes = [
        node.model_copy(
            update={
                "inputs": {"xs": [*node.inputs["xs"], number]},
                "cache": CachePolicy(mode="inputs", version=str(version)),
            }
        )
        for number, node in enumerate(made.nodes)
    ]
    return made.model_copy(update={"nodes": tuple(nodes)})


def timed(lab, made):
    lab.lineage.catch_up()
    begun = time.perf_counter()
    run = lab.submit(made)
    record = run.wait(300)
    took_s = time.perf_counter() - begun
    assert record.state == "completed", record.error
    return took_s, run


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(Settings(home=tmp_path_factory.mktemp("bench") / "home", workers=2, threads=2)) as lab:
        timed(lab, cached(fan(8), next(VERSIONS)))
        yield lab


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", [fan, layered])
def test_a_cached_rerun(lab, shape):
    graph = shape()
    uncached = statistics.median(timed(lab, document(graph))[0] for _ in range(ROUNDS))
    made = cached(graph, next(VERSIONS))
    first, _ = timed(lab, made)
    again = [timed(lab, made) for _ in range(ROUNDS)]
    for _, run in again:
        assert all(task.cached_from for task in run.tasks.values())
    took_s = statistics.median(seconds for seconds, _ in again)
    report(f"cached {shape.__name__} {len(graph)} nodes", took_s, uncached, "not cached")
    report(f"kept {shape.__name__} {len(graph)} nodes", first, uncached, "not cached")
