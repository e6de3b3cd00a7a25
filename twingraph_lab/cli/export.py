"""The command that writes a workflow to a file: as a document, a script or a notebook."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from twingraph_lab.cli.documents import context_of, workflow_in
from twingraph_lab.cli.history import find
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import note
from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.export import form_of, text_of, with_defaults, write
from twingraph_lab.frontends.export_imports import left_behind
from twingraph_lab.planning.context import RunContext
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
    if schema:
        _deliver(json.dumps(json_schema(), indent=2) + "\n", output, overwrite=overwrite)
        return
    workflow, context = _named(options, what)
    _deliver(text_of(workflow, asked), output, overwrite=overwrite)
    if output is not None:
        for folder, names in left_behind(workflow, context, output.parent).items():
            needed = f"the module{'' if len(names) == 1 else 's'} {', '.join(f'`{name}`' for name in names)}"
            note(f"{output.name} needs {needed} of {folder}: put a copy beside it, or that folder on PYTHONPATH")


def _deliver(text: str, output: Path | None, *, overwrite: bool) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    write(text, output, overwrite=overwrite)
    note(f"wrote {output}")


def _named(options: Options, what: str) -> tuple[Workflow, RunContext]:
    """The workflow of a file, or of a run with its parameters' values as defaults; and where its modules are."""
    file = Path(what)
    if file.is_file():
        return workflow_in(file), context_of(file)
    try:
        with options.lab() as lab:
            run = find(lab, what)
            context = RunContext.model_validate(run.record.context)
            return with_defaults(run.workflow, run.record.parameters), context
    except NotFoundError as error:
        raise NotFoundError(f"no file {what!r}, and {error}") from None
