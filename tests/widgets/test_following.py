"""A run that is followed: at most ten frames a second, and in the end all is told."""

from __future__ import annotations

import time
from itertools import pairwise

from tests.workflows import cell, workflow
from twingraph_lab.events import TaskProgressed
from twingraph_lab.widgets.following import Follower


def folded(frames):
    nodes = {}
    for frame in frames:
        nodes |= frame.nodes
    return {name: each.state for name, each in nodes.items()}


def test_frames_add_up_to_the_run(inline):
    run = inline.submit(workflow(*(cell(f"n{number}", "1") for number in range(30))))
    frames = []
    follower = Follower(inline, run.id, frames.append)
    follower.start()
    assert follower.join(60)
    assert set(folded(frames).values()) == {"completed"}
    assert frames[-1].state == "completed"
    assert (frames[-1].done, frames[-1].total) == (30, 30)


def test_there_are_at_most_ten_a_second_however_much_happens(inline):
    run = inline.submit(workflow(cell("a", "1")), drive=False)
    record = inline.ledger.claim("c", 600.0, run_id=run.id)
    times = []
    follower = Follower(inline, run.id, lambda _: times.append(time.monotonic()))
    follower.start()
    began = time.monotonic()
    done = 0
    while time.monotonic() - began < 1.0:
        events = [TaskProgressed(run_id=run.id, task_id="a", done=done + n, total=10**6) for n in range(50)]
        inline.ledger.record(run.id, record.epoch, events)
        done += 50
    follower.stop()
    assert follower.join(10)
    assert 2 <= len(times) <= 12
    assert min(later - earlier for earlier, later in pairwise(times)) > 0.08


def test_a_run_that_has_ended_is_told_once(inline):
    run = inline.submit(workflow(cell("a", "1")))
    run.wait(60)
    frames, ended = [], []
    follower = Follower(inline, run.id, frames.append, lambda: ended.append(True))
    follower.start()
    assert follower.join(10)
    assert ([frame.state for frame in frames], ended) == (["completed"], [True])


def test_whoever_stops_hears_no_more(inline):
    run = inline.submit(workflow(cell("a", "1")), drive=False)
    frames = []
    follower = Follower(inline, run.id, frames.append)
    follower.start()
    follower.stop()
    assert follower.join(10)
    before = len(frames)
    inline.ledger.request_cancel(run.id)
    assert len(frames) == before


def test_a_lab_that_is_closed_ends_it(inline, caplog, monkeypatch):
    monkeypatch.setattr("twingraph_lab.widgets.following.PATIENCE_S", 0.2)
    run = inline.submit(workflow(cell("a", "1")), drive=False)
    follower = Follower(inline, run.id, lambda _: None)
    follower.start()
    inline.close()
    assert follower.join(10)
    assert "isn't followed any more" in caplog.text
