"""A notebook's session: what canvases show of its runs, and what an interrupt does to a run."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import MissingExtraError, RunFailedError
from twingraph_lab.events import RunStarted
from twingraph_lab.frontends.live import follow
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.frontends.session import Session
from twingraph_lab.lab import Lab
from twingraph_lab.planning.context import RunContext
from twingraph_lab.settings import Settings

STEP = workflow(cell("a", "result = 1"), name="notebook")
WAIT_S = 60


class Sheet:
    """A notebook without IPython; `closing` says that its kernel is about to end."""

    attended = False
    history = ()

    def __init__(self):
        self.namespace = self.variables = {}
        self.shown = []
        self.closing = False

    def ends(self):
        return self.closing

    def show(self, view):
        self.shown.append(view)

    def screen(self, view):
        return self

    def finish(self, progress):
        self.shown.append(progress.state)


class Canvas:
    """Draws the workflow of a board, and remembers which runs it was told to follow."""

    def __init__(self, board, run):
        self.board = board
        self.begun_with = run and run.id
        self.followed = []

    @property
    def workflow(self):
        return self.board.workflow

    def follow(self, run):
        self.followed.append(run.id)


class Struck:
    """A run during which an interrupt comes."""

    id = "r"

    def __init__(self):
        self.cancelled = False
        self.over = threading.Event()

    def cancel(self):
        self.cancelled = True
        return True

    def watch(self, after=0):
        yield RunStarted(run_id="r", coordinator="c", epoch=1)
        os.kill(os.getpid(), signal.SIGINT)
        self.over.wait(WAIT_S)


@pytest.fixture
def lab(tmp_path):
    with Lab(Settings(home=tmp_path / "store", scheduler="inline", workers=1, threads=1, lineage=False)) as lab:
        yield lab


@pytest.fixture
def canvases():
    return []


@pytest.fixture
def session(lab, canvases):
    def easel(board, run):
        canvases.append(Canvas(board, run))
        return canvases[-1]

    return Session(lambda: lab, Sheet(), name="notebook", source="mine.ipynb", easel=easel)


def run(session, made=STEP):
    """As a cell does it."""
    with session.begun(lambda drive: session.lab().submit(made, context=session.here, drive=drive)) as begun:
        session.follow(begun, RunProgress.of(made))
    return begun.id


def of(lab, source="", name="notebook"):
    """A run that has ended, of another notebook or of none."""
    begun = lab.submit(STEP.model_copy(update={"name": name}), context=RunContext.here(source=source))
    begun.wait(WAIT_S)
    return begun.id


def test_every_canvas_of_a_workflow_follows_its_runs_and_no_other_does(session, canvases):
    session.draw("notebook")
    session.draw("notebook")
    session.draw("other")
    begun = run(session)
    assert [each.followed for each in canvases] == [[begun], [begun], []]


def test_a_canvas_that_is_gone_is_not_told(session, canvases):
    session.draw("notebook")
    canvases.clear()
    run(session)
    session.draw("notebook")
    begun = run(session)
    assert [each.followed for each in canvases] == [[begun]]


def test_a_canvas_follows_a_run_that_fails(session, canvases):
    session.draw("notebook")
    with pytest.raises(RunFailedError):
        run(session, workflow(cell("a", "1 / 0"), name="notebook"))
    assert canvases[0].followed == [session.last_run]


def test_a_replay_of_one_node_is_no_news_of_the_others(session, lab, canvases):
    session.draw("notebook")
    first = run(session)
    with session.begun(lambda drive: lab.replay(first, "a", drive=drive)) as again:
        session.follow(again, RunProgress.of(STEP))
    assert canvases[0].followed == [first]


def test_a_new_canvas_begins_with_the_last_run_of_this_notebook(session, lab, canvases):
    session.draw("notebook")
    own = run(session)
    of(lab, "another.ipynb")
    of(lab, "mine.ipynb", name="other")
    lab.replay(own, "a").wait(WAIT_S)
    session.draw("notebook")
    on_a_canvas = of(lab)
    session.draw("notebook")
    assert [each.begun_with for each in canvases] == [None, own, on_a_canvas]


def test_drawing_makes_no_store(canvases):
    def lab():
        raise AssertionError("a store was made")

    easel = lambda board, run: canvases.append(Canvas(board, run)) or canvases[-1]  # noqa: E731
    Session(lab, Sheet(), name="notebook", remembers=lambda: False, easel=easel).draw("")
    assert [each.begun_with for each in canvases] == [None]


def test_without_canvases_the_extra_is_named(lab):
    with pytest.raises(MissingExtraError, match="the canvas"):
        Session(lambda: lab, Sheet(), name="notebook").draw("")


@pytest.mark.parametrize("closing", [False, True])
def test_an_interrupt_cancels_a_run_unless_it_is_the_notebook_that_ends(session, closing):
    session.front.closing = closing
    struck = Struck()
    with pytest.raises(KeyboardInterrupt), session.begun(lambda _: struck):
        raise KeyboardInterrupt
    assert struck.cancelled is not closing


def test_while_a_run_is_followed_the_end_of_the_notebook_leaves_it_alone(session):
    session.front.closing = True
    struck = Struck()
    with pytest.raises(KeyboardInterrupt):
        follow(struck, RunProgress([]), session.front, ends=session.front.ends)
    struck.over.set()
    assert not struck.cancelled
