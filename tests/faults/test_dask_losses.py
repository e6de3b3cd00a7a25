"""Workers and schedulers that die while a run is under way."""

from __future__ import annotations

import collections
import os
import signal
import time

import psutil
import pytest

from tests.faults.victim import layers
from tests.workflows import cell, workflow
from twingraph_lab.events import TaskCompleted, TaskRetried, TaskStarted
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings


@pytest.fixture
def lab(tmp_path):
    with Lab(Settings(home=tmp_path / "home", scheduler="dask", workers=2, threads=2)) as lab:
        lab.submit(workflow(cell("warm"))).wait(60)
        yield lab


def cluster(lab):
    return psutil.Process(lab.coordinator._scheduler.cluster.pid)


def workers(lab):
    return [p for p in cluster(lab).children() if "spawn_main" in " ".join(p.cmdline())]


def ends(journal):
    lines = journal.read_text().splitlines() if journal.exists() else []
    return collections.Counter(line.split()[1] for line in lines if line.startswith("end"))


def until(condition, within_s=30.0):
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def check(lab, run, journal, *, may_repeat):
    assert run.wait(90).state == "completed", run.record.error
    events = lab.ledger.events(run.id, limit=100_000)
    completions = collections.Counter(e.task_id for e in events if isinstance(e, TaskCompleted))
    assert completions == dict.fromkeys(run.tasks, 1)
    assert sum(ends(journal).values()) <= len(run.tasks) + may_repeat


def test_a_killed_worker_costs_only_what_it_was_doing(lab, tmp_path):
    journal = tmp_path / "journal"
    run = lab.submit(layers(journal, pause=0.3))
    until(lambda: len(ends(journal)) >= 5)
    workers(lab)[0].kill()
    check(lab, run, journal, may_repeat=2)


def test_what_a_lost_worker_had_started_is_another_attempt(lab, tmp_path):
    pid, go_on = tmp_path / "pid", tmp_path / "go-on"
    code = (
        "import os, pathlib, time\n"
        "pathlib.Path(pid).write_text(str(os.getpid()))\n"
        "while not pathlib.Path(go_on).exists(): time.sleep(0.01)\nresult = 1"
    )
    run = lab.submit(workflow(cell("a", code, inputs={"pid": str(pid), "go_on": str(go_on)})))
    until(lambda: pid.exists() and pid.read_text() and run.tasks["a"].state == "running")
    body = psutil.Process(int(pid.read_text()))
    worker = body.parent().parent()
    pid.unlink()
    worker.kill()
    until(lambda: pid.exists() and pid.read_text())  # it runs again, elsewhere
    assert not body.is_running() or body.status() == psutil.STATUS_ZOMBIE
    go_on.touch()
    run.wait(60)
    assert run.tasks["a"].attempt == 2
    [lost] = [e for e in lab.ledger.events(run.id) if isinstance(e, TaskRetried)]
    assert (lost.attempt, lost.failure.kind) == (1, "lost")


def test_a_task_that_may_start_once_is_uncertain_after_its_worker_is_lost(lab, tmp_path):
    pid = tmp_path / "pid"
    code = "import os, pathlib, time\npathlib.Path(pid).write_text(str(os.getpid()))\ntime.sleep(600)"
    run = lab.submit(
        workflow(cell("pay", code, inputs={"pid": str(pid)}, at_most_once=True), cell("b", after=("pay",)))
    )
    until(lambda: pid.exists() and pid.read_text() and run.tasks["pay"].state == "running")
    psutil.Process(int(pid.read_text())).parent().parent().kill()
    run.wait(60)
    assert run.tasks["pay"].state == "uncertain"
    assert "isn't started again" in run.tasks["pay"].failure.message
    assert run.tasks["b"].state == "skipped"
    assert len([e for e in lab.ledger.events(run.id) if isinstance(e, TaskStarted) and e.task_id == "pay"]) == 1


def test_a_body_that_kills_its_workers_is_named_and_the_others_go_on(lab):
    code = "import os, psutil, time\npsutil.Process(psutil.Process().parent().ppid()).kill()\ntime.sleep(60)"
    run = lab.submit(workflow(cell("killer", code), *(cell(f"n{i}", "result = 1") for i in range(4))))
    run.wait(120)
    assert run.tasks["killer"].state == "failed"
    assert run.tasks["killer"].failure.kind == "lost"
    assert "'killer'" in run.record.error
    assert "died running it" in run.record.error
    assert {task.state for task_id, task in run.tasks.items() if task_id != "killer"} == {"completed"}


def test_a_killed_scheduler_is_replaced_and_the_run_goes_on(lab, tmp_path):
    journal = tmp_path / "journal"
    run = lab.submit(layers(journal, pause=0.3))
    until(lambda: len(ends(journal)) >= 5)
    old = cluster(lab)
    family = [old, *old.children(recursive=True)]
    old.kill()
    check(lab, run, journal, may_repeat=4)
    assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert lab.submit(workflow(cell("after", "result = 1"))).result(60) == {"after": 1}


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_a_scheduler_that_hangs_is_replaced(lab, tmp_path):
    journal = tmp_path / "journal"
    run = lab.submit(layers(journal, pause=0.3))
    until(lambda: len(ends(journal)) >= 5)
    os.kill(cluster(lab).pid, signal.SIGSTOP)
    check(lab, run, journal, may_repeat=4)


def test_a_chain_goes_on_after_its_scheduler_was_killed(lab, tmp_path):
    journal = tmp_path / "journal"
    run = lab.submit(layers(journal, width=1, depth=8, pause=0.3))
    until(lambda: len(ends(journal)) >= 2)
    cluster(lab).kill()
    check(lab, run, journal, may_repeat=1)


def test_a_program_goes_on_after_its_scheduler_was_killed(lab):
    run = lab.open("program")
    run.add([cell("p", "import time\ntime.sleep(1)\nresult = 1")])
    cluster(lab).kill()
    run.add([cell("q", "result = x + 1", inputs={"x": {"ref": "p"}})])
    assert run.value("q") == 2
    run.close()
