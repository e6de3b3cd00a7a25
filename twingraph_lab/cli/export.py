"""The command that writes a workflow to a file: as a document, a script or a notebook."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from twingraph_lab.cli.documents import workflow_in
from twingraph_lab.cli.history import find
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import note
from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.export import form_of, text_of, with_defaults, write
from twingraph_lab.spec.schema import json_schema

if TYPE_CHECKING:
    from twingraph_lab.spec.workflow import Workflow

Form = Literal["json", "yaml", "script", "notebook"]


def export(
    options: Options, what: str, *, output: Path | None, form: Form | None, schema: bool, overwrite: bool
) -> None:
    """Write a workflow, or the schema of documents, to a file or stdout."""
    if schema == bool(what):
        raise typer.BadParameter("give a run, a file or --schema", param_hint="RUN|FILE")
    asked = form or (form_of(output) if output is not None else "json")
    text = json.dumps(json_schema(), indent=2) + "\n" if schema else text_of(_workflow_named(options, what), asked)
    if output is None:
        sys.stdout.write(text)
        return
    write(text, output, overwrite=overwrite)
    note(f"wrote {output}")


def _workflow_named(options: Options, what: str) -> Workflow:
    """That of a file, or that of a run with its parameters' values as defaults."""
    file = Path(what)
    if file.is_file():
        return workflow_in(file)
    try:
        with options.lab() as lab:
            run = find(lab, what)
            return with_defaults(run.workflow, run.record.parameters)
    except NotFoundError as error:
        raise NotFoundError(f"no file {what!r}, and {error}") from None
