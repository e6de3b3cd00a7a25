"""Runs in a list and one by one, as REST and widgets tell them."""

from __future__ import annotations

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import NotFoundError
from twingraph_lab.events import Artifact, TaskCompleted, TaskStarted
from twingraph_lab.frontends.inspection.runs import run_detail, run_summaries, run_summary
from twingraph_lab.lab import Lab
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.settings import Settings
from twingraph_lab.spec.workflow import Parameter, Workflow

GOOD = workflow(cell("a", "1"), cell("b", "a + 1", inputs={"a": {"ref": "a.result"}}), name="good")
BAD = workflow(cell("a", "1 / 0"), cell("b", after=("a",)), name="bad")


@pytest.fixture
def ran(inline):
    for each in (GOOD, BAD, GOOD):
        inline.submit(each).wait(60)
    return inline


def ids(summaries):
    return [each.run_id for each in summaries]


def test_the_newest_run_comes_first_with_its_nodes_counted(ran):
    newest, failed, first = run_summaries(ran)
    assert (newest.workflow, newest.state, newest.nodes, newest.counts) == ("good", "completed", 2, {"completed": 2})
    assert (failed.state, failed.counts, failed.resumable) == ("failed", {"failed": 1, "skipped": 1}, True)
    assert "ZeroDivisionError" in failed.error
    assert first.active_s > 0
    assert not first.resumable
    assert newest.requested > first.requested


def test_pages_follow_one_another(ran):
    every = ids(run_summaries(ran))
    assert ids(run_summaries(ran, limit=2)) == every[:2]
    assert ids(run_summaries(ran, limit=2, before=every[1])) == every[2:]
    assert run_summaries(ran, before=every[2]) == []
    assert run_summaries(ran, limit=0) == []


def test_runs_are_found_by_workflow_state_and_text(ran):
    good, bad, _ = ids(run_summaries(ran))
    assert ids(run_summaries(ran, workflow="bad")) == [bad]
    assert ids(run_summaries(ran, state="failed")) == [bad]
    assert ids(run_summaries(ran, text="zerodivision")) == [bad]
    assert ids(run_summaries(ran, text=good[:8].upper())) == [good]
    assert run_summaries(ran, text="%") == []
    assert run_summaries(ran, workflow="good", state="failed") == []


def test_what_there_is_not_is_named(ran):
    with pytest.raises(NotFoundError, match=r"there is no state .done.*completed"):
        run_summaries(ran, state="done")
    with pytest.raises(NotFoundError, match="no run 'zzzz'"):
        run_summaries(ran, before="zzzz")
    with pytest.raises(NotFoundError, match="no run 'zzzz'"):
        run_detail(ran, "zzzz")


def test_a_run_whose_process_is_gone_is_interrupted(inline):
    left = inline.submit(GOOD, drive=False)
    going = inline.submit(GOOD, drive=False)
    inline.ledger.claim("gone", 0.0, run_id=left.id)
    inline.ledger.claim("alive", 600.0, run_id=going.id)
    assert ids(run_summaries(inline, state="interrupted")) == [left.id]
    assert ids(run_summaries(inline, state="running")) == [going.id]
    assert [(each.orphaned, each.resumable) for each in run_summaries(inline)] == [(False, False), (True, True)]


def test_a_run_is_told_with_its_nodes_and_without_its_secrets(inline):
    parameters = {"n": Parameter(default=1), "api_key": Parameter(default=""), "service": Parameter(default={})}
    given = {"n": 2, "api_key": "abcdef", "service": {"token": "abcdef"}}
    run = inline.submit(Workflow(name="w", parameters=parameters, nodes=GOOD.nodes), given)
    run.wait(60)
    told = run_detail(inline, run.id[:8])
    assert told.parameters == {"n": 2, "api_key": "***", "service": {"token": "***"}}
    assert "abcdef" not in told.model_dump_json()
    assert [(node.id, node.state, node.attempt, node.platform) for node in told.tasks] == [
        ("a", "completed", 1, "local"),
        ("b", "completed", 1, "local"),
    ]
    assert told.tasks[0].wall_s > 0
    assert run_summary(inline, run.id).model_dump() == {
        name: value for name, value in told.model_dump().items() if name in run_summary(inline, run.id).model_dump()
    }


def test_a_run_that_grows_by_its_program_goes_on_only_with_that(inline):
    opened = inline.open("program")
    assert run_summary(inline, opened.id).dynamic
    opened.abort("its program gave up")
    inline.run(opened.id).wait(60)
    assert run_summary(inline, opened.id).error == "its program gave up"
    assert not run_summary(inline, opened.id).resumable


def test_ten_thousand_runs_are_listed_page_by_page(tmp_path):
    home = tmp_path / "home"
    with Lab(Settings(home=home, scheduler="inline", lineage=False)) as lab:
        fill(lab.ledger, 10_000)
        for question in ({}, {"workflow": "w7"}, {"text": "w77"}, {"state": "completed"}, {"text": "nowhere"}):
            found = run_summaries(lab, limit=100, **question)
            assert found or question == {"text": "nowhere"}
        middle = run_summaries(lab, limit=1, text="w500")[0]
        assert len(run_summaries(lab, limit=100, before=middle.run_id)) == 100


def fill(ledger: Ledger, number: int) -> None:
    """Runs straight into the tables: through the front door it would take a minute."""
    model = workflow(*(cell(f"n{place}") for place in range(5)))
    record, _ = ledger.accept(model, {}, context={"cwd": "/", "sys_path": ["/somewhere"] * 10})
    claimed = ledger.claim("c", 60.0, run_id=record.run_id)
    value = Artifact(digest=f"sha256:{'0' * 64}", media_type="application/json", size=4, inline=True)
    for task in ("n0", "n1", "n2", "n3", "n4"):
        started = TaskStarted(run_id=record.run_id, task_id=task)
        done = TaskCompleted(run_id=record.run_id, task_id=task, outputs={"result": value})
        ledger.record(record.run_id, claimed.epoch, [started, done])
    with ledger._database.exclusive(), ledger._database.writer.begin() as connection:
        columns = {table: _columns(connection, table) for table in ("runs", "documents", "tasks")}
        numbers = f"WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < {number})"
        for table, names in columns.items():
            values = [_value(name) for name in names]
            connection.exec_driver_sql(
                f"INSERT INTO {table}({', '.join(names)}) {numbers} SELECT {', '.join(values)} FROM {table}, k"
                f" WHERE run_id = '{record.run_id}'"
            )


def _columns(connection, table):
    return [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")]


def _value(name):
    return {
        "run_id": "run_id || i",
        "requested_seq": "1000 + i",
        "workflow": "'w' || (i % 1000)",
        "state": "'completed'",
    }.get(name, name)
