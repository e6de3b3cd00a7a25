"""Order and cycles of a graph given as ids → ids of what each waits for. Linear in nodes and edges; never recurses."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

Upstream = Mapping[str, Sequence[str]]
"""Every id that appears in a value is a key, too."""


def children(upstream: Upstream) -> dict[str, list[str]]:
    """What waits for each id, in the order of the keys."""
    downstream: dict[str, list[str]] = {name: [] for name in upstream}
    for name, parents in upstream.items():
        for parent in parents:
            downstream[parent].append(name)
    return downstream


def topological(upstream: Upstream) -> list[str]:
    """Ids, each after all that it waits for, and otherwise as given; without those on a cycle or behind one.

    >>> topological({"c": ["a", "b"], "a": [], "b": ["a"]})
    ['a', 'b', 'c']
    """
    downstream = children(upstream)
    waiting = {name: len(parents) for name, parents in upstream.items()}
    ready = deque(name for name, count in waiting.items() if not count)
    ordered = []
    while ready:
        name = ready.popleft()
        ordered.append(name)
        for child in downstream[name]:
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    return ordered


def cycles(upstream: Upstream) -> list[list[str]]:
    """One cycle of every group of nodes that wait for each other, along the edges, from the id given first.

    >>> cycles({"a": ["c"], "b": ["a"], "c": ["b", "x"], "x": [], "y": ["y", "a"]})
    [['a', 'b', 'c'], ['y']]
    """
    position = {name: index for index, name in enumerate(upstream)}
    group_of = _groups(upstream)
    found: dict[str, list[str]] = {}
    for start, group in group_of.items():
        trail: dict[str, int] = {}
        name: str | None = None if group in found else start
        while name is not None and name not in trail:
            trail[name] = len(trail)
            name = next((parent for parent in upstream[name] if group_of[parent] == group), None)
        if name is not None:
            loop = [step for step, number in trail.items() if number >= trail[name]][::-1]
            first = min(range(len(loop)), key=lambda index: position[loop[index]])
            found[group] = loop[first:] + loop[:first]
    return sorted(found.values(), key=lambda loop: position[loop[0]])


def _groups(upstream: Upstream) -> dict[str, str]:
    """For each id one of those that it waits for and that wait for it, the same for all (Kosaraju's algorithm)."""
    downstream = children(upstream)
    finished: dict[str, None] = {}
    for root in upstream:
        stack = [(root, iter(downstream[root]))] if root not in finished else []
        entered = {root}
        while stack:
            name, unvisited = stack[-1]
            child = next((child for child in unvisited if child not in finished and child not in entered), None)
            if child is None:
                finished[name] = None
                stack.pop()
            else:
                entered.add(child)
                stack.append((child, iter(downstream[child])))
    group_of: dict[str, str] = {}
    for root in reversed(finished):
        rest = [root] if root not in group_of else []
        while rest:
            name = rest.pop()
            if name not in group_of:
                group_of[name] = root
                rest += upstream[name]
    return group_of
