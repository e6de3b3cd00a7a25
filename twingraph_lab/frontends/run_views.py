"""Views of runs for notebooks: one run with its time and its failures, and all runs there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from twingraph_lab.frontends import gantt_svg, gantt_text
from twingraph_lab.frontends.causes import causes
from twingraph_lab.frontends.display import LOOKS, RUN_LOOKS, Look, clip, counted, duration, printable, size
from twingraph_lab.frontends.gantt import look_of, time_of
from twingraph_lab.frontends.inspecting import abandoned
from twingraph_lab.frontends.timeline import Lane, Timeline
from twingraph_lab.frontends.views import NOTHING, TEXT_WIDTH, Field, Row, View, card, code, folded, heading, table
from twingraph_lab.frontends.workflow_views import BLUE, defaults, drawing, outputs_table, settings_of, takes
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Node, Source, Workflow

SHOWN = 40
"""So many nodes have a line before the rest is folded away, or left out of plain text."""
INTERRUPTED = Look("!", "bold yellow", "#8A6D00")
HEADS = ("node", "state", "attempts", "waited", "wall", "cpu", "memory", "remark")


def run_view(record: RunRecord, timeline: Timeline, workflow: Workflow, store: ArtifactStore) -> View:
    """All of a run: how it is, its picture, its nodes over time and in figures, why some failed, what they gave."""
    tasks = {lane.name: lane.record for lane in timeline.lanes}
    looks = {lane.name: look_of(lane) for lane in timeline.lanes if lane.record.state is not TaskState.PENDING}
    outputs = {name: task.outputs for name, task in tasks.items()}
    return (
        run_card(record, timeline)
        + drawing(workflow, looks, {lane.name: time_of(lane) for lane in timeline.lanes})
        + gantt_view(timeline, record.workflow)
        + nodes_table(timeline, gone=abandoned(record))
        + failures_view(list(tasks.values()))
        + folded("outputs", outputs_table(outputs, store))
    )


def run_status(record: RunRecord, timeline: Timeline) -> View:
    """How a run is doing: its nodes in figures, without pictures."""
    return run_card(record, timeline) + nodes_table(timeline, gone=abandoned(record))


def run_card(record: RunRecord, timeline: Timeline) -> View:
    """A run's state and parameters, how long it took, and how many of its nodes are in which state."""
    gone = abandoned(record)
    look = INTERRUPTED if gone else RUN_LOOKS[record.state]
    states = Counter(lane.record.state for lane in timeline.lanes)
    reused = sum(bool(lane.cached_at) for lane in timeline.lanes)
    notes = {TaskState.COMPLETED: f" ({reused} reused)" if reused else ""}
    tally = [f"{LOOKS[each].symbol} {states[each]} {each}{notes.get(each, '')}" for each in TaskState if states[each]]
    facts = [
        ("parameters", ", ".join(f"{name} = {clip(repr(value), 40)}" for name, value in record.parameters.items())),
        ("requested", _moment(record.requested)),
        ("nodes", ", ".join(tally)),
        ("error", in_a_line(record.error)),
    ]
    warnings = [f"its process is gone; go on with: %twingraph resume {record.run_id}"] if gone else []
    state = "interrupted" if gone else str(record.state)
    title = f"{look.symbol} {record.workflow}: {state}{took(timeline)}"
    return card(title, f"run {record.run_id}", facts, warnings=warnings, colour=look.colour)


def took(timeline: Timeline) -> str:
    """` in 3 s`, and how long ago it all began if the run was taken up again."""
    if not timeline.periods:
        return ""
    if len(timeline.periods) == 1:
        return f" {'for' if timeline.running else 'in'} {duration(timeline.active_s)}"
    return f", {duration(timeline.active_s)} under way, {duration(timeline.elapsed_s)} since its first start"


def gantt_view(timeline: Timeline, name: str) -> View:
    """The nodes over time."""
    drawn = gantt_svg.svg(timeline, name)
    return (
        View(f'<div style="margin:8px 0">{drawn}</div>', gantt_text.plain(timeline, TEXT_WIDTH)) if drawn else NOTHING
    )


