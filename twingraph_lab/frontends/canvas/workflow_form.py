"""The form of a workflow itself: its name, parameters and outputs, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.canvas.messages import NodeForm
from twingraph_lab.frontends.canvas.values import NoValueError, meant, shown
from twingraph_lab.spec.component import Slot
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import Parameter, ParameterType, Workflow

OUTPUT_NAME = "^[A-Za-z_][A-Za-z0-9_]{0,127}$"
Row = Mapping[str, JsonValue]

_ROW: dict[str, Any] = {"type": "string", "title": "Name", "pattern": OUTPUT_NAME}
SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "title": "Workflow",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "title": "Name", "minLength": 1, "maxLength": 200},
        "description": {"type": "string", "title": "Description"},
        "parameters": {
            "type": "array",
            "title": "Parameters",
            "description": "Values that are given when a run starts",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": _ROW,
                    "type": {
                        "type": "string",
                        "title": "Type",
                        "enum": list(get_args(ParameterType)),
                        "default": "any",
                    },
                    "default": {"type": "string", "title": "Default", "description": "Required without"},
                    "description": {"type": "string", "title": "Description"},
                },
            },
        },
        "extra_parameters": {"type": "boolean", "title": "Takes other parameters as well", "default": False},
        "outputs": {
            "type": "array",
            "title": "Outputs",
            "description": "What a run gives; without any, what its last nodes give",
            "items": {
                "type": "object",
                "required": ["name", "value"],
                "properties": {
                    "name": {"type": "string", "title": "Name"},
                    "value": {"type": "string", "title": "Value", "description": "Such as {{ node.output }}"},
                },
            },
        },
    },
}


def form(workflow: Workflow) -> NodeForm:
    """The form of the workflow itself; its id is empty."""
    data: dict[str, JsonValue] = {
        "name": workflow.name,
        "description": workflow.description,
        "parameters": [_row(name, parameter) for name, parameter in workflow.parameters.items()],
        "extra_parameters": workflow.extra_parameters,
        "outputs": [{"name": name, "value": _text(tree, Slot())} for name, tree in workflow.outputs.items()],
    }
    found = tuple(str(fault) for fault in faults(workflow) if fault.node is None)
    return NodeForm(id="", schema=SCHEMA, data=data, faults=found)


def document_fields(fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What the form returned as fields of the document; other fields as they are. Raises `WorkflowError` by row."""
    wrong: list[Fault] = []
    found = dict(fields)
    if isinstance(rows := fields.get("parameters"), list):
        found["parameters"] = {name: _parameter(row, at, wrong) for name, row, at in _named(rows, "parameters", wrong)}
    if isinstance(rows := fields.get("outputs"), list):
        found["outputs"] = {
            name: _value(row.get("value"), Slot(), f"{at}.value", wrong)
            for name, row, at in _named(rows, "outputs", wrong)
        }
    if wrong:
        raise WorkflowError(wrong)
    return found


def _row(name: str, parameter: Parameter) -> dict[str, JsonValue]:
    row: dict[str, JsonValue] = {"name": name, "type": parameter.type}
    if not parameter.required:
        row["default"] = _text(parameter.default, Slot(type=parameter.type))
    if parameter.description:
        row["description"] = parameter.description
    return row


def _parameter(row: Row, at: str, wrong: list[Fault]) -> JsonValue:
    kind = row.get("type") or "any"
    made: dict[str, JsonValue] = {name: value for name, value in row.items() if name not in ("name", "default")}
    made["type"] = kind
    text = row.get("default")
    if text is None or (text == "" and kind != "string"):
        return {**made, "required": True}
    if text == "null":
        return {**made, "default": None}
    return {**made, "default": _value(text, Slot(type=str(kind)), f"{at}.default", wrong, plain=True)}


def _named(rows: list[JsonValue], path: str, wrong: list[Fault]) -> Iterator[tuple[str, Row, str]]:
    seen: set[str] = set()
    for number, row in enumerate(rows):
        at = f"{path}[{number}]"
        name = row.get("name") if isinstance(row, dict) else None
        if not isinstance(row, dict) or not isinstance(name, str) or not name:
            wrong.append(Fault("has no name", path=at))
        elif name in seen:
            wrong.append(Fault(f"there is another one called {name!r}", path=at))
        else:
            seen.add(name)
            yield name, row, at


def _value(given: JsonValue, slot: Slot, at: str, wrong: list[Fault], *, plain: bool = False) -> JsonValue:
    try:
        value = meant(given, slot)
    except NoValueError as error:
        wrong.append(Fault(str(error), path=at))
        return None
    return given if plain and isinstance(value, dict) and value.keys() <= {"ref", "param"} else value


def _text(tree: JsonValue, slot: Slot) -> str:
    """A value as text, also where a field of its own kind could show it."""
    made = shown(tree, slot if slot.type == "string" else Slot())
    return made if isinstance(made, str) else str(made)
