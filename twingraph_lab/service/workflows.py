"""Saved workflows and their versions."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import Body, Path, Query, Response, status
from pydantic import Field

from twingraph_lab.events import Frozen
from twingraph_lab.service.bodies import router
from twingraph_lab.service.hosted import HostedLab
from twingraph_lab.service.submission import loaded
from twingraph_lab.spec.library import SavedWorkflow

routes = router("workflows")

Name = Annotated[str, Path(description="What it is saved as.", max_length=200)]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="The newest one if it isn't given.")]


class WorkflowEntry(Frozen):
    """A version of a saved workflow, without its document."""

    name: str
    version: int
    digest: str
    saved: datetime


class WorkflowVersion(WorkflowEntry):
    """A version of a saved workflow."""

    document: dict[str, Any]


class Workflows(Frozen):
    """The newest version of each, by name."""

    workflows: tuple[WorkflowEntry, ...]


class Versions(Frozen):
    """Newest first."""

    versions: tuple[WorkflowEntry, ...]


class Deleted(Frozen):
    """How many versions are gone."""

    deleted: int = Field(ge=1)


@routes.get("/workflows")
def list_workflows(lab: HostedLab) -> Workflows:
    """What is saved."""
    return Workflows(workflows=tuple(map(_entry, lab.ledger.saved_workflows())))


@routes.get("/workflows/{name}")
def read_workflow(lab: HostedLab, name: Name, version: Version = None) -> WorkflowVersion:
    """A saved workflow with its document."""
    saved = lab.ledger.saved_workflow(name, version)
    return WorkflowVersion(**_entry(saved).model_dump(), document=json.loads(saved.text))


@routes.get("/workflows/{name}/versions")
def list_versions(lab: HostedLab, name: Name) -> Versions:
    """All versions of a saved workflow."""
    return Versions(versions=tuple(map(_entry, lab.ledger.saved_versions(name))))


@routes.post(
    "/workflows/{name}",
    status_code=status.HTTP_201_CREATED,
    responses={200: {"model": WorkflowEntry, "description": "The newest version is this document already"}},
)
def save_workflow(
    lab: HostedLab, name: Name, document: Annotated[dict[str, Any], Body()], response: Response
) -> WorkflowEntry:
    """Save a document, of our form or another that we read, as the next version. The same one again makes none."""
    saved, new = lab.ledger.save_workflow(name, loaded(json.dumps(document)))
    if not new:
        response.status_code = status.HTTP_200_OK
    return _entry(saved)


@routes.delete("/workflows/{name}")
def delete_workflow(lab: HostedLab, name: Name, version: Version = None) -> Deleted:
    """Forget one version, or all of them. What was run of it stays."""
    return Deleted(deleted=lab.ledger.delete_workflow(name, version))


def _entry(saved: SavedWorkflow) -> WorkflowEntry:
    return WorkflowEntry(name=saved.name, version=saved.version, digest=saved.digest, saved=saved.saved)
