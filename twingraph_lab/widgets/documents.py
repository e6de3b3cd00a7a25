"""Documents that canvases are loaded from and saved to."""

from __future__ import annotations

import os
from pathlib import Path

from twingraph_lab.errors import Fault, NotFoundError, WorkflowError
from twingraph_lab.frontends.canvas.read import UNTITLED, opened
from twingraph_lab.spec.document import dump
from twingraph_lab.spec.text import decoded
from twingraph_lab.spec.workflow import Workflow


def read(file: Path) -> Workflow:
    """The workflow of a document; an empty one if there is no such file yet.

    Raises `WorkflowError` for what isn't a workflow, `NotFoundError` for what can't be read.
    """
    try:
        return opened(decoded(_bytes(file), ""), name=file.name.split(".")[0] or UNTITLED)
    except WorkflowError as error:
        raise WorkflowError(error.faults, source=str(file)) from None


def write(workflow: Workflow, file: Path) -> None:
    """Write the document, all of it or none; what is a link stays one. Raises `NotFoundError` for where it can't be."""
    there = file.resolve()
    beside = there.with_name(f".{there.name}.saving")
    try:
        beside.write_text(dump(workflow), encoding="utf-8")
        beside.replace(there)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise NotFoundError(f"can't write {file}: {error.strerror or error}") from None


def checked(workflow: object) -> Workflow:
    """The workflow that somebody wants to be drawn. Raises `WorkflowError` if it is none."""
    if isinstance(workflow, Workflow):
        return workflow
    hint = f"; Canvas.load({str(workflow)!r}) reads a document" if isinstance(workflow, str | os.PathLike) else ""
    raise WorkflowError([Fault(f"what is drawn is a Workflow, not {type(workflow).__name__!r}{hint}")])


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise NotFoundError(f"can't read {file}: {error.strerror or error}") from None
