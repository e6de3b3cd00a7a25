"""Undo and redo."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.workflows import workflow
from twingraph_lab.widgets.history import History


@pytest.fixture
def eager():
    """Threads that give way before each line."""

    def give_way(*_):
        time.sleep(0)
        return give_way

    threading.settrace(give_way)
    yield
    threading.settrace(None)


def test_what_was_undone_can_be_done_again_until_something_else_is_changed():
    one, two, three = (workflow(name=name) for name in ("one", "two", "three"))
    history = History()
    history.made(one)
    assert history.undo(two) is one
    assert history.redo(one) is two
    assert history.undo(two) is one
    history.made(three)
    assert history.redo(one) is None
    history.forget()
    assert history.undo(one) is None


def test_each_step_is_taken_back_once_whoever_asks_at_the_same_time(eager):
    history, now = History(), workflow()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(50):
            history.made(now)
            taken = list(pool.map(lambda _: history.undo(now), range(4)))
            assert len([each for each in taken if each]) == 1
