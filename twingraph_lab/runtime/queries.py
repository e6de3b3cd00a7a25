"""What can be read from the ledger: each function is one question to a connection."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from twingraph_lab.errors import ConflictError, NotFoundError
from twingraph_lab.events import EVENT, Event, Metrics
from twingraph_lab.runtime.records import (
    EarlierRun,
    RunHead,
    RunRecord,
    StoredEvent,
    StoredEvents,
    TaskRecord,
    run_head,
    run_record,
    task_record,
)
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.runtime.tables import DOCUMENTS, EVENTS, RUNS, TASKS

SHORTEST_PREFIX = 4


def load_run(connection: Connection, run_id: str) -> RunRecord:
    """The run with exactly this id; NotFoundError if there is none."""
    if record := _exactly(connection, run_id):
        return record
    raise unknown_run(connection, run_id)


def find_run(connection: Connection, text: str) -> RunRecord:
    """The run with this id, or the only one whose id begins with it; ConflictError if there are several."""
    if record := _exactly(connection, text):  # by the index; beginnings are looked for in all runs
        return record
    if len(text) < SHORTEST_PREFIX:
        raise unknown_run(connection, text)
    begins = func.substr(RUNS.c.run_id, 1, len(text)) == text
    newest_first = select(RUNS.c.run_id).where(begins).order_by(RUNS.c.requested_seq.desc())
    candidates = connection.scalars(newest_first.limit(10)).all()
    if len(candidates) == 1:
        return load_run(connection, candidates[0])
    if candidates:
        raise ConflictError(f"several runs begin with {text!r}: {', '.join(candidates)}")
    raise unknown_run(connection, text)


def _exactly(connection: Connection, run_id: str) -> RunRecord | None:
    row = connection.execute(select(RUNS).where(RUNS.c.run_id == run_id)).one_or_none()
    return None if row is None else run_record(row, _documents(connection, [run_id])[run_id])


def load_states(connection: Connection, run_ids: Collection[str]) -> dict[str, tuple[RunState, bool]]:
    """State, and whether a cancel was requested, by run id."""
    rows = connection.execute(
        select(RUNS.c.run_id, RUNS.c.state, RUNS.c.cancel_requested).where(RUNS.c.run_id.in_(run_ids))
    )
    return {run_id: (RunState(state), bool(cancel)) for run_id, state, cancel in rows}


def load_owners(connection: Connection) -> list[tuple[str, int, str]]:
    """Run id, epoch and coordinator of what is running."""
    rows = connection.execute(
        select(RUNS.c.run_id, RUNS.c.epoch, RUNS.c.coordinator).where(RUNS.c.state == RunState.RUNNING)
    )
    return [(run_id, epoch, coordinator) for run_id, epoch, coordinator in rows]


def unknown_run(connection: Connection, run_id: str) -> NotFoundError:
    """The error that says so, with the newest runs there are."""
    newest = connection.scalars(select(RUNS.c.run_id).order_by(RUNS.c.requested_seq.desc()).limit(5)).all()
    known = f"the newest are {', '.join(newest)}" if newest else "there are no runs yet"
    return NotFoundError(f"no run {run_id!r}; {known}")


def list_runs(connection: Connection, limit: int, state: RunState | None) -> list[RunRecord]:
    """Newest first."""
    query = select(RUNS).order_by(RUNS.c.requested_seq.desc()).limit(limit)
    rows = connection.execute(query if state is None else query.where(RUNS.c.state == state)).all()
    documents = _documents(connection, [row.run_id for row in rows])
    return [run_record(row, documents[row.run_id]) for row in rows]


def list_heads(
    connection: Connection,
    limit: int,
    *,
    before: str | None,
    workflow: str | None,
    state: RunState | None,
    text: str,
) -> list[RunHead]:
    """Newest first, from the one requested before run `before` on; `text` is part of an id, name or error."""
    query = select(RUNS).order_by(RUNS.c.requested_seq.desc()).limit(limit)
    if before is not None:
        seq = select(RUNS.c.requested_seq).where(RUNS.c.run_id == before).scalar_subquery()
        query = query.where(RUNS.c.requested_seq < seq)
    if workflow is not None:
        query = query.where(RUNS.c.workflow == workflow)
    if state is not None:
        query = query.where(RUNS.c.state == state)
    if text:
        searched = (RUNS.c.run_id, RUNS.c.workflow, RUNS.c.error)
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in searched)))
    return [run_head(row) for row in connection.execute(query)]


def count_tasks(connection: Connection, run_ids: Collection[str]) -> dict[str, dict[TaskState, int]]:
    """How many tasks of each run are in which state."""
    query = select(TASKS.c.run_id, TASKS.c.state, func.count()).where(TASKS.c.run_id.in_(run_ids))
    counts: dict[str, dict[TaskState, int]] = {}
    for run_id, state, number in connection.execute(query.group_by(TASKS.c.run_id, TASKS.c.state)):
        counts.setdefault(run_id, {})[TaskState(state)] = number
    return counts


def load_last_event(connection: Connection, run_id: str, before: int | None, types: Collection[str]) -> Event | None:
    """The run's last event, of these types if any are given, and with a seq below `before` if that is."""
    query = select(EVENTS.c.body).where(EVENTS.c.run_id == run_id).order_by(EVENTS.c.seq.desc()).limit(1)
    if types:
        query = query.where(EVENTS.c.type.in_(types))
    body = connection.scalar(query if before is None else query.where(EVENTS.c.seq < before))
    return None if body is None else EVENT.validate_json(body)


