"""What was copied, put onto the canvas: under free ids, with the edges between its nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from twingraph_lab.frontends.canvas.arranging import placed
from twingraph_lab.frontends.canvas.clipping import KIND
from twingraph_lab.frontends.canvas.messages import Point
from twingraph_lab.frontends.canvas.naming import COMMENT, free, refusal
from twingraph_lab.frontends.canvas.read import opened
from twingraph_lab.spec.inputs import Reference, TemplateError
from twingraph_lab.spec.rewriting import renamed, without
from twingraph_lab.spec.workflow import Component, Node, Workflow

STEP = (220.0, 100.0)
"""Pixels between pasted nodes that had no place."""
ROW = 4


def pasted(workflow: Workflow, text: str, position: Point) -> Workflow:
    """With the nodes of a clipping, or of a whole document, around a place.

    Raises `WorkflowError` if the text is neither.
    """
    plain = text.strip()
    if not plain.startswith(("{", "version:", "name:", "nodes:")):
        raise refusal("what was copied isn't part of a workflow")
    if plain.startswith("{"):
        try:
            data = json.loads(plain)
        except (ValueError, RecursionError):
            raise refusal("what was copied isn't part of a workflow") from None
        if isinstance(data, dict) and data.get("kind") == KIND:
            plain = json.dumps({name: value for name, value in data.items() if name != "kind"})
    return put(workflow, opened(plain), position)


def put(workflow: Workflow, clip: Workflow, position: Point) -> Workflow:
    """The workflow with all of `clip`, renamed where names are taken; its places are kept relative to each other.

    References to nodes that aren't in `clip` are kept if there is such a node here. What others read of a node of
    `clip` by its old name is none of ours.
    """
    if not clip.nodes and not clip.comments:
        raise refusal("there is nothing in it to put here")
    names = _free_names(workflow, clip)
    components, called = _components(workflow, clip)
    nodes = tuple(_copied(node, names, called, workflow) for node in clip.nodes)
    places = _places(clip, position)
    layout = {names[name]: place for name, place in places.items() if name in names}
    groups = {
        free(key, workflow.groups): group.model_copy(
            update={"nodes": tuple(names[node] for node in group.nodes if node in names)}
        )
        for key, group in clip.groups.items()
    }
    comments = {
        free(key, workflow.comments): note.model_copy(update={"position": places[COMMENT + key]})
        for key, note in clip.comments.items()
    }
    parameters = {name: each for name, each in clip.parameters.items() if name not in workflow.parameters}
    return workflow.model_copy(
        update={
            "nodes": (*workflow.nodes, *nodes),
            "components": {**workflow.components, **components},
            "parameters": {**workflow.parameters, **parameters},
            "layout": {**workflow.layout, **layout},
            "groups": {**workflow.groups, **groups},
            "comments": {**workflow.comments, **comments},
        }
    )


def _free_names(workflow: Workflow, clip: Workflow) -> dict[str, str]:
    """The new id of each node of the clip: its own where that is free."""
    taken = {*workflow.by_id, *(node.id for node in clip.nodes)}
    names: dict[str, str] = {}
    for node in clip.nodes:
        names[node.id] = free(node.id, taken) if node.id in workflow.by_id else node.id
        taken.add(names[node.id])
    return names


def _components(workflow: Workflow, clip: Workflow) -> tuple[dict[str, Component], dict[str, str]]:
    """The components to add, and the new names of those whose name stands for another one here."""
    added: dict[str, Component] = {}
    called: dict[str, str] = {}
    for name, component in clip.components.items():
        if workflow.components.get(name) == component:
            continue
        called[name] = free(name, {*workflow.components, *clip.components} - ({name} - workflow.components.keys()))
        added[called[name]] = component
    return added, called


def _copied(node: Node, names: Mapping[str, str], called: Mapping[str, str], workflow: Workflow) -> Node:
    def lost(reference: Reference) -> bool:
        return reference.node not in names and reference.node not in workflow.by_id

    inputs = without(node.inputs, lost).inputs
    after = tuple(names.get(parent, parent) for parent in node.after if parent in names or parent in workflow.by_id)
    try:
        for parent in node.upstream:
            if names.get(parent, parent) != parent:
                inputs = renamed(inputs, parent, names[parent])
    except TemplateError as error:
        raise refusal(str(error), node=node.id) from None
    component = called.get(node.component, node.component) if isinstance(node.component, str) else node.component
    return node.model_copy(update={"id": names[node.id], "inputs": inputs, "after": after, "component": component})


def _places(clip: Workflow, position: Point) -> dict[str, Point]:
    """Where everything of the clip goes: what was placed around `position` as it was, the rest in rows below."""
    known: dict[str, Point] = {node.id: clip.layout[node.id] for node in clip.nodes if node.id in clip.layout}
    known |= {COMMENT + name: note.position for name, note in clip.comments.items()}
    xs, ys = [x for x, _ in known.values()] or [0.0], [y for _, y in known.values()] or [0.0]
    x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    places = {name: placed((position[0] + at[0] - x, position[1] + at[1] - y)) for name, at in known.items()}
    below = max((at[1] for at in places.values()), default=position[1] - STEP[1]) + STEP[1]
    for number, node in enumerate(node for node in clip.nodes if node.id not in known):
        row, column = divmod(number, ROW)
        places[node.id] = placed((position[0] + column * STEP[0], below + row * STEP[1]))
    return places
