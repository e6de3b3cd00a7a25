"""Why a run failed, told to the person who wrote the cell: node, line and error, without the engine's own frames."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from twingraph_lab.errors import RunCancelledError, RunFailedError
from twingraph_lab.events import Failure
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.spec.workflow import Source, Workflow

AROUND = 2
"""Lines shown before and after the one that failed."""

OUTPUT = re.compile(r"output '(\w+)'")
"""How the message begins if an output can't be stored."""


def run_error(record: RunRecord, tasks: Mapping[str, TaskRecord], workflow: Workflow) -> RunFailedError:
    """What to raise for a run that ended without success."""
    if record.state is RunState.CANCELLED:
        done = sum(task.state is TaskState.COMPLETED for task in tasks.values())
        hint = f"{done} of {len(tasks)} nodes are done; go on with: %twingraph resume {record.run_id}"
        return RunCancelledError(record.run_id, f"run {record.run_id} was cancelled; {hint}")
    failed = [task for task in tasks.values() if task.failure and task.state in (TaskState.FAILED, TaskState.UNCERTAIN)]
    if not failed:
        return RunFailedError(record.run_id, f"run {record.run_id} failed: {record.error}")
    first, *others = failed
    assert first.failure is not None
    text = [f"node {first.task_id!r} failed{_kind(first.failure)}: {first.failure}"]
    text += where(first.failure, workflow, first.task_id)
    if others:
        text.append(f"failed, too: {', '.join(f'{task.task_id} ({task.failure})' for task in others)}")
    skipped = [task.task_id for task in tasks.values() if task.state is TaskState.SKIPPED]
    if skipped:
        text.append(f"never started: {', '.join(skipped)}")
    text.append(f"see: %twingraph show {first.task_id}, %twingraph logs {first.task_id}")
    return RunFailedError(record.run_id, "\n".join(text))


def _kind(failure: Failure) -> str:
    return "" if failure.kind == "error" else f" ({failure.kind})"


def where(failure: Failure, workflow: Workflow, node_id: str) -> list[str]:
    """The lines around the one that failed, counted as in the cell, and the frames of modules that it called."""
    node = workflow.by_id.get(node_id)
    component = workflow.component_of(node) if node else None
    if not isinstance(component, Source):
        return []
    frames = list(
        re.finditer(rf'^  File "{re.escape(component.filename)}", line (\d+).*$', failure.traceback, re.MULTILINE)
    )
    if not frames:
        return _unstorable(component, failure, node_id) or _in_setup(component, failure, node_id)
    excerpt = _excerpt(component.code, node_id, int(frames[0][1]))
    inner = [line for line in failure.traceback[frames[0].end() :].splitlines() if line.startswith("  ")]
    below = next((at for at, line in enumerate(inner) if line.startswith("  File")), len(inner))
    return [*excerpt, *inner[below:], ""]


def _excerpt(code: str, node_id: str, failing: int) -> list[str]:
    """The lines around one, which an arrow marks."""
    lines = code.splitlines()
    first = max(2, failing - AROUND)
    width = len(str(failing + AROUND))
    shown = [
        f"{'---->' if number == failing else '     '} {number:>{width}} {lines[number - 1]}"
        for number in range(first, min(len(lines), failing + AROUND) + 1)
    ]
    return ["", f"cell {node_id!r}, line {failing}:", *shown]


def _unstorable(component: Source, failure: Failure, node_id: str) -> list[str]:
    """Where an output is bound that can't be stored, and how to do without it."""
    output = OUTPUT.match(failure.message)
    if failure.kind != "serialization" or not output:
        return []
    name = output[1]
    body = ast.parse(component.code).body
    bound = [
        part.lineno
        for statement in body
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for part in ast.walk(statement)
        if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store)
    ]
    others = [each for each in component.outputs if each != name]
    way = f"call it _{name}" if bound else "end the last line with ;"
    keep = f", or say what to keep: %%twingraph {node_id} --out {','.join(others)}" if others else ""
    excerpt = _excerpt(component.code, node_id, max([*bound, 0]) or body[-1].lineno)
    return [*excerpt, "", f"if no other node needs it, {way}{keep}", ""]


def _in_setup(component: Source, failure: Failure, node_id: str) -> list[str]:
    """The frames of what the cell takes along, if that failed before the cell itself began."""
    name = re.escape(f"{component.filename.removesuffix('>')} setup>")
    frame = re.search(rf'^  File "{name}", line (\d+).*$', failure.traceback, re.MULTILINE)
    if not frame:
        return []
    inner = [line for line in failure.traceback[frame.end() :].splitlines() if line.startswith("  ")]
    return ["", f"what {node_id!r} takes along, line {frame[1]}:", *inner, ""]
