"""Following a run from a thread, for whoever draws it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from twingraph_lab.errors import StoreError
from twingraph_lab.frontends.canvas.frames import Frames
from twingraph_lab.frontends.canvas.messages import Frame
from twingraph_lab.lab import Lab

INTERVAL_S = 0.1
"""At most one frame in this time, however much happens."""
PAGE = 1000
PATIENCE_S = 30.0
"""How long a store that can't be read is tried again."""
log = logging.getLogger(__name__)


class Follower:
    """Calls `hear` with frames of a run, the first one with all nodes, until the run has ended, and then `ended`.

    Both are called by a thread of its own, and not any more after `stop`.
    """

    def __init__(
        self, lab: Lab, run_id: str, hear: Callable[[Frame], None], ended: Callable[[], None] = lambda: None
    ) -> None:
        self.run_id = run_id
        self._lab = lab
        self._hear = hear
        self._ended = ended
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"twingraph-follow-{run_id}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Call `hear` no more, but for a frame that is under way. Returns at once."""
        self._stopping.set()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the last frame; whether it has come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _follow(self) -> None:
        failing_since: float | None = None
        frames, after = None, 0
        while not self._stopping.is_set():
            try:
                if frames is None:
                    frames, after = self._begin()
                after, final = self._step(frames, after)
                failing_since = None
            except StoreError as error:
                failing_since = failing_since or time.monotonic()
                if time.monotonic() - failing_since > PATIENCE_S:
                    log.warning("run %s isn't followed any more: %s", self.run_id, error)
                    return
                final = False
            if final:
                self._ended()
                return
            self._stopping.wait(INTERVAL_S)

    def _begin(self) -> tuple[Frames, int]:
        """What is known now, and the place in the log to go on from: a bit before, since events may be told twice."""
        ledger = self._lab.ledger
        last = ledger.last_event(self.run_id)
        after = last.seq if last else 0
        record = ledger.run(self.run_id)
        return Frames(ledger.workflow(self.run_id), record, ledger.tasks(self.run_id), after=after), after

    def _step(self, frames: Frames, after: int) -> tuple[int, bool]:
        """Take in what has happened and tell it; the cursor after it, and whether nothing will follow."""
        final = self._lab.ledger.states([self.run_id])[self.run_id][0].final  # before the read, which then has it all
        until = time.monotonic() + INTERVAL_S
        while page := self._lab.ledger.events(self.run_id, after, PAGE):
            for event in page:
                frames.apply(event)
            after = page[-1].seq
            if time.monotonic() > until:
                final = final and len(page) < PAGE
                break
        frame = frames.take()
        if frame is not None and not self._stopping.is_set():
            self._hear(frame)
        return after, final
