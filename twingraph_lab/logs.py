"""Structured logging and progress, from bodies, scripts and services alike.

`get_logger(__name__).log_execution(component="clean", status="success", duration=1.2)` is a log record with fields. In
a body it becomes an event of the run, anywhere else it goes where `logging` sends it; `configure()` makes that JSON
lines.
`progress(done, total)` is shown by whoever watches the run. No call here raises because of what it is given.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TextIO

from pydantic import JsonValue

INTERVAL_S = 0.1
"""How long a progress report waits for a newer one to take its place."""
DEEPEST = 8
LONGEST_TEXT = 16 * 1024
MOST_ITEMS = 1000
MOST_BITS = 4096
"""Of an integer: JSON parsers limit the digits that they read."""
CUT = "…"
"""Stands for what is left out."""

FAILED = ("failed", "failure", "error")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_WRITTEN = ("time", "level", "logger", "message", "run", "node", "attempt", "stream")

ProgressSink = Callable[[float, float, str], None]


class Logger(logging.LoggerAdapter[logging.Logger]):
    """A `logging.Logger` whose `extra=` may hold any names, and which knows `log_execution`."""

    def log_execution(
        self,
        component: str,
        execution_id: str | None = None,
        status: str | None = None,
        duration: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """Say how an execution went; `duration` in seconds. At level ERROR if `status` says so, else INFO."""
        given = {
            "component": component,
            "execution_id": execution_id,
            "status": status,
            "duration": duration,
            "metadata": metadata,
        }
        known = {name: value for name, value in given.items() if value is not None}
        took = f" in {_seconds(duration)}" if duration is not None else ""
        details = {**(dict(metadata) if isinstance(metadata, Mapping) else {}), **fields}
        shown = ", ".join(f"{name}={_text(value)}" for name, value in details.items())
        message = (
            f"{_text(component)} {'' if status is None else _text(status)}".rstrip()
            + took
            + (f" ({shown})" if shown else "")
        )
        level = logging.ERROR if _text(status).lower() in FAILED else logging.INFO
        self.log(level, "%s", message, extra={**known, **fields}, stacklevel=2)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Rename fields that a log record has itself: `logging` would raise."""
        extra = kwargs.get("extra")
        if extra is not None:
            extra = extra if isinstance(extra, Mapping) else {"extra": extra}
            kwargs["extra"] = {f"{name}_" if name in _STANDARD else str(name): each for name, each in extra.items()}
        return msg, kwargs

    def __getattr__(self, name: str) -> Any:
        if name == "logger":  # not made yet: while it is being copied
            raise AttributeError(name)
        return getattr(self.logger, name)


def get_logger(name: str | None = None) -> Logger:
    """The logger of this name (`__name__`), with `log_execution`."""
    return Logger(logging.getLogger(name), {})


class JsonLines(logging.Formatter):
    """A record as one JSON object: time in UTC with microseconds, level, logger, message, place, then its own fields.

    The place is `run`, `node` and `attempt`, in a body's process.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line without its end."""
        message = super().format(record)
        written = json_line(
            time=datetime.fromtimestamp(record.created, UTC),
            level=record.levelname,
            logger=record.name,
            message=message,
            run=os.environ.get("TWINGRAPH_RUN_ID", ""),
            node=os.environ.get("TWINGRAPH_NODE", ""),
            attempt=int(os.environ.get("TWINGRAPH_ATTEMPT", "0")),
            fields=fields_of(record),
        )
        return json.dumps(written, ensure_ascii=False)


def configure(to: str | Path | TextIO | None = None, level: int | str = logging.INFO) -> logging.Handler:
    """Write what is logged in this process as JSON lines to a file (appended), a stream, or stderr.

    Returns the handler; calling it again for the same place changes its level.
    """
    handler: logging.Handler
    if isinstance(to, str | Path):
        handler = logging.FileHandler(to, encoding="utf-8", delay=True)
    else:
        handler = logging.StreamHandler(to or sys.stderr)
    root = logging.getLogger()
    for other in [other for other in root.handlers if _place(other) == _place(handler)]:
        root.removeHandler(other)
    handler.setFormatter(JsonLines())
    handler.setLevel(level)
    root.addHandler(handler)
    root.setLevel(min(root.level or handler.level, handler.level))
    return handler


def _place(handler: logging.Handler) -> object:
    if not isinstance(handler.formatter or JsonLines(), JsonLines):
        return handler
    return getattr(handler, "baseFilename", None) or getattr(handler, "stream", handler)


