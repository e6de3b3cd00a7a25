"""The one thread of a process that writes to the ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from twingraph_lab.errors import StoreError
from twingraph_lab.runtime.bell import Bell
from twingraph_lab.runtime.database import Database, store_error
from twingraph_lab.runtime.transaction import Transaction

T = TypeVar("T")


@dataclass(slots=True)
class _Job:
    operation: Callable[[Transaction], Any]
    future: Future[Any] = field(default_factory=Future)
    error: Exception | None = None
    value: Any = None

    def resolve(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)


class Writer:
    """Group commit: whatever is waiting is written in one transaction.

    If one of the operations fails, all are done again, each in a savepoint of its own, so that it undoes only itself;
    if that breaks the transaction, each in its own. So an operation may run more than once before it is committed once,
    and must do nothing but write through its transaction.
    """

    def __init__(self, database: Database, bell: Bell) -> None:
        self._database = database
        self._bell = bell
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"ledger writer {database.name}", daemon=True)
        self._thread.start()

    def call(self, operation: Callable[[Transaction], T]) -> T:
        """Run `operation` and return its result once it is durable.

        Raises what it raised, or StoreError; nothing of it is written then. (A PostgreSQL server that is lost during
        the commit is the one case in which it may have been written.)
        """
        job = _Job(operation)
        with self._closing:
            if self._closed:
                raise StoreError(f"ledger {self._database.name} is closed")
            self._queue.put(job)
        value: T = job.future.result()
        return value

    def close(self) -> None:
        """Commit what was queued before, and end the thread."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs = [job]
            last = False
            while not last:
                try:
                    more = self._queue.get_nowait()
                except Empty:
                    break
                last = more is None
                jobs += [more] if more else []
            self._write(jobs)
            if last:
                return

    def _write(self, jobs: list[_Job]) -> None:
        if not self._commit(jobs, apart=False) and not self._commit(jobs, apart=True):
            for job in jobs:  # one of them broke the transaction: alone, it breaks only its own
                self._commit([job], apart=False)
        for job in jobs:
            job.resolve()

    def _commit(self, jobs: list[_Job], *, apart: bool) -> bool:
        """Whether each job's fate is known: its value is durable, or its error final. `apart` is with savepoints."""
        again = False  # once the commit has begun, what fails may have been written all the same
        try:
            with self._database.exclusive():
                with self._database.writer.begin() as connection:
                    again = len(jobs) > 1
                    transaction = Transaction(connection)
                    for job in jobs:
                        self._attempt(job, transaction, apart=apart)
                    again = False
                self._database.committed(transaction.last_seq if transaction.appended else 0)
        except Exception as error:  # noqa: BLE001  (the caller gets it)
            if again:
                return False
            for job in jobs:
                driver = isinstance(error, SQLAlchemyError | OSError)
                job.error = store_error(error, self._database.name) if driver else error
        else:
            if transaction.appended:
                self._bell.ring()
        return True

    @staticmethod
    def _attempt(job: _Job, transaction: Transaction, *, apart: bool) -> None:
        job.error = None
        if not apart:  # its error undoes the whole transaction
            job.value = job.operation(transaction)
            return
        try:
            with transaction.savepoint():
                job.value = job.operation(transaction)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001  (the caller gets it)
            job.error = error
