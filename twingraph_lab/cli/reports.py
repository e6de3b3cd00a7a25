"""What is told of a run and its values, as JSON: the same for `run`, `resume` and `show`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from twingraph_lab.errors import StoreError
from twingraph_lab.events import Artifact
from twingraph_lab.frontends.display import clip, printable
from twingraph_lab.frontends.inspecting import timeline_of
from twingraph_lab.frontends.timeline import Lane, Timeline
from twingraph_lab.planning.resolve import UnresolvedError, pick, resolve
from twingraph_lab.runtime.artifacts import ArtifactStore, preview
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.serializers import JSON, Json
from twingraph_lab.runtime.states import RunState

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab, Run
    from twingraph_lab.spec.workflow import Workflow

PREVIEW_WIDTH = 72


class Description:
    """Stands for a stored value that isn't JSON. Not a mapping, so that no path leads into it."""

    def __init__(self, artifact: Artifact, store: ArtifactStore) -> None:
        self._artifact = artifact
        self._store = store

    def __str__(self) -> str:
        return preview(self._artifact, self._store)

    def report(self) -> dict[str, JsonValue]:
        """Media type, digest, size in bytes and one line for people."""
        artifact = self._artifact
        return {
            "media_type": artifact.media_type,
            "digest": artifact.digest,
            "size": artifact.size,
            "preview": str(self),
        }


def run_report(lab: Lab, run: Run) -> dict[str, Any]:
    """The object that `--json` prints. Values that aren't JSON are described.

    `duration_s` is the time in which somebody drove the run; `since_first_start_s` includes what lies between.
    """
    record, tasks = run.record, run.tasks
    timeline = timeline_of(record, tasks, run.workflow, lab.stream)
    outputs = outputs_of(run.workflow, record, tasks, lab.artifacts)
    return {
        "run_id": record.run_id,
        "status": str(record.state),
        "outputs": {name: plain(value) for name, value in outputs.items()},
        "error": record.error,
        "nodes": {lane.name: _task_report(lane, timeline) for lane in timeline.lanes},
        "duration_s": round(timeline.active_s, 6),
        "since_first_start_s": round(timeline.elapsed_s, 6),
    }


def empty_report(status: str, error: str, run_id: str | None = None) -> dict[str, Any]:
    """The same object where no run has come to anything yet."""
    times = {"duration_s": 0.0, "since_first_start_s": 0.0}
    return {"run_id": run_id, "status": status, "outputs": {}, "error": error, "nodes": {}, **times}


def outputs_of(
    workflow: Workflow, record: RunRecord, tasks: Mapping[str, TaskRecord], store: ArtifactStore
) -> dict[str, Any]:
    """What `Run.result` returns, but nothing is decoded except JSON and what a path leads into; others are described.

    Empty until the run has completed.
    """
    if record.state is not RunState.COMPLETED:
        return {}

    def value_of(node: str, path: tuple[str, ...]) -> Any:
        artifacts = tasks[node].outputs
        try:
            return pick(_Values(artifacts, lambda artifact: told(artifact, store)), path)
        except UnresolvedError:
            return pick(_Values(artifacts, store.get), path)

    if workflow.outputs:
        return resolve(workflow.outputs, value_of, record.parameters)
    waited_for = {parent for node in workflow.nodes for parent in node.upstream}
    return {node.id: value_of(node.id, ()) for node in workflow.nodes if node.id not in waited_for}


def told(artifact: Artifact, store: ArtifactStore) -> Any:
    """The value if it is JSON, else its description."""
    return store.get(artifact) if artifact.media_type == Json.media_type else Description(artifact, store)


def plain(value: Any, *, brief: bool = False) -> JsonValue:
    """Anything as JSON. Stored values become their description, other foreign ones what Python prints for them.

    With `brief`, both are one line of text instead of an object.
    """
    if isinstance(value, dict):
        return {str(key): plain(item, brief=brief) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, brief=brief) for item in value]
    if isinstance(value, Description):
        return str(value) if brief else value.report()
    if JSON.accepts(value):
        return value  # type: ignore[no-any-return]
    preview = clip(printable(repr(value)), PREVIEW_WIDTH)
    return preview if brief else {"media_type": "application/x-python-object", "preview": preview}


def output_lines(task: TaskRecord, store: ArtifactStore) -> str:
    """A task's outputs in one line: the value of a single `result`, else each by name."""
    shown = {name: _preview(artifact, store) for name, artifact in task.outputs.items()}
    if list(shown) == ["result"]:
        return shown["result"]
    return ", ".join(f"{name} = {text}" for name, text in shown.items())


def _preview(artifact: Artifact, store: ArtifactStore) -> str:
    try:
        return preview(artifact, store)
    except StoreError as error:
        return str(error)


def _task_report(lane: Lane, timeline: Timeline) -> dict[str, Any]:
    task = lane.record
    return {
        "state": str(task.state),
        "attempt": task.attempt,
        "wall_s": task.metrics.wall_s,
        "cpu_s": task.metrics.cpu_s,
        "peak_memory_bytes": task.metrics.peak_memory_bytes,
        "waited_s": round(lane.waited_s, 6),
        "platform": task.platform,
        "worker": task.worker,
        "cached": lane.cached_at is not None,
        "cached_from": task.cached_from,
        "error": str(task.failure) if task.failure else "",
        "attempts": [
            {
                "number": stretch.number,
                "start_s": round(timeline.at(stretch.start), 6),
                "end_s": round(timeline.at(stretch.end), 6),
                "ended": stretch.ending,
            }
            for stretch in lane.attempts
        ],
    }


class _Values(Mapping[str, Any]):
    """A task's outputs, each read when asked for."""

    def __init__(self, artifacts: Mapping[str, Artifact], read: Callable[[Artifact], Any]) -> None:
        self._artifacts = artifacts
        self._read = read

    def __getitem__(self, name: str) -> Any:
        return self._read(self._artifacts[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._artifacts)

    def __len__(self) -> int:
        return len(self._artifacts)