def json_line(
    *,
    time: datetime,
    level: str,
    logger: str,
    message: str,
    run: str,
    node: str,
    attempt: int,
    fields: Mapping[str, JsonValue],
) -> dict[str, JsonValue]:
    """What one line of JSON says; fields that have the name of something else get a `_`."""
    line: dict[str, JsonValue] = {"time": time.astimezone(UTC).isoformat(timespec="microseconds"), "level": level}
    line |= {"logger": logger, "message": message}
    if run:
        line |= {"run": run, "node": node, "attempt": attempt}
    return line | {f"{name}_" if name in _WRITTEN else name: value for name, value in fields.items()}


def fields_of(record: logging.LogRecord) -> dict[str, JsonValue]:
    """What a record holds beyond what every record has, as JSON."""
    return {_text(name): jsonable(each) for name, each in vars(record).items() if name not in _STANDARD}


def jsonable(value: Any) -> JsonValue:
    """`value` as JSON; what JSON can't hold becomes text, and what is too much is left out.

    >>> jsonable({"n": 1, "nan": float("nan"), 2: {3}, "when": Path("a")})
    {'n': 1, 'nan': 'nan', '2': [3], 'when': 'a'}
    """
    return _tree(value, DEEPEST, itertools.count(1))


def _tree(value: Any, depth: int, items: Iterator[int]) -> JsonValue:
    """`items` counts those of all containers together."""
    if value is None or isinstance(value, bool):
        return value
    try:
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, Integral):
            number = int(value)
            return number if number.bit_length() <= MOST_BITS else f"<integer of {number.bit_length()} bits>"
        if isinstance(value, Real) and math.isfinite(value):
            return float(value)
        if depth and isinstance(value, Mapping):
            made: dict[str, JsonValue] = {}
            for name, each in value.items():
                if next(items) > MOST_ITEMS:
                    return {**made, CUT: CUT}
                made[_text(name)] = _tree(each, depth - 1, items)
            return made
        if depth and isinstance(value, list | tuple | set | frozenset):
            listed: list[JsonValue] = []
            for each in value:
                if next(items) > MOST_ITEMS:
                    return [*listed, CUT]
                listed.append(_tree(each, depth - 1, items))
            return listed
    except Exception:  # noqa: BLE001  (anybody's classes)
        return _text(value)
    return _text(value)


def _text(value: object) -> str:
    """Text of at most `LONGEST_TEXT` characters that can be stored as UTF-8."""
    try:
        text = str(value)
    except Exception as error:  # noqa: BLE001  (anybody's classes)
        text = f"<{type(value).__name__}, whose text can't be made: {type(error).__name__}>"
    text = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + CUT
    return text.encode("utf-8", "backslashreplace").decode()


def _seconds(duration: object) -> str:
    return f"{duration:.6g} s" if isinstance(duration, int | float) else _text(duration)


class Progress:
    """Passes on progress reports at once if there was none for `INTERVAL_S`, else the last one of the interval."""

    def __init__(self, sink: ProgressSink) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._told = -math.inf
        self._waiting: tuple[float, float, str] | None = None
        self._timer: threading.Timer | None = None

    def report(self, done: float, total: float, message: str) -> None:
        """Pass on soon."""
        with self._lock:
            self._waiting = (done, total, message)
            left = self._told + INTERVAL_S - time.monotonic()
            if left <= 0:
                self._tell()
            elif self._timer is None:
                self._timer = threading.Timer(left, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Pass on what waits."""
        with self._lock:
            self._tell()

    def _tell(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting is not None:
            waiting, self._waiting, self._told = self._waiting, None, time.monotonic()
            self._sink(*waiting)


_progress: Progress | None = None


def report_to(sink: ProgressSink) -> Progress:
    """From now on this is a body's process: `progress` goes to `sink`. The caller flushes at the end of an attempt."""
    os.register_at_fork(after_in_child=lambda: _report_to(sink))  # there the old one's lock may stay taken for ever
    return _report_to(sink)


def _report_to(sink: ProgressSink) -> Progress:
    global _progress  # noqa: PLW0603
    _progress = Progress(sink)
    return _progress


def progress(done: float, total: float = 0, message: str = "") -> None:
    """Say that `done` of `total` units of a body's work are done; `total` is 0 if it isn't known.

    Does nothing outside of a body. At most some ten reports a second are passed on, the last one always.

    >>> progress(3, 10, "reading March")
    """
    if _progress is None:
        return
    try:
        made, whole = float(done), float(total or 0)
    except (TypeError, ValueError, OverflowError):
        return
    if math.isfinite(made) and math.isfinite(whole):
        _progress.report(max(made, 0.0), max(whole, 0.0), _text(message or "")[:200])
