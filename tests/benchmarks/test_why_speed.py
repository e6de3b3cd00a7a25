"""`why` on a run of 1,000 nodes, half of which ran again, against the run itself."""

from __future__ import annotations

import statistics
import time

import pytest

from tests.benchmarks.reporting import report
from tests.workflows import workflow
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings
from twingraph_lab.spec.workflow import Node

pytestmark = pytest.mark.benchmark
NODES = 1000
BOUND_S = 0.5


def document(version):
    """Nodes that read one parameter each; every second one changes with `version`."""
    nodes = [
        Node(
            id=f"n{i}",
            component="nothing",
            inputs={"xs": [{"param": "value"}, i]},
            cache={"mode": "inputs", "version": version if i % 2 else ""},
        )
        for i in range(NODES)
    ]
    component = {"kind": "python", "ref": "tests.benchmarks.bodies:nothing"}
    return workflow(
        *nodes, components={"nothing": component}, parameters={"value": {"default": 1}}, name="benchmark why"
    )


@pytest.mark.timeout(300)
def test_why_of_a_thousand_nodes(tmp_path):
    with Lab(Settings(home=tmp_path / "home", workers=2, threads=2, lineage=False)) as lab:
        assert lab.submit(document("1")).wait(120).state == "completed"
        begun = time.perf_counter()
        run = lab.submit(document("2"))
        assert run.wait(120).state == "completed"
        ran_s = time.perf_counter() - begun
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            found = lab.why(run.id)
            times.append(time.perf_counter() - begun)
    assert [each.outcome for each in found] == ["cached", "ran"] * (NODES // 2)
    assert {str(cause) for each in found for cause in each.causes} == {"version 1 → 2"}
    report(f"why {NODES} nodes", statistics.median(times), ran_s, baseline="the run")
    assert statistics.median(times) <= BOUND_S
