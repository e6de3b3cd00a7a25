"""Equal keys take turns, so that what two running tasks would both compute is computed once."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256

from twingraph_lab.errors import StoreError

LOCKS = "cache.locks"
FIRST_POLL_S = 0.005
LONGEST_POLL_S = 0.2


@contextmanager
def turn(store_url: str, name: str, stopping: threading.Event) -> Iterator[bool]:
    """Wait until nobody else, thread or process, has this name; True while it is ours, False if `stopping` came first.

    A name is a byte of one file in the store's folder, and whoever has it holds a lock on that byte, which the
    operating system gives up when the process dies, however that happens. A store that is no folder (`s3://…`) has no
    such locks: there, everybody's turn is at once.
    """
    if "://" in store_url:
        yield True
        return
    with _known:
        locks = _locks(os.getpid(), f"{store_url}/{LOCKS}")
    place = int.from_bytes(sha256(name.encode()).digest()[:7])
    poll_s = FIRST_POLL_S
    while not locks.take(place):
        if stopping.wait(poll_s):
            yield False
            return
        poll_s = min(poll_s * 1.5, LONGEST_POLL_S)
    try:
        yield True
    finally:
        locks.give_back(place)


class _Locks:
    """What this process holds of a file, which is open as long as that is anything: closing it gives back all."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1
        self._taken: set[int] = set()  # the system doesn't tell the threads of a process apart
        self._lock = threading.Lock()

    def take(self, place: int) -> bool:
        """Whether it is ours now. Raises `StoreError` if the file can't be locked."""
        with self._lock:
            if place in self._taken:
                return False
            try:
                if not self._taken:
                    self._file = self._opened()
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
                self._taken.add(place)
            except (BlockingIOError, PermissionError):  # systems differ in how they say that it is taken
                pass
            except OSError as error:
                raise StoreError(f"artifact store: {self._path} can't be locked: {error.strerror}") from error
            finally:
                self._close_unused()
            return place in self._taken

    def give_back(self, place: int) -> None:
        """Let others have it."""
        with self._lock:
            self._taken.remove(place)
            if self._taken:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
            self._close_unused()

    def _opened(self) -> int:
        os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
        return os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def _close_unused(self) -> None:
        if not self._taken and self._file >= 0:
            os.close(self._file)
            self._file = -1


_known = threading.Lock()


@cache
def _locks(_process: int, path: str) -> _Locks:
    """One for each process, also for one that was forked: locks aren't inherited."""
    return _Locks(path)
