"""A run's events → what changes on the canvas: states, progress, and values on edges. Pure; no value is loaded."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from twingraph_lab.events import Artifact, Event, RunStarted, TaskEvent, TaskLogged, TasksAdded
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.messages import Frame, NodeStatus
from twingraph_lab.frontends.canvas.wires import Wires
from twingraph_lab.frontends.display import clip, duration, printable
from twingraph_lab.frontends.progress import NodeProgress, RunProgress
from twingraph_lab.lineage.preview import HIDDEN, bounded, secret_name
from twingraph_lab.runtime.artifacts import preview
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.serializers import Json
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.runtime.tabular import Parquet, Table
from twingraph_lab.spec.workflow import Workflow

NOTE = 32
VALUE = 24
ERROR = 500
"""Characters of a node's note, of a value on an edge, and of an error."""

_TABLES = frozenset({Table.media_type, Parquet.media_type})
_SHAPE = re.compile(r"\d+ × \d+")  # noqa: RUF001
_NUMBER = re.compile(r"\d+")


class Frames:
    """Folds events into frames, each with what changed since the one before; the first has all nodes.

    `record` and `tasks` are the run as it was, say, at some place in the ledger; events from there on, or from before,
    are applied in order. `after` is that place, where it is known. Not safe to share between threads without a lock.
    """

    def __init__(
        self, workflow: Workflow, record: RunRecord, tasks: Mapping[str, TaskRecord], *, after: int = 0
    ) -> None:
        self._run_id = record.run_id
        self._progress = RunProgress.of(workflow, tasks)
        self._progress.state, self._progress.error = record.state, record.error
        self._progress.run_id, self._progress.cancelling = record.run_id, record.cancel_requested
        self._edges = _edges(workflow)
        self._changed = dict.fromkeys(self._progress.nodes)
        self._run_changed = True
        self._seq = after

    def apply(self, event: Event) -> None:
        """Take in what happened next."""
        self._seq = max(self._seq, event.seq)
        self._progress.apply(event)
        match event:
            case TaskLogged():  # shown elsewhere
                pass
            case TaskEvent():
                self._changed[event.task_id] = None
            case TasksAdded():
                self._changed |= dict.fromkeys(event.tasks)
            case RunStarted():
                self._changed |= dict.fromkeys(self._progress.nodes)
                self._run_changed = True
            case _:
                self._run_changed = True

    def take(self) -> Frame | None:
        """What changed since the last take; None if nothing did."""
        if not self._changed and not self._run_changed:
            return None
        progress, nodes = self._progress, self._progress.nodes
        changed, self._changed, self._run_changed = self._changed, {}, False
        state = "cancelling" if progress.cancelling and not progress.finished else str(progress.state)
        return Frame(
            run_id=self._run_id,
            seq=self._seq,
            state=state,
            done=progress.done,
            total=len(nodes),
            nodes={name: status(nodes[name]) for name in changed},
            values={edge: text for name in changed for edge, text in self._values(nodes[name])},
            error=clip(printable(progress.error), ERROR),
        )

    def _values(self, node: NodeProgress) -> Iterator[tuple[str, str]]:
        """What the edges from a node show: the value it has, or nothing any more."""
        for edge, path in self._edges.get(node.id, ()):
            yield edge, value_text(node.outputs, path) if node.state is TaskState.COMPLETED else ""


def status(node: NodeProgress) -> NodeStatus:
    """How a node is doing."""
    said, fraction, note = node.said, None, ""
    completed = node.state is TaskState.COMPLETED
    cached = completed and bool(node.cached_from)
    if node.state is TaskState.RUNNING and said:
        fraction = min(1.0, max(0.0, said.done / said.total)) if said.total else None
        counted = f"{said.done:.15g} of {said.total:.15g}" if said.total else f"{said.done:.15g} done"
        note = f"{counted} {said.message}"
    elif cached:
        note = "reused"
    elif completed:
        note = duration(node.metrics.wall_s) if node.metrics.wall_s else ""
    elif node.state is TaskState.SKIPPED and node.because:
        note = f"{node.because} did not complete"
    failure = None if completed else node.failure
    if failure and node.state in (TaskState.FAILED, TaskState.UNCERTAIN):
        note = failure.type.rpartition(".")[2] or failure.kind
    return NodeStatus(
        state="retrying" if node.retrying else "cached" if cached else str(node.state),
        fraction=fraction,
        note=clip(printable(note), NOTE),
        attempt=node.attempt,
        error=clip(printable(str(failure)), ERROR) if failure else "",
    )


def value_text(outputs: Mapping[str, Artifact], path: tuple[str, ...]) -> str:
    """What a path reads of a node's outputs, in a few characters; empty if only loading it would tell."""
    if path and path[0] in outputs:
        name, inside = path[0], path[1:]
    elif len(outputs) == 1 and "result" in outputs:
        name, inside = "result", path
    else:
        return "" if path else f"{len(outputs)} outputs"
    if any(map(secret_name, (name, *inside))):
        return HIDDEN
    artifact = outputs[name]
    if not artifact.inline or artifact.media_type != Json.media_type:
        return "" if inside else clip(_short(artifact), VALUE)
    value = artifact.data
    for step in inside:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return ""
    return _of_json(value)


def _of_json(value: JsonValue) -> str:
    """A value in a few characters, without the secrets in it."""
    if isinstance(value, dict | list):
        return clip(printable(bounded(value, VALUE + 1)), VALUE)
    start = value[: 2 * VALUE] if isinstance(value, str) else value
    return clip(printable(json.dumps(start, ensure_ascii=False)), VALUE)


def _short(artifact: Artifact) -> str:
    """What was told of a value when it was stored, else its preview; a table by its rows and columns."""
    if artifact.media_type in _TABLES and (shape := _SHAPE.search(artifact.summary)):
        return f"{_NUMBER.sub(lambda found: f'{int(found[0]):,}', shape[0])} table"
    return printable(artifact.summary or preview(artifact))


def _edges(workflow: Workflow) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """The edges with data that leave each node: their ids, and the path that they read."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
    wires = Wires(workflow, Catalog(components=workflow.components))
    for node in workflow.nodes:
        for wire, references in wires.into(node).items():
            same = len({each.path for each in references}) == 1
            path = references[0].path if same else references[0].path[:1]
            found[wire.source].append((wire.id, path))
    return found
