"""When the nodes of a run ran, in seconds, for whoever draws it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from twingraph_lab.frontends import timeline as history
from twingraph_lab.frontends.inspecting import timeline_of
from twingraph_lab.frontends.inspection.models import Bar, Lane, TimelineView
from twingraph_lab.frontends.inspection.ports import Viewed
from twingraph_lab.spec.workflow import Workflow


def timeline_view(lab: Viewed, run_id: str) -> TimelineView:
    """The bars of every node, in the document's order; a run under way counts until now. Raises `NotFoundError`."""
    record = lab.ledger.run(run_id)
    workflow = Workflow.model_validate_json(record.document)
    timeline = timeline_of(record, lab.ledger.tasks(record.run_id), workflow, lab.stream)
    critical = critical_path(timeline.lanes, {node.id: node.upstream for node in workflow.nodes})
    return TimelineView(
        active_s=timeline.active_s,
        lanes=tuple(
            Lane(
                id=lane.name,
                state=str(lane.record.state),
                bars=tuple(_bars(lane, timeline)),
                critical=lane.name in critical,
            )
            for lane in timeline.lanes
        ),
    )


def critical_path(lanes: Sequence[history.Lane], upstream: Mapping[str, Sequence[str]]) -> set[str]:
    """The nodes that the run took its time for: the one that ended last, the one it waited for longest, and so on."""
    ended = {lane.name: end for lane in lanes if (end := _end(lane))}
    path: set[str] = set()
    last = max(ended, key=ended.__getitem__, default=None)
    while last is not None and last not in path:
        path.add(last)
        last = max((name for name in upstream.get(last, ()) if name in ended), key=ended.__getitem__, default=None)
    return path


def _end(lane: history.Lane) -> datetime | None:
    return lane.attempts[-1].end if lane.attempts else lane.cached_at


def _bars(lane: history.Lane, timeline: history.Timeline) -> Iterator[Bar]:
    for wait in lane.waits:
        yield Bar(kind="waiting", start_s=timeline.at(wait.start), end_s=timeline.at(wait.end))
    for each in lane.attempts:
        start_s, end_s = timeline.at(each.start), timeline.at(each.end)
        yield Bar(kind="attempt", attempt=each.number, start_s=start_s, end_s=end_s, ending=each.ending)
    if lane.cached_at:
        moment_s = timeline.at(lane.cached_at)
        yield Bar(kind="cached", start_s=moment_s, end_s=moment_s)
