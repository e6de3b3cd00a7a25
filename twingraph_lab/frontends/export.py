"""A workflow → a file that runs to the same result: a document, a script or a notebook, as the file's name says."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import yaml
from pydantic import JsonValue

from twingraph_lab.errors import ConflictError, Fault, NotFoundError, WorkflowError
from twingraph_lab.frontends.export_imports import check_name
from twingraph_lab.spec.document import dump
from twingraph_lab.spec.workflow import Workflow

FORMS = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".py": "script", ".ipynb": "notebook"}


def form_of(path: Path) -> str:
    """The form that a file's name asks for. Raises `WorkflowError` if it asks for none."""
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise WorkflowError(
            [Fault(f"can't tell a form from this name; it ends with {', '.join(FORMS)}")], source=str(path)
        )
    return form


def text_of(workflow: Workflow, form: str) -> str:
    """The workflow as `json`, `yaml`, `script` or `notebook`. Raises `WorkflowError` with all that has no such form."""
    match form:
        case "yaml":
            return yaml.safe_dump(json.loads(dump(workflow)), sort_keys=False, allow_unicode=True, width=120)
        case "script":
            from twingraph_lab.frontends.export_script import script  # noqa: PLC0415  (only where it is asked for)

            return script(workflow)
        case "notebook":
            from twingraph_lab.frontends.export_notebook import notebook  # noqa: PLC0415

            return notebook(workflow)
    return dump(workflow)


def with_defaults(workflow: Workflow, values: Mapping[str, JsonValue]) -> Workflow:
    """The workflow with these values as its parameters' defaults, so that it runs as it did with them."""
    parameters = {
        name: parameter.model_copy(update={"default": values[name], "required": False}) if name in values else parameter
        for name, parameter in workflow.parameters.items()
    }
    return workflow.model_copy(update={"parameters": parameters})


def write(text: str, path: Path, *, overwrite: bool) -> None:
    """Write a file, wholly or not at all. Raises `ConflictError` if there is one that may not be replaced,
    `NotFoundError` without a folder that takes it, `WorkflowError` for a script that would import itself.
    """
    check_name(text, path)
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        if not path.parent.is_dir():
            raise NotFoundError(f"can't write {path}: there is no folder {path.parent}")
        if path.is_dir():
            raise ConflictError(f"can't write {path}: it is a folder")
        if path.exists() and not overwrite:
            raise ConflictError(f"{path} is there already; say --overwrite to replace it")
        with made.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except OSError as error:
        raise NotFoundError(f"can't write {path}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            made.unlink()
