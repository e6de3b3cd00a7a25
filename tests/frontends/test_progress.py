from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from twingraph_lab.events import (
    Artifact,
    Failure,
    Metrics,
    RunCancelRequested,
    RunFinished,
    RunRequested,
    RunStarted,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskLogged,
    TaskProgressed,
    TaskRetried,
    TasksAdded,
    TaskSkipped,
    TaskStarted,
    TaskUncertain,
)
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.spec.workflow import Node, Workflow

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BOOM = Failure(kind="error", type="ValueError", message="boom")
NUMBER = Artifact(digest="sha256:0", media_type="application/json", size=1, inline=True, data=1)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def started(task: str, seconds: float = 0, **more) -> TaskStarted:
    return TaskStarted(run_id="r", task_id=task, time=at(seconds), **more)


def completed(task: str, seconds: float = 1, **more) -> TaskCompleted:
    return TaskCompleted(run_id="r", task_id=task, time=at(seconds), outputs={"result": NUMBER}, **more)


def failed(task: str, seconds: float = 1, **more) -> TaskFailed:
    return TaskFailed(run_id="r", task_id=task, time=at(seconds), failure=BOOM, **more)


def progress(*nodes: str, now: float = 10) -> RunProgress:
    model = RunProgress(nodes, name="demo", clock=lambda: at(now))
    model.apply(RunRequested(run_id="r", workflow="demo", digest="sha256:0", time=at(0)))
    model.apply(RunStarted(run_id="r", coordinator="c", epoch=1, time=at(0)))
    return model


def test_a_new_run_is_all_pending():
    model = RunProgress(["a", "b"])
    assert model.counts == {TaskState.PENDING: 2}
    assert (model.fraction, model.finished, model.elapsed_s) == (0, False, 0)


def test_counts_follow_every_kind_of_event():
    model = progress("a", "b", "c", "d", "e", "f", "g")
    model.apply(started("a"))
    model.apply(started("b"))
    model.apply(completed("b"))
    model.apply(failed("c"))
    model.apply(TaskSkipped(run_id="r", task_id="d", because="c"))
    model.apply(TaskCancelled(run_id="r", task_id="e"))
    model.apply(TaskUncertain(run_id="r", task_id="f", failure=BOOM))
    assert model.counts == {
        TaskState.PENDING: 1,
        TaskState.RUNNING: 1,
        TaskState.COMPLETED: 1,
        TaskState.FAILED: 1,
        TaskState.SKIPPED: 1,
        TaskState.CANCELLED: 1,
        TaskState.UNCERTAIN: 1,
    }
    assert model.fraction == 5 / 7
    assert model.nodes["d"].because == "c"
    assert model.nodes["b"].outputs == {"result": NUMBER}


def test_time_runs_until_the_run_ends():
    model = progress("a", now=7)
    assert model.elapsed_s == 7
    model.apply(RunFinished(run_id="r", status="completed", time=at(3)))
    assert model.elapsed_s == 3
    assert (model.finished, model.state) == (True, RunState.COMPLETED)


def test_a_node_shows_its_running_time_then_what_its_body_took():
    model = progress("a", now=4)
    assert model.nodes["a"].elapsed_s(model.now) is None
    model.apply(started("a", 1))
    assert model.nodes["a"].elapsed_s(model.now) == 3
    model.apply(completed("a", 3, metrics=Metrics(wall_s=1.5)))
    assert model.nodes["a"].elapsed_s(model.now) == 1.5


def test_a_retry_shows_why_and_then_which_attempt():
    model = progress("a")
    model.apply(started("a"))
    model.apply(TaskRetried(run_id="r", task_id="a", attempt=1, failure=BOOM, delay_s=2))
    assert model.nodes["a"].retrying
    assert "ValueError: boom" in model.nodes["a"].remark
    model.apply(started("a", attempt=2))
    assert not model.nodes["a"].retrying
    assert model.nodes["a"].remark == "attempt 2, ValueError: boom"
    model.apply(completed("a", attempt=2))
    assert model.nodes["a"].remark == "attempt 2"


def test_the_current_log_line_is_the_last_one_written_by_a_running_node():
    model = progress("a", "b")
    model.apply(started("a"))
    model.apply(TaskLogged(run_id="r", task_id="a", text="one\ntwo\n\n"))
    assert (model.nodes["a"].log, model.log) == ("two", "two")
    assert model.nodes["a"].remark == "two"
    model.apply(completed("a"))
    assert (model.log, model.nodes["a"].remark) == ("", "")


def test_a_cached_node_says_where_its_outputs_come_from():
    model = progress("a")
    model.apply(completed("a", cached_from="r0/a"))
    assert model.nodes["a"].remark == "from cache (r0/a)"
    assert model.nodes["a"].elapsed_s(model.now) is None


def test_events_seen_before_change_nothing():
    model = progress("a")
    model.apply(started("a", seq=5))
    model.apply(completed("a", seq=6))
    model.apply(started("a", seq=5))
    assert model.counts == {TaskState.COMPLETED: 1}


def test_dynamic_runs_grow():
    model = progress("a")
    model.apply(TasksAdded(run_id="r", tasks=("b", "c")))
    model.apply(started("d"))
    assert list(model.nodes) == ["a", "b", "c", "d"]
    assert model.counts == {TaskState.PENDING: 3, TaskState.RUNNING: 1}


