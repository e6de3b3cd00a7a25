"""Nodes added, renamed and changed, and the fields of the workflow itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import JsonValue, ValidationError

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.canvas import forms, workflow_form
from twingraph_lab.frontends.canvas.arranging import commented, placed
from twingraph_lab.frontends.canvas.catalog import Catalog, Made
from twingraph_lab.frontends.canvas.code import outputs_of_code
from twingraph_lab.frontends.canvas.connecting import replaced
from twingraph_lab.frontends.canvas.messages import AddNode, Rename, SetNode, SetWorkflow, WriteComment
from twingraph_lab.frontends.canvas.naming import COMMENT, GROUP, check_id, free, refusal
from twingraph_lab.frontends.canvas.wires import Wires
from twingraph_lab.spec.inputs import TemplateError
from twingraph_lab.spec.rewriting import renamed as with_renamed
from twingraph_lab.spec.structure import structural_faults
from twingraph_lab.spec.workflow import Node, Source, Workflow


def added(workflow: Workflow, edit: AddNode, catalog: Catalog) -> Workflow:
    """With a new node. Raises `WorkflowError` for an entry or component that there isn't."""
    if edit.entry:
        node = made_node(catalog.made(edit.entry), workflow.by_id, name=edit.id, inputs=edit.inputs)
    else:
        name = free(edit.id or "node", workflow.by_id)
        node = _valid({"id": name, "component": edit.component, "inputs": dict(edit.inputs)}, "the new node")
    position = placed(edit.position)
    return workflow.model_copy(
        update={"nodes": (*workflow.nodes, node), "layout": {**workflow.layout, node.id: position}}
    )


def made_node(
    made: Made, taken: Collection[str], *, name: str = "", inputs: Mapping[str, JsonValue] | None = None
) -> Node:
    """The node that a catalog's entry makes, under a free id."""
    identity = free(name or made.name, taken)
    component: Any = made.component
    if isinstance(component, Source):
        component = component.model_copy(update={"filename": f"<twingraph {identity}>"})
    data = {"id": identity, "component": component, "inputs": dict(inputs or {}), **made.fields}
    return _valid(data, "the new node")


def renamed(workflow: Workflow, edit: Rename) -> Workflow:
    """With a node, group or comment called otherwise; inputs, templates, `after`, outputs, groups and places follow."""
    if edit.id.startswith(GROUP):
        key = edit.id.removeprefix(GROUP)
        if key not in workflow.groups:
            raise refusal(f"there is no group {edit.id!r}")
        group = workflow.groups[key].model_copy(update={"label": edit.to})
        return workflow.model_copy(update={"groups": {**workflow.groups, key: group}})
    if edit.id.startswith(COMMENT):
        return commented(workflow, WriteComment(id=edit.id, text=edit.to))
    if edit.id not in workflow.by_id:
        raise refusal(f"there is no node {edit.id!r} to rename")
    if edit.to == edit.id:
        return workflow
    check_id(workflow, edit.to)
    return _renamed_node(workflow, edit.id, edit.to)


def changed(workflow: Workflow, edit: SetNode, catalog: Catalog) -> Workflow:
    """With other fields of a node: those of the document, or what its form returned.

    `code` is the text of a cell, whose outputs follow it. Raises `WorkflowError` for every field that is wrong.
    """
    node = workflow.by_id.get(edit.id)
    if node is None:
        raise refusal(f"there is no node {edit.id!r}")
    fields = forms.document_fields(workflow, node, edit.fields, Wires(workflow, catalog))
    to = fields.pop("id", None) or node.id
    if (code := fields.pop("code", None)) is not None:
        workflow = _with_code(workflow, node, code)
        node = workflow.by_id[node.id]
    kept = {name: getattr(node, name) for name in Node.model_fields if name not in fields}
    after = _valid({**kept, **{name: value for name, value in fields.items() if value is not None}}, node.id)
    workflow = replaced(workflow, {node.id: after})
    return workflow if to == node.id else renamed(workflow, Rename(id=node.id, to=str(to)))


def workflow_changed(workflow: Workflow, edit: SetWorkflow) -> Workflow:
    """With other fields of the workflow itself: those of the document, or what its form returned."""
    fields = workflow_form.document_fields(edit.fields)
    if unknown := [name for name in fields if name not in SETTABLE]:
        raise WorkflowError([Fault(f"can't be set so; {', '.join(SETTABLE)} can", path=name) for name in unknown])
    kept = {name: getattr(workflow, name) for name in Workflow.model_fields if name not in fields}
    data = {**kept, **{name: value for name, value in fields.items() if value is not None}}
    try:
        return Workflow.model_validate(data)
    except ValidationError as error:
        raise WorkflowError(structural_faults(fields, error)) from None


SETTABLE = ("name", "description", "parameters", "extra_parameters", "outputs")


def _renamed_node(workflow: Workflow, old: str, new: str) -> Workflow:
    faults: list[Fault] = []

    def following(inputs: Mapping[str, JsonValue], node: str | None) -> dict[str, JsonValue]:
        try:
            return with_renamed(inputs, old, new)
        except TemplateError as error:
            faults.append(Fault(str(error), node=node))
            return dict(inputs)

    nodes = []
    for node in workflow.nodes:
        update: dict[str, Any] = {"id": new} if node.id == old else {}
        if old in node.upstream:
            after = tuple(new if parent == old else parent for parent in node.after)
            update |= {"inputs": following(node.inputs, node.id), "after": after}
        nodes.append(node.model_copy(update=update) if update else node)
    outputs = following(workflow.outputs, None)
    if faults:
        raise WorkflowError(faults)
    return workflow.model_copy(
        update={
            "nodes": tuple(nodes),
            "outputs": outputs,
            "layout": {new if name == old else name: place for name, place in workflow.layout.items()},
            "groups": {
                key: group.model_copy(update={"nodes": tuple(new if name == old else name for name in group.nodes)})
                if old in group.nodes
                else group
                for key, group in workflow.groups.items()
            },
        }
    )


def _with_code(workflow: Workflow, node: Node, code: JsonValue) -> Workflow:
    """With other code of a node's cell, also where the cell is one of the document's components."""
    component = workflow.component_of(node)
    if not isinstance(component, Source):
        raise refusal("has no code of its own here", node=node.id)
    if not isinstance(code, str):
        raise refusal("code is text", node=node.id, path="code")
    cell = component.model_copy(update={"code": code, "outputs": outputs_of_code(code, component)})
    if isinstance(node.component, str):
        return workflow.model_copy(update={"components": {**workflow.components, node.component: cell}})
    return replaced(workflow, {node.id: node.model_copy(update={"component": cell})})


def _valid(data: Mapping[str, Any], name: str) -> Node:
    try:
        return Node.model_validate(data)
    except ValidationError as error:
        raise WorkflowError(
            Fault(fault.message, node=name, path=fault.path) for fault in structural_faults(data, error)
        ) from None
