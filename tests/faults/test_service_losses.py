"""The service, its Jupyter server or a kernel is killed in the middle of a run: it goes on, and nothing runs twice."""

from __future__ import annotations

import json
import signal
from collections import Counter

import pytest

pytest.importorskip("jupyter_server_proxy", reason="the extra `notebook` is not installed")

from tests.service.jupyters import Jupyter, Notebook
from tests.service.stores import Store, chain, told, until
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.document import dump

pytestmark = pytest.mark.timeout(600)  # each service that starts brings up a cluster of its own

LENGTH = 6
ANSWER = {f"n{LENGTH - 1}": LENGTH}
FIRST = """%%twingraph first
with open('journal', 'a') as journal:
    print('end n0', file=journal)
x = 1
"""
SECOND = """%%twingraph second
import time
for _ in range(30):
    time.sleep(0.1)
with open('journal', 'a') as journal:
    print('end n1', file=journal)
y = x + 1
"""


@pytest.fixture(params=["inline", "dask"])
def store(tmp_path, request):
    made = Store(tmp_path / "store", scheduler=request.param)
    yield made
    made.clean()


@pytest.fixture
def notebook(store, tmp_path):
    opened = []

    def open_notebook(**options):
        opened.append(Notebook(store, tmp_path, **options))
        return opened[-1]

    yield open_notebook
    for each in opened:
        each.close()


class Watched:
    """A run, and what its nodes had written when each of them was seen completed."""

    def __init__(self, run, journal):
        self.run = run
        self._journal = journal
        self._kept = {}

    def begun(self):
        """How often each node began."""
        return Counter(line.split()[1] for line in told(self._journal) if line.startswith("begin"))

    def completed(self):
        return {name for name, task in self.run.tasks.items() if task.state is TaskState.COMPLETED}

    def look(self):
        """What is completed now must not run again."""
        begun = self.begun()
        self._kept |= {name: begun[name] for name in self.completed() - self._kept.keys()}

    def check(self):
        """That it didn't."""
        begun = self.begun()
        assert {name: begun[name] for name in self._kept} == self._kept
        assert self._kept


def test_a_run_goes_on_with_the_service_after_one_that_was_killed(store, tmp_path):
    with store.lab() as lab:
        store.ensure()
        watched = Watched(lab.submit(chain(tmp_path / "journal", length=LENGTH), drive=False), tmp_path / "journal")
        until(lambda: len(watched.completed()) >= 2, "two nodes")
        store.kill()
        until(lambda: not store.processes(), "its workers to end with it")
        watched.look()
        store.ensure()
        assert watched.run.result(240) == ANSWER
        watched.check()


def test_killed_again_and_again_it_still_gets_there(store, tmp_path):
    with store.lab() as lab:
        store.ensure()
        watched = Watched(lab.submit(chain(tmp_path / "journal", length=LENGTH), drive=False), tmp_path / "journal")
        for count in range(1, 4):
            until(lambda: len(watched.completed()) >= count, f"node {count}")  # noqa: B023  (called at once)
            store.kill()
            watched.look()
            store.ensure()
        assert watched.run.result(240) == ANSWER
        watched.check()


def test_a_run_started_in_a_notebook_survives_its_kernel(store, notebook, tmp_path):
    kernel = notebook()
    for cell in (FIRST, SECOND):
        kernel.run(cell)
    kernel.start("%twingraph run")
    until(lambda: "end n0" in told(tmp_path / "journal"), "the first node")
    kernel.kill()
    with store.lab() as lab:
        run = lab.run(lab.runs(1)[0].run_id)
        assert run.record.coordinator.startswith(store.find().process)
        assert run.result(240) == {"second": {"y": 2}}
    assert told(tmp_path / "journal") == ["end n0", "end n1"]


def test_a_notebook_that_watches_has_the_next_service_go_on(store, notebook, tmp_path):
    kernel = notebook()
    for cell in (FIRST, SECOND):
        kernel.run(cell)
    running = kernel.start("%twingraph run --fetch y")
    until(lambda: told(tmp_path / "journal"), "the first node")
    with store.lab() as lab:
        watched = Watched(lab.run(lab.runs(1)[0].run_id), tmp_path / "journal")
        until(watched.completed, "the first node to be completed")
    killed = store.kill()
    assert "completed, 2 of 2 nodes completed" in kernel.shown(running)
    assert kernel.run("y").strip() == "2"
    assert store.find().pid != killed.pid
    assert told(tmp_path / "journal") == ["end n0", "end n1"]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_survives_its_jupyter_server(tmp_path, sign):
    jupyter = Jupyter(tmp_path / "work")
    journal = tmp_path / "journal"
    try:
        jupyter.start()
        body = {"workflow": json.loads(dump(chain(journal, length=LENGTH)))}
        status, text = jupyter.ask("twingraph/api/runs", method="POST", body=body)
        assert status == 202, text
        service = jupyter.store.find()
        until(lambda: "end n0" in told(journal), "the first node")
        jupyter.stop(sign)
        jupyter.start()
        with jupyter.store.lab() as lab:
            run = lab.run(lab.runs(1)[0].run_id)
            assert jupyter.ask(f"twingraph/api/runs/{run.id}")[0] == 200
            assert run.result(240) == ANSWER
            assert run.record.epoch == 1
        assert jupyter.store.find() == service
        assert told(journal) == [f"{what} n{index}" for index in range(LENGTH) for what in ("begin", "end")]
    finally:
        jupyter.stop()
        jupyter.store.clean()
