"""Runs: what there is, what to start, and what to do with one."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response, status

from twingraph_lab.events import Frozen
from twingraph_lab.frontends.inspection.logs import LIMIT as LOG_LIMIT
from twingraph_lab.frontends.inspection.logs import log_page
from twingraph_lab.frontends.inspection.models import LogPage, RunDetail, RunSummary, TimelineView
from twingraph_lab.frontends.inspection.runs import LIMIT, run_detail, run_summaries, run_summary
from twingraph_lab.frontends.inspection.timeline import timeline_view
from twingraph_lab.service.bodies import router
from twingraph_lab.service.hosted import HostedApp, HostedLab
from twingraph_lab.service.submission import Submission, submit
from twingraph_lab.spec.document import dump

routes = router("runs")

RunId = Annotated[str, Path(description="A run's id, or a unique beginning of it.", max_length=200)]
Cursor = Annotated[int, Query(ge=0, le=2**63 - 1, description="The `seq` of the last event that is known.")]


class Runs(Frozen):
    """Newest first."""

    runs: tuple[RunSummary, ...]


class Cancelled(Frozen):
    """Whether this was the first request to cancel it; it may take a moment to end."""

    run_id: str
    cancelled: bool


@routes.get("/runs")
def list_runs(
    lab: HostedLab,
    *,
    limit: Annotated[int, Query(ge=1, le=LIMIT)] = 50,
    before: str | None = None,
    workflow: str | None = None,
    state: str | None = None,
    text: str = "",
) -> Runs:
    """Runs, newest first; `before` is the last run of the page before."""
    return Runs(runs=tuple(run_summaries(lab, limit=limit, before=before, workflow=workflow, state=state, text=text)))


@routes.post("/runs", status_code=status.HTTP_202_ACCEPTED, response_model=RunSummary)
def start_run(app: HostedApp, asked: Submission) -> Response:
    """Accept a run durably. It is driven by the service, whatever becomes of who asked for it."""
    return Response(submit(app, asked).model_dump_json(), status.HTTP_202_ACCEPTED, media_type="application/json")


@routes.get("/runs/{run_id}")
def read_run(lab: HostedLab, run_id: RunId) -> RunDetail:
    """A run with its nodes."""
    return run_detail(lab, run_id)


@routes.get("/runs/{run_id}/document", response_class=Response)
def read_document(lab: HostedLab, run_id: RunId) -> Response:
    """The workflow of a run as a document, nodes that its program added included."""
    return Response(dump(lab.ledger.workflow(run_id)), media_type="application/json")


@routes.post("/runs/{run_id}/cancel")
def cancel_run(lab: HostedLab, run_id: RunId) -> Cancelled:
    """Ask for a run to stop."""
    run = lab.run(run_id)
    return Cancelled(run_id=run.id, cancelled=run.cancel())


@routes.post("/runs/{run_id}/resume", status_code=status.HTTP_202_ACCEPTED)
def resume_run(lab: HostedLab, run_id: RunId) -> RunSummary:
    """Go on with a run that failed, was cancelled or was left; what is completed isn't run again."""
    return run_summary(lab, lab.resume(run_id, drive=False).id)


@routes.post("/runs/{run_id}/rerun", status_code=status.HTTP_202_ACCEPTED)
def rerun(lab: HostedLab, run_id: RunId) -> RunSummary:
    """Start a new run of the same workflow with the same parameters, in the same place."""
    return run_summary(lab, lab.rerun(run_id, drive=False).id)


@routes.get("/runs/{run_id}/logs")
def read_logs(
    lab: HostedLab,
    run_id: RunId,
    *,
    node: str | None = None,
    after: Cursor = 0,
    limit: Annotated[int, Query(ge=1, le=LOG_LIMIT)] = 1000,
    level: str | None = None,
) -> LogPage:
    """What its nodes wrote, about `limit` lines at a time."""
    return log_page(lab, run_id, node=node, after=after, limit=limit, level=level)


@routes.get("/runs/{run_id}/timeline")
def read_timeline(lab: HostedLab, run_id: RunId) -> TimelineView:
    """When its nodes ran."""
    return timeline_view(lab, run_id)
