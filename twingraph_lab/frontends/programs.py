"""The program that is executing here: what has to be known to run it again, and which runs it goes through then."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run that an earlier execution of the program began: to go on with, or only to be told about if `ended`."""

    run_id: str
    ended: bool


class Program:
    """One execution of a program. Thread-safe.

    `script` is a file, or `-m module`, or empty if nothing is known that could be executed again. `earlier` maps calls
    of pipelines, counted from 1, to what they began when the program was executed before.
    """

    def __init__(
        self,
        script: str = "",
        arguments: tuple[str, ...] = (),
        *,
        id: str = "",  # noqa: A002
        earlier: Mapping[int, Earlier] | None = None,
    ) -> None:
        self.id = id or uuid4().hex[:16]
        self.script = script
        self.arguments = arguments
        self._earlier = earlier or {}
        self._calls = 0
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def next_call(self) -> tuple[int, Earlier | None]:
        """The number of a pipeline's call, and the run that it began before."""
        with self._lock:
            self._calls += 1
            return self._calls, self._earlier.get(self._calls)

    @property
    def here(self) -> bool:
        """Whether this process executes it; one that was forked is another program."""
        return self._pid == os.getpid()


_current: Program | None = None


def current_program() -> Program:
    """The program of this process."""
    global _current  # noqa: PLW0603
    if _current is None or not _current.here:
        script = _script()
        _current = Program(script, tuple(sys.argv) if script else ())
    return _current


def use_program(program: Program | None) -> None:
    """From now on `program` is what executes here; None is what Python was started with."""
    global _current  # noqa: PLW0603
    _current = program


def _script() -> str:
    """What `python` was called with, if it can be called so again: a notebook or a prompt can't."""
    main = sys.modules.get("__main__")
    file, spec = getattr(main, "__file__", None), getattr(main, "__spec__", None)
    if spec is not None:
        return f"-m {spec.name.removesuffix('.__main__')}"
    if file is None or Path(file).suffix != ".py" or not Path(file).is_file():
        return ""
    return str(Path(file).absolute())
