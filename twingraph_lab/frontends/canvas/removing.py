"""Nodes, edges, groups and comments taken away. What others read of a node that is gone goes too, where it can."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.canvas.arranging import forgotten
from twingraph_lab.frontends.canvas.connecting import replaced
from twingraph_lab.frontends.canvas.messages import Remove
from twingraph_lab.frontends.canvas.naming import COMMENT, GROUP
from twingraph_lab.frontends.canvas.wires import Declarations, Wire, Wires
from twingraph_lab.spec.inputs import Reference
from twingraph_lab.spec.rewriting import without
from twingraph_lab.spec.workflow import Node, Workflow

_TARGET = re.compile(r"->([A-Za-z_][\w-]*)\.")


def removed(workflow: Workflow, edit: Remove, catalog: Declarations) -> Workflow:
    """Without these. Nodes take the edges of others with them; a template that reads them stays, and is a fault.

    Raises `WorkflowError` for what isn't there, and for an edge that is part of a template.
    """
    gone = {name for name in edit.ids if name in workflow.by_id}
    groups = {name.removeprefix(GROUP) for name in edit.ids if name.startswith(GROUP)} & workflow.groups.keys()
    comments = {name.removeprefix(COMMENT) for name in edit.ids if name.startswith(COMMENT)} & workflow.comments.keys()
    known = gone | {GROUP + name for name in groups} | {COMMENT + name for name in comments}
    workflow = _without_edges(workflow, [name for name in edit.ids if name not in known], gone, catalog)
    workflow = without_nodes(workflow, gone)
    return workflow.model_copy(
        update={
            "groups": {name: group for name, group in workflow.groups.items() if name not in groups},
            "comments": {name: note for name, note in workflow.comments.items() if name not in comments},
        }
    )


def without_nodes(workflow: Workflow, gone: Collection[str]) -> Workflow:
    """Without these nodes, and without what others take of them, wait for and give of them."""
    if not gone:
        return workflow

    def picked(reference: Reference) -> bool:
        return reference.node in gone

    left = tuple(_without(node, gone) for node in workflow.nodes if node.id not in gone)
    outputs = without(workflow.outputs, picked).inputs
    return workflow.model_copy(update={"nodes": left, "outputs": outputs, **forgotten(workflow, gone)})


def _without(node: Node, gone: Collection[str]) -> Node:
    if not any(parent in gone for parent in node.upstream):
        return node
    inputs = without(node.inputs, lambda reference: reference.node in gone).inputs
    after = tuple(parent for parent in node.after if parent not in gone)
    return node.model_copy(update={"inputs": inputs, "after": after})


def _without_edges(workflow: Workflow, ids: Iterable[str], gone: Collection[str], catalog: Declarations) -> Workflow:
    """Without the edges of these ids; those at nodes that go as well are no matter."""
    asked = dict.fromkeys(ids)
    wires = Wires(workflow, catalog)
    faults: list[Fault] = []
    by_target: dict[str, list[Wire]] = defaultdict(list)
    for name in asked:
        wire = _found(workflow, wires, name)
        if wire is None:
            faults.append(Fault(f"there is nothing called {name!r} to remove"))
        elif wire.target not in gone and wire.source not in gone:
            by_target[wire.target].append(wire)
    changed = {}
    for target, drawn in by_target.items():
        changed[target] = _unbound(workflow.by_id[target], drawn, faults)
    if faults:
        raise WorkflowError(faults)
    return replaced(workflow, changed) if changed else workflow


def _found(workflow: Workflow, wires: Wires, name: str) -> Wire | None:
    """The edge of this id. Names of ports may hold anything, so ids aren't taken apart but compared."""
    for target in dict.fromkeys(_TARGET.findall(name)):
        if node := workflow.by_id.get(target):
            waited = [Wire(parent, "", target, "", "") for parent in node.after]
            if wire := next((wire for wire in (*wires.into(node), *waited) if wire.id == name), None):
                return wire
    return None


def _unbound(node: Node, drawn: Iterable[Wire], faults: list[Fault]) -> Node:
    inputs, after = dict(node.inputs), node.after
    for wire in drawn:
        if not wire.input and not wire.said and wire.source in after:
            after = tuple(parent for parent in after if parent != wire.source)
            continue

        def picked(reference: Reference, wire: Wire = wire) -> bool:
            return reference.node == wire.source and reference.path[:1] == ((wire.said,) if wire.said else ())

        rest = without({wire.input: inputs[wire.input]}, picked)
        inputs.pop(wire.input)
        inputs |= rest.inputs
        for text in rest.held:
            message = f"{wire.input} is the template {text!r}: change the text to take the edge from {wire.source} away"
            faults.append(Fault(message, node=node.id))
    ordered = {name: inputs[name] for name in node.inputs if name in inputs}
    return node.model_copy(update={"inputs": ordered, "after": after})