def _documents(connection: Connection, run_ids: Sequence[str]) -> Mapping[str, list[str]]:
    parts: dict[str, list[str]] = {}
    query = select(DOCUMENTS.c.run_id, DOCUMENTS.c.text).where(DOCUMENTS.c.run_id.in_(run_ids))
    for run_id, text in connection.execute(query.order_by(DOCUMENTS.c.run_id, DOCUMENTS.c.part)):
        parts.setdefault(run_id, []).append(text)
    return parts


def load_tasks(connection: Connection, run_id: str) -> dict[str, TaskRecord]:
    """In the order of the document; NotFoundError if there is no such run."""
    rows = connection.execute(select(TASKS).where(TASKS.c.run_id == run_id).order_by(TASKS.c.position)).all()
    if not rows:
        load_run(connection, run_id)
    return {row.task_id: task_record(row) for row in rows}


def load_earlier(connection: Connection, workflow: str, before: str | None, limit: int) -> list[EarlierRun]:
    """Runs of the workflow of this name, newest first, and only those requested before run `before`, if given."""
    query = select(RUNS.c.run_id, RUNS.c.digest, RUNS.c.requested, RUNS.c.dynamic, RUNS.c.context)
    query = query.where(RUNS.c.workflow == workflow).order_by(RUNS.c.requested_seq.desc()).limit(limit)
    if before is not None:
        seq = select(RUNS.c.requested_seq).where(RUNS.c.run_id == before).scalar_subquery()
        query = query.where(RUNS.c.requested_seq < seq)
    return [
        EarlierRun(row.run_id, row.digest, row.requested, row.dynamic, json.loads(row.context).get("replay_of", ""))
        for row in connection.execute(query)
    ]


def load_last_completed(connection: Connection, run_ids: Collection[str]) -> dict[str, str]:
    """For each task that completed in one of these runs the newest run in which it did."""
    newest = (
        select(TASKS.c.task_id, func.max(RUNS.c.requested_seq).label("seq"))
        .join(RUNS, RUNS.c.run_id == TASKS.c.run_id)
        .where(TASKS.c.run_id.in_(run_ids), TASKS.c.state == TaskState.COMPLETED)
        .group_by(TASKS.c.task_id)
    ).subquery()
    query = select(newest.c.task_id, RUNS.c.run_id).join(RUNS, RUNS.c.requested_seq == newest.c.seq)
    return {row.task_id: row.run_id for row in connection.execute(query)}


