"""What a run promises, on every scheduler."""

from __future__ import annotations

import os
import sys
import threading
import time

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import ConflictError, RunCancelledError, RunFailedError
from twingraph_lab.events import TaskCompleted, TaskLogged, TaskRetried, TaskStarted
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.states import RunState, TaskState

DIAMOND = workflow(
    cell("a", "result = n + 1", inputs={"n": {"param": "n"}}),
    cell("b", "result = x * 10", inputs={"x": {"ref": "a"}}),
    cell("c", "result = x * 100", inputs={"x": {"ref": "a.result"}}),
    cell("d", "result = [x, y]", inputs={"x": {"ref": "b"}, "y": {"ref": "c"}}),
    parameters={"n": {"type": "integer", "default": 1}},
)


def events(lab, run, kind):
    return [event for event in lab.ledger.events(run.id, limit=100_000) if isinstance(event, kind)]


def test_a_diamond_runs_to_its_result(lab):
    run = lab.submit(DIAMOND, {"n": 4})
    assert run.result(60) == {"d": [50, 500]}
    assert {task.state for task in run.tasks.values()} == {TaskState.COMPLETED}
    assert run.output("a") == 5


def test_no_node_starts_before_its_parents_have_finished(lab):
    run = lab.submit(DIAMOND)
    run.wait(60)
    order = {
        (type(e), e.task_id): e.seq for e in lab.ledger.events(run.id) if isinstance(e, TaskStarted | TaskCompleted)
    }
    for node in DIAMOND.nodes:
        for parent in node.upstream:
            assert order[TaskCompleted, parent] < order[TaskStarted, node.id]


def test_independent_nodes_run_at_the_same_time_in_different_processes(lab, tmp_path):
    code = (
        "import os, pathlib, time\n"
        "folder = pathlib.Path(folder)\n"
        "(folder / str(os.getpid())).touch()\n"
        "end = time.monotonic() + 30\n"
        "while len(list(folder.iterdir())) < 3 and time.monotonic() < end: time.sleep(0.01)\n"
        "result = len(list(folder.iterdir()))"
    )
    run = lab.submit(workflow(*(cell(name, code, inputs={"folder": str(tmp_path)}) for name in "abc")))
    assert run.result(60) == {"a": 3, "b": 3, "c": 3}
    assert str(os.getpid()) not in {path.name for path in tmp_path.iterdir()}


def test_templates_are_rendered_on_the_worker_and_never_twice(lab):
    run = lab.submit(
        workflow(
            cell("a", "result = {'name': '{{ input.x }}', 'n': 2}"),
            cell("b", "result = text", inputs={"text": "{{ a.output.name }} is {{ a.output.n + 1 }} {{ input.x }}"}),
            parameters={"x": {"default": "X"}},
        )
    )
    assert run.result(60) == {"b": "{{ input.x }} is 3 X"}


def test_values_of_every_kind_pass_from_node_to_node(lab):
    import pandas as pd

    run = lab.submit(
        workflow(
            cell(
                "make",
                "import pandas as pd\n"
                "table = pd.DataFrame({'x': range(50_000)})\nraw = b'\\x00\\xff' * 100_000\nthing = {1, 2}\nword = 'ä'",
                outputs=("table", "raw", "thing", "word"),
            ),
            cell(
                "use",
                "result = (len(table), len(raw), thing == {1, 2}, word)",
                inputs={name: {"ref": f"make.{name}"} for name in ("table", "raw", "thing", "word")},
            ),
        )
    )
    assert run.result(60) == {"use": (50_000, 200_000, True, "ä")}
    assert isinstance(run.output("make", "table"), pd.DataFrame)


def test_async_code_runs_as_coroutines(lab):
    code = "import asyncio\nresult = await asyncio.gather(*(asyncio.sleep(0.01, i) for i in range(3)))"
    assert lab.submit(workflow(cell("a", code))).result(60) == {"a": [0, 1, 2]}


def test_a_failure_names_the_node_the_line_and_the_cause_and_the_rest_goes_on(lab):
    run = lab.submit(
        workflow(
            cell("good", "result = 1"),
            cell("bad", "x = 1\nx / 0"),
            cell("below", "result = 2", after=("bad",)),
        )
    )
    with pytest.raises(RunFailedError, match=r"node 'bad': ZeroDivisionError: division by zero"):
        run.result(60)
    tasks = run.tasks
    assert (tasks["good"].state, tasks["bad"].state, tasks["below"].state) == ("completed", "failed", "skipped")
    assert 'File "<bad>", line 2' in tasks["bad"].failure.traceback
    assert "x / 0" in tasks["bad"].failure.traceback
    assert "twingraph_lab" not in tasks["bad"].failure.traceback


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("import ctypes; ctypes.string_at(0)", "crashed", "SIGSEGV"),
        ("import os; os._exit(3)", "crashed", "exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "crashed", "SIGKILL"),
        ("result = (i for i in range(3))", "serialization", "output 'result': .*generator"),
        ("raise SystemExit('enough')", "error", "enough"),
        ("def f(): f()\nf()", "error", "recursion"),
        ("import no_such_module", "error", "no_such_module"),
        ("pass", "error", "ended without binding its output 'result'"),
    ],
)
def test_a_poisonous_body_harms_only_its_node(lab, code, kind, message):
    run = lab.submit(workflow(cell("poison", code), cell("other", "result = 1")))
    run.wait(60)
    failure = run.tasks["poison"].failure
    assert failure.kind == kind
    assert __import__("re").search(message, failure.message)
    assert run.output("other") == 1
    assert "'poison'" in run.record.error


