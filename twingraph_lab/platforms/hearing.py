"""What a body's process sends and prints → events."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any, Literal

from twingraph_lab.events import TaskLogged, TaskProgressed
from twingraph_lab.platforms.saying import Logged, Progressed

CHUNK_BYTES = 65_536
MOST_CHUNKS = 16
"""What a pipe may hold at most is read after the end of a body."""
LONGEST_LINE = 1024**2
"""Bytes. A longer line is passed on in pieces."""

Stream = Literal["stdout", "stderr"]


class GarbledError(Exception):
    """A body sent what is no message."""


def heard(connection: Connection) -> object:
    """The next message. Raises `EOFError` or `OSError` at the end, `GarbledError`."""
    try:
        return connection.recv()
    except (EOFError, OSError):
        raise
    except Exception as error:
        raise GarbledError(
            f"the body's process was stopped, as what it sent couldn't be read ({type(error).__name__}): it, or a"
            " process that it started, wrote into a file that isn't its own"
        ) from error


class Lines:
    """Cuts what comes through a pipe into whole lines; what is left at the end is a line too.

    Of a line that is written over by carriage returns, as progress bars do, its last state is passed on.
    """

    def __init__(self, fd: int, stream: Stream, log: Callable[[Stream, str], None]) -> None:
        self._fd = fd
        self._stream = stream
        self._log = log
        self._rest = b""

    def read(self) -> bool:
        """Pass on the whole lines that are there. False when the pipe is closed."""
        try:
            data = os.read(self._fd, CHUNK_BYTES)
        except BlockingIOError:
            return False
        whole, newline, self._rest = (self._rest + data).rpartition(b"\n")
        if newline:
            self._pass_on(whole)
        if len(self._rest) >= LONGEST_LINE:
            self._pass_on(self._rest)
            self._rest = b""
        return bool(data)

    def finish(self) -> None:
        """Read what the pipe still holds; not for ever, as others may go on writing."""
        for _ in range(MOST_CHUNKS):
            if not self.read():
                break
        if self._rest:
            self._pass_on(self._rest)
            self._rest = b""

    def _pass_on(self, lines: bytes) -> None:
        if b"\r" in lines:
            lines = b"\n".join(line.rstrip(b"\r").rpartition(b"\r")[2] for line in lines.split(b"\n"))
        self._log(self._stream, lines.decode(errors="replace"))


def event(said: Logged | Progressed, place: Mapping[str, Any]) -> TaskLogged | TaskProgressed:
    """What was said as an event; `place` has its run, task and attempt."""
    match said:
        case Logged():
            time = datetime.fromtimestamp(said.time, UTC)
            return TaskLogged(**place, time=time, stream="log", level=said.level, text=said.text, fields=said.fields)
        case Progressed():
            return TaskProgressed(**place, done=said.done, total=said.total, message=said.message)
