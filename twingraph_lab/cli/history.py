"""Commands on runs there are: runs, show, cancel; and how a run is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import ago, console, local_time, note, print_json, print_rows
from twingraph_lab.cli.reports import Description, output_lines, outputs_of, plain, run_report
from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends import gantt_text
from twingraph_lab.frontends.causes import causes
from twingraph_lab.frontends.display import LOOKS, RUN_LOOKS, duration, printable, size, without_controls
from twingraph_lab.frontends.gantt import look_of, time_of
from twingraph_lab.frontends.inspecting import abandoned, active_s, timeline_of
from twingraph_lab.frontends.run_views import INTERRUPTED, in_a_line, state_of, took
from twingraph_lab.frontends.timeline import Lane, Timeline
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.run import way_on
from twingraph_lab.runtime.states import RunState

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab, Run

NEWEST = ("last", "-")
PLAIN_WIDTH = 100
"""Columns of a chart that isn't printed on a terminal."""


def find(lab: Lab, name: str) -> Run:
    """The run with this id, the only one whose id begins so, or the newest for `last`. Raises `NotFoundError`."""
    if name in NEWEST:
        newest = lab.runs(limit=1)
        if not newest:
            raise NotFoundError("there are no runs yet")
        name = newest[0].run_id
    return lab.run(name)


def runs(options: Options, *, state: str | None, limit: int, as_json: bool) -> None:
    """List runs, newest first."""
    with options.lab() as lab:
        records = lab.runs(limit, state=RunState(state) if state else None)
        active = {record.run_id: active_s(record, lab.stream) for record in records}
    if as_json:
        print_json([_summary(record, active[record.run_id]) for record in records])
    elif records:
        rows: list[list[Text | str]] = [
            [
                Text.assemble(_state(record)[:1], " ", record.run_id),
                _state(record)[2:],
                ago(record.requested),
                duration(active[record.run_id]) if record.started else "",
                Text.assemble(printable(record.workflow), ("  " + in_a_line(record.error), "dim"))
                if record.state is RunState.FAILED
                else Text(printable(record.workflow)),
            ]
            for record in records
        ]
        print_rows(["run", "state", "requested", "took", "workflow"], rows, right=["took"])
    else:
        note(f"no runs {f'are {state}' if state else 'yet'}")


def show(options: Options, name: str, *, gantt: bool, as_json: bool) -> None:
    """Print a run with its nodes, outputs and errors; with `gantt`, its nodes over time too."""
    with options.lab() as lab:
        run = find(lab, name)
        if as_json:
            outputs = {
                task.task_id: {name: artifact.model_dump(mode="json") for name, artifact in task.outputs.items()}
                for task in run.tasks.values()
            }
            report = run_report(lab, run)
            for task_id, node in report["nodes"].items():
                node["outputs"] = outputs[task_id]
            print_json({**_summary(run.record, report["duration_s"]), **report})
            return
        out = console()
        record, tasks = run.record, run.tasks
        timeline = timeline_of(record, tasks, run.workflow, lab.stream)
        _print_head(out, record, timeline)
        if gantt:
            _print_gantt(out, timeline)
        print_rows(
            ["node", "state", "attempt", "platform", "waited", "wall", "cpu", "memory", "outputs"],
            [_row(lab, lane, gone=abandoned(record)) for lane in timeline.lanes],
            right=["attempt", "waited", "wall", "cpu", "memory"],
        )
        _print_failures(out, list(tasks.values()))
        if record.state is RunState.COMPLETED:
            out.print("\noutputs")
            print_outputs(lab, run, out)


def cancel(options: Options, name: str) -> None:
    """Ask a run to stop."""
    with options.lab() as lab:
        run = find(lab, name)
        if run.state.final:
            note(f"run {run.id} is {run.state} already")
        else:
            run.cancel()
            note(
                f"asked run {run.id} to stop; what completed stays, and `twingraph resume {run.id}` goes on from there"
            )


