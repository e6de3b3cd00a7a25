"""Who in this process wants to know that something was committed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Bell:
    """Rung after each commit that added events. Listeners must return at once: they wake somebody and no more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Callable[[], object], ...] = ()

    @contextmanager
    def listening(self, listener: Callable[[], object]) -> Iterator[None]:
        """`listener` is called, in the ringing thread, for each ring until the block ends."""
        with self._lock:
            self._listeners += (listener,)
        try:
            yield
        finally:
            with self._lock:
                self._listeners = tuple(other for other in self._listeners if other is not listener)

    def ring(self) -> None:
        """Call every listener."""
        for listener in self._listeners:
            listener()
