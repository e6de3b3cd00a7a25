"""What can be written to the ledger: each function is one operation of a write transaction, all or nothing.

Write transactions exclude each other, so what is read here stays true until the commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Row, bindparam, func, insert, select, update

from twingraph_lab.errors import ConflictError, FencedError, NotFoundError
from twingraph_lab.events import Event, Frozen, RunCancelRequested, RunFinished, RunRequested, RunStarted, TasksAdded
from twingraph_lab.runtime.changes import COLUMNS, Change, fold
from twingraph_lab.runtime.queries import claimable, load_run, unknown_run
from twingraph_lab.runtime.records import RunRecord
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.runtime.tables import DOCUMENTS, RUNS, TASKS
from twingraph_lab.runtime.transaction import Transaction
from twingraph_lab.spec.workflow import Component, Node, Workflow, canonical, digest_of


class Growth(Frozen):
    """What a document gained after it was accepted."""

    nodes: tuple[Node, ...] = ()
    components: Mapping[str, Component] = {}
    outputs: Mapping[str, JsonValue] = {}


UPDATE_TASKS = (
    update(TASKS)
    .where(
        TASKS.c.run_id == bindparam("of_run"),
        TASKS.c.task_id == bindparam("of_task"),
        *(TASKS.c.state != state for state in TaskState if state.final),  # NOT IN expands, which executemany can't
    )
    .values(
        state=bindparam("to_state", type_=TASKS.c.state.type),
        epoch=bindparam("to_epoch", type_=TASKS.c.epoch.type),
        **{name: func.coalesce(bindparam(f"to_{name}", type_=TASKS.c[name].type), TASKS.c[name]) for name in COLUMNS},
    )
)
"""Compare-and-set: a row in a final state isn't touched. One statement for every change, so one executemany will do."""

SELECT_STATE = select(
    RUNS.c.state, RUNS.c.epoch, RUNS.c.coordinator, RUNS.c.lease_until, RUNS.c.cancel_requested
).where(RUNS.c.run_id == bindparam("of_run"))


@dataclass(frozen=True, slots=True)
class Submission:
    """What `accept` is asked to keep."""

    run_id: str
    workflow: Workflow
    parameters: Mapping[str, JsonValue]
    context: Mapping[str, JsonValue]
    idempotency_key: str | None
    dynamic: bool


def accept(transaction: Transaction, submission: Submission, now: datetime) -> tuple[RunRecord, bool]:
    """The run, and whether it is new. ConflictError if its key or its id stands for something else."""
    connection = transaction.connection
    run_id, workflow, key = submission.run_id, submission.workflow, submission.idempotency_key
    parameters = dict(submission.parameters)
    body = digest_of([workflow.digest, parameters])
    if key is not None:
        first = connection.execute(
            select(RUNS.c.run_id, RUNS.c.body).where(RUNS.c.idempotency_key == key)
        ).one_or_none()
        if first is not None and first.body != body:
            raise ConflictError(
                f"idempotency key {key!r} stands for another workflow or parameters: run {first.run_id}"
            )
        if first is not None:
            return load_run(connection, first.run_id), False
    if connection.scalar(select(RUNS.c.run_id).where(RUNS.c.run_id == run_id)) is not None:
        raise ConflictError(f"there is a run {run_id!r} already")
    requested = RunRequested(
        run_id=run_id, time=now, workflow=workflow.name, digest=workflow.digest, parameters=parameters
    )
    connection.execute(
        insert(RUNS).values(
            run_id=run_id,
            requested_seq=transaction.last_seq + 1,
            workflow=workflow.name,
            digest=workflow.digest,
            body=body,
            state=RunState.REQUESTED,
            cancel_requested=False,
            requested=now,
            idempotency_key=key,
            dynamic=submission.dynamic,
            parameters=canonical(parameters),
            context=canonical(dict(submission.context)),
        )
    )
    connection.execute(insert(DOCUMENTS).values(run_id=run_id, part=0, text=workflow.model_dump_json()))
    _insert_tasks(transaction, run_id, workflow.nodes, first=0)
    transaction.append([requested])
    return load_run(connection, run_id), True


def _insert_tasks(transaction: Transaction, run_id: str, nodes: Sequence[Node], *, first: int) -> None:
    rows = [
        {"run_id": run_id, "task_id": node.id, "position": position, "state": TaskState.PENDING}
        for position, node in enumerate(nodes, first)
    ]
    if rows:
        transaction.connection.execute(insert(TASKS), rows)


