"""Runs without a terminal: coordinators in processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from twingraph_lab.cli.history import find
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import note
from twingraph_lab.cli.progress import Lines
from twingraph_lab.events import RunFinished, RunStarted
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.runtime.states import RunState

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab, Run


def start(options: Options, run_id: str) -> Path:
    """Start a process that drives this run and ends with it; returns the file in which it tells what it does.

    It belongs to no terminal, so closing one doesn't stop it.
    """
    settings = options.settings()
    logs = settings.home.absolute() / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = logs / f"{run_id}.log"
    path.touch(mode=0o600)
    with path.open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "twingraph_lab.cli", "coordinate", "--run", run_id, "--until-idle"],
            env=options.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return path


def coordinate(options: Options, name: str | None, *, until_idle: bool) -> None:
    """Drive one run, or every run that nobody drives. SIGTERM stops it as Ctrl-C does: its runs can be taken over."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    with options.lab() as lab:
        run = find(lab, name) if name else None
        teller = threading.Thread(target=_tell_one if run else _tell_all, args=(lab, run), daemon=True)
        teller.start()
        lab.coordinate(until_idle=until_idle or run is not None, run_id=run.id if run else None)
        if run:
            teller.join()


def _tell_one(lab: Lab, run: Run) -> None:
    del lab
    lines = Lines(RunProgress.of(run.workflow))
    for event in run.watch():
        lines.apply(event)
    record = run.record
    note(f"run {run.id} {record.state}")
    if record.state is RunState.FAILED:
        note(record.error)


def _tell_all(lab: Lab, run: None) -> None:
    """Beginnings and ends; what came before isn't told again."""
    del run
    note(f"coordinating {lab.home}")
    after = 0
    while page := lab.ledger.events(None, after, types=("run.started", "run.finished")):
        after = page[-1].seq
    for event in lab.stream.watch(after=after):
        match event:
            case RunStarted():
                note(f"● run {event.run_id} started")
            case RunFinished():
                note(f"● run {event.run_id} {event.status}")
            case _:
                pass
