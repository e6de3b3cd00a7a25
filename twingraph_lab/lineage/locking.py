"""One recorder at a time, among all processes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FileLock:
    """A lock that the operating system takes back when its holder dies, however that happens."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody else has it; whether it is ours now."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except BaseException:
            os.close(file)
            raise
        self._file = file
        return True

    def release(self) -> None:
        """Let somebody else have it."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
