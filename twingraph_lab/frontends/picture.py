"""A workflow as an SVG picture: no scripts, no style sheet, readable on light and dark backgrounds."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from pydantic import JsonValue

from twingraph_lab.frontends.display import Look, clip
from twingraph_lab.frontends.layers import Layers, Spot, arrange
from twingraph_lab.spec.workflow import Workflow

LIMIT = 60
"""Larger workflows aren't drawn: nobody could read the picture."""

WIDE = 1000
"""Pixels from which a picture that runs downwards is preferred, if it is narrower."""

BOX = 40
CHARACTER = 7.3  # pixels of a bold sans-serif letter at 12px, on average
LETTERS = 22
GAP = (52, 14)  # between layers, within a layer, when running to the right
GAP_DOWN = (34, 18)

Point = tuple[float, float]


def picture(workflow: Workflow, looks: Mapping[str, Look], notes: Mapping[str, str], room: int = 0) -> str:
    """The graph as an `<svg>` element; empty for workflows without nodes and those beyond `LIMIT`.

    `looks` colour the nodes that have a state; `notes` are second lines in their boxes, which have room for at least
    so many letters: pictures of a run that goes on should not jump.
    """
    if not 0 < len(workflow.nodes) <= LIMIT:
        return ""
    layers = arrange({node.id: node.upstream for node in workflow.nodes})
    longest = max(max(len(node.id), max(room, len(notes.get(node.id, ""))) * 0.85) for node in workflow.nodes)
    drawing = _Drawing(layers, 44 + CHARACTER * min(longest, LETTERS))
    parts = [drawing.edge(route) for route in layers.routes.values()]
    for node in workflow.nodes:
        title = f"{node.id}\n" + "\n".join(f"{name} ← {short(value)}" for name, value in node.inputs.items())
        parts.append(drawing.box(node.id, title, notes.get(node.id, ""), looks.get(node.id)))
    width, height = drawing.size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'role="img" aria-label="{escape(workflow.name)}" style="display:block;max-width:100%;height:auto" '
        f'font-family="system-ui,sans-serif" font-size="12">{"".join(parts)}</svg>'
    )


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
            elif self.downwards:
                middle = (y + to_y) / 2
                commands.append(f"C{x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}")
            else:
                middle = (x + to_x) / 2
                commands.append(f"C{middle:.1f},{y:.1f} {middle:.1f},{to_y:.1f} {to_x:.1f},{to_y:.1f}")
        x, y = path[-1]
        head = f"{x:.1f},{y:.1f} " + (
            f"{x - 4:.1f},{y - 7:.1f} {x + 4:.1f},{y - 7:.1f}"
            if self.downwards
            else f"{x - 7:.1f},{y - 4:.1f} {x - 7:.1f},{y + 4:.1f}"
        )
        return (
            f'<path d="{"".join(commands)}" fill="none" stroke="currentColor" stroke-opacity=".45" stroke-width="1.3"/>'
            f'<polygon points="{head}" fill="currentColor" fill-opacity=".6"/>'
        )

    def box(self, node: str, title: str, note: str, look: Look | None) -> str:
        """A node: its state's symbol and colour if it has one, its name, and the note below."""
        x, y = self.corner(self.layers.spots[node])
        colour, opacity = (look.colour, ".13") if look else ("currentColor", ".04")
        middle = y + BOX / 2
        text_x = x + (28 if look else 12)
        badge = (
            f'<circle cx="{x + 15:.1f}" cy="{middle:.1f}" r="8" fill="{look.colour}"/>'
            f'<text x="{x + 15:.1f}" y="{middle + 4:.1f}" text-anchor="middle" font-weight="bold" font-size="11" '
            f'fill="#fff">{escape(look.symbol)}</text>'
            if look
            else ""
        )
        name_y = middle - 2 if note else middle + 4
        below = (
            f'<text x="{text_x:.1f}" y="{middle + 12:.1f}" font-size="10" fill="currentColor" fill-opacity=".75">'
            f"{escape(clip(note, LETTERS + 3))}</text>"
            if note
            else ""
        )
        return (
            f"<g><title>{escape(title.strip())}</title>"
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{self.width:.1f}" height="{BOX}" rx="6" fill="{colour}" '
            f'fill-opacity="{opacity}" stroke="{colour}" stroke-opacity="{".9" if look else ".5"}" stroke-width="1.4"/>'
            f'{badge}<text x="{text_x:.1f}" y="{name_y:.1f}" font-weight="600" fill="currentColor">'
            f"{escape(clip(node, LETTERS))}</text>{below}</g>"
        )
