"""Who drives the runs of a notebook: the service where somebody sits before it, else its kernel."""

from __future__ import annotations

import sys
import threading

import pytest

from tests.service.stores import Store, chain, told, until
from tests.workflows import cell, workflow
from twingraph_lab.errors import ConflictError, MissingExtraError, PlatformError
from twingraph_lab.lab import Lab
from twingraph_lab.runtime.states import RunState
from twingraph_lab.service.driving import ServiceDriver

pytest.importorskip("fastapi", reason="the extra `service` is not installed")
jupyters = pytest.importorskip("tests.service.jupyters", reason="the extra `notebook` is not installed")

ONE = workflow(cell("one", "result = 1"))


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    yield made
    made.clean()


class Kernel:
    """A Lab with the driver that kernels have."""

    def __init__(self, settings):
        self.lab = Lab(settings)
        self.told = []
        self.driver = ServiceDriver(lambda: self.lab, lambda: settings, self.told.append)

    def run(self, wanted=ONE, *, attended=True):
        return self.driver.begin(lambda drive: self.lab.submit(wanted, drive=drive), attended=attended)


@pytest.fixture
def kernel(store):
    opened = []

    def open_kernel(**changed):
        opened.append(Kernel(store.settings.model_copy(update=changed)))
        return opened[-1]

    yield open_kernel
    for each in opened:
        each.lab.close()


def driven_by_service(run, store):
    found = store.find()
    return found is not None and run.record.coordinator.startswith(found.process)


def test_a_run_that_somebody_starts_is_driven_by_the_service(kernel, store):
    run = kernel().run()
    assert run.result(60) == {"one": 1}
    assert driven_by_service(run, store)


def test_a_batch_job_is_driven_by_its_kernel_and_starts_no_service(kernel, store):
    run = kernel().run(attended=False)
    assert run.result(60) == {"one": 1}
    assert store.find() is None


@pytest.mark.parametrize(("host", "attended"), [("here", True), ("service", False)])
def test_the_setting_says_otherwise(kernel, store, host, attended):
    run = kernel(host=host).run(attended=attended)
    assert run.result(60) == {"one": 1}
    assert driven_by_service(run, store) is (host == "service")


def test_expecting_runs_gets_the_service_and_its_workers_ready(kernel, store):
    kernel().driver.expect(attended=True)
    until(store.find, "the service")
    until(lambda: "twingraph-ready" not in {thread.name for thread in threading.enumerate()}, "its workers")


def test_expecting_runs_of_a_batch_job_starts_nothing(kernel, store):
    kernel().driver.expect(attended=False)
    assert store.find() is None


def test_where_the_service_has_other_settings_the_kernel_drives_and_says_so_once(kernel, store):
    store.ensure()
    other = kernel(threads=3)
    for _ in range(2):
        run = other.run()
        assert run.result(60) == {"one": 1}
        assert not driven_by_service(run, store)
    (said,) = other.told
    assert "other settings (threads)" in said
    assert "this kernel drives its runs" in said


def test_where_the_service_has_other_packages_the_kernel_drives(kernel, store, monkeypatch):
    store.ensure()
    own = kernel()
    monkeypatch.setattr(sys, "prefix", "/elsewhere")
    assert own.run().result(60) == {"one": 1}
    assert "this kernel /elsewhere" in own.told[0]


def test_where_the_service_cant_start_the_kernel_drives_and_says_why(kernel, store, monkeypatch):
    monkeypatch.setattr("twingraph_lab.service.finding.DETACH", "print(4194304)")
    broken = kernel()
    assert broken.run().result(60) == {"one": 1}
    (said,) = broken.told
    assert "the service didn't start" in said


def test_what_must_be_driven_by_the_service_is_not_driven_otherwise(kernel, store, monkeypatch):
    monkeypatch.setattr("twingraph_lab.service.finding.DETACH", "print(4194304)")
    with pytest.raises(PlatformError, match="didn't start"):
        kernel(host="service").run()


def test_without_the_extra_the_kernel_drives_and_names_it(kernel, monkeypatch):
    monkeypatch.setitem(sys.modules, "twingraph_lab.service.client", None)
    bare = kernel()
    assert bare.run().result(60) == {"one": 1}
    assert "pip install 'twingraph-lab[service]'" in bare.told[0]
    with pytest.raises(MissingExtraError):
        kernel(host="service").run()


def test_another_ledger_than_the_services_is_told(kernel, store, tmp_path):
    store.ensure()
    other = kernel(ledger=f"sqlite:///{tmp_path / 'other.db'}", host="service")
    with pytest.raises(ConflictError, match="keeps another ledger"):
        other.run()


def test_if_no_service_can_go_on_the_kernel_does(kernel, store, tmp_path, monkeypatch):
    own = kernel()
    run = own.run(chain(tmp_path / "journal", length=4))
    until(lambda: "end n0" in told(tmp_path / "journal"), "the first node")
    monkeypatch.setattr("twingraph_lab.service.finding.DETACH", "print(4194304)")
    store.kill()
    assert run.result(60) == {"n3": 4}
    assert store.find() is None


def test_the_stop_button_cancels_a_run_that_the_service_drives(store, tmp_path):
    notebook = jupyters.Notebook(store, tmp_path)
    try:
        notebook.run("%%twingraph slow\nimport time\nfor _ in range(600):\n    time.sleep(0.1)\nx = 1")
        running = notebook.start("%twingraph run")
        with store.lab() as lab:
            run = lab.run(until(lambda: lab.runs(1), "the run")[0].run_id)
            until(lambda: run.tasks["slow"].state == "running", "its node")
            assert driven_by_service(run, store)
            notebook.interrupt()
            assert "ancelled" in (shown := notebook.shown(running)) or "KeyboardInterrupt" in shown
            until(lambda: run.state is RunState.CANCELLED, "the run to be cancelled")
    finally:
        notebook.close()
