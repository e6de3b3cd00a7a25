"""What notebooks show of runs, as HTML and as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.stories import FAILURE, Story, record, task
from tests.workflows import cell, workflow
from twingraph_lab.frontends import run_views as views
from twingraph_lab.frontends.causes import causes
from twingraph_lab.frontends.timeline import Lane
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.spec.workflow import Node

HOSTILE = "<script>alert('x')</script>"


def story():
    told = Story(a=[], b=["a"]).begins(0).starts("a", 1)
    return told.completes("a", 2, wall_s=0.9).starts("b", 2.5).fails("b", 3).ends(3, "failed")


def test_a_run_is_shown_with_pictures_figures_failures_and_what_it_computed(tmp_path):
    store = ArtifactStore(str(tmp_path))
    told = story()
    told.tasks["a"] = task("a", outputs={"x": store.put([1, 2])})
    view = views.run_view(record(RunState.FAILED), told.told(), workflow(cell("a"), cell("b", after=("a",))), store)
    assert view.text.startswith("✗ flights: failed in 3.0 s  run r1\n")
    assert "nodes       ✓ 1 completed, ✗ 1 failed" in view.text
    assert re.search(r"✓ a +completed +1.0 s +1.5 s +1.0 s +1.0 MB", view.text)
    assert re.search(r"✗ b, attempt 1: error", view.text)
    assert "Traceback\n  line 2" in view.text
    assert re.search(r"a.x +application/json +\d+ B +\[1, 2\]", view.text)
    assert view.html.count("<svg") == 2
    assert "<details" in view.html


def test_a_status_has_the_figures_without_pictures():
    view = views.run_status(record(RunState.FAILED), story().told())
    assert "<svg" not in view.html
    assert re.search(r"✗ b +failed +0.50 s +0.50 s +ValueError: no such column", view.text)


def test_a_running_run_shows_what_is_known_so_far():
    told = Story(a=[], b=["a"]).begins(0).starts("a", 1)
    running = record(RunState.RUNNING, finished=None, lease_until=datetime.now(UTC) + timedelta(minutes=1))
    view = views.run_status(running, told.told(now=4))
    assert view.text.startswith("● flights: running for 4.0 s")
    assert re.search(r"● a +running +1.0 s +3.0 s", view.text)


def test_a_node_that_was_tried_again_is_not_folded_away_among_many():
    told = Story(**{f"n{number}": [] for number in range(60)}).begins(0)
    for number in range(60):
        told.starts(f"n{number}", 1).completes(f"n{number}", 9, wall_s=8)
    told.starts("n59", 9, attempt=2).completes("n59", 10, wall_s=0.1)
    shown = views.nodes_table(told.ends(10).told()).html.partition("<details")[0]
    assert "n59" in shown


def test_the_errors_of_several_nodes_are_told_apart_in_a_line():
    left = record(RunState.FAILED, error="node 'a': no\nnode 'b': no")
    assert "error       node 'a': no; node 'b': no" in views.run_card(left, story().told()).text


def test_nothing_runs_any_more_without_its_process():
    left = record(RunState.RUNNING, finished=None)
    told = Story(a=[], b=[]).begins(0).starts("a", 1).retries("b", 2)
    assert re.search(r"a +was running", views.run_status(left, told.told()).text)
    assert re.search(r"b +was dispatched", views.run_status(left, told.told()).text)


def test_a_run_without_its_process_says_how_to_go_on():
    view = views.run_card(record(RunState.RUNNING, finished=None), story().told())
    assert view.text.startswith("! flights: interrupted")
    assert "%twingraph resume r1" in view.text


def test_a_resumed_run_says_both_times():
    told = story().begins(7203, epoch=2).starts("b", 7203).completes("b", 7205).ends(7205)
    assert "completed, 5.0 s under way, 2 h 00 min since its first start" in views.run_card(record(), told.told()).text


def test_of_very_many_nodes_the_calm_ones_are_folded_away():
    told = Story(**{f"n{i}": [] for i in range(300)}).begins(0)
    for i in range(300):
        told.starts(f"n{i}", i).completes(f"n{i}", i + 1, wall_s=1) if i != 250 else told.starts("n250", i).fails(
            "n250", i
        )
    view = views.nodes_table(told.ends(300).told())
    assert "✗ n250" in view.text
    assert view.text.endswith("… 260 nodes more")
    assert "<summary>… 260 nodes more</summary>" in view.html


def test_what_failed_alike_is_told_once():
    other = FAILURE.model_copy(update={"message": "another"})
    tasks = [task(f"n{i}", TaskState.FAILED, failure=FAILURE) for i in range(50)]
    first, second = causes([*tasks, task("x", TaskState.FAILED, failure=other), task("fine")])
    assert first.title == "50 nodes with the same error: n0, n1, n2, n3, n4, n5, n6, n7, … 42 more"
    assert second.title == "x, attempt 1: error"
    assert views.failures_view(tasks).text.count("Traceback") == 1


def test_a_node_is_shown_with_code_and_last_failure():
    whole = workflow(cell("a", "\nx = 1\n", outputs=("x",)), cell("b", inputs={"x": {"ref": "a.x"}}))
    lane = Lane(task("a", TaskState.FAILED, failure=FAILURE, attempt=2))
    view = views.one_node(whole.by_id["a"], whole, lane, None)
    assert "2  x = 1" in view.text
    assert "used by  b" in view.text
    assert "Traceback\n  line 2" in view.text


def test_a_node_that_is_no_cell_names_its_component():
    whole = workflow(Node(id="a", component="json:dumps"), Node(id="b", component="output"))
    assert "component  python json:dumps" in views.one_node(whole.by_id["a"], whole, None, None).text
    assert "component  builtin output" in views.one_node(whole.by_id["b"], whole, None, None).text


def test_runs_are_listed_with_parameters_and_the_time_they_were_under_way():
    assert views.history_view([], {}).text == "there are no runs yet"
    text = views.history_view([record(RunState.FAILED, error="boom")], {"r1": 2.0}).text
    assert re.search(r"✗ r1 +flights +failed +2026-01-01 .* 2.0 s +n = 3 +boom", text)


@pytest.mark.parametrize(
    "view",
    [
        views.one_node(cell("a", HOSTILE), workflow(cell("a")), None, None),
        views.history_view([record(workflow=HOSTILE, error=HOSTILE, parameters={"x": HOSTILE})], {}),
        views.run_status(record(error=HOSTILE), Story(a=[]).begins(0).starts("a", 0).fails(
            "a", 1, FAILURE.model_copy(update={"message": HOSTILE})).ends(1).told()),
        views.failures_view([task("a", TaskState.FAILED, failure=FAILURE.model_copy(update={"traceback": HOSTILE}))]),
    ],
    ids=range(4),
)  # fmt: skip
def test_what_users_write_is_escaped(view):
    assert "<script" not in view.html
