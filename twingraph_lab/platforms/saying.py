"""What a body says while it runs, and how that gets out of its process."""

from __future__ import annotations

import fcntl
import logging
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from pydantic import JsonValue

from twingraph_lab import logs

LONGEST_RECORD = 1024**2
"""Characters of a log record's text."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A log record; `time` in seconds since the epoch."""

    time: float
    level: str
    text: str
    fields: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far a body is."""

    done: float
    total: float
    message: str


class PipeHandler(logging.Handler):
    """Sends what a body says while it runs.

    Its threads and the processes that it forks use the one pipe, so they take turns: the former by the handler's lock,
    the latter by that of a file, which the operating system unlocks when its holder dies.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self._turns = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the process lives)

    def send(self, message: object) -> None:
        """Send this alone."""
        with self.lock or nullcontext():
            fcntl.lockf(self._turns, fcntl.LOCK_EX)
            try:
                self._connection.send(message)
            finally:
                fcntl.lockf(self._turns, fcntl.LOCK_UN)

    def emit(self, record: logging.LogRecord) -> None:
        """Format and send one record."""
        try:
            text = storable(f"{record.name}: {self.format(record)}")
            text = text if len(text) <= LONGEST_RECORD else text[: LONGEST_RECORD - 1] + logs.CUT
            fields = {**logs.fields_of(record), "logger": record.name}
            self.send(Logged(record.created, record.levelname, text, fields))
        except Exception:  # noqa: BLE001  (as every handler: a bad log call is no reason to fail)
            self.handleError(record)

    def progress(self, done: float, total: float, message: str) -> None:
        """Send how far the body is."""
        with suppress(OSError):  # nobody listens any more
            self.send(Progressed(done, total, message))


def storable(text: str) -> str:
    """Text that can be stored as UTF-8: file names may bring lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode()
