from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from twingraph_lab.spec.document import load


@pytest.fixture
def waiting(folder, write, documents):
    """Ids of two runs that nobody drives."""
    from twingraph_lab.lab import Lab

    workflow = load(write(documents.diamond()))
    with Lab() as lab:
        return [lab.submit(workflow, drive=False).id for _ in range(2)]


def test_waiting_runs_are_driven_until_nothing_is_left(process, waiting):
    outcome = process("coordinate", "--until-idle")
    assert outcome.code == 0
    assert [run["status"] for run in process("runs", "--json").json] == ["completed", "completed"]
    assert all(f"● run {run_id} completed" in outcome.stderr for run_id in waiting)


def test_one_run_may_be_asked_for(process, waiting):
    outcome = process("coordinate", "--run", waiting[1], "--until-idle")
    assert outcome.code == 0
    states = {run["run_id"]: run["status"] for run in process("runs", "--json").json}
    assert states == {waiting[0]: "requested", waiting[1]: "completed"}
    assert "✓ d completed" in outcome.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_coordinator_leaves_its_run_to_others(process, write, documents, number):
    from twingraph_lab.lab import Lab

    with Lab() as lab:
        lab.submit(load(write(documents.sleeper())), drive=False)
    coordinator = subprocess.Popen(
        [sys.executable, "-m", "twingraph_lab.cli", "coordinate", "--run", "last"], stderr=subprocess.PIPE, text=True
    )
    next(line for line in coordinator.stderr if "sleep running" in line)
    coordinator.send_signal(number)
    coordinator.communicate(timeout=60)
    assert coordinator.returncode == 130
    assert "interrupted" in process("runs").stdout


def test_an_unknown_run_cannot_be_driven(process, folder):
    assert process("coordinate", "--run", "feedc0ffee").code == 4
