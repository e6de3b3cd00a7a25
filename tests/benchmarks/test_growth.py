"""What must not grow faster than what it works on, in CPU time: against ten times the time that a tenth of it takes.

A ratio near or below 1 is linear, 10 would be quadratic.
"""

from __future__ import annotations

import json

import pytest

from tests.benchmarks.reporting import cpu_s, report
from tests.frontends.inspection.test_runs import fill
from tests.frontends.test_gantt import many
from tests.lineage.test_recorder import accept, record
from tests.lineage.toy_run import completed, started
from tests.workflows import cell, workflow
from twingraph_lab.frontends.checks import source_faults
from twingraph_lab.frontends.gantt_svg import svg
from twingraph_lab.frontends.inspection.previews import preview
from twingraph_lab.frontends.inspection.runs import run_summaries
from twingraph_lab.lab import Lab
from twingraph_lab.lineage.recorder import Recorder
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import plan
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.stream import EventStream
from twingraph_lab.settings import Settings
from twingraph_lab.spec.workflow import Node, PythonFunction, Workflow

pytestmark = pytest.mark.benchmark


def growth(name, task, much, limit_s):
    """Report `task(much)` beside ten times `task(much // 10)`; `task` gives what is then measured."""
    large, small = task(much), task(much // 10)
    took_s = cpu_s(large)
    report(f"{name} (≤ {limit_s} s)", took_s, 10 * cpu_s(small), "ten times a tenth of it")
    assert took_s < limit_s


def layered(count):
    """Nodes with three parents each, by reference, in a template, and in a list."""
    nodes = [
        Node(
            id=f"n{n}",
            component=PythonFunction(ref="pkg.mod:f"),
            inputs={
                "a": {"ref": f"n{n - 1}"},
                "b": f"{{{{ n{n - 2}.x }}}} {{{{ input.k }}}}",
                "c": [{"ref": f"n{n - 3}"}],
            }
            if n > 2
            else {},
        )
        for n in range(count)
    ]
    return Workflow.model_validate({"name": "layered", "nodes": nodes, "parameters": {"k": {"default": 1}}})


def test_planning():
    def task(count):
        given = layered(count)
        return lambda: plan(given)

    growth("plan 10,000 nodes", task, 10_000, 0.5)


def test_descendants():
    def task(count):
        planned = plan(layered(count))
        assert len(planned.children) == count
        return lambda: planned.descendants("n0")

    growth("descendants of 10,000 nodes", task, 10_000, 0.1)


def test_checks_of_code():
    here = RunContext(cwd="/", sys_path=())

    def task(count):
        flow = workflow(*(cell(f"n{i}", "import math\nresult = math.sqrt(x)", inputs={"x": i}) for i in range(count)))
        return lambda: source_faults(flow, here)

    growth("check the code of 1,000 equal nodes", task, 1000, 0.5)


def test_a_chart():
    def task(count):
        whole = many(count).told()
        return lambda: svg(whole)

    growth("Gantt chart of 10,000 nodes", task, 10_000, 1)


def test_a_preview(tmp_path):
    store = ArtifactStore(str(tmp_path))

    def task(size):
        artifact = store.put_bytes(b"x" * size, "text/plain")
        return lambda: preview("x", artifact, store)

    growth("preview of 200 MB", task, 200_000_000, 0.5)


@pytest.mark.parametrize("question", [{}, {"workflow": "w7"}, {"text": "w77"}, {"state": "completed"}], ids=json.dumps)
def test_a_list_of_runs(tmp_path, question):
    def task(count):
        lab = Lab(Settings(home=tmp_path / str(count), scheduler="inline", lineage=False))
        fill(lab.ledger, count)
        return lambda: run_summaries(lab, limit=100, **question)

    growth(f"the last of 10,000 runs by {question}", task, 10_000, 0.5)


def test_lineage(tmp_path):
    """Nodes with three parents each, everything recorded: events read, mapped and written."""

    def task(count):
        nodes = [
            Node(
                id=f"n{number}",
                component=PythonFunction(ref="tests.lineage.toy_run:at"),
                inputs={f"x{parent}": {"ref": f"n{parent}"} for parent in range(max(0, number - 3), number)},
            )
            for number in range(count)
        ]
        ledger = Ledger(f"sqlite:///{tmp_path / f'{count}.db'}")
        run = accept(ledger, Workflow(name="large", nodes=tuple(nodes)))
        for first in range(0, count, 100):
            some = nodes[first : first + 100]
            record(ledger, run, *(event for node in some for event in (started(node.id, 1), completed(node.id, 2))))
        places = iter(range(10))

        def catch_up():
            recorder = Recorder(ledger, EventStream(ledger), tmp_path / f"{count}-{next(places)}.db")
            assert recorder.catch_up(timeout_s=60)
            recorder.close()

        return catch_up

    growth("lineage of 1,000 nodes", task, 1000, 0.6)
