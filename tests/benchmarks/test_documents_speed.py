"""Reading a large document: 10,000 nodes in at most a second of CPU, against the JSON parser alone."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks.reporting import cpu_s, report
from twingraph_lab.spec.document import dump, load
from twingraph_lab.spec.workflow import Node, Workflow

pytestmark = pytest.mark.benchmark

NODES = 10_000


def test_loading_ten_thousand_nodes():
    nodes = [Node(id="n0", component="pkg.mod:step", inputs={"value": 0})]
    nodes += [
        Node(id=f"n{n}", component="pkg.mod:step", inputs={"value": {"ref": f"n{n - 1}"}}) for n in range(1, NODES)
    ]
    text = dump(Workflow(name="long", nodes=tuple(nodes)))
    ours_s = cpu_s(load, text)
    report(f"load a document of {NODES:,} nodes (≤ 1 s)", ours_s, cpu_s(json.loads, text), baseline="json.loads")
    assert len(load(text).nodes) == NODES