def claim(
    transaction: Transaction, coordinator: str, lease: timedelta, now: datetime, run_id: str | None
) -> RunRecord | None:
    """The run that waits longest, now owned by `coordinator`; None if no run is to be had."""
    connection = transaction.connection
    waiting = select(RUNS.c.run_id, RUNS.c.epoch).where(claimable(now, run_id)).order_by(RUNS.c.requested_seq).limit(1)
    found = connection.execute(waiting).one_or_none()
    if found is None:
        return None
    connection.execute(
        update(RUNS)
        .where(RUNS.c.run_id == found.run_id)
        .values(
            state=RunState.RUNNING,
            coordinator=coordinator,
            epoch=found.epoch + 1,
            lease_until=now + lease,
            started=func.coalesce(RUNS.c.started, bindparam("now", now, type_=RUNS.c.started.type)),
        )
    )
    transaction.append([RunStarted(run_id=found.run_id, time=now, coordinator=coordinator, epoch=found.epoch + 1)])
    return load_run(connection, found.run_id)


def renew(transaction: Transaction, coordinator: str, until: datetime) -> set[str]:
    """The ids of the runs `coordinator` owns, now until `until`."""
    owned = (RUNS.c.coordinator == coordinator, RUNS.c.state == RunState.RUNNING, RUNS.c.lease_until.is_not(None))
    transaction.connection.execute(update(RUNS).where(*owned).values(lease_until=until))
    return set(transaction.connection.scalars(select(RUNS.c.run_id).where(*owned)))


def release(transaction: Transaction, run_id: str, epoch: int) -> None:
    """Whoever doesn't own the run has nothing to give up."""
    transaction.connection.execute(
        update(RUNS).where(RUNS.c.run_id == run_id, RUNS.c.epoch == epoch).values(lease_until=None)
    )


def record(
    transaction: Transaction, run_id: str, epoch: int, events: Sequence[Event], dispatched: Mapping[str, int]
) -> list[Event]:
    """The events with their seqs; FencedError, or ConflictError naming a task that can't change any more."""
    if strangers := {event.run_id for event in events} - {run_id}:
        raise ConflictError(f"events of {', '.join(sorted(strangers))} can't be recorded for run {run_id}")
    _fence(transaction, run_id, epoch)
    _update_tasks(transaction, run_id, epoch, fold(events, dispatched))
    for event in events:
        match event:
            case RunFinished():
                _update_run(
                    transaction,
                    run_id,
                    state=RunState(event.status),
                    finished=event.time,
                    error=event.error.replace("\0", "\N{REPLACEMENT CHARACTER}"),  # PostgreSQL has no NUL in text
                    lease_until=None,
                )
            case RunCancelRequested():
                _update_run(transaction, run_id, cancel_requested=True)
            case _:
                pass
    return transaction.append(events)


def _update_run(transaction: Transaction, run_id: str, **values: Any) -> None:
    transaction.connection.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(**values))


def _state_of(transaction: Transaction, run_id: str) -> Row[*tuple[Any, ...]]:
    row = transaction.connection.execute(SELECT_STATE, {"of_run": run_id}).one_or_none()
    if row is None:
        raise unknown_run(transaction.connection, run_id)
    return row


def _fence(transaction: Transaction, run_id: str, epoch: int) -> None:
    """Past its lease an owner may go on, as long as nobody else has claimed the run."""
    run = _state_of(transaction, run_id)
    if run.epoch != epoch or run.state == RunState.REQUESTED or (run.lease_until is None and not run.state.final):
        raise FencedError(f"run {run_id} is no longer owned by epoch {epoch}; it is {run.state} in epoch {run.epoch}")
    if run.state.final:
        raise ConflictError(f"run {run_id} is {run.state} already")


