"""Following a run: what is shown while it goes on, and what remains."""

from __future__ import annotations

import signal
import sys
import threading
import time

import pytest

from twingraph_lab.errors import StoreError
from twingraph_lab.events import RunFinished, RunStarted, TaskCompleted, TaskLogged, TaskStarted
from twingraph_lab.frontends.live import INTERVAL_S, Display, Lines, follow
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.frontends.views import View

EVENTS = [
    RunStarted(run_id="r", coordinator="c", epoch=1),
    TaskStarted(run_id="r", task_id="a"),
    TaskLogged(run_id="r", task_id="a", text="half way"),
    TaskCompleted(run_id="r", task_id="a"),
    TaskStarted(run_id="r", task_id="b"),
    TaskCompleted(run_id="r", task_id="b"),
    RunFinished(run_id="r", status="completed"),
]


class Played:
    """A run whose events come when `next` is set."""

    def __init__(self, events, *, error=None):
        self.events, self.error = events, error
        self.cancelled = threading.Event()
        self.asked_after = None

    def watch(self, after=0):
        self.asked_after = after
        yield from self.events
        if self.error:
            raise self.error

    def cancel(self):
        self.cancelled.set()
        return True


class Endless(Played):
    """A run that ends only when it is cancelled."""

    def watch(self, after=0):
        yield from self.events[:2]
        self.cancelled.wait(30)
        yield RunFinished(run_id="r", status="cancelled")


class Recorded:
    """A screen that remembers."""

    def __init__(self):
        self.shown, self.finished = [], []

    def show(self, progress):
        self.shown.append(time.monotonic())

    def finish(self, progress):
        self.finished.append(progress.state)


def test_the_end_is_shown_once():
    progress, screen = RunProgress(["a", "b"]), Recorded()
    follow(Played(EVENTS), progress, screen)
    assert screen.finished == ["completed"]
    assert progress.fraction == 1


def test_it_goes_on_from_a_cursor():
    run = Played(EVENTS)
    follow(run, RunProgress(["a"]), Recorded(), after=7)
    assert run.asked_after == 7


def test_a_display_is_renewed_at_most_twice_a_second_while_nothing_happens():
    class Slow(Played):
        def watch(self, after=0):
            yield self.events[0]
            self.cancelled.wait(3 * INTERVAL_S)
            yield self.events[-1]

    screen = Recorded()
    follow(Slow(EVENTS), RunProgress(["a"]), screen)
    gaps = [later - earlier for earlier, later in zip(screen.shown, screen.shown[1:], strict=False)]
    assert 2 <= len(gaps) <= 4
    assert min(gaps) >= INTERVAL_S * 0.9


def test_an_error_while_watching_is_raised_here():
    with pytest.raises(StoreError, match="gone"):
        follow(Played(EVENTS[:2], error=StoreError("gone")), RunProgress(["a"]), Recorded())


class Interrupted(Recorded):
    """A screen before which somebody presses Ctrl-C whenever something is shown, up to `times`."""

    def __init__(self, times):
        super().__init__()
        self.times = times

    def show(self, progress):
        super().show(progress)
        if len(self.shown) <= self.times:
            signal.raise_signal(signal.SIGINT)


def test_an_interrupt_cancels_and_waits_for_the_end():
    run, screen = Endless(EVENTS), Interrupted(1)
    follow(run, RunProgress(["a"]), screen)
    assert run.cancelled.is_set()
    assert screen.finished == ["cancelled"]


def test_a_second_interrupt_leaves():
    class Stubborn(Endless):
        def cancel(self):
            return True

    run, screen = Stubborn(EVENTS), Interrupted(2)
    with pytest.raises(KeyboardInterrupt):
        follow(run, RunProgress(["a"]), screen)
    run.cancelled.set()
    assert screen.finished == []


def test_interrupts_are_as_before_afterwards():
    before = signal.getsignal(signal.SIGINT)
    follow(Played(EVENTS), RunProgress(["a"]), Recorded())
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_can_be_followed_in_another_thread():
    screen = Recorded()
    thread = threading.Thread(target=follow, args=(Played(EVENTS), RunProgress(["a"]), screen))
    thread.start()
    thread.join(10)
    assert screen.finished == ["completed"]


def test_a_terminal_gets_a_line_for_each_change(capsys):
    progress, screen = RunProgress(["a", "b"], name="flights"), Lines()
    for event in EVENTS:
        progress.apply(event)
        screen.show(progress)
    screen.finish(progress)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[:-1]] == [
        ["●", "a", "running"],
        ["✓", "a", "completed"],
        ["●", "b", "running"],
        ["✓", "b", "completed"],
    ]
    assert lines[-1].startswith("flights: completed, 2 of 2 nodes completed")


class Front:
    """Stands for IPython's display function and the handle it returns."""

    def __init__(self, monkeypatch):
        self.bundles = []
        monkeypatch.setattr("IPython.display.display", self.display)

    def display(self, what, *, display_id):
        assert display_id is True
        self.update(what)
        return self

    def update(self, what):
        self.bundles.append(what._repr_mimebundle_())


def view(progress):
    return View(f"<b>{progress.done}</b>", str(progress.done))


WIDGET = "application/vnd.jupyter.widget-view+json"


def test_a_display_is_updated_in_place(monkeypatch):
    front, progress = Front(monkeypatch), RunProgress(["a", "b"])
    display = Display(view, widget=False)
    display.show(progress)
    progress.apply(EVENTS[3])
    display.show(progress)
    display.finish(progress)
    assert [bundle["text/plain"] for bundle in front.bundles] == ["0", "1", "1"]
    assert all(WIDGET not in bundle for bundle in front.bundles)


def test_a_widget_shows_what_goes_on_and_leaves_plain_html(monkeypatch):
    pytest.importorskip("ipywidgets", reason="the extra `notebook` is not installed")
    front, progress = Front(monkeypatch), RunProgress(["a", "b"])
    display = Display(view, widget=True)
    display.show(progress)
    progress.apply(EVENTS[3])
    display.show(progress)
    assert len(front.bundles) == 1
    assert front.bundles[0].keys() == {"text/html", "text/plain", WIDGET}
    assert display._widget.value == "<b>1</b>"
    display.finish(progress)
    assert front.bundles[-1] == {"text/html": "<b>1</b>", "text/plain": "1"}


def test_without_ipywidgets_the_display_itself_is_live(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    front = Front(monkeypatch)
    display = Display(view, widget=True)
    display.show(RunProgress(["a"]))
    display.show(RunProgress(["a"]))
    assert len(front.bundles) == 2


def test_a_run_that_has_ended_is_shown_once(monkeypatch):
    front = Front(monkeypatch)
    Display(view, widget=True).finish(RunProgress(["a"]))
    assert len(front.bundles) == 1
