"""Tasks that begin completed, and what the ledger tells of earlier runs."""

from __future__ import annotations

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import ConflictError
from twingraph_lab.events import Artifact, Basis, Metrics, RunRequested, TaskCompleted
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.states import TaskState

ONE = Artifact(digest="sha256:" + "1" * 64, media_type="application/json", size=1, inline=True, data=1)
TWO = ONE.model_copy(update={"digest": "sha256:" + "2" * 64, "data": 2})
FLOW = workflow(cell("a"), cell("b", after=("a",)), name="flow")


@pytest.fixture
def ledger(tmp_path):
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield ledger


def finish(ledger, run_id, *, value=ONE, tasks="ab", **more):
    """Complete tasks of a run."""
    claimed = ledger.claim("c1", 60, run_id=run_id)
    events = [
        TaskCompleted(run_id=run_id, task_id=task, outputs={"result": value}, metrics=Metrics(wall_s=2.0), **more)
        for task in tasks
    ]
    ledger.record(run_id, claimed.epoch, events, dispatched=dict.fromkeys(tasks, 1))


def test_reused_tasks_are_completed_in_the_transaction_that_accepts_the_run(ledger):
    ledger.accept(FLOW, {}, run_id="first")
    finish(ledger, "first", basis=Basis(key="k"))
    given = ledger.tasks("first")
    ledger.accept(FLOW, {}, run_id="second", reuse={"a": given["a"]})
    a, b = ledger.tasks("second").values()
    assert (a.state, a.outputs, a.cached_from, a.basis) == (
        TaskState.COMPLETED, {"result": ONE}, "first/a", Basis(key="k"),
    )  # fmt: skip
    assert (b.state, b.outputs) == (TaskState.PENDING, {})
    assert [type(event) for event in ledger.events("second")] == [RunRequested, TaskCompleted]
    assert ledger.check() == []


def test_who_computed_it_first_stays_known(ledger):
    ledger.accept(FLOW, {}, run_id="first")
    finish(ledger, "first")
    ledger.accept(FLOW, {}, run_id="second", reuse=ledger.tasks("first"))
    ledger.accept(FLOW, {}, run_id="third", reuse=ledger.tasks("second"))
    assert {task.cached_from for task in ledger.tasks("third").values()} == {"first/a", "first/b"}


def test_a_reopened_run_keeps_what_it_reused(ledger):
    ledger.accept(FLOW, {}, run_id="first")
    finish(ledger, "first")
    ledger.accept(FLOW, {}, run_id="second", reuse={"a": ledger.tasks("first")["a"]})
    ledger.reopen("second")
    assert ledger.tasks("second")["a"].state is TaskState.COMPLETED


def test_a_key_stands_for_what_is_reused(ledger):
    for run_id, value in (("first", ONE), ("other", TWO)):
        ledger.accept(FLOW, {}, run_id=run_id)
        finish(ledger, run_id, value=value)
    one, two = ({"a": ledger.tasks(run_id)["a"]} for run_id in ("first", "other"))
    record, new = ledger.accept(FLOW, {}, idempotency_key="k", reuse=one)
    assert new
    again, new = ledger.accept(FLOW, {}, idempotency_key="k", reuse=one)
    assert (again.run_id, new) == (record.run_id, False)
    for reuse in (two, {}):
        with pytest.raises(ConflictError, match="reused outputs"):
            ledger.accept(FLOW, {}, idempotency_key="k", reuse=reuse)


def test_earlier_runs_are_those_of_the_same_name_newest_first(ledger):
    for run_id in ("r1", "r2", "r3"):
        context = {"replay_of": "r1/a/1"} if run_id == "r2" else {}
        ledger.accept(FLOW, {}, run_id=run_id, context=context)
    ledger.accept(workflow(cell("a"), name="another"), {}, run_id="r4")
    assert [(run.run_id, run.replay_of) for run in ledger.earlier("flow")] == [
        ("r3", ""), ("r2", "r1/a/1"), ("r1", ""),
    ]  # fmt: skip
    assert [run.run_id for run in ledger.earlier("flow", before="r3", limit=1)] == ["r2"]


def test_the_newest_run_in_which_a_task_completed_and_how_long_it_took(ledger):
    for run_id, tasks in (("r1", "ab"), ("r2", "a")):
        ledger.accept(FLOW, {}, run_id=run_id)
        finish(ledger, run_id, tasks=tasks)
    ledger.accept(FLOW, {}, run_id="r3", reuse={"a": ledger.tasks("r2")["a"]})
    runs = ["r1", "r2", "r3"]
    assert ledger.last_completed(runs) == {"a": "r3", "b": "r1"}
    assert ledger.last_completed(["r1"]) == {"a": "r1", "b": "r1"}
    assert ledger.times(runs) == {"a": [2.0, 2.0], "b": [2.0]}
