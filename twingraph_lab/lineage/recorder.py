"""Follows the event stream and writes the lineage graph, without ever being in anybody's way.

The place it has come to is kept in the lineage database and moves in the same transaction as the graph, so each event
has its effect once. One process writes at a time, the one that holds the lock file; what it doesn't get round to, the
next one does. Nothing that goes wrong here reaches a run: it is logged and tried again.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from twingraph_lab.errors import StoreError
from twingraph_lab.events import Event, RunFinished
from twingraph_lab.lineage.changes import Changes, execution_id
from twingraph_lab.lineage.embedded.batch import upsert
from twingraph_lab.lineage.embedded.lookup import completed
from twingraph_lab.lineage.embedded.store import Store, advance
from twingraph_lab.lineage.facts import EventReader, RunLog, Runs
from twingraph_lab.lineage.locking import FileLock
from twingraph_lab.lineage.schema import RECORDED

log = logging.getLogger(__name__)
READER = "recorder"
BATCH = 500
"""Events at a time."""
INTERVAL_S = 1.0
"""Pause between batches while nobody waits, so that recording takes little from what is running."""
_POLL_S = 0.02
_LONGEST_BACKOFF_S = 30.0
_ATTEMPTS = (range(1, 9), range(9, 1001))
"""Where to look for the attempt that completed a task: nearly always it is one of the first."""


class Recorder:
    """Records lineage in `store` (or its file): in a thread from `start()` on, or when asked to catch up."""

    def __init__(
        self,
        ledger: RunLog,
        stream: EventReader,
        store: Store | str | os.PathLike[str],
        *,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self.store = store if isinstance(store, Store) else Store(store)
        self._stream = stream
        self._runs = Runs(ledger, stream, self.store)
        self._interval_s = interval_s
        self._others = FileLock(Path(f"{self.store.path}.lock"))
        self._working = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow. Doing it twice does no harm."""
        with self._working:
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._follow, name="lineage-recorder", daemon=True)
                self._thread.start()

    def caught_up(self, seq: int, timeout_s: float = 0.0) -> bool:
        """Whether everything up to event `seq` is in the graph. Helps it get there, for at most `timeout_s`."""
        end = time.monotonic() + timeout_s
        while self._pending(seq):
            if time.monotonic() >= end:
                return False
            if self._step() is None:
                time.sleep(_POLL_S)
        self._rest()
        return True

    def catch_up(self, timeout_s: float = 30.0) -> bool:
        """Record all there is by now, within `timeout_s`; False if something is left. `start()` isn't needed for it."""
        end = time.monotonic() + timeout_s
        while (found := self._step()) == BATCH:
            if time.monotonic() >= end:
                return False
        if found is not None:
            self._rest()
            return True
        return self.caught_up(self._last_seq(), end - time.monotonic())  # another process is recording

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop, having recorded what `timeout_s` is enough for. The rest is recorded by whoever comes next."""
        with self._working:
            thread, self._thread = self._thread, None
        self._stopping.set()
        if thread is not None:
            thread.join()
            try:
                self.catch_up(timeout_s)
            except StoreError as error:
                log.warning("lineage will be completed later: %s", error)
        self._others.release()
        self.store.close()

    def _follow(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self._step()
                failures = 0
            except Exception as error:
                failures += 1
                log.warning("lineage can't be recorded now, trying again: %s", error, exc_info=failures == 1)
            self._stopping.wait(min(self._interval_s * 2**failures, _LONGEST_BACKOFF_S))

    def _step(self) -> int | None:
        """Record one batch; how many events it had, or None if another process is recording."""
        with self._working:
            if not self._others.acquire():
                return None
            recorded = self.store.cursor(READER)
            events = self._stream.read(None, after=recorded, limit=BATCH, types=RECORDED)
            if events:
                self._record(events, recorded)
            return len(events)

    def _record(self, events: Sequence[Event], recorded: int) -> None:
        changes = Changes()
        finished: set[str] = set()
        for event in events:
            self._apply(event, recorded, changes)
            (finished.add if isinstance(event, RunFinished) else finished.discard)(event.run_id)
        try:
            with self.store.writing() as connection:
                missing = upsert(connection, changes.vertices.values(), changes.edges.values())
                upsert(connection, (), _origins(connection, changes.cached).edges.values())
                advance(connection, READER, events[-1].seq)
        except BaseException:
            self._runs.forget_all()  # they are ahead of the graph now
            raise
        for edge in missing:
            log.warning(
                "lineage has no %s edge from %s to %s: one of them is missing", edge.label, edge.source, edge.target
            )
        for run_id in finished:
            self._runs.forget(run_id)

    def _apply(self, event: Event, recorded: int, changes: Changes) -> None:
        """One event that can't be understood is left out, rather than holding up all that follow."""
        try:
            self._runs.of(event, recorded).apply(event, changes)
        except StoreError:
            self._runs.forget_all()
            raise
        except Exception:
            log.exception("event %s of run %s is missing from lineage", event.seq, event.run_id)

    def _pending(self, seq: int) -> bool:
        """Whether an event up to `seq` isn't recorded yet."""
        recorded = self.store.cursor(READER)
        if recorded >= seq:
            return False
        following = self._stream.read(None, after=recorded, limit=1, types=RECORDED)
        return bool(following) and following[0].seq <= seq

    def _last_seq(self) -> int:
        seq = self.store.cursor(READER)
        while events := self._stream.read(None, after=seq, limit=BATCH, types=RECORDED):
            seq = events[-1].seq
        return seq

    def _rest(self) -> None:
        """Who only looks doesn't keep others from recording."""
        with self._working:
            if self._thread is None:
                self._others.release()


def _origins(connection: sqlite3.Connection, cached: Mapping[str, str]) -> Changes:
    """An edge from each cached execution to the one whose outputs it took, of which only `run/node` is known."""
    links = Changes()
    for execution, task in cached.items():
        run_id, _, node = task.partition("/")
        for attempts in _ATTEMPTS:
            origin = completed(connection, [execution_id(run_id, node, attempt) for attempt in attempts])
            if origin is not None:
                links.edge("CACHED_FROM", execution, origin)
                break
    return links
