"""What the ledger needs of a database beyond SQL, and how its errors read."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from twingraph_lab.errors import StoreError


class Database(Protocol):
    """Two pools of connections and the few things that differ between kinds of database.

    A transaction of `writer` excludes every other writer, in any process, from its beginning to its commit. One of
    `reader` sees one state of the store and can't write.
    """

    name: str
    writer: Engine
    reader: Engine

    def exclusive(self) -> AbstractContextManager[None]:
        """Held around each write transaction and what follows its commit; StoreError if it can't be had in time."""

    def committed(self, seq: int) -> None:
        """Look after the store once a transaction is durable; `seq` is its last event's, 0 if it had none."""

    def token(self) -> int:
        """A number that differs from an earlier one if another connection has committed events in between."""

    def problems(self, last_seq: int) -> list[str]:
        """What is wrong with the storage, given the last event that is in it."""

    def backup(self, path: Path) -> None:
        """Write a consistent copy while others read and write."""

    def close(self) -> None:
        """Close all connections."""


def open_database(url: str, timeout_s: float) -> Database:
    """A SQLite file or a PostgreSQL database; StoreError if it can't be opened. Locks are waited for `timeout_s`."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"ledger {url!r} isn't an SQLAlchemy URL: {error}") from error
    match parsed.get_backend_name():
        case "sqlite":
            from twingraph_lab.runtime.sqlite import SqliteFile  # noqa: PLC0415  (only one of the two is needed)

            return SqliteFile(parsed, timeout_s)
        case "postgresql":
            from twingraph_lab.runtime.postgresql import PostgresqlServer  # noqa: PLC0415

            return PostgresqlServer(parsed, timeout_s)
        case other:
            raise StoreError(f"a ledger is sqlite:///path or postgresql+psycopg://user@host/database, not {other!r}")


DOCTOR = "`twingraph doctor` checks it and says what can be done"
MEANINGS = {
    "SQLITE_BUSY": "is locked by another process, and nothing was written; try again when that has finished",
    "SQLITE_FULL": "can't grow because the disk is full, and nothing was written; free some space and go on",
    "SQLITE_NOTADB": f"is not an SQLite file, or its first page is damaged; {DOCTOR}",
    "SQLITE_CORRUPT": f"is damaged; {DOCTOR}",
    "SQLITE_IOERR": f"can't be read or written; {DOCTOR}",
    "SQLITE_READONLY": "can't be written: the file or its folder is read-only",
    "SQLITE_CANTOPEN": "can't be opened",
    "55P03": "is locked by another process, and nothing was written; try again when that has finished",
    "53100": "can't grow because the disk is full, and nothing was written; free some space and go on",
}
"""By the primary name of SQLite's result code (sqlite.org/rescode.html), or PostgreSQL's SQLSTATE (its Appendix A)."""


def store_error(error: Exception, name: str) -> StoreError:
    """What a driver's error means to somebody who runs workflows."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""
    meaning = MEANINGS.get("_".join(code.split("_")[:2]), "can't be used")
    return StoreError(f"ledger {name} {meaning} ({str(cause).strip()})")


class translated(AbstractContextManager[None]):  # noqa: N801  (reads as a statement: `with translated(name):`)
    """Driver errors inside become StoreErrors."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SQLAlchemyError | OSError):
            raise store_error(error, self.name) from error
