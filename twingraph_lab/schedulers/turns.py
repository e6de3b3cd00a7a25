"""Equal keys take turns, so that what two running tasks would both compute is computed once."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from twingraph_lab.errors import StoreError

LOCKS = "locks"
FIRST_POLL_S = 0.005
LONGEST_POLL_S = 0.2


@contextmanager
def turn(store_url: str, name: str, stopping: threading.Event) -> Iterator[bool]:
    """Wait until nobody else, thread or process, has this name; True while it is ours, False if `stopping` came first.

    It is a locked file in the store's folder, which the operating system unlocks when its holder dies, however that
    happens. A store that is no folder (`s3://…`) has no such locks: there, everybody's turn is at once.
    """
    if "://" in store_url:
        yield True
        return
    path = f"{store_url}/{LOCKS}/{name}"
    file = _wait(path, stopping)
    if file is None:
        yield False
        return
    try:
        yield True
    finally:
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108  (while it is ours: whoever opened it meanwhile sees that it is gone)
        os.close(file)


def _wait(path: str, stopping: threading.Event) -> int | None:
    """The locked file; None if `stopping` was set first. Holds nothing while waiting."""
    poll_s = FIRST_POLL_S
    while (file := _locked(path)) is None:
        if stopping.wait(poll_s):
            return None
        poll_s = min(poll_s * 1.5, LONGEST_POLL_S)
    return file


def _locked(path: str) -> int | None:
    try:
        try:
            file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
            return None
    except OSError as error:
        raise StoreError(f"artifact store: {path} can't be locked: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), os.stat(path)):  # noqa: PTH116  (else its last holder has removed it)
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None
