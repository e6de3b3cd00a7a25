"""Part of a workflow as text for the clipboard."""

from __future__ import annotations

import json
from collections.abc import Iterable

from twingraph_lab.frontends.canvas.arranging import members
from twingraph_lab.frontends.canvas.naming import COMMENT, GROUP, refusal
from twingraph_lab.spec.document import as_data
from twingraph_lab.spec.inputs import ParameterUse
from twingraph_lab.spec.workflow import Workflow

KIND = "twingraph/clipping"


def clipping(workflow: Workflow, ids: Iterable[str]) -> str:
    """The nodes, groups and comments of these ids as text: a document of their own, which can be pasted anywhere.

    It holds the components and parameters that they use; ids of edges are left out, since edges follow their nodes.
    Raises `WorkflowError` if nothing of it is there.
    """
    chosen = set(ids)
    groups = {name: nodes for name, nodes in members(workflow).items() if GROUP + name in chosen}
    inside = {node for nodes in groups.values() for node in nodes}
    nodes = tuple(node for node in workflow.nodes if node.id in chosen or node.id in inside)
    comments = {name: note for name, note in workflow.comments.items() if COMMENT + name in chosen}
    if not nodes and not comments:
        raise refusal("there is nothing to copy: select nodes first")
    used = {mention.name for node in nodes for mention in node.mentions if isinstance(mention, ParameterUse)}
    names = {node.component for node in nodes if isinstance(node.component, str)}
    clip = Workflow(
        name=workflow.name,
        parameters={name: each for name, each in workflow.parameters.items() if name in used},
        components={name: each for name, each in workflow.components.items() if name in names},
        nodes=nodes,
        layout={node.id: workflow.layout[node.id] for node in nodes if node.id in workflow.layout},
        groups={name: workflow.groups[name] for name in groups},
        comments=comments,
    )
    return json.dumps({"kind": KIND, **as_data(clip)}, ensure_ascii=False)
