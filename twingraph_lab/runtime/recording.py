"""How a run's owner writes what happened: fenced by its epoch, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, func, insert, select, update

from twingraph_lab.errors import ConflictError, FencedError, NotFoundError
from twingraph_lab.events import Event, Frozen, RunCancelRequested, RunFinished, TasksAdded
from twingraph_lab.runtime.changes import COLUMNS, Change, fold
from twingraph_lab.runtime.operations import insert_tasks, state_of, update_run
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.runtime.tables import DOCUMENTS, TASKS
from twingraph_lab.runtime.transaction import Transaction
from twingraph_lab.spec.workflow import Component, Node

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


class Growth(Frozen):
    """What a document gained after it was accepted, and what its program needs to be run again.

    `sites` tells by node where the program called it, and `handled` are nodes whose failure it has dealt with.
    """

    nodes: tuple[Node, ...] = ()
    components: Mapping[str, Component] = {}
    outputs: Mapping[str, JsonValue] = {}
    sites: Mapping[str, str] = {}
    handled: tuple[str, ...] = ()


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
                update_run(
                    transaction,
                    run_id,
                    state=RunState(event.status),
                    finished=event.time,
                    error=event.error.replace("\0", "\N{REPLACEMENT CHARACTER}"),  # PostgreSQL has no NUL in text
                    lease_until=None,
                )
            case RunCancelRequested():
                update_run(transaction, run_id, cancel_requested=True)
            case _:
                pass
    return transaction.append(events)


def _fence(transaction: Transaction, run_id: str, epoch: int) -> None:
    """Past its lease an owner may go on, as long as nobody else has claimed the run."""
    run = state_of(transaction, run_id)
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
    sites: Mapping[str, str],
    again: Sequence[Node],
    now: datetime,
) -> list[Event]:
    """The event that says so; ConflictError for an id that the run has already.

    `again` are nodes the run has, in the form they have now: their tasks stay as they are.
    """
    _fence(transaction, run_id, epoch)
    if not nodes and not again:
        return []
    connection = transaction.connection
    ids = [node.id for node in nodes]
    known = set(connection.scalars(select(TASKS.c.task_id).where(TASKS.c.run_id == run_id, TASKS.c.task_id.in_(ids))))
    if twice := sorted(known | {node_id for node_id in ids if ids.count(node_id) > 1}):
        raise ConflictError(f"run {run_id} has a node {', '.join(map(repr, twice))} already")
    _append_part(transaction, run_id, Growth(nodes=(*again, *nodes), components=components, sites=sites))
    of_run = TASKS.c.run_id == run_id
    end = connection.scalar(select(func.max(TASKS.c.position) + 1).where(of_run))
    insert_tasks(transaction, run_id, nodes, first=end or 0)
    return transaction.append([TasksAdded(run_id=run_id, time=now, tasks=(*(node.id for node in again), *ids))])


def set_outputs(
    transaction: Transaction, run_id: str, epoch: int, outputs: Mapping[str, JsonValue], handled: Collection[str]
) -> None:
    """Declare what the outputs of a run are, and which failures its program dealt with, once that is known."""
    _fence(transaction, run_id, epoch)
    _append_part(transaction, run_id, Growth(outputs=outputs, handled=tuple(handled)))


def load_growth(connection: Connection, run_id: str) -> Growth:
    """Everything a run has grown by, as one."""
    later = select(DOCUMENTS.c.text).where(DOCUMENTS.c.run_id == run_id, DOCUMENTS.c.part > 0)
    grown: dict[str, dict[str, Any]] = {"nodes": {}, "components": {}, "outputs": {}, "sites": {}, "handled": {}}
    for text in connection.scalars(later.order_by(DOCUMENTS.c.part)):
        part = json.loads(text)
        grown["nodes"] |= {node["id"]: node for node in part["nodes"]}
        grown["handled"] |= dict.fromkeys(part["handled"])
        for name in ("components", "outputs", "sites"):
            grown[name] |= part[name]
    return Growth.model_validate({**grown, "nodes": list(grown["nodes"].values()), "handled": list(grown["handled"])})


def _append_part(transaction: Transaction, run_id: str, growth: Growth) -> None:
    of_run = DOCUMENTS.c.run_id == run_id
    text = growth.model_dump_json()
    part = select(func.max(DOCUMENTS.c.part) + 1).where(of_run).scalar_subquery()
    transaction.connection.execute(insert(DOCUMENTS).values(run_id=run_id, part=part, text=text))
