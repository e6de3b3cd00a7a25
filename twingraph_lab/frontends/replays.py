"""Doing one node of a run again, with what it was given then, to see whether it gives the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twingraph_lab.errors import ConflictError, NotFoundError
from twingraph_lab.events import Artifact
from twingraph_lab.frontends.earlier import Remembering, past_of
from twingraph_lab.frontends.missing import known
from twingraph_lab.frontends.partial import PartialRun, Past, around
from twingraph_lab.runtime.artifacts import ArtifactStore, preview
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import CachePolicy, Workflow


@dataclass(frozen=True, slots=True)
class Compared:
    """An output then and now, each in a line; empty where there was none."""

    output: str
    before: str
    after: str
    same: bool


def computed(lab: Remembering, past: Past, node_id: str) -> tuple[Past, str]:
    """The run that computed a node's outputs, and the node's name there: `past` itself unless they were kept.

    Raises `ConflictError` if that run is gone.
    """
    name, asked = node_id, past.run_id
    while name in past.tasks and (origin := past.tasks[name].cached_from):
        run_id, _, name = origin.partition("/")
        try:
            past = past_of(lab, run_id)
        except NotFoundError:
            raise ConflictError(
                f"{node_id} of run {asked} was computed in run {run_id}, which is gone, so it can't be told from what"
            ) from None
    return past, name


def replayed(past: Past, node_id: str, *, exists: Callable[[Artifact], bool]) -> PartialRun:
    """The run of exactly this node, as it was defined in `past`, on what the others gave there.

    It is neither taken from the cache nor kept in it. Raises `NotFoundError` for a node that isn't there, and
    `ConflictError` if there is nothing to give it.
    """
    if node_id not in past.workflow.by_id:
        raise NotFoundError(f"run {past.run_id}: {known('node', node_id, past.workflow.by_id)}")
    workflow = around(past.workflow, {node_id})
    kept = {name: past.tasks[name] for name in workflow.by_id if name != node_id}
    parents = [kept[name] for name in workflow.by_id[node_id].upstream]
    lacking = [f"{task.task_id} is {task.state}" for task in parents if task.state is not TaskState.COMPLETED]
    lacking += [
        f"{name} of {task.task_id} is gone from the store"
        for task in parents
        for name, artifact in task.outputs.items()
        if not exists(artifact)
    ]
    if lacking:
        raise ConflictError(f"{node_id} of run {past.run_id} can't be given what it needs: {'; '.join(lacking)}")
    return PartialRun(_uncached(workflow, node_id), past.parameters, kept)


def repeated(tasks: Mapping[str, TaskRecord]) -> TaskRecord:
    """Of a replay's tasks, the one that wasn't kept. It has another name where the cache had another node's outputs."""
    return next(task for task in tasks.values() if not task.cached_from)


def _uncached(workflow: Workflow, node_id: str) -> Workflow:
    nodes = tuple(
        node.model_copy(update={"cache": CachePolicy()}) if node.id == node_id else node for node in workflow.nodes
    )
    return workflow.model_copy(update={"nodes": nodes})


def compared(before: TaskRecord, after: TaskRecord, store: ArtifactStore) -> list[Compared]:
    """Each output of a node then and now; nothing if it didn't complete both times."""
    if TaskState.COMPLETED not in (before.state, after.state):
        return []
    names = dict.fromkeys([*before.outputs, *after.outputs])
    return [_compared(name, before.outputs, after.outputs, store) for name in names]


def _compared(name: str, then: Mapping[str, Artifact], now: Mapping[str, Artifact], store: ArtifactStore) -> Compared:
    old, new = then.get(name), now.get(name)
    same = old is not None and new is not None and (old.digest, old.media_type) == (new.digest, new.media_type)
    return Compared(name, _line(old, store), _line(new, store), same)


def _line(artifact: Artifact | None, store: ArtifactStore) -> str:
    return f"{preview(artifact, store)} ({artifact.digest[7:19]})" if artifact else ""


def verdict(before: TaskRecord, after: TaskRecord, found: list[Compared]) -> str:
    """How the two compare, in a line; for outputs that were kept, with the run that computed them."""
    run_id = before.cached_from.partition("/")[0]
    return _verdict(before, after, found) + (f"; computed in run {run_id}" if run_id else "")


def _verdict(before: TaskRecord, after: TaskRecord, found: list[Compared]) -> str:
    if before.state is not TaskState.COMPLETED and after.state is not TaskState.COMPLETED:
        same = before.failure is not None and str(before.failure) == str(after.failure)
        return "it failed in the same way" if same else f"it was {before.state} then and is {after.state} now"
    if before.state is not TaskState.COMPLETED or after.state is not TaskState.COMPLETED:
        return f"it was {before.state} then and is {after.state} now"
    different = [each.output for each in found if not each.same]
    return f"different outputs: {', '.join(different)}" if different else "the same outputs as then"
