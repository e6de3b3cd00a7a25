"""One write transaction: a connection, and the next free place in the event log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, func, insert, select

from twingraph_lab.events import Event
from twingraph_lab.runtime.tables import EVENTS

LAST_SEQ = select(func.max(EVENTS.c.seq))
INSERT_EVENTS = insert(EVENTS)


class Transaction:
    """What operations write through.

    Write transactions exclude each other, so counting here gives seqs without gaps, in the order of commits. A
    database's own sequence leaves a gap after each rollback.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._last_seq: int | None = None
        self.appended = 0

    @property
    def last_seq(self) -> int:
        """The seq of the last event in the log, this transaction's included; 0 if there is none."""
        if self._last_seq is None:
            self._last_seq = self.connection.scalar(LAST_SEQ) or 0
        return self._last_seq

    def append(self, events: Sequence[Event]) -> list[Event]:
        """Put events at the end of the log; returns them with their seqs. Their runs must be in the ledger."""
        first = self.last_seq + 1
        placed: list[Event] = [event.model_copy(update={"seq": seq}) for seq, event in enumerate(events, first)]
        if placed:
            self.connection.execute(
                INSERT_EVENTS,
                [
                    {
                        "seq": event.seq,
                        "run_id": event.run_id,
                        "task_id": getattr(event, "task_id", None),
                        "type": event.type,
                        "body": event.model_dump_json(),
                    }
                    for event in placed
                ],
            )
        self._last_seq = first + len(placed) - 1
        self.appended += len(placed)
        return placed

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """An exception inside undoes what was written inside, and nothing else."""
        before = self._last_seq, self.appended
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            self._last_seq, self.appended = before
            raise
