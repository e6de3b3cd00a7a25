"""Drawing a workflow, editing it, and folding a run into frames, in CPU time: against writing the document as text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.benchmarks.reporting import cpu_s, report
from tests.workflows import workflow
from twingraph_lab.events import Artifact, TaskCompleted
from twingraph_lab.frontends.canvas.editing import edited
from twingraph_lab.frontends.canvas.elements import difference, elements
from twingraph_lab.frontends.canvas.frames import Frames
from twingraph_lab.frontends.canvas.messages import Rename
from twingraph_lab.runtime.records import RunRecord
from twingraph_lab.runtime.states import RunState
from twingraph_lab.spec.document import dump
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import Node, Source

pytestmark = pytest.mark.benchmark


def large(count):
    """Cells with two edges each."""
    code = Source(code="result = x + y", outputs=("result",))
    nodes = [Node(id="n0", component=code, inputs={"x": 1, "y": 2})]
    nodes += [
        Node(id=f"n{n}", component=code, inputs={"x": {"ref": f"n{n - 1}"}, "y": {"ref": f"n{n // 2}"}})
        for n in range(1, count)
    ]
    return workflow(*nodes, layout={node.id: (number, 0) for number, node in enumerate(nodes)})


RECORD = RunRecord(
    run_id="r", workflow="w", digest="", parameters={}, context={}, state=RunState.RUNNING, coordinator="", epoch=1,
    lease_until=None, cancel_requested=False, requested=datetime.now(UTC), started=None, finished=None, error="",
    idempotency_key=None, dynamic=False, document="",
)  # fmt: skip


def test_drawing_ten_thousand_nodes():
    made = large(10_000)
    found = faults(made)
    report(
        "elements of 10,000 nodes (≤ 0.3 s)", cpu_s(lambda: elements(made, found)), cpu_s(lambda: dump(made)), "dump"
    )


def test_an_edit_of_five_hundred_nodes():
    made = large(500)
    before = elements(made, faults(made))

    def edit():
        after = edited(made, [Rename(id="n8", to="m8")])
        assert difference(before, elements(after)).add

    report("edit and difference of 500 nodes (≤ 30 ms)", cpu_s(edit), cpu_s(lambda: dump(made)), "dump")


def test_five_hundred_changes_of_state():
    made = large(500)
    value = Artifact(digest="", media_type="application/json", size=8, inline=True, data={"n": 1})
    events = [
        TaskCompleted(run_id="r", seq=number + 1, task_id=node.id, outputs={"result": value})
        for number, node in enumerate(made.nodes)
    ]

    def fold():
        frames = folding.pop()
        for event in events:
            frames.apply(event)
        assert len(frames.take().nodes) == 500

    folding = [Frames(made, RECORD, {}) for _ in range(5)]
    report("500 changes of state in a frame (≤ 20 ms)", cpu_s(fold), cpu_s(lambda: dump(made)), "dump")
