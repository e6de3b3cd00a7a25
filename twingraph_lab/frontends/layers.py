"""Where the boxes of a small graph go: layers by longest path, few crossings, straight edges where possible.

The steps are those of Sugiyama, Tagawa and Toda ("Methods for visual understanding of hierarchical system structures",
1981): layers, dummy nodes for edges that pass layers, ordering by barycentre, then positions by the same measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

SWEEPS = 8
"""More don't change graphs of the size that is drawn."""

PASSING = 0.3
"""The room, in boxes, of an edge that passes a layer."""

STRAIGHT = 4.0
"""How much more than others a piece of an edge between two layers it passes pulls."""

Spot = tuple[int, float]
"""A layer from 0, and a place in it in boxes from 0."""


@dataclass(frozen=True, slots=True)
class Layers:
    """`spots` by node, and for each edge the spots it runs through, ends included."""

    spots: Mapping[str, Spot]
    routes: Mapping[tuple[str, str], tuple[Spot, ...]]

    @property
    def size(self) -> tuple[int, float]:
        """How many layers there are, and how many boxes the widest takes."""
        everywhere = [*self.spots.values(), *(spot for route in self.routes.values() for spot in route)]
        return 1 + max((layer for layer, _ in everywhere), default=-1), 1 + max(
            (at for _, at in everywhere), default=-1
        )


def arrange(upstream: Mapping[str, Iterable[str]]) -> Layers:
    """Place every node right of those it waits for. In a cycle, the edges that close it run backwards."""
    parents = {
        node: [up for up in dict.fromkeys(ups) if up in upstream and up != node] for node, ups in upstream.items()
    }
    level = _levels(parents)
    chains = {
        (up, node): [up, *(f"{up}\n{node}\n{between}" for between in range(level[up] + 1, level[node])), node]
        for node, ups in parents.items()
        for up in ups
    }
    above: dict[str, list[str]] = {node: [] for node in parents}
    below: dict[str, list[str]] = {node: [] for node in parents}
    rows: list[list[str]] = [[] for _ in range(1 + max(level.values(), default=-1))]
    for node, at in level.items():
        rows[at].append(node)
    for (up, node), chain in chains.items():
        if level[up] >= level[node]:
            continue
        for number, between in enumerate(chain[1:-1], start=level[up] + 1):
            rows[number].append(between)
        for left, right in pairwise(chain):
            above.setdefault(right, []).append(left)
            below.setdefault(left, []).append(right)
    _order(rows, above, below)
    places = _places(rows, above, below)
    spots = {name: (number, places[name]) for number, row in enumerate(rows) for name in row}
    return Layers(
        {node: spots[node] for node in parents},
        {edge: tuple(spots[name] for name in chain) for edge, chain in chains.items()},
    )


def _levels(parents: Mapping[str, list[str]]) -> dict[str, int]:
    """The length of the longest path to each node, without the edges that close a cycle."""
    level: dict[str, int] = {}
    waiting = dict(parents)
    while waiting:
        ready = [node for node, ups in waiting.items() if all(up in level for up in ups)] or [next(iter(waiting))]
        for node in ready:
            level[node] = 1 + max((level[up] for up in waiting.pop(node) if up in level), default=-1)
    return {node: level[node] for node in parents}


def _order(rows: list[list[str]], above: Mapping[str, list[str]], below: Mapping[str, list[str]]) -> None:
    """Sort each row by the mean place of its neighbours in the row before, then after, by turns; keep the best seen."""
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for number in range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1):
            fixed = rows[number - 1 if downwards else number + 1]
            place = {name: at for at, name in enumerate(fixed)}
            neighbours = above if downwards else below
            own = {name: at for at, name in enumerate(rows[number])}
            rows[number].sort(key=lambda name: _mean([place[n] for n in neighbours.get(name, ())], own[name]))
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _crossings(rows: list[list[str]], below: Mapping[str, list[str]]) -> int:
    count = 0
    for row, following in pairwise(rows):
        place = {name: at for at, name in enumerate(following)}
        ends = [place[child] for name in row for child in sorted(below.get(name, ()), key=place.__getitem__)]
        starts = [at for at, name in enumerate(row) for _ in below.get(name, ())]
        edges = list(zip(starts, ends, strict=True))
        count += sum(1 for i, (a, b) in enumerate(edges) for c, d in edges[i + 1 :] if a < c and b > d)
    return count


def _places(rows: list[list[str]], above: Mapping[str, list[str]], below: Mapping[str, list[str]]) -> dict[str, float]:
    """Pull each node towards its neighbours, keeping order and distance; edges that pass layers pull to be straight."""
    sizes = {name: PASSING if _passes(name) else 1.0 for row in rows for name in row}
    rooms = [_rooms([sizes[name] for name in row]) for row in rows]
    widest = max((room[-1] for room in rooms if room), default=0.0)
    places = {
        name: at + (widest - room[-1]) / 2
        for row, room in zip(rows, rooms, strict=True)
        for name, at in zip(row, room, strict=True)
    }
    for sweep in range(2 * SWEEPS):
        numbers = range(len(rows))
        for number in numbers if sweep % 2 == 0 else reversed(numbers):
            wanted, weights = [], []
            for name in rows[number]:
                near = [*above.get(name, ()), *below.get(name, ())]
                pulls = [(STRAIGHT if _passes(name) and _passes(other) else 1.0) for other in near]
                weights.append(sum(pulls) or 0.1)
                total = sum(pull * places[other] for pull, other in zip(pulls, near, strict=True))
                wanted.append(total / sum(pulls) if pulls else places[name])
            places.update(zip(rows[number], _apart(wanted, weights, rooms[number]), strict=True))
    lowest = min((at - sizes[name] / 2 for name, at in places.items()), default=0.0) + 0.5
    return {name: at - lowest for name, at in places.items()}


def _rooms(sizes: list[float]) -> list[float]:
    """Where the middles of neighbours are at least, from the first one's."""
    return list(accumulate(((a + b) / 2 for a, b in pairwise(sizes)), initial=0.0)) if sizes else []


def _apart(wanted: list[float], weights: list[float], rooms: list[float]) -> list[float]:
    """The places nearest to those wanted (weighted least squares), at least `rooms` apart: pool adjacent violators."""
    blocks: list[tuple[float, float, int]] = []  # mean of wanted - room, weight, length
    for value, weight, room in zip(wanted, weights, rooms, strict=True):
        mean, heavy, length = value - room, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, more, size = blocks.pop()
            mean, heavy, length = (mean * heavy + other * more) / (heavy + more), heavy + more, length + size
        blocks.append((mean, heavy, length))
    means = [mean for mean, _, length in blocks for _ in range(length)]
    return [mean + room for mean, room in zip(means, rooms, strict=True)]


def _passes(name: str) -> bool:
    """Whether this stands for an edge that passes a layer. Such names hold line breaks, ids of nodes don't."""
    return "\n" in name


def _mean(values: list[float] | list[int], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
