"""The tables as the first migration makes them. Never changed: what came after is in `migrations` and `tables`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

FIRST = MetaData()

Table("meta", FIRST, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

Table(
    "runs",
    FIRST,
    Column("run_id", Text, primary_key=True),
    Column("requested_seq", BigInteger, nullable=False, unique=True),
    Column("workflow", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(32), nullable=False),
    Column("coordinator", Text, nullable=False, server_default=""),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("lease_until", BigInteger),
    Column("cancel_requested", Boolean, nullable=False),
    Column("requested", BigInteger, nullable=False),
    Column("started", BigInteger),
    Column("finished", BigInteger),
    Column("error", Text, nullable=False, server_default=""),
    Column("idempotency_key", Text, unique=True),
    Column("dynamic", Boolean, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("context", Text, nullable=False),
    Index("runs_by_state", "state", "requested_seq"),
)

Table(
    "documents",
    FIRST,
    Column("run_id", Text, ForeignKey("runs.run_id"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("text", Text, nullable=False),
)

Table(
    "tasks",
    FIRST,
    Column("run_id", Text, ForeignKey("runs.run_id"), primary_key=True),
    Column("task_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("state", String(32), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("platform", Text, nullable=False, server_default=""),
    Column("worker", Text, nullable=False, server_default=""),
    Column("started", BigInteger),
    Column("finished", BigInteger),
    Column("cached_from", Text, nullable=False, server_default=""),
    Column("metrics", Text),
    Column("failure", Text),
    Column("outputs", Text),
    UniqueConstraint("run_id", "position"),
)

Table(
    "events",
    FIRST,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("run_id", Text, ForeignKey("runs.run_id"), nullable=False),
    Column("task_id", Text),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("events_by_run", "run_id", "seq"),
    Index("events_by_task", "run_id", "task_id", "seq"),
)
