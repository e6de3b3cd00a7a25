"""Following a run in a notebook: one display that changes while the run goes on and stays as it was at the end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from twingraph_lab.events import Event
from twingraph_lab.frontends.display import duration
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.frontends.views import View
from twingraph_lab.runtime.states import TaskState

INTERVAL_S = 0.5
"""A display is renewed at most this often."""


Events = SimpleQueue[Event | BaseException | None]


class Watchable(Protocol):
    """A run."""

    def watch(self, after: int = 0) -> Iterator[Event]:
        """Its events, until it ends."""

    def cancel(self) -> bool:
        """Ask it to stop."""


class Screen(Protocol):
    """Where progress is shown."""

    def show(self, progress: RunProgress) -> None:
        """Show how things are."""

    def finish(self, progress: RunProgress) -> None:
        """Show how things ended; this is what a saved notebook keeps."""


class Lines:
    """For terminals: a line for each node that changed."""

    def __init__(self) -> None:
        self._shown: dict[str, TaskState] = {}

    def show(self, progress: RunProgress) -> None:
        """Print what changed since the last time."""
        for node in progress.nodes.values():
            if node.state is not self._shown.get(node.id, TaskState.PENDING):
                self._shown[node.id] = node.state
                elapsed = node.elapsed_s(progress.now)
                took = duration(elapsed) if elapsed is not None and node.state.final else ""
                print(f"  {node.look.symbol} {node.id} {node.state} {took} {node.remark}".rstrip())  # noqa: T201

    def finish(self, progress: RunProgress) -> None:
        """Print the rest, and the whole in one line."""
        self.show(progress)
        print(progress.headline)  # noqa: T201


class Display:
    """For front ends that show HTML: a display that is updated in place.

    With `widget`, an ipywidgets widget changes while the run goes on, which doesn't alter the notebook. At the end
    plain HTML takes its place, so that a saved notebook shows the end without any widget's state.
    """

    def __init__(self, view: Callable[[RunProgress], View], *, widget: bool) -> None:
        self._view = view
        self._widget = _html_widget() if widget else None
        self._handle: Any = None

    def show(self, progress: RunProgress) -> None:
        """Update the display, or make it."""
        view = self._view(progress)
        if self._widget is not None:
            self._widget.value = view.html
        if self._handle is None:
            self._handle = _displayed(self._with_widget(view))
        elif self._widget is None:
            self._handle.update(view)

    def finish(self, progress: RunProgress) -> None:
        """Leave the last state as plain HTML and text."""
        view = self._view(progress)
        if self._handle is None:
            self._handle = _displayed(view)
        else:
            self._handle.update(view)
        if self._widget is not None:
            self._widget.close()

    def _with_widget(self, view: View) -> Any:
        if self._widget is None:
            return view
        reference = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        return _Bundle({**view._repr_mimebundle_(), "application/vnd.jupyter.widget-view+json": reference})


class _Bundle:
    """A ready MIME bundle."""

    def __init__(self, bundle: dict[str, Any]) -> None:
        self._bundle = bundle

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        del include, exclude
        return self._bundle


def _displayed(what: Any) -> Any:
    from IPython.display import display  # noqa: PLC0415

    return display(what, display_id=True)


def _html_widget() -> Any:
    try:
        from ipywidgets import HTML  # noqa: PLC0415
    except ImportError:
        return None
    return HTML()


def follow(
    run: Watchable, progress: RunProgress, screen: Screen, *, after: int = 0, ends: Callable[[], bool] = lambda: False
) -> None:
    """Show a run from cursor `after` until it ends.

    Ctrl-C, or the stop button, asks it to stop and goes on watching; the second one raises `KeyboardInterrupt`. So does
    the first if `ends` says that it is the notebook that ends: the run goes on.
    """
    events: Events = SimpleQueue()

    def read() -> None:
        try:
            for event in run.watch(after):
                events.put(event)
        except Exception as error:  # noqa: BLE001  (raised again where somebody sees it)
            events.put(error)
        else:
            events.put(None)

    def stop() -> None:
        if ends():
            events.put(KeyboardInterrupt())
        else:
            run.cancel()

    threading.Thread(target=read, name="twingraph-follow", daemon=True).start()
    with _interrupted_by(stop):
        while not _pump(events, progress, screen):
            pass
    screen.finish(progress)


@contextmanager
def _interrupted_by(stop: Callable[[], None]) -> Iterator[None]:
    """A handler instead of `except KeyboardInterrupt`, which could strike between any two steps. It must not wait."""
    asked = False

    def interrupted(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        threading.Thread(target=stop, daemon=True).start()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _pump(events: Events, progress: RunProgress, screen: Screen) -> bool:
    """Show, then take in events for `INTERVAL_S`; whether there are no more."""
    screen.show(progress)
    until = time.monotonic() + INTERVAL_S
    while (left := until - time.monotonic()) > 0:
        try:
            event = events.get(timeout=left)
        except Empty:
            break
        if event is None:
            return True
        if isinstance(event, BaseException):
            raise event
        progress.apply(event)
    return False
