"""Carries events from a worker to the coordinator: in order, in batches, and never an outcome before it is durable."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from twingraph_lab.events import AnyTaskEvent, TaskCompleted
from twingraph_lab.runtime.crash import crash_point
from twingraph_lab.runtime.outcomes import Outcomes

FLUSH_S = 0.02
"""How long an event may wait for others."""

Send = Callable[[Sequence[AnyTaskEvent]], None]


class Reporter:
    """For one group of tasks. `emit` is called by the thread that runs them; a timer sends what it leaves behind."""

    def __init__(self, outcomes: Outcomes, send: Send) -> None:
        self._outcomes = outcomes
        self._send = send
        self._lock = threading.Lock()
        self._pending: list[AnyTaskEvent] = []
        self._flushed = time.monotonic()
        self._timer: threading.Timer | None = None

    def emit(self, event: AnyTaskEvent) -> None:
        """Send `event` soon."""
        with self._lock:
            self._pending.append(event)
            if time.monotonic() - self._flushed >= FLUSH_S:
                self._flush()
            elif self._timer is None:
                self._timer = threading.Timer(FLUSH_S, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def emit_durably(self, event: AnyTaskEvent) -> None:
        """Write `event` down before going on; for tasks that must not start twice."""
        self._outcomes.write([event])
        self.emit(event)

    def flush(self) -> None:
        """Send everything now."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._flushed = time.monotonic()
        if self._pending:
            completed = (event for event in self._pending if isinstance(event, TaskCompleted))
            self._outcomes.write(event for event in completed if not event.cached_from)  # the cache has the others
            crash_point("worker_after_outcome")
            self._send(self._pending)
            crash_point("worker_after_report")
            self._pending = []  # only now: if the store fails, the next flush tries again
