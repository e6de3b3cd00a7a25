"""The ledger's tables, for SQLite and PostgreSQL alike. Changing one means writing a migration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from twingraph_lab.runtime.states import RunState, TaskState

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware datetime as whole microseconds since 1970: exact, and comparable in any database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else EPOCH + value * MICROSECOND


def _words(states: type[StrEnum]) -> Enum:
    """Stored as plain text, so that a new state needs no new type in the database."""
    return Enum(states, native_enum=False, length=32, values_callable=lambda members: [each.value for each in members])


METADATA = MetaData()

META = Table(
    "meta",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("requested_seq", BigInteger, nullable=False, unique=True),  # of its first event: the order of acceptance
    Column("workflow", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),  # digest of what an idempotency key stands for
    Column("state", _words(RunState), nullable=False),
    Column("coordinator", Text, nullable=False, server_default=""),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("lease_until", Instant),
    Column("cancel_requested", Boolean, nullable=False),
    Column("requested", Instant, nullable=False),
    Column("started", Instant),
    Column("finished", Instant),
    Column("error", Text, nullable=False, server_default=""),
    Column("idempotency_key", Text, unique=True),
    Column("dynamic", Boolean, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("context", Text, nullable=False),
    Index("runs_by_state", "state", "requested_seq"),
)

# Apart from `runs`, so that renewing a lease doesn't rewrite it. Part 0 is the workflow as accepted; each further part
# is what it grew by while the run was going on, so that growing by one node costs one node.
DOCUMENTS = Table(
    "documents",
    METADATA,
    Column("run_id", Text, ForeignKey("runs.run_id"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("text", Text, nullable=False),
)

TASKS = Table(
    "tasks",
    METADATA,
    Column("run_id", Text, ForeignKey("runs.run_id"), primary_key=True),
    Column("task_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("state", _words(TaskState), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("platform", Text, nullable=False, server_default=""),
    Column("worker", Text, nullable=False, server_default=""),
    Column("started", Instant),
    Column("finished", Instant),
    Column("cached_from", Text, nullable=False, server_default=""),
    Column("metrics", Text),
    Column("failure", Text),
    Column("outputs", Text),
    Column("basis", Text),
    UniqueConstraint("run_id", "position"),
)

EVENTS = Table(
    "events",
    METADATA,
    # INTEGER in SQLite makes it the rowid: no index of its own
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("run_id", Text, ForeignKey("runs.run_id"), nullable=False),
    Column("task_id", Text),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("events_by_run", "run_id", "seq"),
    Index("events_by_task", "run_id", "task_id", "seq"),
)

LIBRARY = Table(
    "library",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("saved", Instant, nullable=False),
    Column("text", Text),  # none once it is deleted, so that its number stays taken
)

# Workflows of the seed engines' endpoints that were submitted, but not triggered yet: what becomes run `execution_id`.
HELD = Table(
    "held",
    METADATA,
    Column("execution_id", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("requested", Instant, nullable=False),
)
