"""A coordinating process killed at every named point, then resumed: nothing acknowledged is lost or run again."""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import sys
import time
import uuid

import psutil
import pytest

from twingraph_lab.events import TaskCompleted, TaskStarted
from twingraph_lab.lab import Lab
from twingraph_lab.runtime.crash import POINTS
from twingraph_lab.runtime.outcomes import Outcomes
from twingraph_lab.settings import Settings

SLOTS = 4
"""Bodies that run at a time."""


class Victim:
    """The process to be killed, and what can be found out about it afterwards."""

    def __init__(self, folder, scheduler, *, crash="", pause=0.03):
        self.home, self.journal, self.mark = folder / "home", folder / "journal", uuid.uuid4().hex
        environment = {**os.environ, "VICTIM": self.mark}
        if crash:
            environment["TWINGRAPH_CRASH"] = crash
        command = [sys.executable, "-m", "tests.faults.victim", self.home, scheduler, self.journal, str(pause)]
        self.process = subprocess.Popen([*map(str, command)], env=environment, stdout=subprocess.PIPE, text=True)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def noted(self, what):
        lines = self.journal.read_text().split("\n") if self.journal.exists() else []
        return collections.Counter(line.split()[1] for line in lines if line.startswith(what + " "))

    def until(self, condition, within_s=120.0):
        end = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end, "it took too long"
            assert self.process.poll() is None, "it ended by itself"
            time.sleep(0.01)

    def gone(self, within_s=60.0):
        """Whether every process that came from it has ended."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if not [p for p in psutil.process_iter() if marked(p, self.mark)]:
                return True
            time.sleep(0.05)
        return False


def marked(process, mark):
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("VICTIM") == mark
    except psutil.Error:
        return False


def resumed(victim, *, may_repeat=SLOTS):
    """Resume what the victim left, and check what is promised.

    A body that has ended and whose outcome isn't written down yet, which takes a moment, may be run again: at most one
    for each slot.
    """
    with Lab(Settings(home=victim.home, scheduler="inline", workers=2, threads=2)) as lab:
        [record] = lab.runs()
        acknowledged = {
            task.task_id: task for task in lab.run(record.run_id).tasks.values() if task.state == "completed"
        }
        durable = {*acknowledged, *Outcomes(lab.artifacts, record.run_id).read()[0]}
        ended = victim.noted("end")
        begun = time.monotonic()
        run = lab.run(record.run_id) if record.state.final else lab.resume(record.run_id)
        assert run.wait(60).state == "completed", run.record.error
        took_s = time.monotonic() - begun
        tasks = run.tasks
        for task_id, known in acknowledged.items():
            assert tasks[task_id].outputs == known.outputs
            assert tasks[task_id].attempt == known.attempt
        events = lab.ledger.events(run.id, limit=100_000)
        assert collections.Counter(e.task_id for e in events if isinstance(e, TaskCompleted)) == dict.fromkeys(tasks, 1)
        completed_at = {e.task_id: e.seq for e in events if isinstance(e, TaskCompleted)}
        for node in run.workflow.nodes:
            first = min(e.seq for e in events if isinstance(e, TaskStarted) and e.task_id == node.id)
            assert all(completed_at[parent] < first for parent in node.upstream)
        ends = victim.noted("end")
        assert [name for name in durable if ends[name] > ended[name]] == [], "run again, though written down"
        assert len([name for name, times in ends.items() if times > 1]) <= may_repeat
        assert lab.ledger.check() == []
        lab.lineage.catch_up()
        assert lab.g.V().has_label("Run").count().next() == 1
        return took_s


@pytest.mark.parametrize("count", [1, pytest.param(3, marks=pytest.mark.soak)])
@pytest.mark.parametrize("point", POINTS)
def test_killed_at(point, count, tmp_path):
    victim = Victim(tmp_path, "inline", crash=f"{point}:{count}:{tmp_path / 'crashed'}")
    output, _ = victim.process.communicate(timeout=60)
    if victim.process.returncode == 0:
        assert not (tmp_path / "crashed").exists()
        assert count > 1, output  # a run passes some points only once
    else:
        assert victim.process.returncode == -signal.SIGKILL
    assert victim.gone()
    resumed(victim)


@pytest.mark.parametrize("layer", [1, 2])
def test_the_whole_process_killed_on_dask(layer, tmp_path):
    victim = Victim(tmp_path, "dask", pause=0.3)
    victim.until(lambda: len(victim.noted("end")) >= 4 * (layer - 1) + 1)
    victim.kill()
    assert victim.gone()
    assert resumed(victim) < 10


def test_killed_again_while_it_resumes(tmp_path):
    victim = Victim(tmp_path, "inline", crash=f"after_record:4:{tmp_path / 'crashed'}")
    victim.process.communicate(timeout=60)
    again = Victim(tmp_path, "inline", crash=f"after_recover:1:{tmp_path / 'crashed again'}")
    again.process.communicate(timeout=60)
    assert victim.gone()
    assert again.gone()
    resumed(victim)


@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith("worker_")])
def test_a_dask_worker_killed_at(point, tmp_path):
    victim = Victim(tmp_path, "dask", crash=f"{point}:2:{tmp_path / 'crashed'}", pause=0.1)
    victim.process.communicate(timeout=90)
    assert victim.process.returncode == 0
    assert (tmp_path / "crashed").exists()
    assert victim.gone()
    resumed(victim)
