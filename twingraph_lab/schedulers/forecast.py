"""Which tasks a run would take from the cache: what workers will do, without doing it. Only reads the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from twingraph_lab.events import Basis, Outputs
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import Plan, Task
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.job import Job
from twingraph_lab.schedulers.cache import Cache, Hit


@dataclass(frozen=True, slots=True)
class Expected:
    """What is to be expected of a task.

    With `outputs` it is taken from `origin` (`run/task`); else it runs, or if any parents are `pending`, it runs unless
    they give what they gave before. `basis` is known as far as the inputs are.
    """

    outputs: Outputs | None = None
    origin: str = ""
    basis: Basis | None = None
    pending: frozenset[str] = frozenset()


def forecast(
    planned: Plan,
    context: RunContext,
    store: ArtifactStore,
    *,
    reuse: Mapping[str, tuple[Outputs, str]],
    now: datetime,
) -> dict[str, Expected]:
    """By task, in topological order. `reuse` has the outputs, with their origin, of tasks that won't run."""
    job = Job(
        run_id="",
        epoch=0,
        parameters=planned.parameters,
        components=planned.components,
        context=context,
        store_url=store.url,
        workflow=planned.workflow.name,
    )
    cache = Cache(store)
    found: dict[str, Expected] = {}
    for task_id, task in planned.tasks.items():
        if task_id in reuse:
            outputs, origin = reuse[task_id]
            found[task_id] = Expected(outputs, origin)
        else:
            found[task_id] = _expected(job, task, found, cache, now)
    return found


def _expected(job: Job, task: Task, known: Mapping[str, Expected], cache: Cache, now: datetime) -> Expected:
    given = {parent: outputs for parent in task.upstream if (outputs := known[parent].outputs) is not None}
    pending = frozenset(task.upstream) - given.keys()
    if task.cache.mode == "none":
        return Expected(pending=pending)
    basis = cache.basis(job, task, given)
    if task.cache.refresh or job.context.refresh:
        return Expected(basis=basis.model_copy(update={"miss": "refreshed"}), pending=pending)
    if not basis.key or (pending and task.cache.mode != "source"):  # which doesn't look at inputs
        return Expected(basis=basis.model_copy(update={"key": ""}) if pending else basis, pending=pending)
    looked = cache.look(basis.key, task.cache, now)
    if isinstance(looked, Hit):
        return Expected(looked.outputs, looked.origin, basis)
    return Expected(basis=basis.model_copy(update={"miss": looked}), pending=pending)
