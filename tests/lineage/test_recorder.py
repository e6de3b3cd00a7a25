"""The recorder: everything once, whoever dies, and never in anybody's way."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from gremlin_python.process.graph_traversal import __
from gremlin_python.process.traversal import T

from tests.lineage import toy_run
from twingraph_lab.errors import StoreError
from twingraph_lab.events import TaskLogged, TasksAdded
from twingraph_lab.lineage import recorder as recorder_module
from twingraph_lab.lineage.changes import execution_id
from twingraph_lab.lineage.embedded.connection import open_graph
from twingraph_lab.lineage.locking import FileLock
from twingraph_lab.lineage.recorder import READER, Recorder
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.stream import EventStream
from twingraph_lab.spec.workflow import Node, PythonFunction, Workflow


@pytest.fixture
def ledger(tmp_path):
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield ledger


@pytest.fixture
def recorder(ledger, tmp_path):
    """One that isn't started: it records when it is asked to catch up."""
    recorder = Recorder(ledger, EventStream(ledger), tmp_path / "lineage.db", interval_s=0.01)
    yield recorder
    recorder.close()


@pytest.fixture
def graph(tmp_path, recorder):
    return open_graph(tmp_path / "lineage.db", read_only=True)


def accept(ledger, workflow=toy_run.WORKFLOW, run_id=toy_run.RUN, **more):
    context = RunContext.here().model_dump(mode="json")
    ledger.accept(workflow, toy_run.PARAMETERS, run_id=run_id, context=context, **more)
    return ledger.claim("here", 100, run_id=run_id)


def record(ledger, run, *events):
    return ledger.record(
        run.run_id, run.epoch, events, dispatched={event.task_id: 1 for event in events if hasattr(event, "task_id")}
    )


def test_what_is_in_the_log_is_in_the_graph(ledger, recorder, graph):
    run = accept(ledger)
    record(ledger, run, *toy_run.EVENTS[2:-1])
    *_, last = record(ledger, run, toy_run.EVENTS[-1])

    assert not recorder.caught_up(last.seq)
    assert recorder.catch_up()
    assert recorder.caught_up(last.seq)
    assert graph.V().group_count().by(T.label).next() == {"Run": 1, "Node": 4, "Execution": 5, "Artifact": 3}
    assert graph.V(f"run:{run.run_id}").values("status").next() == "failed"


def test_it_follows_in_its_own_thread(ledger, recorder, graph):
    recorder.start()
    recorder.start()
    run = accept(ledger)
    (event,) = record(ledger, run, toy_run.started("load", 1))

    assert recorder.caught_up(event.seq, timeout_s=10)
    assert graph.V().has("node", "load").has_label("Execution").values("status").next() == "running"


def test_events_that_say_nothing_about_lineage_are_passed_over(ledger, recorder):
    run = accept(ledger)
    logged = TaskLogged(run_id=run.run_id, task_id="load", text="hello")
    (*_, event) = record(ledger, run, toy_run.started("load", 1), *[logged] * 3)

    assert recorder.caught_up(event.seq, timeout_s=10)


def test_a_recorder_that_takes_over_in_the_middle_of_a_run_makes_the_same_graph(ledger, tmp_path):
    run = accept(ledger)
    for event in toy_run.EVENTS[2:]:
        record(ledger, run, event)
        one = Recorder(ledger, EventStream(ledger), tmp_path / "by-many.db")
        assert one.catch_up()
        one.close()
    whole = Recorder(ledger, EventStream(ledger), tmp_path / "by-one.db")
    assert whole.catch_up()
    whole.close()

    many, single = (open_graph(tmp_path / name, read_only=True) for name in ("by-many.db", "by-one.db"))
    for elements in (lambda g: g.V(), lambda g: g.E()):
        expected = {one[T.id]: one for one in elements(single).element_map().to_list()}
        assert {one[T.id]: one for one in elements(many).element_map().to_list()} == expected


def test_recording_the_same_events_again_changes_nothing(ledger, recorder, graph):
    run = accept(ledger)
    record(ledger, run, *toy_run.EVENTS[2:])
    recorder.catch_up()
    before = (graph.V().element_map().to_list(), graph.E().element_map().to_list())
    with recorder.store.writing() as connection:
        recorder_module.advance(connection, READER, 0)
    recorder.catch_up()

    assert (graph.V().element_map().to_list(), graph.E().element_map().to_list()) == before


def test_a_batch_that_fails_is_tried_again_as_a_whole(ledger, recorder, graph, monkeypatch, caplog):
    run = accept(ledger)
    record(ledger, run, toy_run.started("load", 1), toy_run.completed("load", 2, rows=[1]))
    real, calls = recorder_module.advance, []

    def failing(*arguments):
        calls.append(arguments)
        if len(calls) < 3:
            raise StoreError("the disk is full")
        real(*arguments)

    monkeypatch.setattr(recorder_module, "advance", failing)
    recorder.start()
    while len(calls) < 3:
        time.sleep(0.005)

    assert recorder.catch_up()
    assert "the disk is full" in caplog.text
    assert graph.V(execution_id(run.run_id, "load", 1)).values("status").next() == "completed"
    assert graph.V().has_label("Execution").out("PRODUCED").count().next() == 1


