"""The ledger in a PostgreSQL database, in the first schema of the connection's search path."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sqlalchemy import URL, create_engine, event, func, select

from twingraph_lab.errors import MissingExtraError, StoreError
from twingraph_lab.runtime.tables import EVENTS

LOCK_CLASS = (
    0x7467  # "tg"; the second half of the key is the schema, so that ledgers side by side don't wait for each other
)


class PostgresqlServer:
    """Writers take turns by an advisory lock that ends with their transaction.

    A turn ends only after its commit is visible, so events become visible in the order of their seqs, and a reader's
    cursor never passes one that is still to come.
    """

    def __init__(self, url: URL, timeout_s: float) -> None:
        self.name = url.render_as_string(hide_password=True)
        try:
            self.writer = create_engine(
                url,
                pool_size=1,
                max_overflow=0,
                pool_pre_ping=True,
                hide_parameters=True,
                isolation_level="READ COMMITTED",
            )
            self.reader = create_engine(
                url,
                pool_size=4,
                max_overflow=-1,
                pool_pre_ping=True,
                hide_parameters=True,
                isolation_level="REPEATABLE READ",
                execution_options={"postgresql_readonly": True},
            )
        except ModuleNotFoundError as error:
            raise MissingExtraError("a ledger in PostgreSQL", "postgresql") from error
        turn = (
            f"SET LOCAL lock_timeout = {round(timeout_s * 1000)}; SET LOCAL synchronous_commit = on; "
            f"SELECT pg_advisory_xact_lock({LOCK_CLASS}, hashtext(current_schema()))"
        )
        event.listen(self.writer, "begin", lambda connection: connection.exec_driver_sql(turn))

    def exclusive(self) -> AbstractContextManager[None]:
        """Each transaction takes its own lock as it begins."""
        return nullcontext()

    def committed(self, seq: int) -> None:
        """The server looks after itself."""

    def token(self) -> int:
        """The last event's seq."""
        with self.reader.connect() as connection:
            return connection.scalar(select(func.max(EVENTS.c.seq))) or 0

    def problems(self, last_seq: int) -> list[str]:  # noqa: ARG002  (the server's log is not ours to check)
        """None that the server wouldn't report itself."""
        return []

    def backup(self, path: Path) -> None:
        """Refused: the server's own tools do it better."""
        raise StoreError(
            f"ledger {self.name} is backed up by PostgreSQL's own tools: pg_dump --format=custom -f {path}"
        )

    def close(self) -> None:
        """Close all connections."""
        self.reader.dispose()
        self.writer.dispose()