def print_outputs(lab: Lab, run: Run, out: Console) -> None:
    """A completed run's outputs, a line each."""
    outputs = outputs_of(run.workflow, run.record, run.tasks, lab.artifacts)
    for name, value in outputs.items():
        text = (
            str(value) if isinstance(value, Description) else json.dumps(plain(value, brief=True), ensure_ascii=False)
        )
        line = Text.assemble("  ", (name, "bold"), " = ", printable(text))
        out.print(line, no_wrap=out.is_terminal, overflow="ellipsis", soft_wrap=not out.is_terminal)


def _state(record: RunRecord) -> Text:
    """Symbol, space, state."""
    if abandoned(record):
        return Text(f"{INTERRUPTED.symbol} interrupted", style=INTERRUPTED.style)
    look = RUN_LOOKS[record.state]
    return Text(f"{look.symbol} {record.state}", style=look.style)


def _print_head(out: Console, record: RunRecord, timeline: Timeline) -> None:
    state = _state(record)
    title = Text(printable(record.workflow), style="bold")
    out.print(Text.assemble(state[:1], f" run {record.run_id}  ", title, "  ", state[2:], took(timeline)))
    facts = {
        "requested": f"{local_time(record.requested)} ({ago(record.requested)})",
        "claimed": f"{record.epoch} times, last by {record.coordinator}" if record.epoch > 1 else "",
        "source": str(record.context.get("source", "")),
        "key": record.idempotency_key or "",
    }
    parameters = {name: json.dumps(value, ensure_ascii=False) for name, value in record.parameters.items()}
    for name, fact in {**facts, **parameters}.items():
        if fact:
            out.print(Text(f"  {name}: {printable(fact)}", style="dim"), soft_wrap=True)
    if abandoned(record):
        out.print(Text(f"  its process is gone; go on with: {way_on(record)}", style="yellow"))
    out.print()


def _print_gantt(out: Console, timeline: Timeline) -> None:
    width = out.width if out.is_terminal else PLAIN_WIDTH
    for line in gantt_text.lines(timeline, width):
        pieces = [(piece.text, piece.look.style if piece.look else "") for piece in line]
        out.print(Text.assemble(*pieces), soft_wrap=True)
    out.print(Text("  · waits for its turn  █ ran  ░ failed attempt  ▒ running", style="dim"))
    out.print()


def _row(lab: Lab, lane: Lane, *, gone: bool) -> list[Text | str]:
    task, look, metrics = lane.record, look_of(lane), lane.record.metrics
    state = state_of(task, gone=gone)
    if task.failure:
        remark = Text(printable(str(task.failure)), style=look.style)
    else:
        cached = f"from cache ({task.cached_from}): " if task.cached_from else ""
        remark = Text(cached + output_lines(task, lab.artifacts))
    return [
        Text.assemble((look.symbol, look.style), " ", task.task_id),
        Text(state, style=look.style),
        str(task.attempt) if task.started else "",
        task.platform,
        duration(lane.waited_s) if lane.waited_s else "",
        duration(metrics.wall_s) if metrics.wall_s else time_of(lane),
        duration(metrics.cpu_s) if metrics.wall_s else "",
        size(metrics.peak_memory_bytes) if metrics.peak_memory_bytes else "",
        remark,
    ]


def _print_failures(out: Console, tasks: list[TaskRecord]) -> None:
    for cause in causes(tasks):
        look = LOOKS[cause.state]
        out.print()
        out.print(Text(f"{look.symbol} {cause.title}", style=look.style), soft_wrap=True)
        out.print(Text("\n".join(f"  {without_controls(line)}" for line in cause.text.splitlines())), soft_wrap=True)


def _summary(record: RunRecord, active_s: float) -> dict[str, object]:
    return {
        "run_id": record.run_id,
        "workflow": record.workflow,
        "status": str(record.state),
        "requested": record.requested.isoformat(),
        "started": record.started.isoformat() if record.started else None,
        "finished": record.finished.isoformat() if record.finished else None,
        "duration_s": round(active_s, 6),
        "parameters": dict(record.parameters),
        "digest": record.digest,
        "epoch": record.epoch,
        "coordinator": record.coordinator,
        "error": record.error,
    }
