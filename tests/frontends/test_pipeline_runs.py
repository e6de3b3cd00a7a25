"""Decorated programs on real labs: bodies in other processes, a durable ledger, both schedulers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from textwrap import dedent
from typing import NamedTuple

import pytest

from twingraph_lab.errors import RunFailedError
from twingraph_lab.frontends import decorators
from twingraph_lab.frontends.decorators import component, pipeline
from twingraph_lab.runtime.states import RunState, TaskState


@pytest.fixture(autouse=True)
def host(lab):
    """Pipelines run on this lab."""
    before = decorators.use_host(lambda: lab)
    yield lab
    decorators.use_host(before)


class Parts(NamedTuple):
    small: list[int]
    large: list[int]


@component
def split(numbers, at=10) -> Parts:
    return Parts([n for n in numbers if n < at], [n for n in numbers if n >= at])


@component
def total(numbers):
    return sum(numbers)


@component
def process_id(after=None):
    return os.getpid()


@component
def fail(message="no luck"):
    raise ValueError(message)


def last(lab):
    return lab.run(lab.runs(1)[0].run_id)


def test_a_pipeline_runs_in_other_processes_and_is_recorded(lab):
    @pipeline
    def sums(numbers, title="sums"):
        parts = split(numbers)
        return {title: total(parts.small) + 1, "large": total(parts["outputs"]["large"]), "pid": process_id()}

    value = sums([1, 2, 30])
    assert value["pid"] != os.getpid()
    assert (value["sums"], value["large"]) == (4, 30)
    run = last(lab)
    assert run.state is RunState.COMPLETED
    assert run.record.parameters == {"numbers": [1, 2, 30], "title": "sums"}
    assert list(run.tasks) == ["split", "total", "total-2", "process_id"]
    assert run.workflow.by_id["total-2"].upstream == ("split",)


def test_values_come_back_as_they_were_returned():
    @component
    def table(rows):
        import pandas as pd

        return pd.DataFrame({"n": range(rows)})

    @pipeline
    def values():
        small, large = split([1, 20])
        frame = table(20_000)
        return small, large, split([]), total(frame["n"]), len(frame), frame.n.max()

    assert values() == ([1], [20], Parts([], []), 199990000, 20_000, 19_999)


def test_tables_given_as_arguments_reach_the_body():
    import pandas as pd

    frame = pd.DataFrame({"n": range(20_000)})

    @component
    def count(table, names, text):
        return len(table), type(names).__name__, text

    @pipeline
    def counted():
        return count(frame, (1, 2), "{{ x }}")

    assert counted() == (20_000, "tuple", "{{ x }}")


def test_independent_calls_overlap(tmp_path):
    folder = str(tmp_path)

    @component
    def meet(name, others):
        import time
        from pathlib import Path

        Path(folder, name).touch()
        deadline = time.monotonic() + 30
        while not all(Path(folder, other).exists() for other in others):
            assert time.monotonic() < deadline, "the other call never started"
            time.sleep(0.01)
        return name

    @pipeline
    def together():
        return [meet("a", ["b"]), meet("b", ["a"])]

    assert together() == ["a", "b"]


def test_the_body_decides_on_values(lab):
    @pipeline
    def halve(n):
        steps = 0
        while n > 1:
            n = total([n // 2])
            steps += 1
        return steps

    assert halve(9) == 3
    assert list(last(lab).tasks) == ["total", "total-2", "total-3"]


def test_parents_without_data_are_waited_for(lab):
    @pipeline
    def ordered():
        first = process_id()
        return process_id(parent_hash=first["hash"])

    ordered()
    assert last(lab).workflow.by_id["process_id-2"].after == ("process_id",)


def test_a_failure_names_node_cause_and_the_users_line(lab):
    @pipeline
    def failing():
        return int(total(fail("too late")))

    with pytest.raises(RunFailedError, match=r"total.*fail"):
        failing()

    @pipeline
    def unseen():
        fail("nobody looked")

    with pytest.raises(RunFailedError, match=r"node 'fail'.*ValueError: nobody looked"):
        unseen()

    @pipeline
    def used():
        int(fail("used"))

    with pytest.raises(RunFailedError, match=r"(?s)node 'fail'.*ValueError: used.*raise ValueError\(message\)"):
        used()
    assert last(lab).state is RunState.FAILED


def test_a_caught_failure_leaves_the_run_completed(lab):
    @pipeline
    def careful():
        try:
            return int(total(fail()))
        except RunFailedError:
            return total([1, 2])

    assert careful() == 3
    run = last(lab)
    assert run.state is RunState.COMPLETED
    assert [task.state for task in run.tasks.values()] == [TaskState.FAILED, TaskState.SKIPPED, TaskState.COMPLETED]


def test_the_bodys_own_exception_ends_the_run(lab):
    @component
    def sleep():
        import time

        time.sleep(60)

    @pipeline
    def broken():
        sleep()
        raise KeyError("mine")

    begun = time.monotonic()
    with pytest.raises(KeyError, match="mine"):
        broken()
    assert time.monotonic() - begun < 30
    run = last(lab)
    assert run.state is RunState.FAILED
    assert "mine" in run.record.error
    assert run.tasks["sleep"].state is TaskState.CANCELLED


def test_async_components_and_components_in_components():
    @component
    async def later(x):
        await asyncio.sleep(0)
        return x + 1

    @component
    def doubled(numbers):
        return total(numbers) * 2

    @pipeline
    def run():
        return doubled([later(1), 3])

    assert run() == 10


def test_options_reach_the_run(tmp_path, lab):
    marks = tmp_path / "marks"

    @component(retry={"attempts": 3, "delay_s": 0}, timeout_s=30)
    def flaky():
        with marks.open("a") as file:
            file.write("x")
        if len(marks.read_text()) < 3:
            raise OSError("not yet")
        return "done"

    @pipeline
    def run():
        return flaky()

    assert run() == "done"
    assert last(lab).tasks["flaky"].attempt == 3


def test_two_pipelines_at_once_stay_apart(lab):
    @pipeline
    def sums(n):
        return total([n, total([n])])

    results = {}
    threads = [threading.Thread(target=lambda n=n: results.update({n: sums(n)})) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: 2 * n for n in range(4)}


def test_the_document_of_a_pipeline_runs_to_the_same_value(lab):
    @pipeline
    def sums(numbers, at=10):
        parts = split(numbers, at)
        return {"small": total(parts.small), "both": [total(parts.large), at]}

    by_document = lab.submit(sums.workflow(), {"numbers": [1, 2, 30]}).result(60)
    assert by_document == sums([1, 2, 30]) == {"small": 3, "both": [30, 10]}


def test_a_script_runs_by_itself(lab, tmp_path):
    (tmp_path / "helpers.py").write_text("def triple(x):\n    return 3 * x\n")
    script = tmp_path / "deployment.py"
    script.write_text(
        dedent("""
        from twingraph_lab import component, pipeline
        from helpers import triple

        SHIFT = 1
        lift = component(triple)

        @component(retry=1)
        def shifted(x):
            return triple(x) + SHIFT

        @pipeline
        def main(n=2):
            return shifted(lift(n))

        if __name__ == "__main__":
            print(main())
        """)
    )
    environment = {
        **os.environ,
        "TWINGRAPH_HOME": str(tmp_path / "home"),
        "TWINGRAPH_SCHEDULER": lab.settings.scheduler,
    }
    command = [sys.executable, str(script)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "19"


def test_functions_in_cells_of_a_notebook_run(tmp_path, monkeypatch, lab):
    if lab.settings.scheduler == "dask":
        pytest.skip("the kernel has a Lab of its own; once is enough")
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("TWINGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TWINGRAPH_SCHEDULER", "inline")
    cells = [
        "from twingraph_lab import component, pipeline\nshift = 1",
        "def helper(x):\n    return x + shift",
        "@component\ndef shifted(x):\n    return helper(x)",
        "@pipeline\ndef run(x):\n    return shifted(shifted(x))",
        "first = run(1)",
        "shift = 10",
        "print(first, run(1))",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert notebook.cells[-1].outputs[0].text.strip() == "3 21"
