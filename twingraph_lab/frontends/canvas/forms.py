"""The property form of a node: a schema made of what its component and its platform declare, data, and the way back.

Data has three parts: `id`; `arguments`, the inputs as `values` shows them; and `settings`, the other fields. Both are
complete: what a form leaves out of them, the node won't have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.canvas import workflow_form
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.messages import NodeForm
from twingraph_lab.frontends.canvas.naming import refusal
from twingraph_lab.frontends.canvas.ports import ANY, is_plain
from twingraph_lab.frontends.canvas.settings_form import in_short, settings, settings_data, settings_schema
from twingraph_lab.frontends.canvas.values import SIMPLE, NoValueError, is_shown_plainly, meant, shown
from twingraph_lab.frontends.canvas.wires import Wires
from twingraph_lab.frontends.picture import short
from twingraph_lab.spec.component import Slot
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import NAME, Node, Source, Workflow

DRAFT = "http://json-schema.org/draft-07/schema#"
Schema = dict[str, Any]


def form(workflow: Workflow, node_id: str, catalog: Catalog | None = None) -> NodeForm:
    """The form of a node, or of the workflow itself if `node_id` is empty. Raises `WorkflowError`."""
    if not node_id:
        return workflow_form.form(workflow)
    node = workflow.by_id.get(node_id)
    if node is None:
        raise refusal(f"there is no node {node_id!r}")
    wires = Wires(workflow, catalog or Catalog(components=workflow.components))
    slots = dict(_slots(node, wires))
    component = workflow.component_of(node)
    definitions: Schema = {}
    schema: Schema = {
        "$schema": DRAFT,
        "type": "object",
        "title": node.id,
        "properties": {
            "id": {"type": "string", "title": "Name", "pattern": NAME},
            "arguments": {
                "type": "object",
                "title": "Inputs",
                "properties": {name: _field(name, slot, node, workflow) for name, slot in slots.items()},
            },
            "settings": settings_schema(workflow, node, definitions),
        },
        "required": ["id"],
    }
    said = wires.declaration(node.id)
    if said and said.description:
        schema["description"] = in_short(said.description)
    if definitions:
        schema["definitions"] = definitions
    cell = component if isinstance(component, Source) else None
    data = {
        "id": node.id,
        "arguments": {name: _content(node.inputs[name], slots[name]) for name in node.inputs},
        "settings": settings_data(workflow, node),
    }
    return NodeForm(
        id=node.id,
        schema=schema,
        data=data,
        code=cell.code if cell else None,
        language=cell.language if cell else "",
        faults=tuple(_worded(fault) for fault in faults(workflow) if fault.node == node.id),
    )


def document_fields(
    workflow: Workflow, node: Node, fields: Mapping[str, JsonValue], wires: Wires
) -> dict[str, JsonValue]:
    """What a form returned as fields of the document; other fields as they are. Raises `WorkflowError` by field."""
    found = {name: value for name, value in fields.items() if name not in ("arguments", "settings")}
    wrong: list[Fault] = []
    for name in ("arguments", "settings"):
        if name in fields and not isinstance(fields[name], dict):
            raise refusal("must be an object", node=node.id, path=name)
    if isinstance(arguments := fields.get("arguments"), dict):
        found["inputs"] = dict(_inputs(node, arguments, dict(_slots(node, wires)), wrong))
    if isinstance(given := fields.get("settings"), dict):
        found |= settings(workflow, node, given)
    if wrong:
        raise WorkflowError(wrong)
    return found


def _inputs(
    node: Node, arguments: Mapping[str, JsonValue], slots: Mapping[str, Slot], wrong: list[Fault]
) -> Iterator[tuple[str, JsonValue]]:
    """The inputs after a form: edges stay, what is gone from the form goes, new ones are at the end."""
    for name in dict.fromkeys([*node.inputs, *arguments]):
        before = node.inputs.get(name)
        slot = slots.get(name, ANY)
        if name in node.inputs and is_plain(before):
            yield name, before
        elif name in arguments and (given := arguments[name]) is not None:
            if name in node.inputs and given == _content(node.inputs[name], slot):
                yield name, node.inputs[name]
                continue
            unset = given == "" and slot.type != "string"
            if unset or (name not in node.inputs and given == slot.default):  # forms fill defaults in by themselves
                continue
            try:
                yield name, meant(given, slot)
            except NoValueError as error:
                wrong.append(Fault(str(error), node=node.id, path=f"inputs.{name}"))


def _slots(node: Node, wires: Wires) -> Iterator[tuple[str, Slot]]:
    said = wires.declaration(node.id)
    declared = said.inputs if said else {}
    for name in dict.fromkeys([*declared, *node.inputs]):
        yield name, declared.get(name, ANY)


def _content(tree: JsonValue, slot: Slot) -> JsonValue:
    return short(tree) if is_plain(tree) and isinstance(tree, dict) else shown(tree, slot)


def _field(name: str, slot: Slot, node: Node, workflow: Workflow) -> Schema:
    """The schema of one input."""
    about = " ".join(filter(None, ["Required." if slot.required else "", in_short(slot.description)]))
    field: Schema = {"title": name, **({"description": about} if about else {})}
    tree = node.inputs.get(name)
    if name in node.inputs and is_plain(tree):
        return {**field, "type": "string", "readOnly": True, "description": f"Comes by an edge. {about}".strip()}
    plain: Schema = {}
    if slot.choices:
        plain = {"enum": list(slot.choices), **({"type": slot.type} if slot.type != ANY.type else {})}
    elif slot.type in SIMPLE or slot.type == "string":
        plain = {"type": slot.type}
    if slot.default is not None and plain:
        plain["default"] = slot.default
    if slot.type == "string" and not slot.choices:
        return {**field, **plain}
    expression = {"type": "string", "title": "Expression", "examples": ["{{ input.name }}"]}
    simple = bool(plain) and (name not in node.inputs or is_shown_plainly(tree, slot))
    if simple and not workflow.parameters:
        return {**field, **plain}
    if plain:
        options = [{"title": "Value", **plain}, expression]
        return {**field, "anyOf": options if simple else options[::-1]}
    return {**field, "type": "string", "examples": [_TEXT]}


_TEXT = "JSON or {{ input.name }}"


def _worded(fault: Fault) -> str:
    path = fault.path.partition("].")[2]
    return f"{path}: {fault.message}" if path else fault.message
