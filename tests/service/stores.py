"""Stores whose services tests may start, kill and look for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil

from tests.workflows import cell, workflow
from twingraph_lab.lab import Lab
from twingraph_lab.service import endpoint
from twingraph_lab.service.finding import ensure, find, stop
from twingraph_lab.settings import Settings

PATIENCE_S = 120
"""A cluster that starts on a busy machine takes half a minute."""


def until(condition, what="that"):
    """Wait for a condition to hold, and return what it gave."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.02)
    return found


class Store:
    """A store in a folder of its own."""

    def __init__(self, home, **settings):
        self.home = home
        self.settings = Settings(home=home, **{"scheduler": "inline", "workers": 2, "threads": 1, **settings})

    def ensure(self, **options):
        return ensure(self.settings, **options)

    def find(self):
        return find(self.settings)

    def stop(self):
        return stop(self.settings)

    def lab(self):
        return Lab(self.settings)

    @property
    def log(self):
        return (self.home / "logs" / "service.log").read_text()

    @property
    def environment(self):
        own = {name: value for name, value in os.environ.items() if not name.startswith("TWINGRAPH_")}
        given = self.settings.model_dump(mode="json", include={"home", "scheduler", "workers", "threads", "host"})
        return {**own, **{f"TWINGRAPH_{name.upper()}": str(value) for name, value in given.items()}}

    def serve(self, *arguments, **options):
        """`twingraph serve`, as somebody types it."""
        command = [sys.executable, "-m", "twingraph_lab.cli", "serve", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=self.environment, text=True, **{**pipes, **options})

    def kill(self):
        """SIGKILL its service, and wait until it is gone."""
        found = endpoint.read(self.home)
        os.kill(found.pid, signal.SIGKILL)
        until(lambda: not found.alive, "the service to die")
        return found

    @contextmanager
    def stopped(self):
        """Its service hangs: it is there, and does nothing."""
        found = endpoint.read(self.home)
        os.kill(found.pid, signal.SIGSTOP)
        try:
            yield found
        finally:
            os.kill(found.pid, signal.SIGCONT)

    def processes(self):
        """Those that work for this store, and live."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                    continue
                if process.environ().get("TWINGRAPH_HOME") == str(self.home):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def clean(self):
        """End everything."""
        self.stop()
        until(lambda: not self.processes(), f"nothing to be left of {self.home}: {self.processes()}")


def chain(journal, *, length=5, pause_s=0.3):
    """A workflow whose nodes run one after the other, and write their names into `journal` when they begin and end."""
    nodes = []
    for index in range(length):
        code = "\n".join(
            [
                "import time",
                f"journal = open({str(journal)!r}, 'a', buffering=1)",
                f"print('begin n{index}', file=journal)",
                f"time.sleep({pause_s})",
                f"print('end n{index}', file=journal)",
                "result = before + 1",
            ]
        )
        before = {"ref": f"n{index - 1}.result"} if index else 0
        nodes.append(cell(f"n{index}", code, inputs={"before": before}))
    return workflow(*nodes, name="chain")


def told(journal):
    """What the nodes wrote so far."""
    return journal.read_text().splitlines() if journal.exists() else []