def test_a_resume_sets_back_what_did_not_complete():
    model = progress("a", "b", "c", now=110)
    model.apply(completed("a"))
    model.apply(failed("b"))
    model.apply(TaskSkipped(run_id="r", task_id="c", because="b"))
    model.apply(RunFinished(run_id="r", status="failed", error="node 'b': ValueError: boom", time=at(2)))
    model.apply(RunStarted(run_id="r", coordinator="c2", epoch=2, time=at(100)))
    assert model.counts == {TaskState.PENDING: 2, TaskState.COMPLETED: 1}
    assert (model.state, model.error, model.elapsed_s) == (RunState.RUNNING, "", 10)
    assert model.nodes["b"].failure is None


def test_a_take_over_leaves_running_nodes_alone():
    model = progress("a")
    model.apply(started("a"))
    model.apply(RunCancelRequested(run_id="r"))
    model.apply(RunStarted(run_id="r", coordinator="c2", epoch=2, time=at(5)))
    assert model.counts == {TaskState.RUNNING: 1}
    assert model.cancelling
    assert model.elapsed_s == 10


def test_the_progress_of_a_workflow_is_ordered_by_level():
    workflow = Workflow(
        name="w",
        nodes=(
            Node(id="late", component="x", after=("mid",)),
            Node(id="mid", component="x", after=("early",)),
            Node(id="early", component="x"),
            Node(id="also_early", component="x"),
        ),
    )
    assert list(RunProgress.of(workflow).nodes) == ["early", "also_early", "mid", "late"]


def test_a_run_under_way_is_restored_from_its_task_rows():
    workflow = Workflow(name="w", nodes=(Node(id="a", component="x"), Node(id="b", component="x", after=("a",))))
    row = SimpleNamespace(
        task_id="a", state=TaskState.COMPLETED, attempt=3, platform="local", worker="w1", outputs={"result": NUMBER},
        failure=None, metrics=Metrics(wall_s=2), cached_from="", started=at(0), finished=at(2),
    )  # fmt: skip
    model = RunProgress.of(workflow, {"a": row})
    assert model.counts == {TaskState.PENDING: 1, TaskState.COMPLETED: 1}
    assert model.nodes["a"].attempt == 3


def test_large_runs_show_only_what_runs_or_went_wrong():
    model = progress(*(f"n{i}" for i in range(1000)))
    for i in range(100):
        model.apply(started(f"n{i}"))
        model.apply(completed(f"n{i}"))
    model.apply(started("n500"))
    model.apply(failed("n700"))
    assert [node.id for node in model.shown()] == ["n700", "n500"]
    for i in range(200, 300):
        model.apply(started(f"n{i}"))
    assert len(model.shown()) == 40
    assert model.shown()[0].id == "n700"


def test_text_lists_nodes_with_symbol_state_time_and_remark():
    model = progress("load", "clean", "plot")
    model.apply(started("load"))
    model.apply(completed("load", metrics=Metrics(wall_s=1.5)))
    model.apply(started("clean", 2))
    assert model.to_text().splitlines() == [
        "● demo: running, 1 of 3 nodes completed, 1 pending, 1 running, 10.0 s",
        "  ✓ load   completed        1.5 s",
        "  ● clean  running          8.0 s",
        "  · plot   pending",
    ]


def test_text_is_clipped_to_the_width():
    model = progress("a" * 100)
    assert all(len(line) <= 40 for line in model.to_text(width=40).splitlines())


def test_text_holds_no_control_characters():
    model = progress("a")
    model.apply(started("a"))
    model.apply(TaskLogged(run_id="r", task_id="a", text="\x1b[2Jgone\x07"))
    assert "\x1b" not in model.to_text()
    assert "  gone" in model.to_text()


def test_a_thousand_node_run_applies_quickly():
    model = progress(*(f"n{i}" for i in range(5000)))
    begin = datetime.now(UTC)
    for i in range(5000):
        model.apply(started(f"n{i}"))
        model.apply(completed(f"n{i}"))
    assert model.fraction == 1
    assert (datetime.now(UTC) - begin).total_seconds() < 2


def said(task: str, done: float, total: float = 0, message: str = "") -> TaskProgressed:
    return TaskProgressed(run_id="r", task_id=task, done=done, total=total, message=message)


def test_a_running_node_says_how_far_it_is():
    model = progress("clean")
    model.apply(started("clean"))
    model.apply(said("clean", 2, 5, "reading March"))
    assert model.nodes["clean"].remark == "40 % reading March"
    assert "40 % reading March" in model.to_text()
    model.apply(said("clean", 1500))
    assert model.nodes["clean"].remark == "1500 done"
    model.apply(completed("clean"))
    assert model.nodes["clean"].remark == ""


def test_a_new_attempt_begins_its_progress_anew():
    model = progress("clean")
    model.apply(started("clean"))
    model.apply(said("clean", 2, 5))
    model.apply(TaskRetried(run_id="r", task_id="clean", failure=BOOM, time=at(1)))
    model.apply(started("clean", 2, attempt=2))
    assert model.nodes["clean"].said is None
