"""A request to run something → a run."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import Field, JsonValue

from twingraph_lab.events import Frozen
from twingraph_lab.frontends.earlier import select
from twingraph_lab.frontends.inspection.models import RunSummary
from twingraph_lab.frontends.inspection.runs import run_summary
from twingraph_lab.frontends.partial import Selection
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.service.folders import folder
from twingraph_lab.service.hosted import Hosted
from twingraph_lab.spec.document import load
from twingraph_lab.spec.workflow import Workflow

KEPT, KEPT_CHARACTERS = 256, 65_536
"""How many workflows are remembered, and of which size."""
CONTEXT_S = 2.0
"""How long what a folder's context was is taken to hold."""


class Submission(Frozen):
    """What to run, with which parameters, and which part of it.

    `workflow` is a document, or `{"name", "version"}` of a saved one (without a version, the newest). `folder` is where
    its modules are, and `path` the document it is from. `start` names nodes to run with all below them, `only` nodes to
    run alone; the others keep their outputs of run `of`, or of the newest that has them. The same `idempotency_key`
    gives the same run.
    """

    workflow: dict[str, Any]
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=200)
    folder: str = ""
    path: str = ""
    start: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    of: str = ""
    force: bool = False


def submit(app: Hosted, asked: Submission) -> RunSummary:
    """Accept a run durably, for a coordinator that adopts it. Raises as `Lab.submit` does."""
    place = folder(app.root, asked.folder)
    selection = Selection(asked.start, asked.only, asked.of, asked.force)
    made = select(app.lab, wanted(app, asked.workflow), asked.parameters, selection)
    context = context_of(str(place), int(time.monotonic() / CONTEXT_S)).model_copy(update={"source": asked.path})
    record = app.lab.accept(
        made.workflow,
        made.parameters,
        idempotency_key=asked.idempotency_key,
        context=selection.over(context),
        reuse=made.reuse,
    )
    if record.state is not RunState.REQUESTED or made.reuse:
        return run_summary(app.lab, record.run_id)
    return RunSummary(  # as `run_summary` would find it
        run_id=record.run_id,
        workflow=record.workflow,
        state=record.state,
        requested=record.requested,
        nodes=len(made.workflow.nodes),
        counts={TaskState.PENDING: len(made.workflow.nodes)} if made.workflow.nodes else {},
        source=asked.path,
    )


def wanted(app: Hosted, document: Mapping[str, Any]) -> Workflow:
    """The workflow that a request names or holds."""
    if is_reference(document):
        return loaded(app.lab.ledger.saved_workflow(str(document["name"]), document.get("version")).text)
    return loaded(json.dumps(document))


def loaded(text: str) -> Workflow:
    """As `load` of JSON text; what is asked for again and again is read once."""
    return _kept(text) if len(text) <= KEPT_CHARACTERS else load(text, source="workflow")


@lru_cache(maxsize=KEPT)
def _kept(text: str) -> Workflow:
    return load(text, source="workflow")


def is_reference(document: Mapping[str, Any]) -> bool:
    """Whether it only names a saved workflow: `{"name": "etl", "version": 3}`."""
    names_it = isinstance(document.get("name"), str) and document.keys() <= {"name", "version"}
    return names_it and isinstance(document.get("version"), int | None)


@lru_cache(maxsize=64)
def context_of(place: str, _moment: int) -> RunContext:
    """Where the bodies of a folder's nodes find their modules: in it, and where this process does."""
    return RunContext.here(extra_path=(place,)).model_copy(update={"cwd": place})
