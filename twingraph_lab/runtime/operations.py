"""How runs come, are claimed, cancelled and resumed: each function is one operation of a write transaction.

Write transactions exclude each other, so what is read here stays true until the commit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Row, bindparam, func, insert, select, update

from twingraph_lab.errors import ConflictError
from twingraph_lab.events import RunCancelRequested, RunRequested, RunStarted, TaskCompleted
from twingraph_lab.runtime import held
from twingraph_lab.runtime.changes import Change, fold
from twingraph_lab.runtime.queries import claimable, load_run, unknown_run
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.runtime.tables import DOCUMENTS, RUNS, TASKS
from twingraph_lab.runtime.transaction import Transaction
from twingraph_lab.spec.workflow import Node, Workflow, canonical, digest_of

SELECT_STATE = select(
    RUNS.c.state, RUNS.c.epoch, RUNS.c.coordinator, RUNS.c.lease_until, RUNS.c.cancel_requested
).where(RUNS.c.run_id == bindparam("of_run"))


SELECT_ID = select(RUNS.c.run_id).where(RUNS.c.run_id == bindparam("of_run"))
SELECT_BY_KEY = select(RUNS.c.run_id, RUNS.c.body).where(RUNS.c.idempotency_key == bindparam("of_key"))
INSERT_RUN, INSERT_DOCUMENT, INSERT_TASKS = insert(RUNS), insert(DOCUMENTS), insert(TASKS)
"""Statements are made once: making one costs more than running it."""


@dataclass(frozen=True)
class Submission:
    """What `accept` is asked to keep. `named` says that the run's id was given, so that it may be taken."""

    run_id: str
    workflow: Workflow
    parameters: Mapping[str, JsonValue]
    context: Mapping[str, JsonValue]
    idempotency_key: str | None
    dynamic: bool
    reuse: Mapping[str, TaskRecord] = field(default_factory=dict)
    named: bool = False

    @cached_property
    def body(self) -> str:
        """What an idempotency key stands for, as a digest: workflow, parameters and the values of what is reused."""
        reused: dict[str, JsonValue] = {
            task_id: {name: artifact.digest for name, artifact in task.outputs.items()}
            for task_id, task in self.reuse.items()
        }
        return digest_of([self.workflow.digest, dict(self.parameters), *([reused] if reused else [])])

    def record(self, now: datetime) -> RunRecord:
        """The run that it becomes, as it is at first."""
        return RunRecord(
            run_id=self.run_id,
            workflow=self.workflow.name,
            digest=self.workflow.digest,
            document=self.workflow.text,
            parameters=dict(self.parameters),
            context=dict(self.context),
            state=RunState.REQUESTED,
            coordinator="",
            epoch=0,
            lease_until=None,
            cancel_requested=False,
            requested=now,
            started=None,
            finished=None,
            error="",
            idempotency_key=self.idempotency_key,
            dynamic=self.dynamic,
        )


def accept(transaction: Transaction, submission: Submission, now: datetime) -> tuple[RunRecord, bool]:
    """The run, and whether it is new. ConflictError if its key or its id stands for something else."""
    connection = transaction.connection
    run_id, workflow, key = submission.run_id, submission.workflow, submission.idempotency_key
    if key is not None:
        first = connection.execute(SELECT_BY_KEY, {"of_key": key}).one_or_none()
        if first is not None and first.body != submission.body:
            raise ConflictError(
                f"idempotency key {key!r} stands for another workflow, parameters or reused outputs: run {first.run_id}"
            )
        if first is not None:
            return load_run(connection, first.run_id), False
    if submission.named:
        if connection.scalar(SELECT_ID, {"of_run": run_id}) is not None:
            raise ConflictError(f"there is a run {run_id!r} already")
        held.drop(transaction, run_id)
    record = submission.record(now)
    connection.execute(
        INSERT_RUN,
        {
            "run_id": run_id,
            "requested_seq": transaction.last_seq + 1,
            "workflow": record.workflow,
            "digest": record.digest,
            "body": submission.body,
            "state": record.state,
            "cancel_requested": False,
            "requested": now,
            "idempotency_key": key,
            "dynamic": record.dynamic,
            "parameters": canonical(dict(record.parameters)),
            "context": canonical(dict(record.context)),
        },
    )
    connection.execute(INSERT_DOCUMENT, {"run_id": run_id, "part": 0, "text": record.document})
    reused = [_reused(run_id, task_id, task, now) for task_id, task in submission.reuse.items()]
    insert_tasks(transaction, run_id, workflow.nodes, first=0, changes=fold(reused, {}))
    requested = RunRequested(
        run_id=run_id, time=now, workflow=record.workflow, digest=record.digest, parameters=dict(record.parameters)
    )
    transaction.append([requested, *reused])
    return record, True


