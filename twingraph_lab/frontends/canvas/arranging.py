"""Where things are on a canvas, groups and comments: what no run depends on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.canvas.messages import Collapse, GroupNodes, Move, Point, WriteComment
from twingraph_lab.frontends.canvas.naming import COMMENT, GROUP, free, refusal
from twingraph_lab.frontends.steps import as_id
from twingraph_lab.spec.workflow import Comment, Group, Workflow

FAR = 1e7
"""Pixels from the origin beyond which nothing can be found again."""


def moved(workflow: Workflow, edit: Move) -> Workflow:
    """With nodes, comments and groups at new places; a group takes its nodes along."""
    layout, comments = dict(workflow.layout), dict(workflow.comments)
    groups = members(workflow)
    unknown = []
    for name, to in edit.positions.items():
        place = placed(to)
        if name in workflow.by_id:
            layout[name] = place
        elif name.startswith(COMMENT) and (key := name.removeprefix(COMMENT)) in comments:
            comments[key] = comments[key].model_copy(update={"position": place})
        elif name.startswith(GROUP) and (key := name.removeprefix(GROUP)) in groups:
            x, y = middle(workflow, groups[key]) or place
            inside = {node: workflow.layout.get(node, (x, y)) for node in groups[key]}
            layout |= {node: placed((at[0] + to[0] - x, at[1] + to[1] - y)) for node, at in inside.items()}
        else:
            unknown.append(Fault(f"there is nothing called {name!r} to move"))
    if unknown:
        raise WorkflowError(unknown)
    return workflow.model_copy(update={"layout": layout, "comments": comments})


def grouped(workflow: Workflow, edit: GroupNodes) -> Workflow:
    """With a new group of nodes, which leave the groups they were in; groups among the ids are merged into it."""
    chosen: dict[str, None] = {}
    own = members(workflow)
    for name in edit.ids:
        if name.startswith(GROUP):
            chosen |= dict.fromkeys(own.get(name.removeprefix(GROUP), ()))
        elif name in workflow.by_id:
            chosen[name] = None
    if not chosen:
        raise refusal("a group is made of nodes: select some first")
    label = edit.label.strip() or "group"
    groups = without_members(workflow, chosen)
    groups[free(as_id(label), workflow.groups)] = Group(label=label, nodes=tuple(chosen))
    return workflow.model_copy(update={"groups": groups})


def collapsed(workflow: Workflow, edit: Collapse) -> Workflow:
    """With a group shown as one box, or opened again."""
    name = edit.id.removeprefix(GROUP)
    if name not in workflow.groups:
        raise refusal(f"there is no group {edit.id!r}")
    group = workflow.groups[name].model_copy(update={"collapsed": edit.collapsed})
    return workflow.model_copy(update={"groups": {**workflow.groups, name: group}})


def commented(workflow: Workflow, edit: WriteComment) -> Workflow:
    """With a note, a new one or with new text; without a place, a new one is above everything."""
    name = edit.id.removeprefix(COMMENT)
    before = workflow.comments.get(name)
    if edit.id and before is None:
        raise refusal(f"there is no comment {edit.id!r}")
    place = placed(edit.position) if edit.position else before.position if before else _above(workflow)
    comment = Comment(text=edit.text, position=place)
    key = name if before else free("note", workflow.comments)
    return workflow.model_copy(update={"comments": {**workflow.comments, key: comment}})


def placed(position: Point) -> Point:
    """A place to write down: whole pixels. Raises `WorkflowError` for one that is none."""
    x, y = position
    if not (math.isfinite(x) and math.isfinite(y) and max(abs(x), abs(y)) <= FAR):
        raise refusal(f"({x}, {y}) is no place on a canvas")
    return float(round(x)), float(round(y))


def members(workflow: Workflow) -> dict[str, list[str]]:
    """The nodes of each group, those that exist; a node is in the first group that names it."""
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    for name, group in workflow.groups.items():
        found[name] = [node for node in dict.fromkeys(group.nodes) if node in workflow.by_id and node not in seen]
        seen.update(found[name])
    return found


def middle(workflow: Workflow, nodes: Iterable[str]) -> Point | None:
    """The middle of those that are placed; None if none is."""
    places = [workflow.layout[node] for node in nodes if node in workflow.layout]
    if not places:
        return None
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def without_members(workflow: Workflow, nodes: Iterable[str]) -> dict[str, Group]:
    """The groups without these nodes, and without groups that had no others."""
    gone = set(nodes)
    left: dict[str, Group] = {}
    for name, group in workflow.groups.items():
        kept = tuple(node for node in group.nodes if node not in gone)
        if kept or not group.nodes:
            left[name] = group if kept == group.nodes else group.model_copy(update={"nodes": kept})
    return left


def forgotten(workflow: Workflow, nodes: Iterable[str]) -> Mapping[str, Any]:
    """`layout` and `groups` without these nodes."""
    gone = set(nodes)
    layout = {name: place for name, place in workflow.layout.items() if name not in gone}
    return {"layout": layout, "groups": without_members(workflow, gone)}


def _above(workflow: Workflow) -> Point:
    places = [*workflow.layout.values(), *(comment.position for comment in workflow.comments.values())]
    return min((x for x, _ in places), default=0.0), min((y for _, y in places), default=120.0) - 120.0
