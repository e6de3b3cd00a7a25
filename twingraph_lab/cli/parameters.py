"""Parameters as people type them: `-p name=value`, and files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.spec.document import parse, parse_yaml
from twingraph_lab.spec.workflow import Parameter, Workflow

YAML = (".yaml", ".yml")


def read(workflow: Workflow, given: Sequence[str], file: Path | None) -> dict[str, JsonValue]:
    """The values in `file`, and over them those of `given` (`name=value`).

    What the workflow declares as a string is taken as typed; numbers, booleans, objects and arrays are read as JSON;
    anything else is JSON if it can be, else text. Raises `WorkflowError` with every fault.
    """
    values = _from_file(file) if file else {}
    faults = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            faults.append(Fault(f"{text!r} is not of the form NAME=VALUE"))
            continue
        try:
            values[name] = value_of(value, workflow.parameters.get(name, Parameter()).type)
        except ValueError as error:
            faults.append(Fault(f"parameter {name!r}: {error}"))
    if faults:
        raise WorkflowError(faults, source="command line")
    return values


def value_of(text: str, declared: str) -> JsonValue:
    """The value typed as `text` for a parameter of the type `declared`. Raises `ValueError` if it can't be one.

    >>> value_of("2020", "string"), value_of("2020", "integer"), value_of("2020", "any"), value_of("2020-01", "any")
    ('2020', 2020, 2020, '2020-01')
    """
    if declared == "string":
        return text
    if declared == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return parse(text)
    except WorkflowError:
        if declared == "any":
            return text
        article = "an" if declared[0] in "aio" else "a"
        raise ValueError(f"{text!r} is not {article} {declared} as JSON") from None


def _from_file(file: Path) -> dict[str, JsonValue]:
    text = file.read_text(encoding="utf-8")
    value = parse_yaml(text, source=str(file)) if file.suffix in YAML else parse(text, source=str(file))
    if not isinstance(value, dict):
        raise WorkflowError([Fault("must be an object of parameters by name")], source=str(file))
    return value
