"""What the person who wrote the cells is told of a failed run."""

from __future__ import annotations

from types import SimpleNamespace

from twingraph_lab.errors import RunCancelledError, RunFailedError
from twingraph_lab.events import Failure
from twingraph_lab.frontends.failures import run_error, where
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.spec.workflow import Node, Source, Workflow

CODE = "\n" + "".join(f"x{line} = {line}\n" for line in range(2, 12))
TRACE = """Traceback (most recent call last):
  File "<twingraph a>", line {line}, in <module>
    x = f()
        ^^^
{more}ValueError: bad
"""
WORKFLOW = Workflow(
    name="w",
    nodes=[
        Node(id="a", component=Source(code=CODE, filename="<twingraph a>")),
        Node(id="b", component="output"),
        Node(id="c", component="output"),
    ],
)


def failure(line=5, more="", kind="error"):
    return Failure(kind=kind, type="ValueError", message="bad", traceback=TRACE.format(line=line, more=more))


def task(task_id, state=TaskState.FAILED, why=None):
    return SimpleNamespace(task_id=task_id, state=state, failure=why)


def told(*tasks, state=RunState.FAILED):
    record = SimpleNamespace(run_id="r1", state=state, error="worker lost")
    return run_error(record, {each.task_id: each for each in tasks}, WORKFLOW)


def test_the_lines_around_the_one_that_failed_are_shown():
    assert where(failure(), WORKFLOW, "a")[1:-1] == [
        "cell 'a', line 5:",
        "      3 x3 = 3",
        "      4 x4 = 4",
        "----> 5 x5 = 5",
        "      6 x6 = 6",
        "      7 x7 = 7",
    ]


def test_an_output_that_cannot_be_stored_is_shown_where_it_is_bound():
    code = "\nimport threading\nlock = threading.Lock()\nrows = [1]\ndef f():\n    lock = 2\nlock"
    cell = Source(code=code, outputs=("lock", "rows", "result"), filename="<twingraph a>")
    whole = Workflow(name="w", nodes=[Node(id="a", component=cell)])

    def shown(output):
        message = f"output '{output}': a value of type lock can't be stored"
        lines = where(Failure(kind="serialization", type="SerializationError", message=message), whole, "a")
        return [line for line in lines if line.startswith(("cell", "---->", "if"))]

    assert shown("lock") == [
        "cell 'a', line 3:",
        "----> 3 lock = threading.Lock()",
        "if no other node needs it, call it _lock, or say what to keep: %%twingraph a --out rows,result",
    ]
    assert shown("result")[1:] == [
        "----> 7 lock",
        "if no other node needs it, end the last line with ;, or say what to keep: %%twingraph a --out lock,rows",
    ]


def test_the_magic_line_is_not_part_of_the_code():
    assert where(failure(line=2), WORKFLOW, "a")[2] == "----> 2 x2 = 2"


def test_the_end_of_the_cell_is_the_end():
    assert where(failure(line=11), WORKFLOW, "a")[-2] == "----> 11 x11 = 11"


def test_frames_of_modules_that_the_cell_called_follow():
    more = '  File "/home/me/helpers.py", line 1, in f\n    raise ValueError("bad")\n'
    assert where(failure(more=more), WORKFLOW, "a")[-3:-1] == more.splitlines()


def test_a_node_that_is_no_cell_has_no_lines():
    assert where(failure(), WORKFLOW, "b") == []
    assert where(Failure(kind="crashed", type="Crash", message="signal 9"), WORKFLOW, "a") == []


def test_the_first_failure_is_told_in_full_and_the_others_by_name():
    error = told(task("a", why=failure()), task("b", why=failure()), task("c", TaskState.SKIPPED))
    assert type(error) is RunFailedError
    assert error.run_id == "r1"
    lines = str(error).splitlines()
    assert lines[0] == "node 'a' failed: ValueError: bad"
    assert "failed, too: b (ValueError: bad)" in lines
    assert "never started: c" in lines


def test_what_is_not_an_error_of_the_code_is_named():
    assert str(told(task("b", why=failure(kind="timeout")))).startswith("node 'b' failed (timeout): ValueError: bad")


def test_a_run_without_a_failed_node_tells_its_own_error():
    assert str(told(task("a", TaskState.COMPLETED))) == "run r1 failed: worker lost"


def test_a_cancelled_run_says_how_to_go_on():
    error = told(task("a", TaskState.COMPLETED), task("b", TaskState.CANCELLED), state=RunState.CANCELLED)
    assert isinstance(error, RunCancelledError)
    assert "1 of 2 nodes are done; go on with: %twingraph resume r1" in str(error)


def test_what_fails_before_the_cell_begins_is_shown_too():
    trace = 'Traceback:\n  File "<twingraph a setup>", line 3, in <module>\n    x = 1 / 0\nE: bad\n'
    found = Failure(kind="error", type="E", message="bad", traceback=trace)
    assert where(found, WORKFLOW, "a") == ["", "what 'a' takes along, line 3:", "    x = 1 / 0", ""]
