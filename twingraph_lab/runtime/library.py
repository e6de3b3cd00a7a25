"""The library in the ledger: workflows by name and version.

Versions count up from 1 and are never used again: a deleted one leaves its row, without its document.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from twingraph_lab.errors import NotFoundError
from twingraph_lab.runtime.tables import LIBRARY
from twingraph_lab.runtime.transaction import Transaction
from twingraph_lab.spec.library import SavedWorkflow
from twingraph_lab.spec.wording import Suggestions

KEPT = LIBRARY.c.text.is_not(None)


def save(transaction: Transaction, name: str, digest: str, text: str, now: datetime) -> tuple[SavedWorkflow, bool]:
    """The newest version, and whether it is new: the same document again makes none."""
    connection = transaction.connection
    newest = connection.execute(
        select(LIBRARY).where(LIBRARY.c.name == name).order_by(LIBRARY.c.version.desc()).limit(1)
    ).one_or_none()
    if newest is not None and newest.text == text:
        return _saved(newest), False
    version = newest.version + 1 if newest is not None else 1
    saved = SavedWorkflow(name=name, version=version, digest=digest, saved=now, text=text)
    connection.execute(insert(LIBRARY).values(**saved.model_dump()))
    return saved, True


def delete(transaction: Transaction, name: str, version: int | None) -> int:
    """How many versions are gone: one, or all of this name. NotFoundError if there were none."""
    chosen = [LIBRARY.c.name == name, KEPT, *([] if version is None else [LIBRARY.c.version == version])]
    count = transaction.connection.execute(update(LIBRARY).where(*chosen).values(text=None)).rowcount
    if not count:
        raise _unknown(transaction.connection, name, version)
    return count


def load(connection: Connection, name: str, version: int | None) -> SavedWorkflow:
    """The newest version, or this one. NotFoundError says what there is."""
    query = select(LIBRARY).where(LIBRARY.c.name == name, KEPT).order_by(LIBRARY.c.version.desc()).limit(1)
    row = connection.execute(query if version is None else query.where(LIBRARY.c.version == version)).one_or_none()
    if row is None:
        raise _unknown(connection, name, version)
    return _saved(row)


def newest(connection: Connection) -> list[SavedWorkflow]:
    """The newest version of each name, by name."""
    last = select(LIBRARY.c.name, func.max(LIBRARY.c.version).label("version")).where(KEPT).group_by(LIBRARY.c.name)
    each = last.subquery()
    same = (LIBRARY.c.name == each.c.name) & (LIBRARY.c.version == each.c.version)
    return _all(connection.execute(select(LIBRARY).join(each, same).order_by(LIBRARY.c.name)).all())


def versions(connection: Connection, name: str) -> list[SavedWorkflow]:
    """All of a name, newest first. NotFoundError says what there is."""
    query = select(LIBRARY).where(LIBRARY.c.name == name, KEPT).order_by(LIBRARY.c.version.desc())
    found = _all(connection.execute(query).all())
    if not found:
        raise _unknown(connection, name, None)
    return found


def _unknown(connection: Connection, name: str, version: int | None) -> NotFoundError:
    kept = list(connection.scalars(select(LIBRARY.c.version).where(LIBRARY.c.name == name, KEPT)))
    if kept:
        return NotFoundError(f"workflow {name!r} has no version {version}; it has {', '.join(map(str, sorted(kept)))}")
    names = list(connection.scalars(select(LIBRARY.c.name).where(KEPT).distinct().order_by(LIBRARY.c.name)))
    known = f"; known: {', '.join(names[:20])}" if names else "; none is saved yet"
    return NotFoundError(f"no workflow {name!r} is saved{Suggestions(names)(name) or known}")


def _all(rows: Sequence[Row[Any]]) -> list[SavedWorkflow]:
    return [_saved(row) for row in rows]


def _saved(row: Row[Any]) -> SavedWorkflow:
    return SavedWorkflow(name=row.name, version=row.version, digest=row.digest, saved=row.saved, text=row.text)
