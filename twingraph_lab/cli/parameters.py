"""Parameters as people type them: `-p name=value`, and files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.parameter_text import values_of
from twingraph_lab.spec.document import parse, parse_yaml
from twingraph_lab.spec.workflow import Workflow

YAML = (".yaml", ".yml")
SOURCE = "command line"


def read(workflow: Workflow, given: Sequence[str], file: Path | None) -> dict[str, JsonValue]:
    """The values in `file`, and over them those of `given` (`name=value`).

    What the workflow declares as a string is taken as typed; numbers, booleans, objects and arrays are read as JSON;
    anything else is JSON if it can be, else text. Raises `WorkflowError` with every fault.
    """
    malformed = [text for text in given if not text.partition("=")[0] or "=" not in text]
    faults = [Fault(f"{text!r} is not of the form NAME=VALUE") for text in malformed]
    pairs = [(name, value) for name, _, value in (text.partition("=") for text in given if text not in malformed)]
    types = {name: parameter.type for name, parameter in workflow.parameters.items()}
    typed: dict[str, JsonValue] = {}
    try:
        typed = values_of(pairs, types, source=SOURCE)
    except WorkflowError as error:
        faults += error.faults
    if faults:
        raise WorkflowError(faults, source=SOURCE)
    return {**(_from_file(file) if file else {}), **typed}


def _from_file(file: Path) -> dict[str, JsonValue]:
    text = file.read_text(encoding="utf-8")
    value = parse_yaml(text, source=str(file)) if file.suffix in YAML else parse(text, source=str(file))
    if not isinstance(value, dict):
        raise WorkflowError([Fault("must be an object of parameters by name")], source=str(file))
    return value