def test_an_event_that_cant_be_understood_doesnt_hold_up_the_others(ledger, recorder, graph, monkeypatch, caplog):
    from twingraph_lab.lineage.schema import RunLineage

    real = RunLineage.apply

    def apply(self, event, changes):
        if event.type == "task.completed":
            raise ValueError("what is this?")
        real(self, event, changes)

    monkeypatch.setattr(RunLineage, "apply", apply)
    run = accept(ledger)
    record(ledger, run, *toy_run.EVENTS[2:])

    assert recorder.catch_up()
    assert graph.V(f"run:{run.run_id}").values("status").next() == "failed"
    assert "missing from lineage" in caplog.text


def test_only_one_of_several_records_and_the_others_wait_for_it(ledger, recorder, tmp_path):
    other = FileLock(tmp_path / "lineage.db.lock")
    assert other.acquire()
    run = accept(ledger)
    (event,) = record(ledger, run, toy_run.started("load", 1))

    assert not recorder.catch_up(timeout_s=0.05)
    assert not recorder.caught_up(event.seq, timeout_s=0.05)
    threading.Timer(0.1, other.release).start()
    assert recorder.caught_up(event.seq, timeout_s=10)


def test_who_only_looks_leaves_recording_to_others(ledger, recorder, tmp_path):
    accept(ledger)
    recorder.catch_up()
    second = Recorder(ledger, EventStream(ledger), tmp_path / "lineage.db")

    assert FileLock(tmp_path / "lineage.db.lock").acquire()
    assert second.catch_up()
    second.close()


def test_a_process_that_is_killed_while_recording_loses_and_repeats_nothing(ledger, recorder, graph, tmp_path):
    """The lock goes back to the system with the process; what it hadn't committed is recorded by the next one."""
    run = accept(ledger)
    record(ledger, run, *toy_run.EVENTS[2:])
    program = """
import os, signal, sys
from twingraph_lab.lineage import recorder
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.stream import EventStream
real = recorder.advance
def advance(connection, reader, seq):
    real(connection, reader, seq)
    os.kill(os.getpid(), signal.SIGKILL)
recorder.advance = advance
ledger = Ledger(sys.argv[1])
recorder.Recorder(ledger, EventStream(ledger), sys.argv[2]).catch_up()
"""
    killed = subprocess.run([sys.executable, "-c", program, ledger.url, str(tmp_path / "lineage.db")], check=False)

    assert killed.returncode == -9
    assert graph.V().count().next() == 0
    assert recorder.catch_up()
    assert graph.V().has_label("Execution").count().next() == 5


def test_a_cached_execution_is_linked_to_the_one_that_computed_it(ledger, recorder, graph):
    first = accept(ledger)
    record(ledger, first, *toy_run.EVENTS[2:])
    second = accept(ledger, run_id="run2")
    cached = toy_run.completed("stats", 3, run="run2", cached_from=f"{toy_run.RUN}/stats", mean=1.5)
    elsewhere = toy_run.completed("load", 2, run="run2", cached_from="another/load", rows=[1])
    record(ledger, second, elsewhere, cached)
    recorder.catch_up()

    origins = graph.V().has_label("Execution").has("run_id", "run2").out("CACHED_FROM").id_().to_list()
    assert origins == [execution_id(toy_run.RUN, "stats", 1)]


def test_nodes_that_were_added_while_the_run_went_on_are_recorded(ledger, recorder, graph):
    run = accept(ledger, Workflow(name="grows"), dynamic=True)
    recorder.catch_up()
    for number in range(3):
        inputs = {"x": {"ref": f"n{number - 1}"}} if number else {}
        node = Node(id=f"n{number}", component=PythonFunction(ref="m:f"), inputs=inputs)
        (event,) = ledger.add_nodes(run.run_id, run.epoch, [node])
        assert isinstance(event, TasksAdded)
        record(ledger, run, toy_run.started(node.id, 1), toy_run.completed(node.id, 2, result=number))
        recorder.catch_up()

    walked = graph.V().has_label("Execution").has("node", "n0").repeat(__.out("DEPENDS_ON")).emit().values("node")
    assert walked.to_list() == ["n1", "n2"]


def test_closing_records_what_is_left(ledger, tmp_path):
    recorder = Recorder(ledger, EventStream(ledger), tmp_path / "lineage.db", interval_s=60)
    recorder.start()
    run = accept(ledger)
    record(ledger, run, *toy_run.EVENTS[2:])
    recorder.close()

    assert open_graph(tmp_path / "lineage.db", read_only=True).V().has_label("Execution").count().next() == 5


def test_the_source_of_an_importable_function_is_on_its_executions(ledger, recorder, graph):
    function = PythonFunction(ref="twingraph_lab.lineage.changes:run_vertex_id")
    run = accept(ledger, Workflow(name="w", nodes=(Node(id="a", component=function, inputs={"run_id": "x"}),)))
    record(ledger, run, toy_run.started("a", 1), toy_run.completed("a", 2, result="run:x"))
    recorder.catch_up()
    execution = graph.V().has("Name", "run_vertex_id").has_label("Execution").element_map().next()

    assert execution["Source Code"].startswith("def run_vertex_id(run_id: str) -> str:")
    assert execution["Signature"] == "(run_id: str) -> str"
    assert execution["component"] == f"python:{function.ref}"
