"""Documents that wait in the ledger for somebody to trigger them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from twingraph_lab.errors import NotFoundError
from twingraph_lab.runtime.tables import HELD
from twingraph_lab.runtime.transaction import Transaction


def hold(transaction: Transaction, execution_id: str, text: str, now: datetime) -> None:
    """Keep a document under a new id."""
    transaction.connection.execute(insert(HELD).values(execution_id=execution_id, text=text, requested=now))


def drop(transaction: Transaction, execution_id: str) -> None:
    """Forget a document: its run has it now."""
    transaction.connection.execute(delete(HELD).where(HELD.c.execution_id == execution_id))


def load(connection: Connection, execution_id: str) -> str:
    """The document. Raises NotFoundError."""
    text: str | None = connection.scalar(select(HELD.c.text).where(HELD.c.execution_id == execution_id))
    if text is None:
        raise NotFoundError(f"there is no execution {execution_id!r}; submit a workflow first")
    return text
