"""Which node gives a name, for cells that take their inputs by name."""

from __future__ import annotations

from twingraph_lab.frontends.cells import CellNames, names_of
from twingraph_lab.spec.workflow import Node, Source, Workflow


def cell_names(workflow: Workflow, node: Node) -> CellNames | None:
    """The names of a node that is a cell; `None` for other nodes, and for code that can't be read."""
    component = workflow.component_of(node)
    if not isinstance(component, Source) or component.language != "python":
        return None
    try:
        return names_of(component.code)
    except (SyntaxError, ValueError):
        return None


def gives(workflow: Workflow, node: Node, name: str) -> bool:
    """Whether `name` means an output of this node. The value of a cell's last line, its `result`, has no name."""
    if name not in workflow.outputs_of(node):
        return False
    names = cell_names(workflow, node)
    return names is None or name in names.kinds or name != "result"


def descendants(workflow: Workflow, node_id: str) -> set[str]:
    """The nodes that wait for this one, directly or not."""
    below: dict[str, list[str]] = {}
    for node in workflow.nodes:
        for up in node.upstream:
            below.setdefault(up, []).append(node.id)
    reached: set[str] = set()
    todo = [node_id]
    while todo:
        found = [child for child in below.get(todo.pop(), ()) if child not in reached]
        reached.update(found)
        todo += found
    return reached


def provider(workflow: Workflow, node_id: str, name: str) -> str:
    """The node that `node_id` takes `name` from: the latest that gives it and doesn't wait for `node_id`; or ""."""
    below = descendants(workflow, node_id)
    found = (
        node.id
        for node in reversed(workflow.nodes)
        if node.id != node_id and node.id not in below and gives(workflow, node, name)
    )
    return next(found, "")
