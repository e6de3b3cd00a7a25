"""Which earlier run a partial run builds on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Protocol

from pydantic import JsonValue

from twingraph_lab.errors import Fault, NotFoundError, WorkflowError
from twingraph_lab.frontends.partial import PartialRun, Past, Selection, built_on, chosen, gaps
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import Workflow

CANDIDATES = 20
"""How many earlier runs are looked at for one with all that is needed."""


class Remembering(Protocol):
    """What is needed of a Lab."""

    @property
    def ledger(self) -> Ledger:
        """Runs and tasks."""

    @property
    def artifacts(self) -> ArtifactStore:
        """Values."""


def select(
    lab: Remembering | None, workflow: Workflow, given: Mapping[str, JsonValue], selection: Selection
) -> PartialRun:
    """What to submit for a selection. Without one, it is the workflow as it is; one without nodes is a fault.

    The others keep the outputs of the run named, else of the newest run of this workflow that has all that is needed,
    else of the newest. `lab` is None if there is no store. Raises `WorkflowError` with every fault, `NotFoundError` for
    a run that isn't there.
    """
    if not workflow.nodes:
        raise WorkflowError(
            [Fault("there is nothing to run yet: it has no nodes")], source=f"workflow {workflow.name!r}"
        )
    wrong = selection.faults(workflow) or (faults(workflow) if selection.partial else [])
    if wrong:
        raise WorkflowError(wrong, source=f"workflow {workflow.name!r}")
    if not selection.partial:
        return PartialRun(workflow, given)
    past = past_of(lab, selection.of) if lab and selection.of else _newest(lab, workflow, selection)
    if past is None or lab is None:
        message = f"there is no earlier run of {workflow.name!r} whose outputs could be kept; run all of it first"
        raise WorkflowError([Fault(message)], source=selection.asked)
    made = built_on(past, workflow, given, selection, exists=lab.artifacts.exists)
    return PartialRun(made.workflow, made.parameters, made.reuse, (_summary(made, past), *made.notes))


def _summary(made: PartialRun, past: Past) -> str:
    count = len(made.reuse)
    return f"{count or 'no'} node{'' if count == 1 else 's'} kept from run {past.run_id}"


def _newest(lab: Remembering | None, workflow: Workflow, selection: Selection) -> Past | None:
    running = chosen(workflow, selection)
    first: Past | None = None
    for past in _pasts(lab, workflow.name):
        if not gaps(workflow, running, past):
            return past
        first = first or past
    return first


def _pasts(lab: Remembering | None, name: str) -> Iterator[Past]:
    """Runs of the workflow of this name, newest first, but for programs' and those that repeated one node."""
    for run in lab.ledger.earlier(name, limit=CANDIDATES) if lab else ():
        if lab and not run.replay_of and not run.dynamic:
            yield past_of(lab, run.run_id)


def past_of(lab: Remembering, name: str) -> Past:
    """A run by its id or a unique beginning of it, to build on. Raises `NotFoundError`."""
    record = lab.ledger.run(name)
    tasks = lab.ledger.tasks(record.run_id)
    origins: dict[str, Mapping[str, JsonValue]] = {}
    for run_id in {task.cached_from.partition("/")[0] for task in tasks.values() if task.cached_from}:
        with suppress(NotFoundError):  # of another store
            origins[run_id] = lab.ledger.run(run_id).parameters
    return Past(record.run_id, lab.ledger.workflow(record.run_id), record.parameters, tasks, origins)