def test_a_timeout_stops_the_body_and_what_it_started(lab, tmp_path):
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "while True: pass"
    )
    run = lab.submit(workflow(cell("loop", code, timeout_s=1.0)))
    run.wait(60)
    assert run.tasks["loop"].failure.kind == "timeout"
    assert "1 s" in run.tasks["loop"].failure.message
    assert gone(int((tmp_path / "pid").read_text()))


def gone(pid, within_s=10.0):
    """Whether a process ends (or is only waiting to be reaped)."""
    import psutil

    try:
        process = psutil.Process(pid)
        end = time.monotonic() + within_s
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
    except psutil.NoSuchProcess:
        pass
    return True


def test_a_failing_body_is_tried_again_as_the_policy_says(lab, tmp_path):
    code = (
        "import pathlib\n"
        "tries = pathlib.Path(path)\n"
        "count = int(tries.read_text()) + 1 if tries.exists() else 1\n"
        "tries.write_text(str(count))\n"
        "if count < 3: raise OSError(f'try {count}')\n"
        "result = count"
    )
    node = cell(
        "flaky",
        code,
        inputs={"path": str(tmp_path / "tries")},
        retry={"attempts": 5, "delay_s": 0.01, "on": ("OSError",)},
    )
    run = lab.submit(workflow(node))
    assert run.result(60) == {"flaky": 3}
    assert [(e.attempt, e.failure.message) for e in events(lab, run, TaskRetried)] == [(1, "try 1"), (2, "try 2")]
    assert [e.attempt for e in events(lab, run, TaskStarted)] == [1, 2, 3]
    assert run.tasks["flaky"].attempt == 3


def test_an_error_the_policy_doesnt_name_is_not_tried_again(lab):
    run = lab.submit(workflow(cell("a", "raise ValueError", retry={"attempts": 5, "delay_s": 0, "on": ("OSError",)})))
    run.wait(60)
    assert run.tasks["a"].attempt == 1


def test_what_a_body_prints_and_logs_is_streamed_while_it_runs(lab, tmp_path):
    code = (
        "import logging, os, pathlib, sys, time\n"
        "print('out', 1)\nprint('err', file=sys.stderr)\nlogging.getLogger('mine').warning('careful %d', 7)\n"
        "os.system('echo from a child process')\n"
        "while not pathlib.Path(path).exists(): time.sleep(0.01)"
    )
    go_on = tmp_path / "go-on"
    run = lab.submit(workflow(cell("a", code, inputs={"path": str(go_on)}, outputs=())))
    seen = []
    for event in run.watch():
        if isinstance(event, TaskLogged):
            seen += [(event.stream, event.level, line) for line in event.text.splitlines()]
        if len(seen) == 4:
            go_on.touch()
    assert sorted(seen) == [
        ("log", "WARNING", "mine: careful 7"),
        ("stderr", "", "err"),
        ("stdout", "", "from a child process"),
        ("stdout", "", "out 1"),
    ]


