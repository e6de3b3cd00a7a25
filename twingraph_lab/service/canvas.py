"""A canvas on a document: the browser holds the text, Python says what it shows and how edits change it."""

from __future__ import annotations

import time

from fastapi import Response
from pydantic import Field

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.events import Frozen
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.clipping import clipping
from twingraph_lab.frontends.canvas.editing import edited
from twingraph_lab.frontends.canvas.elements import difference, elements, overall
from twingraph_lab.frontends.canvas.forms import form
from twingraph_lab.frontends.canvas.messages import Delta, Edit, Element, NodeForm
from twingraph_lab.frontends.canvas.read import opened
from twingraph_lab.frontends.checks import source_faults
from twingraph_lab.frontends.picture import picture
from twingraph_lab.service.bodies import router
from twingraph_lab.service.folders import folder as folder_at
from twingraph_lab.service.hosted import Hosted, HostedApp, HostedLab
from twingraph_lab.service.runs import RunId
from twingraph_lab.service.submission import CONTEXT_S, context_of
from twingraph_lab.spec.document import dump
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import Workflow

routes = router("canvas")


class Sheet(Frozen):
    """A document's text, and the folder it is in."""

    text: str
    folder: str = ""


class NamedSheet(Sheet):
    """`path` is the document's file; an empty document is named after it."""

    path: str = ""


class Opened(Frozen):
    """What to draw. `text` is the document as it will be saved; `faults` are those that no node is to blame for."""

    text: str
    name: str
    elements: tuple[Element, ...]
    faults: tuple[str, ...]


class Edits(Sheet):
    """What a hand did, in order: all of it is done or nothing."""

    edits: tuple[Edit, ...] = Field(max_length=10_000)


class Edited(Frozen):
    """The document after the edits, and what changes on the canvas."""

    text: str
    delta: Delta


class FormOf(Sheet):
    """The node of this id, or with none the workflow."""

    id: str = ""


class ClipOf(Frozen):
    """Nodes to copy."""

    text: str
    ids: tuple[str, ...]


class Clip(Frozen):
    """Text for the clipboard, which a `paste` edit takes."""

    clipping: str


class PictureOf(Frozen):
    """A document's text."""

    text: str


class Drawn(Frozen):
    """A run's workflow to draw."""

    elements: tuple[Element, ...]
    faults: tuple[str, ...] = ()


@routes.post("/canvas/open")
def open_document(app: HostedApp, sheet: NamedSheet) -> Opened:
    """What a document looks like; refused only if it can't be drawn at all."""
    workflow = _opened(sheet)
    found = _faults(app, sheet, workflow)
    return Opened(
        text=dump(workflow),
        name=workflow.name,
        elements=elements(workflow, found, catalog=_catalog(app, sheet, workflow)),
        faults=overall(found),
    )


@routes.post("/canvas/edit")
def edit_document(app: HostedApp, sheet: Edits) -> Edited:
    """Do edits. Refused with every fault if one of them can't be done; nothing is changed then."""
    before = opened(sheet.text)
    catalog = _catalog(app, sheet, before)
    after = edited(before, sheet.edits, catalog)
    found = _faults(app, sheet, after)
    drawn = elements(before, _faults(app, sheet, before), catalog=catalog)
    delta = difference(drawn, elements(after, found, catalog=_catalog(app, sheet, after)), found)
    return Edited(text=dump(after), delta=delta)


@routes.post("/canvas/form")
def read_form(app: HostedApp, sheet: FormOf) -> NodeForm:
    """The property form of a node or of the workflow."""
    workflow = opened(sheet.text)
    return form(workflow, sheet.id, _catalog(app, sheet, workflow))


@routes.post("/canvas/clip")
def clip(asked: ClipOf) -> Clip:
    """Nodes as text that can be pasted into this document or another."""
    return Clip(clipping=clipping(opened(asked.text), asked.ids))


@routes.post("/canvas/picture", response_class=Response)
def draw(asked: PictureOf) -> Response:
    """The document as a picture: SVG without scripts, to be saved as a file."""
    drawn = picture(opened(asked.text), {}, {})
    if not drawn:
        raise WorkflowError([Fault("there is nothing to draw, or too much of it")], source="picture")
    headers = {"content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}
    return Response(drawn, media_type="image/svg+xml", headers={"content-disposition": "attachment", **headers})


@routes.get("/runs/{run_id}/elements")
def draw_run(lab: HostedLab, run_id: RunId) -> Drawn:
    """A run's workflow, for a canvas that shows how it goes."""
    return Drawn(elements=elements(lab.ledger.workflow(run_id)))


def _opened(sheet: NamedSheet) -> Workflow:
    name = sheet.path.rpartition("/")[2].removesuffix(".json").removesuffix(".twg")
    return opened(sheet.text, name=name) if name else opened(sheet.text)


def _catalog(app: Hosted, sheet: Sheet, workflow: Workflow) -> Catalog:
    return Catalog(folder_at(app.root, sheet.folder), workflow.components, app.root)


def _faults(app: Hosted, sheet: Sheet, workflow: Workflow) -> list[Fault]:
    """What a run would be refused for, code included."""
    context = context_of(str(folder_at(app.root, sheet.folder)), int(time.monotonic() / CONTEXT_S))
    return [*faults(workflow), *source_faults(workflow, context)]
