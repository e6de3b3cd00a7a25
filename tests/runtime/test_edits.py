"""What is said of code that was edited between a program's end and its resume."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from twingraph_lab.events import Metrics
from twingraph_lab.runtime.edits import edited, rewritten
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Node, Pickled, PythonFunction


def node(name="add"):
    return Node(id=name, component="add")


def test_code_is_edited_if_its_digest_or_else_its_source_is_another():
    one, other = (Pickled(name="f", data=data, source="x") for data in ("YQ==", "Yg=="))
    assert not edited(one, other)
    assert edited(one, other.model_copy(update={"source": "y"}))
    assert edited(*(each.model_copy(update={"digest": each.data}) for each in (one, other)))
    assert edited(one, PythonFunction(ref="m:f"))


def at(second):
    return datetime(2026, 1, 1, 12, 0, second, tzinfo=UTC)


def task(name, started, state=TaskState.COMPLETED):
    return TaskRecord(
        run_id="run1", task_id=name, position=0, state=state, attempt=1, epoch=1, platform="local", worker="w",
        outputs={}, failure=None, metrics=Metrics(), cached_from="", started=at(started), finished=at(started + 1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "state", "told"),
    [
        (5, TaskState.COMPLETED, []),
        (15, TaskState.COMPLETED, ["add"]),  # the process may have imported it before the call
        (25, TaskState.COMPLETED, ["add"]),
        (25, TaskState.FAILED, ["add"]),
        (25, TaskState.PENDING, []),  # it will run with what there is now
    ],
)
def test_files_written_since_the_run_was_taken_up_for_a_finished_call_are_named(written, state, told):
    tasks = {"add": task("add", 20, state)}
    found = rewritten([node()], tasks, [at(10), at(30)], lambda _: {"helper.py": at(written)})
    assert found == ({"helper.py": told} if told else {})


def test_the_oldest_finished_call_of_a_component_counts():
    tasks = {"add-2": task("add-2", 40), "add": task("add", 20)}
    calls = [node("add-2"), node("add")]
    assert rewritten(calls, tasks, [at(10), at(30)], lambda _: {"helper.py": at(25)}) == {"helper.py": ["add"]}
    assert rewritten(calls[:1], tasks, [at(10), at(30)], lambda _: {"helper.py": at(25)}) == {}
