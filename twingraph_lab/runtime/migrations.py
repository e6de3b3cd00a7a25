"""From whatever a store holds to the tables of today, in one transaction."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, insert, inspect, select, text, update

from twingraph_lab.errors import StoreError
from twingraph_lab.runtime.first_tables import FIRST
from twingraph_lab.runtime.tables import META, METADATA

SCHEMA = "schema"
"""The key in `meta` whose value is the number of migrations the store has been through."""


def create_tables(connection: Connection) -> None:
    """1: all tables, as they were then."""
    FIRST.create_all(connection, checkfirst=False)


def add_basis(connection: Connection) -> None:
    """2: what each task was computed from."""
    connection.execute(text("ALTER TABLE tasks ADD COLUMN basis TEXT"))


def add_library(connection: Connection) -> None:
    """3: saved workflows."""
    columns = "name TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, saved BIGINT NOT NULL, text TEXT"
    connection.execute(text(f"CREATE TABLE library ({columns}, PRIMARY KEY (name, version))"))


def add_held(connection: Connection) -> None:
    """4: workflows that wait to be triggered."""
    columns = "execution_id TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL, requested BIGINT NOT NULL"
    connection.execute(text(f"CREATE TABLE held ({columns})"))


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (create_tables, add_basis, add_library, add_held)


def schema_version(connection: Connection) -> int:
    """How many migrations the store has been through; 0 for an empty one.

    Raises StoreError for a store with tables of somebody else under the names of ours.
    """
    present = METADATA.tables.keys() & set(inspect(connection).get_table_names())
    if not present:
        return 0
    stored = connection.scalar(select(META.c.value).where(META.c.key == SCHEMA)) if META.name in present else None
    if stored is None or not stored.isdecimal():
        raise StoreError(f"not a ledger: it has tables of its own called {', '.join(sorted(present))}")
    return int(stored)


def migrate(connection: Connection) -> None:
    """Bring the store up to date; the caller holds the write lock and commits.

    Raises StoreError if it was written by a newer version of this package.
    """
    version = schema_version(connection)
    if version > len(MIGRATIONS):
        raise StoreError(
            f"the store has schema {version}, this version of twingraph-lab knows up to {len(MIGRATIONS)}: upgrade it"
        )
    for migration in MIGRATIONS[version:]:
        migration(connection)
    if version == 0:
        connection.execute(insert(META).values(key=SCHEMA, value=str(len(MIGRATIONS))))
    elif version < len(MIGRATIONS):
        connection.execute(update(META).where(META.c.key == SCHEMA).values(value=str(len(MIGRATIONS))))