def load_times(connection: Connection, run_ids: Collection[str]) -> dict[str, list[float]]:
    """Seconds that completed attempts took, by task id; what came from the cache isn't among them."""
    query = select(TASKS.c.task_id, TASKS.c.metrics).where(
        TASKS.c.run_id.in_(run_ids), TASKS.c.state == TaskState.COMPLETED, TASKS.c.cached_from == ""
    )
    times: dict[str, list[float]] = {}
    for task_id, metrics in connection.execute(query):
        if metrics:
            times.setdefault(task_id, []).append(Metrics.model_validate_json(metrics).wall_s)
    return times


def load_events(
    connection: Connection, run_id: str | None, after: int, limit: int, *, task_id: str | None, types: Collection[str]
) -> list[Event]:
    """In the order of the log, from the first one after `after`."""
    query = select(EVENTS.c.body).where(EVENTS.c.seq > after).order_by(EVENTS.c.seq).limit(limit)
    if run_id is not None:
        query = query.where(EVENTS.c.run_id == run_id)
    if task_id is not None:
        query = query.where(EVENTS.c.task_id == task_id)
    if types:
        query = query.where(EVENTS.c.type.in_(types))
    return [EVENT.validate_json(body) for body in connection.scalars(query)]


def load_stored_events(
    connection: Connection, run_id: str | None, after: int, limit: int, limit_bytes: int
) -> StoredEvents:
    """In the order of the log, from the first one after `after`, unread; the last one may go beyond `limit_bytes`."""
    query = select(EVENTS.c.seq, EVENTS.c.run_id, EVENTS.c.type, EVENTS.c.body).where(EVENTS.c.seq > after)
    if run_id is not None:
        query = query.where(EVENTS.c.run_id == run_id)
    found: list[StoredEvent] = []
    size = 0
    with connection.execute(query.order_by(EVENTS.c.seq).limit(limit)) as rows:
        for row in rows:
            found.append(StoredEvent(*row))
            size += len(row.body)
            if size >= limit_bytes:
                return StoredEvents(found, complete=False)
    return StoredEvents(found, complete=len(found) < limit)


def claimable(now: datetime, run_id: str | None) -> ColumnElement[bool]:
    """Requested, or running without a living lease.

    A run that a program builds is nothing without its program: it is claimed by its id only.
    """
    open_to_all = or_(
        RUNS.c.state == RunState.REQUESTED,
        and_(RUNS.c.state == RunState.RUNNING, or_(RUNS.c.lease_until.is_(None), RUNS.c.lease_until < now)),
    )
    if run_id is not None:
        return and_(RUNS.c.run_id == run_id, open_to_all)
    return and_(open_to_all, RUNS.c.dynamic.is_(False))


def list_program(connection: Connection, program: str) -> list[RunRecord]:
    """The runs that one execution of a program began, oldest first."""
    ours = RUNS.c.context.contains(f'"program":{json.dumps(program)}', autoescape=True)
    rows = connection.execute(select(RUNS).where(RUNS.c.dynamic, ours).order_by(RUNS.c.requested_seq)).all()
    documents = _documents(connection, [row.run_id for row in rows])
    return [run_record(row, documents[row.run_id]) for row in rows]


def problems(connection: Connection) -> list[str]:
    """Rows that contradict each other."""
    found = []
    count, last = connection.execute(select(func.count(), func.coalesce(func.max(EVENTS.c.seq), 0))).one()
    if count != last:
        found.append(f"the log holds {count} events, but the last one is number {last}")
    for table in (TASKS, EVENTS, DOCUMENTS):
        orphans = select(func.count()).select_from(table).where(table.c.run_id.not_in(select(RUNS.c.run_id)))
        if number := connection.scalar(orphans):
            found.append(f"{number} rows of {table.name} belong to no run")
    bare = select(RUNS.c.run_id).where(RUNS.c.run_id.not_in(select(DOCUMENTS.c.run_id).where(DOCUMENTS.c.part == 0)))
    return found + [f"run {run_id} has no workflow" for run_id in connection.scalars(bare)]


def last_seq(connection: Connection) -> int:
    """Of the last event in the log; 0 if there is none."""
    return connection.scalar(select(func.max(EVENTS.c.seq))) or 0
