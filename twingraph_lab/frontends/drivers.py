"""Who drives the runs of a notebook: its own process, or one that outlives it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Protocol

from twingraph_lab.runtime.run import Run


class Driver(Protocol):
    """Sees to it that somebody drives a run."""

    def begin(self, start: Callable[[bool], Run], *, attended: bool) -> Run:
        """What `start` returns, which is told whether this process is to drive it. `attended`: by a person, now."""

    def expect(self, *, attended: bool) -> None:
        """A run will come soon. Returns at once."""


class Here:
    """For runs that this process drives."""

    def begin(self, start: Callable[[bool], Run], *, attended: bool) -> Run:
        """See `Driver`."""
        del attended
        return start(True)

    def expect(self, *, attended: bool) -> None:
        """See `Driver`: workers start with the first run."""


def started(start: Callable[[bool], Run], drive: bool) -> Run:  # noqa: FBT001  (what `start` takes)
    """What `start` returns. An interrupt that comes meanwhile strikes when there is a run, and cancels it."""
    if threading.current_thread() is not threading.main_thread():
        return start(drive)
    struck = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: struck.set())
    try:
        run = start(drive)
    finally:
        signal.signal(signal.SIGINT, before)
    if struck.is_set():
        run.cancel()
        raise KeyboardInterrupt
    return run
