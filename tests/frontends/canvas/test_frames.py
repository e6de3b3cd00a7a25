"""What of a run reaches a canvas: what changed, once, and values in few words."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.events import (
    Artifact,
    Failure,
    Metrics,
    RunFinished,
    RunRequested,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskLogged,
    TaskProgressed,
    TaskRetried,
    TasksAdded,
    TaskSkipped,
    TaskStarted,
)
from twingraph_lab.frontends.canvas.elements import elements
from twingraph_lab.frontends.canvas.frames import Frames, value_text
from twingraph_lab.frontends.canvas.messages import NodeStatus
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.records import RunRecord
from twingraph_lab.runtime.states import RunState

RUN = {"run_id": "r"}
WORKFLOW = workflow(
    cell("a"),
    cell("b", inputs={"x": {"ref": "a"}, "y": "{{ a.n }} rows"}),
    cell("c", inputs={"x": {"ref": "b"}}, after=("a",)),
)


def record(state=RunState.RUNNING):
    return RunRecord(
        run_id="r", workflow="w", digest="", parameters={}, context={}, state=state, coordinator="", epoch=1,
        lease_until=None, cancel_requested=False, requested=datetime.now(UTC), started=None, finished=None, error="",
        idempotency_key=None, dynamic=False, document="",
    )  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(str(tmp_path))


@pytest.fixture
def frames():
    made = Frames(WORKFLOW, record(), {})
    made.take()
    return made


def test_the_first_frame_has_all_nodes_and_later_ones_only_what_changed():
    made = Frames(WORKFLOW, record(), {})
    first = made.take()
    assert set(first.nodes) == {"a", "b", "c"}
    assert (first.run_id, first.state, first.done, first.total) == ("r", "running", 0, 3)
    assert made.take() is None
    made.apply(TaskStarted(**RUN, seq=7, task_id="a"))
    frame = made.take()
    assert (frame.nodes, frame.seq) == ({"a": NodeStatus(state="running", attempt=1)}, 7)


def test_a_value_is_shown_on_every_edge_that_takes_it(frames, store):
    outputs = {"result": store.put({"n": 12, "rows": [1] * 50})}
    frames.apply(TaskCompleted(**RUN, seq=1, task_id="a", outputs=outputs, metrics=Metrics(wall_s=1.25)))
    frame = frames.take()
    assert frame.nodes["a"].note == "1.2 s"
    assert frame.values == {"a.->b.x": "{'n': 12, 'rows': [1, 1…", "a.n->b.y": "12"}
    drawn = {each.data.id for each in elements(WORKFLOW) if each.group == "edges"}
    assert frame.values.keys() < drawn


def test_a_node_that_runs_again_takes_its_values_back(frames, store):
    frames.apply(TaskCompleted(**RUN, seq=1, task_id="b", outputs={"result": store.put(1)}))
    frames.take()
    frames.apply(TaskStarted(**RUN, seq=2, task_id="b"))
    assert frames.take().values == {"b.->c.x": ""}


def test_progress_retries_and_failures_are_told(frames):
    frames.apply(TaskStarted(**RUN, seq=1, task_id="a"))
    frames.apply(TaskProgressed(**RUN, seq=2, task_id="a", done=3, total=10, message="reading\nMarch"))
    assert frames.take().nodes["a"] == NodeStatus(
        state="running", attempt=1, fraction=0.3, note="3 of 10 reading March"
    )
    failure = Failure(kind="error", type="ValueError", message="no rows")
    frames.apply(TaskRetried(**RUN, seq=3, task_id="a", failure=failure))
    assert frames.take().nodes["a"] == NodeStatus(state="retrying", attempt=1, error="ValueError: no rows")
    frames.apply(TaskFailed(**RUN, seq=4, task_id="a", attempt=2, failure=failure))
    frames.apply(TaskSkipped(**RUN, seq=5, task_id="b", because="a"))
    frames.apply(RunFinished(**RUN, seq=6, status="failed", error="a failed"))
    frame = frames.take()
    assert (frame.state, frame.error, frame.done) == ("failed", "a failed", 2)
    assert frame.nodes["b"] == NodeStatus(state="skipped", note="a did not complete")
    assert frame.nodes["a"].error == "ValueError: no rows"


def test_lines_of_a_log_make_no_frame(frames):
    frames.apply(TaskLogged(**RUN, seq=1, task_id="a", text="hello\n"))
    assert frames.take() is None


def test_a_run_that_is_resumed_or_grows_is_told_whole(frames):
    frames.apply(RunRequested(**RUN, seq=1, workflow="w", digest=""))
    frames.apply(TasksAdded(**RUN, seq=2, tasks=("late",)))
    assert frames.take().nodes == {"late": NodeStatus(state="pending")}
    frames.apply(RunFinished(**RUN, seq=3, status="cancelled"))
    frames.apply(RunStarted(**RUN, seq=4, coordinator="c", epoch=2))
    frame = frames.take()
    assert (frame.state, set(frame.nodes)) == ("running", {"a", "b", "c", "late"})


def test_events_told_twice_change_nothing(frames, store):
    events = [
        TaskStarted(**RUN, seq=1, task_id="a"),
        TaskCompleted(**RUN, seq=2, task_id="a", outputs={"result": store.put(1)}),
    ]
    for event in [*events, *events]:
        frames.apply(event)
    assert frames.take().nodes["a"].state == "completed"


@pytest.mark.parametrize(("value", "text"), [("abc", '"abc"'), (3.14, "3.14"), (None, "null"), ([], "[]")])
def test_plain_values_are_shown_as_they_are(store, value, text):
    assert value_text({"result": store.put(value)}, ()) == text


def test_tables_are_shown_by_their_size_without_reading_them(store):
    pd = pytest.importorskip("pandas", reason="needs the extra `tables`")
    table = store.put(pd.DataFrame({"a": [number**0.5 for number in range(20_000)], "b": 1.5}))
    assert not table.inline
    assert value_text({"rows": table}, ("rows",)) == "20,000 × 2 table"  # noqa: RUF001


def test_secrets_and_what_can_not_be_told_are_not_shown(store):
    assert value_text({"api_key": store.put("12345")}, ("api_key",)) == "***"
    assert value_text({"result": store.put({"password": "12345"})}, ("password",)) == "***"
    assert value_text({"result": store.put({"password": "12345"})}, ()) == "{'password': '***'}"
    large = Artifact(digest="sha256:0", media_type="application/json", size=10**6)
    assert value_text({"result": large}, ("rows",)) == ""
    assert value_text({"x": large, "y": large}, ()) == "2 outputs"


def test_text_from_outside_is_one_printable_line(frames):
    failure = Failure(kind="error", type="E", message="\x1b[31mred\x1b[0m\n" + "x" * 5000)
    frames.apply(TaskFailed(**RUN, seq=1, task_id="a", failure=failure))
    error = frames.take().nodes["a"].error
    assert error.startswith("E: red xxx")
    assert len(error) == 500


def test_500_changes_of_state_are_folded_at_once(store):
    nodes = [cell(f"n{number}", inputs={"x": {"ref": f"n{number - 1}"}} if number else {}) for number in range(500)]
    outputs = {"result": store.put({"n": 1})}
    made = Frames(workflow(*nodes), record(), {})
    made.take()
    events = [TaskCompleted(**RUN, seq=number + 1, task_id=f"n{number}", outputs=outputs) for number in range(500)]
    start = time.process_time()
    for event in events:
        made.apply(event)
    frame = made.take()
    taken = time.process_time() - start
    assert (len(frame.nodes), len(frame.values), frame.done) == (500, 499, 500)
    assert taken < 0.2  # some 15 ms on an idle machine
