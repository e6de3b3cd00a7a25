"""Several coordinators on one ledger, and ledgers that fail for a while."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import ConflictError, StoreError, TwinGraphError
from twingraph_lab.events import RunStarted, TaskStarted
from twingraph_lab.lab import Lab
from twingraph_lab.runtime.coordinator import identity, is_dead
from twingraph_lab.schedulers.inline import InlineScheduler
from twingraph_lab.settings import Settings

WAIT = "import pathlib, time\nwhile not pathlib.Path(path).exists(): time.sleep(0.01)\nresult = 1"


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", scheduler="inline", workers=1, threads=2, lease_s=0.6, lineage=False)


@pytest.fixture
def lab(settings):
    with Lab(settings) as lab:
        yield lab


def until(condition, within_s=60.0):
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def test_a_process_knows_its_own_name_as_alive():
    assert not is_dead(identity())


def test_a_process_that_ended_is_known_to_be_dead():
    code = "from twingraph_lab.runtime.coordinator import identity; print(identity())"
    name = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert is_dead(name)


def test_of_other_hosts_nothing_is_known():
    assert not is_dead("elsewhere/1/0.00")


def test_a_lease_is_renewed_as_long_as_the_run_is_driven(lab, tmp_path):
    go_on = tmp_path / "go-on"
    run = lab.submit(workflow(cell("a", WAIT, inputs={"path": str(go_on)})))
    time.sleep(1.5)  # more than two leases: this is what is tested
    assert lab.ledger.claim("another", 10, run_id=run.id) is None
    go_on.touch()
    assert run.wait(30).state == "completed"


def test_a_run_that_is_driven_cant_be_taken(lab, settings, tmp_path):
    go_on = tmp_path / "go-on"
    run = lab.submit(workflow(cell("a", WAIT, inputs={"path": str(go_on)})))
    with Lab(settings) as other, pytest.raises(ConflictError):
        other.resume(run.id)
    go_on.touch()
    assert run.wait(30).state == "completed"


def test_a_run_accepted_by_one_lab_is_driven_by_another_that_coordinates(settings):
    with Lab(settings) as accepting, Lab(settings) as driving:
        run = accepting.submit(workflow(cell("a", "result = 1")), drive=False)
        assert run.state == "requested"
        driving.coordinate(until_idle=True)
        assert run.result(10) == {"a": 1}


def test_who_looks_for_runs_after_having_been_kept_waiting_leaves_its_own_alone(settings, monkeypatch):
    submit = InlineScheduler.submit

    def slowly(*args, **options):
        time.sleep(1.0)  # as a cluster that has to start first: longer than a lease
        submit(*args, **options)

    monkeypatch.setattr(InlineScheduler, "submit", slowly)
    with Lab(settings) as lab:
        lab.adopt()
        runs = [lab.submit(workflow(cell("a", "result = 1")), drive=False) for _ in range(2)]
        assert [run.result(30) for run in runs] == [{"a": 1}, {"a": 1}]
        for run in runs:
            assert [e.epoch for e in lab.ledger.events(run.id) if isinstance(e, RunStarted)] == [1]


def test_a_coordinator_whose_run_was_taken_over_lets_go(lab, tmp_path):
    go_on = tmp_path / "go-on"
    run = lab.submit(workflow(cell("a", WAIT, inputs={"path": str(go_on)}), cell("b", after=("a",))))
    until(lambda: run.tasks["a"].state == "running")
    lab.ledger.release(run.id, run.record.epoch)
    taken = lab.ledger.claim("another host/1/0.00", 60, run_id=run.id)
    assert taken.epoch == 2
    until(lambda: run.id not in lab.coordinator._drivers)
    assert run.tasks["a"].state == "running"  # nothing of the stale coordinator was written
    assert [e.epoch for e in lab.ledger.events(run.id) if isinstance(e, RunStarted)] == [1, 2]


def test_a_cancel_by_another_process_is_noticed(lab, settings, tmp_path):
    run = lab.submit(workflow(cell("a", WAIT, inputs={"path": str(tmp_path / "never")})))
    until(lambda: run.tasks["a"].state == "running")
    with Lab(settings) as other:
        assert other.cancel(run.id)
        assert not other.cancel(run.id)
    assert run.wait(20).state == "cancelled"


def test_closing_gives_runs_up_at_once(settings, tmp_path):
    go_on = tmp_path / "go-on"
    with Lab(settings) as first:
        run = first.submit(workflow(cell("a", WAIT, inputs={"path": str(go_on)})))
        until(lambda: run.tasks["a"].state == "running")
    go_on.touch()
    with Lab(settings) as second:
        assert second.resume(run.id).result(20) == {"a": 1}


def test_results_are_kept_while_the_ledger_cant_be_written(lab, tmp_path, monkeypatch):
    go_on = tmp_path / "go-on"
    run = lab.submit(workflow(cell("a", WAIT, inputs={"path": str(go_on)}), cell("b", "result = 2", after=("a",))))
    until(lambda: run.tasks["a"].state == "running")
    broken = threading.Event()
    broken.set()
    record = lab.ledger.record

    def failing(*args, **kwargs):
        if broken.is_set():
            raise StoreError("disk full")
        return record(*args, **kwargs)

    monkeypatch.setattr(lab.ledger, "record", failing)
    go_on.touch()
    time.sleep(0.6)  # long enough for several tries
    assert not run.state.final
    broken.clear()
    assert run.wait(20).state == "completed"
    assert len([e for e in lab.ledger.events(run.id) if isinstance(e, TaskStarted)]) == 2


def test_a_run_that_cant_be_begun_fails_with_the_reason(lab, monkeypatch):
    monkeypatch.setattr(lab.coordinator, "_plans", {})
    run = lab.submit(workflow(cell("a", "result = 1")), drive=False)
    monkeypatch.setattr("twingraph_lab.runtime.coordinator.plan", lambda *_: 1 / 0)
    lab.coordinator.take(run.id)
    record = run.wait(20)
    assert (record.state, record.error) == ("failed", "internal error: ZeroDivisionError('division by zero')")


def test_runs_on_a_postgresql_ledger(settings, postgresql_url, tmp_path):
    broken = tmp_path / "broken"
    broken.touch()
    fragile = f"import os\nassert not os.path.exists({str(broken)!r})\nresult = x + 1"
    document = workflow(cell("a", "result = 1"), cell("b", fragile, inputs={"x": {"ref": "a"}}))
    with Lab(settings.model_copy(update={"ledger": postgresql_url})) as lab:
        run = lab.submit(document)
        assert run.wait(30).state == "failed"
        broken.unlink()
        assert lab.resume(run.id).result(30) == {"b": 2}
        assert [e.task_id for e in lab.ledger.events(run.id) if isinstance(e, TaskStarted)] == ["a", "b", "b"]


def test_a_queued_body_isnt_begun_after_a_cancel(tmp_path):
    one_slot = Settings(home=tmp_path / "home", scheduler="inline", workers=1, threads=1, lineage=False)
    ran = tmp_path / "ran"
    with Lab(one_slot) as lab:
        waits = cell("a", WAIT, inputs={"path": str(tmp_path / "never")})
        run = lab.submit(workflow(waits, cell("b", f"open({str(ran)!r}, 'w').close()", outputs=())))
        until(lambda: run.tasks["a"].state == "running")
        run.cancel()
        assert run.wait(20).state == "cancelled"
        assert lab.submit(workflow(cell("next", "result = 1"))).result(20) == {"next": 1}
    assert not ran.exists()


def test_a_dispatch_that_cant_be_recorded_is_tried_again(lab, monkeypatch):
    record, failures = lab.ledger.record, [1, 2]

    def failing(*args, dispatched=None, **kwargs):
        if dispatched and failures:
            failures.pop()
            raise StoreError("locked")
        return record(*args, dispatched=dispatched or {}, **kwargs)

    monkeypatch.setattr(lab.ledger, "record", failing)
    assert lab.submit(workflow(cell("a", "result = 1"))).result(20) == {"a": 1}
    assert not failures


def test_a_program_is_left_to_its_own_coordinator(settings):
    with Lab(settings) as lab, Lab(settings) as other:
        record, _ = lab.ledger.accept(workflow(), {}, dynamic=True)
        other.coordinate(until_idle=True)
        assert lab.ledger.run(record.run_id).state == "requested"


@pytest.mark.parametrize(
    ("change", "message"),
    [({"scheduler": "nonsense"}, "there is no scheduler 'nonsense'"), ({"home": "/dev/null/x"}, "set TWINGRAPH_HOME")],
)
def test_settings_that_cant_work_are_refused_at_once(settings, change, message):
    with pytest.raises(TwinGraphError, match=message):
        Lab(Settings(**{**settings.model_dump(), **change}))