def test_time_and_memory_of_an_attempt_are_measured(lab):
    code = (
        "import time\nblock = bytearray(200_000_000)\n"
        "end = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    )
    run = lab.submit(workflow(cell("a", code, outputs=())))
    run.wait(60)
    metrics = run.tasks["a"].metrics
    assert metrics.wall_s >= 0.2
    assert 0.2 <= metrics.cpu_s < 5
    assert 200_000_000 <= metrics.peak_memory_bytes < 1_000_000_000


def test_cancelling_stops_running_bodies_and_starts_no_others(lab, tmp_path):
    code = f"open({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid()))\nprint('up')\nwhile True: pass"
    run = lab.submit(workflow(cell("loop", code), cell("below", "result = 1", after=("loop",))))
    for event in run.watch():
        if isinstance(event, TaskLogged):
            assert run.cancel()
    assert run.state is RunState.CANCELLED
    assert {task.state for task in run.tasks.values()} == {TaskState.CANCELLED}
    assert gone(int((tmp_path / "pid").read_text()))
    with pytest.raises(RunCancelledError):
        run.result()


def test_a_failed_run_resumes_without_running_again_what_is_done(lab, tmp_path):
    broken = tmp_path / "broken"
    broken.touch()
    run = lab.submit(
        workflow(
            cell("a", "import time\nresult = time.time_ns()"),
            cell(
                "b",
                f"import os\nassert not os.path.exists({str(broken)!r}), 'broken'\nresult = x",
                inputs={"x": {"ref": "a"}},
            ),
        )
    )
    with pytest.raises(RunFailedError):
        run.result(60)
    first = run.output("a")
    broken.unlink()
    assert lab.resume(run.id).result(60) == {"b": first}
    assert [e.task_id for e in events(lab, run, TaskStarted)] == ["a", "b", "b"]
    assert [e.attempt for e in events(lab, run, TaskStarted)] == [1, 1, 2]


def test_a_completed_run_cant_be_resumed(lab):
    run = lab.submit(workflow(cell("a", "result = 1")))
    run.wait(60)
    with pytest.raises(ConflictError, match="completed"):
        lab.resume(run.id)


def test_the_same_key_is_the_same_run(lab):
    first = lab.submit(DIAMOND, {"n": 1}, idempotency_key=f"k-{lab.home}")
    assert lab.submit(DIAMOND, {"n": 1}, idempotency_key=f"k-{lab.home}").id == first.id
    with pytest.raises(ConflictError):
        lab.submit(DIAMOND, {"n": 2}, idempotency_key=f"k-{lab.home}")
    first.wait(60)


def test_the_users_own_modules_are_imported_as_they_are_now(lab, tmp_path):
    module = tmp_path / "mine.py"
    context = RunContext(cwd=str(tmp_path), sys_path=(str(tmp_path),))
    for answer in (1, 2):
        module.write_text(f"def answer(): return {answer}\n")
        # the import system trusts a compiled file of the same second and size
        os.utime(module, (time.time() + answer * 10, time.time() + answer * 10))
        run = lab.submit(workflow({"id": "a", "component": "mine:answer"}), context=context)
        assert run.result(60) == {"a": answer}


def test_equal_inputs_are_computed_once_if_the_node_is_cached(lab):
    node = cell("a", "import time\nresult = time.time_ns() + n", inputs={"n": {"param": "n"}}, cache={"mode": "inputs"})
    document = workflow(node, parameters={"n": {"type": "integer"}})
    first = lab.submit(document, {"n": 1})
    value = first.result(60)
    again = lab.submit(document, {"n": 1})
    assert again.result(60) == value
    assert [e.cached_from for e in events(lab, again, TaskCompleted)] == [f"{first.id}/a"]
    assert lab.submit(document, {"n": 2}).result(60) != value


def test_a_node_gets_the_resource_it_asks_for(lab):
    assert lab.submit(workflow(cell("a", "result = 1", resources={"gpu": 1}))).result(60) == {"a": 1}


def test_a_resource_nobody_offers_is_refused_with_what_there_is(lab):
    run = lab.submit(workflow(cell("a", resources={"gpu": 8}), cell("b", after=("a",)), cell("c", "result = 3")))
    run.wait(60)
    assert "asks for gpu=8; no worker offers that" in run.record.error
    assert "gpu=1" in run.record.error
    assert [task.state for task in run.tasks.values()] == ["failed", "skipped", "completed"]


def test_many_runs_at_a_time(lab):
    runs = [lab.submit(DIAMOND, {"n": n}) for n in range(20)]
    assert [run.result(120)["d"] for run in runs] == [[(n + 1) * 10, (n + 1) * 100] for n in range(20)]


def test_a_wide_graph_is_batched_without_changing_what_anyone_sees(lab):
    nodes = [cell(f"n{i}", f"result = {i}") for i in range(200)]
    total = cell("total", "result = sum(xs)", inputs={"xs": [{"ref": node.id} for node in nodes]})
    run = lab.submit(workflow(*nodes, total))
    assert run.result(120) == {"total": sum(range(200))}
    assert sorted(e.task_id for e in events(lab, run, TaskStarted)) == sorted(run.tasks)
    assert all(task.attempt == 1 for task in run.tasks.values())


def test_slow_nodes_of_a_wide_graph_still_run_side_by_side(lab):
    nodes = [cell(f"n{i}", "import time\ntime.sleep(0.2)\nresult = 1") for i in range(40)]
    run = lab.submit(workflow(*nodes))
    begun = time.monotonic()
    run.wait(120)
    assert len(run.tasks) == 40
    assert time.monotonic() - begun < 40 * 0.2  # one after the other would take longer than that


def test_runs_are_submitted_from_many_threads(lab):
    results = []

    def submit(n):
        results.append(lab.submit(DIAMOND, {"n": n}).result(120)["d"][0])

    threads = [threading.Thread(target=submit, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [(n + 1) * 10 for n in range(8)]


def test_the_interpreter_is_the_submitters(lab):
    assert lab.submit(workflow(cell("a", "import sys\nresult = sys.executable"))).result(60) == {"a": sys.executable}
