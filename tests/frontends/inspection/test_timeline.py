"""When the nodes of a run ran, as bars in seconds."""

from __future__ import annotations

import pytest

from tests.stories import Story
from tests.workflows import cell, workflow
from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.inspection.timeline import critical_path, timeline_view
from twingraph_lab.spec.workflow import CachePolicy, Retry


def test_each_node_has_its_bars(inline, tmp_path):
    mark = tmp_path / "mark"
    flaky = f"import os\nif not os.path.exists({str(mark)!r}):\n    open({str(mark)!r}, 'w').close()\n    1 / 0\n1"
    kept = cell("kept", "1", cache=CachePolicy(mode="inputs"))
    made = workflow(kept, cell("flaky", flaky, retry=Retry(attempts=2, delay_s=0.05)), cell("last", after=("flaky",)))
    inline.submit(workflow(kept)).wait(60)
    run = inline.submit(made)
    run.wait(60)
    view = timeline_view(inline, run.id)
    lanes = {lane.id: lane for lane in view.lanes}
    assert list(lanes) == ["kept", "flaky", "last"]
    assert [bar.kind for bar in lanes["kept"].bars] == ["cached"]
    attempts = [bar for bar in lanes["flaky"].bars if bar.kind == "attempt"]
    assert [(bar.attempt, bar.ending) for bar in attempts] == [(1, "retried"), (2, "completed")]
    assert any(bar.kind == "waiting" and bar.start_s >= attempts[0].end_s for bar in lanes["flaky"].bars)
    assert all(0 <= bar.start_s <= bar.end_s <= view.active_s for lane in view.lanes for bar in lane.bars)
    assert [lane.id for lane in view.lanes if lane.critical] == ["flaky", "last"]


def test_the_critical_path_leads_from_the_last_end_to_what_it_waited_for():
    told = Story(slow=[], quick=[], middle=["slow", "quick"], end=["middle"], aside=[]).begins(0)
    for name, start, end in (("slow", 1, 9), ("quick", 1, 2), ("aside", 1, 3), ("middle", 9, 10), ("end", 10, 11)):
        told.starts(name, start).completes(name, end)
    assert critical_path(told.ends(11).told().lanes, told.upstream) == {"slow", "middle", "end"}


def test_a_run_that_has_not_begun_has_no_bars(inline):
    run = inline.submit(workflow(cell("a")), drive=False)
    view = timeline_view(inline, run.id)
    assert (view.active_s, [lane.bars for lane in view.lanes]) == (0.0, [()])
    with pytest.raises(NotFoundError):
        timeline_view(inline, "nowhere")
