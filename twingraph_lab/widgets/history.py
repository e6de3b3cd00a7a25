"""What can be undone and done again."""

from __future__ import annotations

import threading
from collections import deque

from twingraph_lab.spec.workflow import Workflow

STEPS = 200
"""Steps that are remembered: workflows share what they have in common."""


class History:
    """Workflows as they were before each change, and those that were undone. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._past: deque[Workflow] = deque(maxlen=STEPS)
        self._undone: list[Workflow] = []

    def made(self, before: Workflow) -> None:
        """A change was made to what was `before`; what was undone can't be done again."""
        with self._lock:
            self._past.append(before)
            self._undone.clear()

    def undo(self, now: Workflow) -> Workflow | None:
        """What was before the last change; None if there was none."""
        with self._lock:
            if not self._past:
                return None
            self._undone.append(now)
            return self._past.pop()

    def redo(self, now: Workflow) -> Workflow | None:
        """What was before the last `undo`; None if that was overtaken by a change."""
        with self._lock:
            if not self._undone:
                return None
            self._past.append(now)
            return self._undone.pop()

    def forget(self) -> None:
        """Somebody else has changed the workflow: going back would undo that, too."""
        with self._lock:
            self._past.clear()
            self._undone.clear()
