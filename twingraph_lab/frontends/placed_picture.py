"""A workflow as a picture with everything where a person put it on a canvas: nodes, groups and comments."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from twingraph_lab.frontends.display import Look, clip, counted
from twingraph_lab.frontends.layers import arrange
from twingraph_lab.frontends.picture_parts import Point, arrow, box, curve, frame, lines, svg
from twingraph_lab.spec.inputs import Reference
from twingraph_lab.spec.workflow import Workflow

PLACED_LIMIT = 400
"""Workflows with more nodes take seconds to draw, wherever they are shown."""

WIDTH, HEIGHT = 184.0, 52.0
"""Of a node on the canvas, in pixels."""
MARGIN = 12.0
STEP = (WIDTH + 56, HEIGHT + 24)
"""Between the nodes that nobody has placed, which come below the others."""
LINE = 32
COMMENT_LINES = 8

Span = tuple[Point, Point]


def placed_picture(
    workflow: Workflow, looks: Mapping[str, Look], notes: Mapping[str, str], titles: Mapping[str, str]
) -> str:
    """The graph as an `<svg>` element. `titles` are told when the pointer rests on a node."""
    drawing = _Drawing(workflow)
    parts = [frame(*drawing.span_of(name), label) for name, label in drawing.frames.items()]
    drawn: set[tuple[str, str]] = set()
    for node in workflow.nodes:
        mentioned = {each.node for each in node.mentions if isinstance(each, Reference)}
        for parent in node.upstream:
            ends = drawing.stands_for(parent), drawing.stands_for(node.id)
            if parent in workflow.by_id and ends[0] != ends[1] and ends not in drawn:
                drawn.add(ends)
                parts.append(drawing.edge(*ends, dashed=parent not in mentioned))
    for name, (label, below) in drawing.boxes.items():
        note, title = notes.get(name, below), titles.get(name, label)
        parts.append(box(drawing.corner(name), (WIDTH, HEIGHT), label, title=title, note=note, look=looks.get(name)))
    parts += [lines(corner, texts) for corner, texts in drawing.comments]
    corner, size = drawing.extent()
    return svg(workflow.name, corner, size, parts)


class _Drawing:
    """Where everything is. Collapsed groups are boxes that stand for their nodes."""

    def __init__(self, workflow: Workflow) -> None:
        self._members: dict[str, list[str]] = {}
        self._inside: dict[str, str] = {}
        self._places: dict[str, Point] = {}
        self.frames: dict[str, str] = {}
        self.boxes: dict[str, tuple[str, str]] = {}
        layout = {**_rest(workflow), **workflow.layout}
        grouped: set[str] = set()
        for name, group in workflow.groups.items():
            nodes = [node for node in group.nodes if node in workflow.by_id and node not in grouped]
            grouped.update(nodes)
            if not nodes:
                continue
            key, label = f"group:{name}", group.label or name
            self._members[key] = nodes
            if not group.collapsed:
                self.frames[key] = label
                continue
            self._inside |= dict.fromkeys(nodes, key)
            self.boxes[key] = label, counted(len(nodes), "node")
            places = [layout[node] for node in nodes]
            self._places[key] = sum(x for x, _ in places) / len(nodes), sum(y for _, y in places) / len(nodes)
        for node in workflow.nodes:
            self._places[node.id] = layout[node.id]
            if node.id not in self._inside:
                self.boxes[node.id] = node.id, ""
        self.comments = [
            ((x - LINE * 3, y - 8), [clip(line, LINE) for line in _wrapped(note.text)])
            for note in workflow.comments.values()
            for x, y in [note.position]
        ]

    def stands_for(self, node: str) -> str:
        """The box that shows a node."""
        return self._inside.get(node, node)

    def corner(self, name: str) -> Point:
        """The upper left corner of a box."""
        x, y = self._places[name]
        return x - WIDTH / 2, y - HEIGHT / 2

    def span_of(self, group: str) -> Span:
        """Corner and size of the frame around a group, with room for its label."""
        corners = [self.corner(node) for node in self._members[group]]
        left, top = min(x for x, _ in corners) - MARGIN, min(y for _, y in corners) - MARGIN - 14
        right, bottom = max(x for x, _ in corners) + WIDTH + MARGIN, max(y for _, y in corners) + HEIGHT + MARGIN
        return (left, top), (right - left, bottom - top)

    def edge(self, source: str, target: str, *, dashed: bool) -> str:
        """A curve to the right, or downwards where the target isn't right of the source."""
        (x, y), (to_x, to_y) = self._places[source], self._places[target]
        downwards = to_x - x < WIDTH and abs(to_y - y) > HEIGHT
        if downwards:
            start, end = (x, y + HEIGHT / 2), (to_x, to_y - HEIGHT / 2)
        else:
            start, end = (x + WIDTH / 2, y), (to_x - WIDTH / 2, to_y)
        path = f"M{start[0]:.1f},{start[1]:.1f}{curve(start, end, downwards=downwards)}"
        return arrow(path, end, downwards=downwards, dashed=dashed)

    def extent(self) -> Span:
        """Corner and size of the whole picture."""
        spans = [(self.corner(name), (WIDTH, HEIGHT)) for name in self.boxes]
        spans += [self.span_of(name) for name in self.frames]
        spans += [((x, y - 16), (LINE * 7.0, 16.0 * len(texts) + 8)) for (x, y), texts in self.comments]
        left, top = min(x for (x, _), _ in spans) - 2, min(y for (_, y), _ in spans) - 2
        right = max(x + width for (x, _), (width, _) in spans) + 2
        bottom = max(y + height for (_, y), (_, height) in spans) + 2
        return (left, top), (right - left, bottom - top)


def _rest(workflow: Workflow) -> dict[str, Point]:
    """Places for nodes that have none: in layers, below all that have one."""
    placed = [workflow.layout[node.id] for node in workflow.nodes if node.id in workflow.layout]
    left, bottom = min(x for x, _ in placed), max(y for _, y in placed)
    names = {node.id for node in workflow.nodes if node.id not in workflow.layout}
    layers = arrange(
        {node.id: [up for up in node.upstream if up in names] for node in workflow.nodes if node.id in names}
    )
    return {
        name: (left + layer * STEP[0], bottom + (at + 1) * STEP[1] + HEIGHT / 2)
        for name, (layer, at) in layers.spots.items()
    }


def _wrapped(text: str) -> list[str]:
    found = [part for line in text.splitlines() for part in textwrap.wrap(line, LINE) or [""]]
    return [*found[: COMMENT_LINES - 1], "…"] if len(found) > COMMENT_LINES else found