def nodes_table(timeline: Timeline, *, gone: bool = False) -> View:
    """A line for each node. Of very many, those that went wrong or took longest are shown and the others folded.

    If the process that drove the run is `gone`, none of them runs any more.
    """
    rows = {lane.name: _row(lane, gone=gone) for lane in timeline.lanes}
    if len(rows) <= SHOWN + 1:
        return table(HEADS, list(rows.values()))
    by_weight = sorted(timeline.lanes, key=lambda lane: (_unremarkable(lane), -lane.record.metrics.wall_s))
    shown = {lane.name for lane in by_weight[:SHOWN]}
    rest = [row for name, row in rows.items() if name not in shown]
    title = f"… {counted(len(rest), 'node')} more"
    folded_rest = folded(title, table(HEADS, rest))
    return table(HEADS, [row for name, row in rows.items() if name in shown]) + View(folded_rest.html, title)


def _unremarkable(lane: Lane) -> bool:
    return lane.record.failure is None and len(lane.attempts) <= 1 and lane.record.state is not TaskState.RUNNING


def _row(lane: Lane, *, gone: bool = False) -> Row:
    task, metrics = lane.record, lane.record.metrics
    return [
        Field(task.task_id, look_of(lane)),
        "reused" if lane.cached_at else state_of(task, gone=gone),
        str(len(lane.attempts)) if len(lane.attempts) > 1 else "",
        duration(lane.waited_s) if lane.waited_s >= 0.001 else "",
        duration(metrics.wall_s) if metrics.wall_s else time_of(lane),
        duration(metrics.cpu_s) if metrics.wall_s else "",
        size(metrics.peak_memory_bytes) if metrics.peak_memory_bytes else "",
        str(task.failure) if task.failure else f"from {task.cached_from}" if task.cached_from else "",
    ]


def state_of(task: TaskRecord, *, gone: bool) -> str:
    """A node's state, or what it was when the process that drove the run was `gone`."""
    at_work = task.state in (TaskState.DISPATCHED, TaskState.RUNNING)
    return f"was {task.state}" if gone and at_work else str(task.state)


def failures_view(tasks: Sequence[TaskRecord]) -> View:
    """Why nodes failed, each cause once, with the traceback of the first."""
    return sum(
        (
            card(f"{LOOKS[cause.state].symbol} {cause.title}", "", [], colour=LOOKS[cause.state].colour)
            + code("\n".join(cause.text.splitlines()))
            for cause in causes(tasks)
            if cause.state is not TaskState.COMPLETED
        ),
        NOTHING,
    )


def one_node(node: Node, workflow: Workflow, lane: Lane | None, store: ArtifactStore | None) -> View:
    """A node with its code, and how it fared in a run."""
    component = workflow.component_of(node)
    used_by = [other.id for other in workflow.nodes if node.id in other.upstream]
    facts = [
        ("takes", takes(node, defaults(workflow))),
        ("gives", ", ".join(workflow.outputs_of(node))),
        ("runs", settings_of(node)),
        ("used by", ", ".join(used_by)),
    ]
    if not isinstance(component, Source):
        facts.append(("component", component.kind + " " + getattr(component, "name", getattr(component, "ref", ""))))
    colour = look_of(lane).colour if lane else BLUE
    shown = card(node.id, f"in {workflow.name}", facts, colour=colour)
    if isinstance(component, Source):
        body = component.code.lstrip("\n")
        shown += code(body, first_line=1 + len(component.code) - len(body))
    if lane is None:
        return shown
    shown += table(HEADS, [_row(lane)])
    if lane.record.failure:
        shown += code(lane.record.failure.traceback or str(lane.record.failure))
    return shown + outputs_table({node.id: lane.record.outputs}, store)


def history_view(records: Sequence[RunRecord], active: Mapping[str, float]) -> View:
    """Runs, as given; `active` are the seconds each was under way."""
    if not records:
        return heading("there are no runs yet")
    rows: list[Row] = [
        [
            Field(record.run_id, INTERRUPTED if abandoned(record) else RUN_LOOKS[record.state]),
            record.workflow,
            "interrupted" if abandoned(record) else str(record.state),
            _moment(record.requested),
            duration(active.get(record.run_id, 0.0)) if record.started else "",
            clip(", ".join(f"{name} = {value!r}" for name, value in record.parameters.items()), 60),
            clip(in_a_line(record.error), 80),
        ]
        for record in records
    ]
    return table(["run", "workflow", "state", "requested", "took", "parameters", "error"], rows)


def in_a_line(error: str) -> str:
    r"""A run's error, which has a line for each node that failed.

    >>> in_a_line("node 'a': no\nnode 'b': no")
    "node 'a': no; node 'b': no"
    """
    return printable("; ".join(error.splitlines()))


def _moment(moment: datetime) -> str:
    local = moment.astimezone()
    today = datetime.now(UTC).astimezone().date() == local.date()
    return local.strftime("today %H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")