def _update_tasks(transaction: Transaction, run_id: str, epoch: int, changes: Mapping[str, Change]) -> None:
    if not changes:
        return
    rows = [
        {"of_run": run_id, "of_task": task_id, "to_epoch": epoch, **{f"to_{name}": new for name, new in change.items()}}
        for task_id, change in changes.items()
    ]
    connection = transaction.connection
    attempted = connection.begin_nested()
    if connection.execute(UPDATE_TASKS, rows).rowcount == len(rows):
        attempted.commit()
        return
    attempted.rollback()  # so that the rows say again what they said before
    rows_before = connection.execute(select(TASKS.c.task_id, TASKS.c.state).where(TASKS.c.run_id == run_id))
    states = {row.task_id: row.state for row in rows_before}
    if unknown := sorted(changes.keys() - states.keys()):
        raise NotFoundError(f"run {run_id} has no task {', '.join(map(repr, unknown))}")
    settled = [f"task {task_id!r} is {states[task_id]} already" for task_id in changes if states[task_id].final]
    raise ConflictError(f"run {run_id}: {'; '.join(settled)}")


def add_nodes(
    transaction: Transaction,
    run_id: str,
    epoch: int,
    nodes: Sequence[Node],
    *,
    components: Mapping[str, Component],
    now: datetime,
) -> list[Event]:
    """The event that says so; ConflictError for an id that the run has already."""
    _fence(transaction, run_id, epoch)
    if not nodes:
        return []
    connection = transaction.connection
    ids = [node.id for node in nodes]
    known = set(connection.scalars(select(TASKS.c.task_id).where(TASKS.c.run_id == run_id, TASKS.c.task_id.in_(ids))))
    if twice := sorted(known | {node_id for node_id in ids if ids.count(node_id) > 1}):
        raise ConflictError(f"run {run_id} has a node {', '.join(map(repr, twice))} already")
    _append_part(transaction, run_id, Growth(nodes=tuple(nodes), components=components))
    of_run = TASKS.c.run_id == run_id
    end = connection.scalar(select(func.max(TASKS.c.position) + 1).where(of_run))
    _insert_tasks(transaction, run_id, nodes, first=end or 0)
    return transaction.append([TasksAdded(run_id=run_id, time=now, tasks=tuple(ids))])


def set_outputs(transaction: Transaction, run_id: str, epoch: int, outputs: Mapping[str, JsonValue]) -> None:
    """Declare what the outputs of a run are, once they are known."""
    _fence(transaction, run_id, epoch)
    _append_part(transaction, run_id, Growth(outputs=outputs))


def _append_part(transaction: Transaction, run_id: str, growth: Growth) -> None:
    of_run = DOCUMENTS.c.run_id == run_id
    text = growth.model_dump_json()
    part = select(func.max(DOCUMENTS.c.part) + 1).where(of_run).scalar_subquery()
    transaction.connection.execute(insert(DOCUMENTS).values(run_id=run_id, part=part, text=text))


def request_cancel(transaction: Transaction, run_id: str, now: datetime) -> bool:
    """Whether this is the first request for a run that hasn't ended."""
    run = _state_of(transaction, run_id)
    if run.state.final or run.cancel_requested:
        return False
    _update_run(transaction, run_id, cancel_requested=True)
    transaction.append([RunCancelRequested(run_id=run_id, time=now)])
    return True


def reopen(transaction: Transaction, run_id: str, now: datetime) -> RunRecord:
    """Tasks keep what they completed and the count of their attempts; the rest of them begin anew.

    A run that any coordinator may claim already is returned as it is.
    """
    run = _state_of(transaction, run_id)
    if run.state == RunState.COMPLETED:
        raise ConflictError(f"run {run_id} is completed: there is nothing to resume")
    if run.state == RunState.RUNNING and run.lease_until is not None and run.lease_until >= now:
        raise ConflictError(f"run {run_id} is running: {run.coordinator} owns it until {run.lease_until:%H:%M:%S} UTC")
    record = load_run(transaction.connection, run_id)
    if not run.state.final:
        return record
    transaction.connection.execute(
        update(TASKS)
        .where(TASKS.c.run_id == run_id, TASKS.c.state != TaskState.COMPLETED)
        .values(
            state=TaskState.PENDING,
            platform="",
            worker="",
            started=None,
            finished=None,
            metrics=None,
            failure=None,
        )
    )
    _update_run(
        transaction, run_id, state=RunState.REQUESTED, cancel_requested=False, started=None, finished=None, error=""
    )
    transaction.append(
        [
            RunRequested(
                run_id=run_id,
                time=now,
                workflow=record.workflow,
                digest=record.digest,
                parameters=dict(record.parameters),
            )
        ]
    )
    return load_run(transaction.connection, run_id)
