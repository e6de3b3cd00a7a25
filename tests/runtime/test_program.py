"""Programs that are run again go on where they were: on real labs, with bodies that leave a trace."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter

import pytest

from twingraph_lab.errors import ConflictError, ReplayError, RunCancelledError, RunFailedError, StoreError
from twingraph_lab.frontends import decorators
from twingraph_lab.frontends.decorators import component, pipeline, stop
from twingraph_lab.lab import Lab
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.settings import Settings


@pytest.fixture
def lab(tmp_path):
    with Lab(Settings(home=tmp_path / "home", scheduler="inline", workers=2, threads=2, lineage=False)) as lab:
        before = decorators.use_host(lambda: lab)
        yield lab
        decorators.use_host(before)


@pytest.fixture
def journal(tmp_path):
    """What bodies did, in order."""
    path = tmp_path / "journal"
    path.touch()
    return path


@pytest.fixture
def note(journal):
    """A component that writes down that it ran."""

    @component
    def note(name, after=None):
        with journal.open("a") as lines:
            lines.write(f"{name}\n")
        return name

    return note


@pytest.fixture
def gate(journal, tmp_path):
    """A component that fails until a file is there."""
    key = tmp_path / "key"

    @component
    def gate(x):
        with journal.open("a") as lines:
            lines.write("gate\n")
        if not key.exists():
            raise ValueError("locked")
        return x

    gate.key = key
    return gate


def ran(journal):
    return Counter(journal.read_text().split())


def until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def last(lab):
    return lab.run(lab.runs(1)[0].run_id)


def test_a_failed_run_goes_on_with_what_is_finished(lab, journal, note, gate):
    @pipeline
    def flow(n=2):
        notes = [note(f"n{i}") for i in range(n)]
        return note("end", gate(notes))

    with pytest.raises(RunFailedError, match="locked"):
        flow(n=3)
    gate.key.touch()
    assert flow.resume(last(lab).id) == "end"
    assert ran(journal) == {"n0": 1, "n1": 1, "n2": 1, "gate": 2, "end": 1}
    run = last(lab)
    assert run.state is RunState.COMPLETED
    assert run.record.epoch == 2
    assert list(run.tasks) == ["note", "note-2", "note-3", "gate", "note-4"]
    assert len(lab.runs()) == 1


def test_the_arguments_of_the_run_are_taken_or_must_be_the_same(lab, gate):
    @pipeline
    def flow(n: int, *rest: int, **more: int):
        return gate([n, *rest, more])

    with pytest.raises(RunFailedError):
        flow(1, 2, 3, a=4)
    gate.key.touch()
    run = last(lab)
    with pytest.raises(ConflictError, match=r"(?s)then: .*n=1, rest=\[2, 3\].*now:  n=7"):
        flow.resume(run.id, 7)
    assert run.state is RunState.FAILED
    assert flow.resume(run.id) == [1, 2, 3, {"a": 4}]


def test_an_argument_that_the_run_does_not_hold_is_asked_for(lab, gate):
    @pipeline
    def flow(numbers):
        return gate(sorted(numbers))

    with pytest.raises(RunFailedError):
        flow({2, 1})
    gate.key.touch()
    with pytest.raises(ConflictError, match=r"doesn't hold the argument 'numbers'.*give it again: flow\.resume"):
        flow.resume(last(lab).id)
    assert flow.resume(last(lab).id, {1, 2}) == [1, 2]


def test_only_a_run_of_this_pipeline_that_can_go_on_is_resumed(lab, note):
    @pipeline
    def one():
        return note("one")

    @pipeline
    def other():
        return note("other")

    one()
    with pytest.raises(ConflictError, match="is one of pipeline 'one', not 'other'"):
        other.resume(last(lab).id)
    with pytest.raises(ConflictError, match="completed"):
        one.resume(last(lab).id)

    @pipeline
    def inside():
        one.resume(last(lab).id)

    with pytest.raises(ConflictError, match="a pipeline is running here"):
        inside()


def test_the_lab_names_both_ways_to_resume_a_program(lab, gate):
    @pipeline
    def flow():
        return gate(1)

    with pytest.raises(RunFailedError):
        flow()
    run = last(lab)
    with pytest.raises(ConflictError, match=rf"`twingraph resume {run.id}`.*flow\.resume\('{run.id}'\)"):
        lab.resume(run.id)
    with pytest.raises(ConflictError, match="goes on only with its program"):
        lab.coordinate(until_idle=True, run_id=run.id)


def test_random_numbers_are_an_error_that_says_which_call_and_what_changed(lab, journal, note, gate):
    @pipeline
    def flow():
        note("first")
        note(random.random())
        return gate(1)

    with pytest.raises(RunFailedError):
        flow()
    gate.key.touch()
    with pytest.raises(ReplayError) as caught:
        flow.resume(last(lab).id)
    message = str(caught.value)
    assert "call 2 of run" in message
    assert "test_program.py, line" in message
    assert "note(random.random())" in message
    assert re.search(r"first difference: name was 0\.\d+, and is 0\.\d+\n", message)
    assert "start a new run" in message
    assert last(lab).state is RunState.FAILED
    assert "call 2" in last(lab).record.error
    assert ran(journal)["gate"] == 1, "nothing is run by a program that went astray"


def test_a_program_that_hides_the_error_goes_no_further(lab, journal, note, gate):
    @pipeline
    def flow():
        try:
            note(random.random())
        except Exception:
            return note("hidden")
        return gate(1)

    with pytest.raises(RunFailedError):
        flow()
    with pytest.raises(ReplayError):
        flow.resume(last(lab).id)
    assert "hidden" not in ran(journal)


def test_fewer_calls_than_before_are_an_error(lab, tmp_path, note, gate):
    short = tmp_path / "short"

    @pipeline
    def flow():
        note("one")
        if not short.exists():
            note("two")
            gate(1)

    with pytest.raises(RunFailedError):
        flow()
    short.touch()
    with pytest.raises(
        ReplayError, match=r"(?s)ended after 1 of the 3 calls.*then: note\(.*name=\"two\".*now:  no call"
    ):
        flow.resume(last(lab).id)
    short.unlink()
    gate.key.touch()
    flow.resume(last(lab).id)  # the way back is open
    assert last(lab).state is RunState.COMPLETED


def test_handled_failures_stay_and_others_are_tried_again(lab, journal, note, gate):
    @component
    def fail():
        raise KeyError("for good")

    @pipeline
    def flow():
        try:
            int(fail())
        except RunFailedError:
            note("handled")
        return gate(note("then"))

    with pytest.raises(RunFailedError, match="locked"):
        flow()
    gate.key.touch()
    assert flow.resume(last(lab).id) == "then"
    assert ran(journal) == {"handled": 1, "then": 1, "gate": 2}
    assert last(lab).tasks["fail"].state is TaskState.FAILED


def test_sets_and_other_values_that_pickle_differently_are_the_same(lab, gate):
    @pipeline
    def flow():
        return gate({f"name {i}" for i in range(20)})

    with pytest.raises(RunFailedError):
        flow()
    gate.key.touch()
    assert len(flow.resume(last(lab).id)) == 20


def test_a_cancelled_run_goes_on(lab, journal, note, gate, tmp_path):
    go_on = tmp_path / "go-on"

    @component
    def wait():
        import time

        while not go_on.exists():
            time.sleep(0.01)
        return "waited"

    @pipeline
    def flow():
        first = str(note("first"))
        waiting = wait()
        if not go_on.exists():
            last(lab).cancel()
        return [first, str(waiting), note("end")]

    with pytest.raises(RunFailedError):
        flow()
    assert last(lab).state is RunState.CANCELLED
    go_on.touch()
    assert flow.resume(last(lab).id) == ["first", "waited", "end"]
    assert ran(journal) == {"first": 1, "end": 1}


def test_stop_ends_the_run_with_a_value_and_cancels_the_rest(lab, note):
    @component
    def sleep():
        import time

        time.sleep(60)

    @pipeline
    def inner(x):
        if x == "found":
            stop({"answer": note(x)})
        return x

    @pipeline
    def search():
        sleep()
        try:
            for name in ("a", "found", "c"):
                inner(str(note(name)))
        except Exception:
            return "caught"

    assert search() == {"answer": "found"}
    run = last(lab)
    assert run.state is RunState.COMPLETED
    assert run.result() == {"answer": "found"}
    assert run.tasks["sleep"].state is TaskState.CANCELLED
    assert list(run.tasks) == ["sleep", "note", "note-2", "note-3"]


def test_stop_outside_of_a_pipeline_is_refused():
    with pytest.raises(ConflictError, match="none is running here"):
        stop(1)


def test_a_coordinator_that_adopts_leaves_interrupted_programs_alone(tmp_path, lab):
    settings = lab.settings
    run = lab.open("program")
    until(lambda: run.id in lab.coordinator._drivers)
    lab.close()
    with Lab(settings) as other:
        other.coordinate(until_idle=True)
        assert other.run(run.id).state is RunState.RUNNING
        resumed = other.attach(run.id, "program")
        resumed.close()
        assert other.run(run.id).state is RunState.COMPLETED


@pytest.mark.parametrize("fails", ["tasks", "add_nodes", "set_outputs"])
def test_a_ledger_that_cant_be_used_for_a_moment_loses_no_call_nor_the_order(lab, note, journal, monkeypatch, fails):
    lab.open("earlier").close()  # so that the Lab is up
    asked, failures = getattr(lab.ledger, fails), [1, 2]

    def failing(*args, **kwargs):
        if failures:
            failures.pop()
            raise StoreError("locked")
        return asked(*args, **kwargs)

    @pipeline
    def two_notes():
        note("a")
        return note("b")

    with monkeypatch.context() as patched:
        patched.setattr(lab.ledger, fails, failing)
        two_notes()
        assert not failures
    assert sorted(journal.read_text().split()) == ["a", "b"]
    assert {task.state for task in lab.run(lab.runs()[0].run_id).tasks.values()} == {TaskState.COMPLETED}


def test_calls_made_while_others_are_written_down_are_there_at_the_end(lab, note, monkeypatch):
    told, growing, ending = lab.coordinator.tell, threading.Event(), threading.Event()
    add_nodes, set_outputs, there = lab.ledger.add_nodes, lab.ledger.set_outputs, []

    def tell(run_id, act):
        told(run_id, act)
        if act.__name__ == "end":
            ending.set()

    def slow(*args, **more):
        growing.set()
        assert ending.wait(10)
        return add_nodes(*args, **more)

    monkeypatch.setattr(lab.coordinator, "tell", tell)

    def outputs(run_id, *args, **more):
        there.extend(lab.run(run_id).tasks)
        set_outputs(run_id, *args, **more)

    monkeypatch.setattr(lab.ledger, "add_nodes", slow)
    monkeypatch.setattr(lab.ledger, "set_outputs", outputs)

    @pipeline
    def flow():
        note("first")
        assert growing.wait(10)
        return note("second")

    assert flow() == "second"
    assert there == ["note", "note-2"]


def test_a_pipeline_called_in_a_components_body_is_its_function(lab):
    @component
    def double(x):
        return 2 * x

    @pipeline
    def quadruple(x):
        return double(double(x))

    @component
    def calls_it(x):
        return quadruple(x)

    @pipeline
    def outer():
        return calls_it(3)

    assert outer() == 12
    assert len(lab.runs()) == 1


@pytest.mark.parametrize("used", [True, False])
def test_a_program_whose_run_is_cancelled_is_told_so(lab, used):
    @component
    def waits():
        time.sleep(60)

    @pipeline
    def endless():
        result = waits()
        threading.Thread(target=cancel).start()
        return result + 1 if used else result

    def cancel():
        run = lab.run(lab.runs()[0].run_id)
        while "running" not in {task.state for task in run.tasks.values()}:
            time.sleep(0.01)
        run.cancel()

    with pytest.raises(RunCancelledError, match="was cancelled"):
        endless()
