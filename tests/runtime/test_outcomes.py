from __future__ import annotations

import threading

from twingraph_lab.events import TaskCompleted, TaskStarted
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.outcomes import Outcomes


def completed(task_id):
    return TaskCompleted(run_id="r", task_id=task_id)


def test_what_was_written_is_found_by_whoever_comes_next(tmp_path):
    store = ArtifactStore(str(tmp_path))
    outcomes = Outcomes(store, "r", "g")
    assert outcomes.read() == ({}, set())
    outcomes.write([completed("a"), TaskStarted(run_id="r", task_id="once")])
    outcomes.write([completed("b")])
    found, started = Outcomes(store, "r", "g").read()
    assert set(found) == {"a", "b"}
    assert started == {"once"}


def test_a_group_finds_what_the_groups_it_was_spread_to_have_finished(tmp_path):
    store = ArtifactStore(str(tmp_path))
    Outcomes(store, "r", "g").mark()
    Outcomes(store, "r", "g.0").write([completed("a")])
    Outcomes(store, "r", "h").write([completed("b")])
    assert set(Outcomes(store, "r", "g").read()[0]) == {"a"}
    assert set(Outcomes(store, "r").read()[0]) == {"a", "b"}


def test_threads_dont_overwrite_each_others_outcomes(tmp_path):
    store = ArtifactStore(str(tmp_path))
    outcomes = Outcomes(store, "r", "g")
    barrier = threading.Barrier(8)

    def write(number):
        barrier.wait()
        outcomes.write([completed(f"t{number}")])
        outcomes.mark()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(Outcomes(store, "r", "g").read()[0]) == {f"t{number}" for number in range(8)}


def test_nothing_is_left_after_clearing(tmp_path):
    store = ArtifactStore(str(tmp_path))
    outcomes = Outcomes(store, "r", "g")
    outcomes.write([completed("a")])
    outcomes.clear()
    assert list((tmp_path / "runs").iterdir()) == []
