"""One SQLite file that holds a property graph: connections, transactions, and how far its readers have come.

Write-ahead logging, so that other processes read while one writes. `synchronous=NORMAL`, because what a power loss
takes away (the last transactions, whole) is recorded again from the ledger. A read transaction sees one state.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock

from twingraph_lab.errors import StoreError

VERSION = 1
SHORT = 200
"""Only values up to this many characters are in the index; longer ones are found by looking at each element."""

_ELEMENTS = """
CREATE TABLE vertex(pk INTEGER PRIMARY KEY, id NOT NULL UNIQUE, label TEXT NOT NULL);
CREATE INDEX vertex_label ON vertex(label);
CREATE TABLE edge(pk INTEGER PRIMARY KEY, id NOT NULL UNIQUE, label TEXT NOT NULL,
    source INTEGER NOT NULL, target INTEGER NOT NULL);
CREATE INDEX edge_source ON edge(source, label, target);
CREATE INDEX edge_target ON edge(target, label, source);
CREATE INDEX edge_label ON edge(label);
CREATE TABLE reader(name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
"""
_PROPERTIES = """
CREATE TABLE {0}_property(element INTEGER NOT NULL, key TEXT NOT NULL, place INTEGER NOT NULL, value, kind TEXT,
    PRIMARY KEY(element, key, place)) WITHOUT ROWID;
CREATE INDEX {0}_property_value ON {0}_property(key, value, kind) WHERE length(value) <= {1};
"""
_TABLES = "".join([_ELEMENTS, *(_PROPERTIES.format(kind, SHORT) for kind in ("vertex", "edge"))])


class Store:
    """The graph in `path`, made on first use (readable by its owner only) unless `read_only`.

    Any number of threads may use one `Store`; each transaction has a connection of its own. `timeout_s` is how long a
    writer waits for another one. Raises `StoreError` where the file can't be used.
    """

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool = False, timeout_s: float = 30.0) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self.closed = False
        self._timeout_s = timeout_s
        self._idle: list[sqlite3.Connection] = []
        self._lock = Lock()
        if read_only and not self.path.exists():
            raise StoreError(f"there is no lineage database at {self.path}")
        with _explained(self.path):
            if not read_only:
                self._create()
            self._check_version()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees the graph as it is now, whatever others write meanwhile."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are kept if the block ends well, and undone if it raises."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def cursor(self, reader: str) -> int:
        """The last event that `reader` has dealt with; 0 for a reader nobody has heard of."""
        with self.reading() as connection:
            return cursor(connection, reader)

    def connect(self) -> sqlite3.Connection:
        """A new connection that commits each statement by itself until told to BEGIN. The caller closes it."""
        if self.closed:
            raise StoreError(f"the lineage database {self.path} is closed")
        mode = "ro" if self.read_only else "rw"
        with _explained(self.path):
            connection = sqlite3.connect(
                f"{self.path.resolve().as_uri()}?mode={mode}",
                uri=True,
                timeout=self._timeout_s,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(f"PRAGMA query_only={int(self.read_only)}")
        return connection

    def close(self) -> None:
        """Close idle connections and refuse new ones; a transaction under way still ends."""
        with self._lock:
            self.closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._idle.pop() if self._idle and not self.closed else None
        connection = connection or self.connect()
        try:
            with _explained(self.path):
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            connection.close()
            raise
        with self._lock:
            if not self.closed:
                self._idle.append(connection)
                return
        connection.close()

    def _create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives its side files the same mode
        with closing(self.connect()) as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0]:
                return
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN IMMEDIATE")
            if not connection.execute("PRAGMA user_version").fetchone()[0]:  # another process may have been first
                for statement in filter(str.strip, _TABLES.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={VERSION}")
            connection.execute("COMMIT")

    def _check_version(self) -> None:
        with closing(self.connect()) as connection:
            (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found != VERSION:
            raise StoreError(
                f"{self.path} has lineage format {found}; this version of TwinGraph Lab reads format {VERSION}"
            )


def cursor(connection: sqlite3.Connection, reader: str) -> int:
    """The last event that `reader` has dealt with, as of the transaction on `connection`."""
    row = connection.execute("SELECT seq FROM reader WHERE name = ?", (reader,)).fetchone()
    return int(row[0]) if row else 0


def advance(connection: sqlite3.Connection, reader: str, seq: int) -> None:
    """Remember, in the transaction on `connection`, that `reader` has dealt with everything up to `seq`."""
    connection.execute(
        "INSERT INTO reader(name, seq) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET seq = excluded.seq", (reader, seq)
    )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"lineage database {path}: {error}") from error
    except OSError as error:
        raise StoreError(f"lineage database {path}: {error.strerror or error}") from error