def _reused(run_id: str, task_id: str, task: TaskRecord, now: datetime) -> TaskCompleted:
    return TaskCompleted(
        run_id=run_id,
        task_id=task_id,
        time=now,
        outputs=task.outputs,
        cached_from=task.cached_from or f"{task.run_id}/{task.task_id}",
        basis=task.basis,
    )


def insert_tasks(
    transaction: Transaction,
    run_id: str,
    nodes: Sequence[Node],
    *,
    first: int,
    changes: Mapping[str, Change] = {},
) -> None:
    """Tasks at positions from `first`: pending, but for those that `changes` have begun or completed."""
    rows: list[dict[str, Any]] = [
        {"run_id": run_id, "task_id": node.id, "position": position, "state": TaskState.PENDING}
        for position, node in enumerate(nodes, first)
    ]
    said = {name for change in changes.values() for name, value in change.items() if value is not None}
    begun = [row | {name: changes[row["task_id"]][name] for name in said} for row in rows if row["task_id"] in changes]
    pending = [row for row in rows if row["task_id"] not in changes]
    for same in (pending, begun):  # each with columns of its own
        if same:
            transaction.connection.execute(INSERT_TASKS, same)


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


def update_run(transaction: Transaction, run_id: str, **values: Any) -> None:
    """Set columns of a run's row."""
    transaction.connection.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(**values))


def state_of(transaction: Transaction, run_id: str) -> Row[*tuple[Any, ...]]:
    """State, epoch, coordinator, lease and cancel request; NotFoundError if there is no such run."""
    row = transaction.connection.execute(SELECT_STATE, {"of_run": run_id}).one_or_none()
    if row is None:
        raise unknown_run(transaction.connection, run_id)
    return row


def request_cancel(transaction: Transaction, run_id: str, now: datetime) -> bool:
    """Whether this is the first request for a run that hasn't ended."""
    run = state_of(transaction, run_id)
    if run.state.final or run.cancel_requested:
        return False
    update_run(transaction, run_id, cancel_requested=True)
    transaction.append([RunCancelRequested(run_id=run_id, time=now)])
    return True


def reopen(transaction: Transaction, run_id: str, now: datetime, keep: Collection[str]) -> RunRecord:
    """Tasks keep what they completed and the count of their attempts; the rest of them begin anew but for `keep`.

    A run that any coordinator may claim already is returned as it is.
    """
    run = state_of(transaction, run_id)
    if run.state == RunState.COMPLETED:
        raise ConflictError(f"run {run_id} is completed: there is nothing to resume")
    if run.state == RunState.RUNNING and run.lease_until is not None and run.lease_until >= now:
        raise ConflictError(f"run {run_id} is running: {run.coordinator} owns it until {run.lease_until:%H:%M:%S} UTC")
    record = load_run(transaction.connection, run_id)
    if not run.state.final:
        return record
    transaction.connection.execute(
        update(TASKS)
        .where(TASKS.c.run_id == run_id, TASKS.c.state != TaskState.COMPLETED, TASKS.c.task_id.not_in(keep))
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
    update_run(
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
