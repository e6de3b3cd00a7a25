"""Runs in a list, and one of them with its nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.inspecting import abandoned, active_s
from twingraph_lab.frontends.inspection.models import NodeSummary, RunDetail, RunSummary
from twingraph_lab.frontends.inspection.ports import Viewed
from twingraph_lab.frontends.missing import known
from twingraph_lab.lineage.preview import without_secrets
from twingraph_lab.runtime.records import RunHead, TaskRecord
from twingraph_lab.runtime.states import RunState, TaskState

LIMIT = 500
"""Runs in one answer, at most."""
INTERRUPTED = "interrupted"
"""What a run is called that is under way in the ledger, but whose process is gone."""
STATES = (*map(str, RunState), INTERRUPTED)

Counts = Mapping[TaskState, int]


def run_summaries(
    lab: Viewed,
    *,
    limit: int = 50,
    before: str | None = None,
    workflow: str | None = None,
    state: str | None = None,
    text: str = "",
) -> list[RunSummary]:
    """Runs, newest first: those requested before run `before`, of the `workflow` of this name, in this `state`.

    `text` is part of an id, a workflow's name or an error. Raises `NotFoundError` for a state or run there isn't.
    """
    if state is not None and state not in STATES:
        raise NotFoundError(known("state", state, STATES))
    if before is not None:
        before = lab.ledger.run(before).run_id
    heads = list(islice(_heads(lab, before, workflow, state, text), max(0, min(limit, LIMIT))))
    counts = lab.ledger.counts([head.run_id for head in heads])
    return [RunSummary(**_about(lab, head, counts.get(head.run_id, {}))) for head in heads]


def run_summary(lab: Viewed, run_id: str) -> RunSummary:
    """One run. Raises `NotFoundError`."""
    record = lab.ledger.run(run_id)
    return RunSummary(**_about(lab, record, lab.ledger.counts([record.run_id]).get(record.run_id, {})))


def run_detail(lab: Viewed, run_id: str) -> RunDetail:
    """A run with its nodes. Parameters whose names tell of secrets are hidden. Raises `NotFoundError`."""
    record = lab.ledger.run(run_id)
    tasks = lab.ledger.tasks(record.run_id)
    counts: dict[TaskState, int] = {}
    for task in tasks.values():
        counts[task.state] = counts.get(task.state, 0) + 1
    return RunDetail(
        **_about(lab, record, counts),
        parameters={name: without_secrets(name, value) for name, value in record.parameters.items()},
        digest=record.digest,
        coordinator=record.coordinator,
        epoch=record.epoch,
        context=record.context,
        tasks=tuple(NodeSummary(**node_summary(task)) for task in tasks.values()),
    )


def node_summary(task: TaskRecord) -> dict[str, Any]:
    """The fields of a `NodeSummary`."""
    return {
        "id": task.task_id,
        "state": str(task.state),
        "attempt": task.attempt,
        "started": task.started,
        "finished": task.finished if task.state.final else None,
        "wall_s": task.metrics.wall_s,
        "cpu_s": task.metrics.cpu_s,
        "peak_memory_bytes": task.metrics.peak_memory_bytes,
        "platform": task.platform,
        "worker": task.worker,
        "cached_from": task.cached_from,
        "error": str(task.failure) if task.failure else "",
    }


def _heads(lab: Viewed, before: str | None, workflow: str | None, state: str | None, text: str) -> Iterator[RunHead]:
    wanted = RunState.RUNNING if state == INTERRUPTED else RunState(state) if state else None
    while page := lab.ledger.heads(LIMIT, before=before, workflow=workflow, state=wanted, text=text):
        for head in page:
            if state is None or wanted is not RunState.RUNNING or abandoned(head) == (state == INTERRUPTED):
                yield head
        if len(page) < LIMIT:
            return
        before = page[-1].run_id


def _about(lab: Viewed, head: RunHead, counts: Counts) -> dict[str, Any]:
    """The fields of a `RunSummary`."""
    orphaned = abandoned(head)
    ended_badly = head.state in (RunState.FAILED, RunState.CANCELLED)
    return {
        "run_id": head.run_id,
        "workflow": head.workflow,
        "state": str(head.state),
        "requested": head.requested,
        "started": head.started,
        "finished": head.finished,
        "active_s": active_s(head, lab.stream),
        "nodes": sum(counts.values()),
        "counts": {str(each): counts[each] for each in TaskState if each in counts},
        "orphaned": orphaned,
        "dynamic": head.dynamic,
        "resumable": (ended_badly or orphaned) and not head.dynamic,
        "error": head.error,
        "source": str(head.context.get("source") or ""),
        "replay_of": str(head.context.get("replay_of") or ""),
    }
