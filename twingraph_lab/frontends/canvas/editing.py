"""A workflow and what a hand did on the canvas → the workflow after it. Pure but for files that are added."""

from __future__ import annotations

from collections.abc import Sequence

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.canvas import arranging, connecting, files, nodes, pasting, removing
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.messages import (
    AddEdge,
    AddFile,
    AddNode,
    Collapse,
    Edit,
    GroupNodes,
    Move,
    Paste,
    Remove,
    Rename,
    SetNode,
    SetWorkflow,
    WriteComment,
)
from twingraph_lab.spec.data import flaws
from twingraph_lab.spec.graph import cycles, topological
from twingraph_lab.spec.text import SIZE_LIMIT_BYTES
from twingraph_lab.spec.validate import NODES_LIMIT, upstream_of
from twingraph_lab.spec.workflow import Workflow


def edited(workflow: Workflow, edits: Sequence[Edit], catalog: Catalog | None = None) -> Workflow:
    """The workflow after all of the edits, in their order.

    Raises `WorkflowError`, which names what keeps the first impossible one from being done; then none is. What an edit
    leaves unfinished (an input without a value, a reference to what is gone) isn't refused: `spec.validate.faults` and
    `elements` tell it.
    """
    catalog = catalog or Catalog(components=workflow.components)
    for edit in edits:
        found = flaws(edit.model_dump())
        if found:
            raise WorkflowError(found)
        after = _after(workflow, edit, catalog)
        if isinstance(edit, _CONNECTING):
            _check_cycles(workflow, after)
        workflow = after
    if any(isinstance(edit, _GROWING) for edit in edits):
        _check_size(workflow)
    return workflow


_GROWING = (AddNode, AddFile, SetNode, SetWorkflow, Paste, WriteComment)
_CONNECTING = (AddNode, AddFile, SetNode, Paste, Rename)
"""What may close a cycle without drawing an edge: inputs can name nodes that don't exist yet."""


def _after(workflow: Workflow, edit: Edit, catalog: Catalog) -> Workflow:
    match edit:
        case AddNode():
            return nodes.added(workflow, edit, catalog)
        case SetNode():
            return nodes.changed(workflow, edit, catalog)
        case SetWorkflow():
            return nodes.workflow_changed(workflow, edit)
        case Rename():
            return nodes.renamed(workflow, edit)
        case Remove():
            return removing.removed(workflow, edit, catalog)
        case AddEdge():
            return connecting.connected(workflow, edit, catalog)
        case Paste():
            return pasting.pasted(workflow, edit.clipping, edit.position)
        case AddFile():
            return files.added(workflow, edit, catalog)
        case Move():
            return arranging.moved(workflow, edit)
        case GroupNodes():
            return arranging.grouped(workflow, edit)
        case Collapse():
            return arranging.collapsed(workflow, edit)
        case WriteComment():
            return arranging.commented(workflow, edit)


def _check_cycles(before: Workflow, after: Workflow) -> None:
    """Raise `WorkflowError` if there is a cycle after an edit and there was none before it."""
    upstream = upstream_of(after)
    if len(topological(upstream)) == len(upstream):
        return
    if cycles(upstream_of(before)):
        return
    loops = [" → ".join([*loop, loop[0]]) for loop in cycles(upstream)]
    raise WorkflowError([Fault(f"nodes would wait for each other: {loop}") for loop in loops])


def _check_size(workflow: Workflow) -> None:
    if len(workflow.nodes) > NODES_LIMIT:
        raise WorkflowError([Fault(f"would have {len(workflow.nodes)} nodes; the limit is {NODES_LIMIT}")])
    size = len(workflow.model_dump_json(exclude_defaults=True).encode())
    if size > SIZE_LIMIT_BYTES:
        raise WorkflowError([Fault(f"would be {size} bytes long as JSON; the limit is {SIZE_LIMIT_BYTES}")])
