from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twingraph_lab.errors import ConflictError
from twingraph_lab.events import (
    Failure,
    RunCancelRequested,
    RunStarted,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskLogged,
    TaskRetried,
    TaskSkipped,
    TaskStarted,
)
from twingraph_lab.runtime.machine import TRANSITIONS, Cancel, Finish, RunMachine, Skip, Submit
from twingraph_lab.runtime.states import TaskState

DIAMOND = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
FAILURE = Failure(kind="error", type="ValueError", message="no")
START = RunStarted(run_id="r", coordinator="me", epoch=1)


def started(task):
    return TaskStarted(run_id="r", task_id=task)


def completed(task):
    return TaskCompleted(run_id="r", task_id=task)


def failed(task):
    return TaskFailed(run_id="r", task_id=task, failure=FAILURE)


def skipped(task, because):
    return TaskSkipped(run_id="r", task_id=task, because=because)


def cancelled(task):
    return TaskCancelled(run_id="r", task_id=task)


def begun(upstream=DIAMOND, **options):
    machine = RunMachine(upstream, **options)
    for command in machine.handle(START):
        if isinstance(command, Submit):
            machine.dispatched(command.tasks)
    return machine


def test_everything_is_submitted_at_once():
    assert RunMachine(DIAMOND).handle(START) == [Submit(("a", "b", "c", "d"))]


def test_a_run_without_tasks_is_completed():
    assert RunMachine({}).handle(START) == [Finish("completed")]


def test_the_run_finishes_with_its_last_task():
    machine = begun()
    for task in "abc":
        assert machine.handle(started(task), completed(task)) == []
    assert machine.handle(started("d"), completed("d")) == [Finish("completed")]


def test_a_result_without_a_reported_start_counts():
    assert begun({"a": ()}).handle(completed("a")) == [Finish("completed")]


def test_what_waits_for_a_failed_task_is_skipped_and_the_rest_goes_on():
    machine = begun()
    machine.handle(started("a"), completed("a"), started("b"), started("c"))
    assert machine.handle(failed("b")) == [Skip(("d",), because="b")]
    assert machine.handle(skipped("d", "b")) == []
    assert machine.handle(completed("c")) == [Finish("failed", "node 'b': ValueError: no")]


def test_every_cause_is_named():
    machine = begun({"a": (), "b": ()})
    machine.handle(failed("a"))
    assert machine.handle(failed("b")) == [Finish("failed", "node 'a': ValueError: no\nnode 'b': ValueError: no")]


def test_a_retried_task_is_running_again_with_its_next_start():
    machine = begun({"a": ()})
    machine.handle(started("a"), TaskRetried(run_id="r", task_id="a", failure=FAILURE))
    assert machine.states["a"] is TaskState.DISPATCHED
    machine.handle(started("a"))
    assert machine.states["a"] is TaskState.RUNNING


def test_a_run_taken_up_again_submits_only_what_is_left():
    machine = RunMachine(DIAMOND, states={"a": TaskState.COMPLETED, "b": TaskState.RUNNING})
    assert machine.handle(START) == [Submit(("b", "c", "d"))]


def test_a_run_taken_up_after_a_failure_skips_what_waits_for_it():
    machine = RunMachine(DIAMOND, states={"a": TaskState.COMPLETED, "b": TaskState.FAILED})
    assert machine.handle(START) == [Skip(("d",), because="b"), Submit(("c",))]


def test_cancelling_stops_everything():
    machine = begun()
    machine.handle(started("a"))
    assert machine.handle(RunCancelRequested(run_id="r")) == [Cancel()]
    assert machine.handle(*map(cancelled, "abc")) == []
    assert machine.handle(cancelled("d")) == [Finish("cancelled", "cancelled")]


def test_a_cancelled_run_taken_up_again_submits_nothing():
    assert RunMachine(DIAMOND, cancelling=True).handle(START) == [Cancel()]


def test_an_open_run_finishes_when_it_is_closed():
    machine = begun({}, open=True)
    assert machine.add({"a": ()}) == [Submit(("a",))]
    machine.dispatched("a")
    assert machine.handle(completed("a")) == []
    assert machine.close() == [Finish("completed")]


def test_a_task_added_below_a_failed_one_is_skipped():
    machine = begun({}, open=True)
    machine.add({"a": ()})
    machine.dispatched("a")
    machine.handle(failed("a"))
    assert machine.add({"b": ("a",)}) == [Skip(("b",), because="a")]


def test_failures_the_program_handled_dont_fail_the_run():
    machine = begun({"a": ()}, open=True)
    machine.handle(failed("a"))
    assert machine.close(handled=["a"]) == [Finish("completed")]


def test_a_program_taken_up_again_starts_only_what_it_asks_for():
    states = {"a": TaskState.COMPLETED, "b": TaskState.DISPATCHED, "c": TaskState.PENDING, "d": TaskState.PENDING}
    machine = RunMachine({"a": (), "b": ("a",), "c": ("b",), "d": ()}, states=states, open=True)
    assert machine.handle(RunStarted(run_id="r", coordinator="c", epoch=2)) == []
    assert machine.ask(["a"]) == []
    assert machine.ask(["b", "c"]) == [Submit(("b", "c"))]
    machine.dispatched(["b", "c"])
    machine.handle(failed("b"))
    assert machine.states["d"] is TaskState.PENDING


@pytest.mark.parametrize("state", [state for state in TaskState if state.final])
def test_nothing_leaves_a_final_state(state):
    assert TRANSITIONS[state] == {}
    machine = RunMachine({"a": ()}, states={"a": state})
    assert not machine.accepts(started("a"))
    with pytest.raises(ConflictError, match=f"task 'a' is {state}; it can't take task.completed"):
        machine.handle(completed("a"))


def test_a_late_log_line_is_not_accepted_but_does_no_harm():
    machine = begun({"a": ()})
    machine.handle(completed("a"))
    assert not machine.accepts(TaskLogged(run_id="r", task_id="a", text="late"))


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 15))
    parents = [draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set() for i in range(size)]
    return {f"t{i}": tuple(f"t{p}" for p in sorted(up)) for i, up in enumerate(parents)}


@given(graphs(), st.randoms(use_true_random=False))
def test_any_graph_ends_once_with_every_task_final(graph, chance):
    machine = begun(graph)
    finishes, skips = [], []

    def take(commands):
        for command in commands:
            match command:
                case Finish():
                    finishes.append(command)
                case Skip(tasks, because):
                    for task in tasks:
                        skips.append(task)
                        take(machine.handle(skipped(task, because)))

    while ready := [
        task
        for task, parents in graph.items()
        if not machine.states[task].final and all(machine.states[p] is TaskState.COMPLETED for p in parents)
    ]:
        task = chance.choice(ready)
        take(machine.handle(started(task), chance.choice([completed, completed, failed])(task)))
    assert len(finishes) == 1
    assert all(state.final for state in machine.states.values())
    assert len(skips) == len(set(skips))
    failures = TaskState.FAILED in machine.states.values()
    assert finishes[0].status == ("failed" if failures else "completed")
