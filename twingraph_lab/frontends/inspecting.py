"""Looking at a run in the ledger as it is now: its timeline, and whether anybody still drives it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from twingraph_lab.events import Event, RunStarted
from twingraph_lab.frontends.timeline import TYPES, Timeline, timeline
from twingraph_lab.runtime.coordinator import is_dead
from twingraph_lab.runtime.records import RunHead, RunRecord, TaskRecord
from twingraph_lab.runtime.states import RunState
from twingraph_lab.spec.workflow import Workflow


class Log(Protocol):
    """Where events are."""

    def read(self, run_id: str, *, after: int = 0, types: Collection[str] = ()) -> Sequence[Event]:
        """A page of the events with a seq above `after`."""

    def last(self, run_id: str, types: Collection[str], *, before: int | None = None) -> Event | None:
        """The last event of these types, with a seq below `before` if given."""


def timeline_of(record: RunRecord, tasks: Mapping[str, TaskRecord], workflow: Workflow, log: Log) -> Timeline:
    """What is known of a run's time; one that is under way counts until now."""
    under_way = record.state is RunState.RUNNING and not abandoned(record)
    upstream = {node.id: node.upstream for node in workflow.nodes}
    return timeline(_events(record.run_id, log, TYPES), tasks, upstream, now=datetime.now(UTC) if under_way else None)


def active_s(record: RunHead, log: Log) -> float:
    """How many seconds a run has been under way. Those in which nobody drove it are left out."""
    under_way = record.state is RunState.RUNNING and not abandoned(record)
    if record.epoch > 1 or (record.state is RunState.RUNNING and not under_way):
        now = datetime.now(UTC) if under_way else None
        return timeline(_signs_of_life(record.run_id, log), {}, {}, now=now).active_s
    end = record.finished or (datetime.now(UTC) if record.state is RunState.RUNNING else record.started)
    return max(0.0, (end - record.started).total_seconds()) if end and record.started else 0.0


def abandoned(record: RunHead) -> bool:
    """Whether a run is under way, but nobody drives it any more."""
    if record.state is not RunState.RUNNING:
        return False
    return record.lease_until is None or record.lease_until < datetime.now(UTC) or is_dead(record.coordinator)


def _signs_of_life(run_id: str, log: Log) -> Iterator[Event]:
    """The events that tell when a run began and stopped being driven: a few, however many nodes it has."""
    driven = False
    for event in _events(run_id, log, ("run.started", "run.finished")):
        if driven and isinstance(event, RunStarted) and (last := log.last(run_id, TYPES, before=event.seq)):
            yield last
        driven = isinstance(event, RunStarted)
        yield event
    if driven and (last := log.last(run_id, TYPES)):
        yield last


def _events(run_id: str, log: Log, types: Collection[str]) -> Iterator[Event]:
    after = 0
    while page := log.read(run_id, after=after, types=types):
        yield from page
        after = page[-1].seq
