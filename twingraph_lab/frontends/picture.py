"""A workflow as an SVG picture: no scripts, no style sheet, readable on light and dark backgrounds."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from twingraph_lab.frontends.display import Look, clip, counted
from twingraph_lab.frontends.layers import Layers, Spot, arrange
from twingraph_lab.frontends.picture_parts import CHARACTER, LETTERS, Point, arrow, box, curve, lines, svg
from twingraph_lab.frontends.placed_picture import PLACED_LIMIT, placed_picture
from twingraph_lab.lineage.preview import without_secrets
from twingraph_lab.spec.workflow import Node, Workflow

LIMIT = 60
"""Larger workflows aren't laid out here: nobody could read the picture."""

WIDE = 1000
"""Pixels from which a picture that runs downwards is preferred, if it is narrower."""

BOX = 40
GAP = (52, 14)  # between layers, within a layer, when running to the right
GAP_DOWN = (34, 18)


def picture(workflow: Workflow, looks: Mapping[str, Look], notes: Mapping[str, str], room: int = 0) -> str:
    """The graph as an `<svg>` element; empty for workflows without nodes, a summary for those that are too large.

    Nodes are where a person put them on a canvas; if none was, they are laid out. `looks` colour the nodes that have a
    state; `notes` are second lines in their boxes, which have room for at least so many letters: pictures of a run that
    goes on should not jump.
    """
    if not workflow.nodes:
        return ""
    if len(workflow.nodes) > most_drawn(workflow):
        return _summary(workflow, looks)
    titles = {node.id: _title(node) for node in workflow.nodes}
    if _is_placed(workflow):
        return placed_picture(workflow, looks, notes, titles)
    layers = arrange({node.id: node.upstream for node in workflow.nodes})
    longest = max(max(len(node.id), max(room, len(notes.get(node.id, ""))) * 0.85) for node in workflow.nodes)
    drawing = _Drawing(layers, 44 + CHARACTER * min(longest, LETTERS))
    parts = [drawing.edge(route) for route in layers.routes.values()]
    for name, title in titles.items():
        corner = drawing.corner(layers.spots[name])
        note, look = notes.get(name, ""), looks.get(name)
        parts.append(box(corner, (drawing.width, BOX), name, title=title, note=note, look=look))
    return svg(workflow.name, (0, 0), drawing.size, parts)


def most_drawn(workflow: Workflow) -> int:
    """The number of nodes from which a summary stands for the picture: higher where a person has made room."""
    return PLACED_LIMIT if _is_placed(workflow) else LIMIT


def _is_placed(workflow: Workflow) -> bool:
    return any(node.id in workflow.layout for node in workflow.nodes)


def short(value: JsonValue) -> str:
    """An input in few words: where it comes from, or the value itself.

    >>> short({"ref": "load.rows"}), short({"param": "n"}), short([1, 2])
    ('load.rows', 'parameter n', '[1, 2]')
    """
    match list(value.items()) if isinstance(value, dict) else []:
        case [("ref", str(ref))]:
            return ref
        case [("param", str(name))]:
            return f"parameter {name}"
        case [("value", literal)]:
            return clip(repr(literal), 60)
    return clip(repr(value), 60)


def _title(node: Node) -> str:
    given = (f"{name} ← {short(without_secrets(name, value))}" for name, value in node.inputs.items())
    return "\n".join([node.id, *given])


def _summary(workflow: Workflow, looks: Mapping[str, Look]) -> str:
    """What can be said of a workflow that is too large to be drawn."""
    tally: dict[Look, int] = {}
    for look in looks.values():
        tally[look] = tally.get(look, 0) + 1
    edges = sum(len(node.upstream) for node in workflow.nodes)
    said = f"{counted(len(workflow.nodes), 'node')}, {counted(edges, 'edge')}: too many to be drawn here"
    texts = [said, "   ".join(f"{look.symbol} {count}" for look, count in tally.items())]
    width = 44 + CHARACTER * max(LETTERS, len(said))
    corner, size = (2.0, 2.0), (width, float(BOX + 16 * len(texts)))
    title = clip(workflow.name, len(said))
    parts = [box(corner, (width, BOX), title, title=workflow.name), lines((14, BOX + 20.0), filter(None, texts))]
    return svg(workflow.name, (0, 0), (size[0] + 4, size[1] + 8), parts)


class _Drawing:
    """Turns spots into pixels, to the right or downwards, whichever fits."""

    def __init__(self, layers: Layers, box_width: float) -> None:
        self.layers = layers
        self.width = box_width
        depth, breadth = layers.size
        across = depth * (box_width + GAP[0]) - GAP[0]
        down = breadth * (box_width + GAP_DOWN[1]) - GAP_DOWN[1]
        self.downwards = across > WIDE and down < across

    @property
    def size(self) -> Point:
        depth, breadth = self.layers.size
        x, y = self.corner((depth - 1, breadth - 1))
        return x + self.width + 2, y + BOX + 2

    def corner(self, spot: Spot) -> Point:
        """The upper left corner of the box at a spot."""
        layer, at = spot
        if self.downwards:
            return 2 + at * (self.width + GAP_DOWN[1]), 2 + layer * (BOX + GAP_DOWN[0])
        return 2 + layer * (self.width + GAP[0]), 2 + at * (BOX + GAP[1])

    def ends(self, spot: Spot) -> tuple[Point, Point]:
        """Where edges enter and leave the box at a spot."""
        x, y = self.corner(spot)
        if self.downwards:
            return (x + self.width / 2, y), (x + self.width / 2, y + BOX)
        return (x, y + BOX / 2), (x + self.width, y + BOX / 2)

    def edge(self, route: tuple[Spot, ...]) -> str:
        """A curve through the spots of an edge, straight through those it only passes, with an arrowhead."""
        first, *between, last = route
        path = [self.ends(first)[1], *(point for spot in between for point in self.ends(spot)), self.ends(last)[0]]
        commands = [f"M{path[0][0]:.1f},{path[0][1]:.1f}"]
        for index in range(len(path) - 1):
            (x, y), (to_x, to_y) = path[index], path[index + 1]
            if index % 2:
                commands.append(f"L{to_x:.1f},{to_y:.1f}")
            else:
                commands.append(curve((x, y), (to_x, to_y), downwards=self.downwards))
        return arrow("".join(commands), path[-1], downwards=self.downwards)
