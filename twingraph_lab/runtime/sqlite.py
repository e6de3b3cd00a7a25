"""The ledger in an SQLite file on a local disk.

Write-ahead log, `synchronous=FULL`: what is committed survives a power cut. SQLite 3.7.0 to 3.51.2 can corrupt the file
when two connections write or checkpoint at the same instant (the WAL-reset bug). So a write transaction, the checkpoint
at its commit, and the closing of the file happen under an exclusive `flock` on `<file>.lock`.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from twingraph_lab.errors import StoreError
from twingraph_lab.runtime.database import DOCTOR, store_error

WAL_LIMIT_BYTES = 16 * 1024 * 1024
MARK_EVERY_S = 1.0
LOCK_POLL_S = 0.0005


class SqliteFile:
    """The file, its lock, and its high-water mark: the last event seen committed, in `<file>.mark`.

    SQLite silently drops the tail of a damaged write-ahead log; only the mark can tell.
    """

    def __init__(self, url: URL, timeout_s: float) -> None:
        if not url.database or url.database == ":memory:":
            raise StoreError("a ledger lives in a file, which several processes read: sqlite:///path/to/ledger.db")
        self.path = Path(url.database).absolute()
        self.name = str(self.path)
        self._timeout_s = timeout_s
        self._seq = 0
        self._marked_s = -MARK_EVERY_S
        self._create()
        self.writer = self._engine("rw", "BEGIN IMMEDIATE", size=1)
        self.reader = self._engine("ro", "BEGIN", size=4)
        self._probe: sqlite3.Connection | None = None
        self._probing = threading.Lock()

    def _create(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same mode
        except OSError as error:
            raise StoreError(f"ledger {self.name} can't be opened: {error.strerror}") from error

    def _engine(self, mode: str, begin: str, *, size: int) -> Engine:
        engine = create_engine(
            "sqlite://",
            creator=lambda: self._connect(mode),
            poolclass=QueuePool,
            pool_size=size,
            max_overflow=-1,
            hide_parameters=True,  # errors are shown and logged; values may be anything
        )
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    def _connect(self, mode: str) -> sqlite3.Connection:
        """`isolation_level=None` leaves transactions to us: the driver's own begin too late, and deferred."""
        connection = sqlite3.connect(
            f"file:{quote(self.name)}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=self._timeout_s,
        )
        if mode == "rw":
            if connection.execute("PRAGMA journal_mode=WAL").fetchone() != ("wal",):
                raise StoreError(f"ledger {self.name} needs a write-ahead log, which this file system can't hold")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
        return connection

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """The lock file is opened each time, so that no forked child inherits a lock and keeps it."""
        descriptor = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._lock(descriptor)
            try:
                yield
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StoreError(
                        f"ledger {self.name} was locked by another process for {self._timeout_s:g} s, "
                        "and nothing was written; try again when that has finished"
                    ) from None
                time.sleep(LOCK_POLL_S)
            else:
                return

    def committed(self, seq: int) -> None:
        """SQLite checkpoints the log by itself; a reader can keep it growing, so it is cut once it is too long."""
        self._seq = max(self._seq, seq)
        if time.monotonic() >= self._marked_s + MARK_EVERY_S:
            self._mark()
        with suppress(OSError, sqlite3.Error, SQLAlchemyError):  # the commit stands; the next one tries again
            if os.stat(f"{self.path}-wal").st_size > WAL_LIMIT_BYTES:  # noqa: PTH116  (a Path costs more than the call)
                self._truncate()

    def _truncate(self) -> None:
        with closing(self.writer.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA busy_timeout=0")  # a reader that is still in the log is not waited for
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout={round(self._timeout_s * 1000)}")

    def _mark(self) -> None:
        """Never lowered: after a loss it stays where the log once was, until that many events are there again."""
        self._marked_s = time.monotonic()
        if self._seq > self._high_water():
            temporary = Path(f"{self.path}.mark.{os.getpid()}")
            with suppress(OSError):  # a missing or old mark claims less, never too much
                temporary.touch(mode=0o600)
                temporary.write_text(f"{self._seq}\n")
                temporary.replace(f"{self.path}.mark")

    def _high_water(self) -> int:
        try:
            return int(Path(f"{self.path}.mark").read_text())
        except (OSError, ValueError):
            return 0

    def token(self) -> int:
        """SQLite's `data_version`, which compares a number in shared memory."""
        try:
            with self._probing:
                if self._probe is None:
                    self._probe = self._connect("ro")
                version: int = self._probe.execute("PRAGMA data_version").fetchone()[0]
                return version
        except sqlite3.Error as error:
            raise store_error(error, self.name) from error

    def problems(self, last_seq: int) -> list[str]:
        """Damaged pages, and events that were committed once and are gone."""
        with self.reader.connect() as connection:
            found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check")]
        damage = [] if found == ["ok"] else found
        if last_seq < (mark := self._high_water()):
            damage.append(
                f"events {last_seq + 1} to {mark} were committed and are gone: the write-ahead log was damaged or "
                "deleted, and SQLite went back to what was before; restore a backup or run those tasks again"
            )
        return damage

    def backup(self, path: Path) -> None:
        """By SQLite's backup API, to a file beside it that then takes the name; an older copy is replaced."""
        path = path.absolute()
        if path == self.path:
            raise StoreError(f"ledger {self.name} can't be backed up onto itself")
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
            with closing(self._connect("ro")) as source, closing(sqlite3.connect(temporary)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file holds it all
            temporary.replace(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"ledger {self.name} can't be backed up to {path}: {error}; {DOCTOR}") from error
        finally:
            temporary.unlink(missing_ok=True)

    def close(self) -> None:
        """The last connection to close the file empties its log into it, under the lock like any write."""
        self.reader.dispose()
        with self._probing:
            if self._probe is not None:
                self._probe.close()
        try:
            with self.exclusive():
                self._mark()
                self.writer.dispose()
        except StoreError:  # whoever holds the lock has the file open too, so this connection isn't the last
            self.writer.dispose()
