"""Tasks → groups that each become one Dask task. Pure.

Dask costs about a millisecond a task and several a hop, whatever the body does. So linear chains are fused (nothing is
lost: they can't run in parallel), and where a level of the graph is far wider than there are slots, neighbours are
batched. A batch that turns out to be slow spreads its rest over the cluster (`group.run_group`), so batching costs long
tasks little. Every task keeps its own attempts, events and ledger row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from twingraph_lab.planning.plan import Task

WIDE_PER_SLOT = 8
"""A level is cut into a batch for each body that can run at a time, when it has so many times more units than these."""

Unit = tuple[Task, ...]
"""A fused chain: each task but the first waits for the one before it only."""


def pack(tasks: Sequence[Task], slots: int) -> list[tuple[Unit, ...]]:
    """Groups of independent units, upstream groups first. `tasks` are in topological order."""
    units = chains(tasks)
    levels: dict[tuple[int, object], list[Unit]] = defaultdict(list)
    for unit, depth in zip(units, _depths(units), strict=True):
        levels[depth, _place(unit[0])].append(unit)
    groups: list[tuple[Unit, ...]] = []
    for _, level in sorted(levels.items(), key=lambda item: item[0][0]):
        size = -(-len(level) // slots) if len(level) > WIDE_PER_SLOT * slots else 1
        groups += [tuple(level[start : start + size]) for start in range(0, len(level), size)]
    return groups


def chains(tasks: Sequence[Task]) -> list[Unit]:
    """Tasks fused into maximal chains, in topological order of their first tasks."""
    known = {task.id for task in tasks}
    children: dict[str, int] = defaultdict(int)
    for task in tasks:
        for parent in task.upstream:
            children[parent] += 1
    chain_of: dict[str, list[Task]] = {}
    for task in tasks:
        parent = task.upstream[0] if len(task.upstream) == 1 else ""
        if parent in known and children[parent] == 1 and _place(chain_of[parent][-1]) == _place(task):
            chain_of[task.id] = chain_of[parent]
            chain_of[parent].append(task)
        else:
            chain_of[task.id] = [task]
    return [tuple(chain) for task in tasks if (chain := chain_of[task.id])[0] is task]


def _depths(units: Sequence[Unit]) -> list[int]:
    """Longest way to each unit from one that waits for nothing here."""
    depth_of: dict[str, int] = {}
    for unit in units:
        depth = 1 + max((depth_of.get(parent, 0) for parent in unit[0].upstream), default=0)
        depth_of.update((task.id, depth) for task in unit)
    return [depth_of[unit[0].id] for unit in units]


def _place(task: Task) -> object:
    """Tasks that may share a Dask task: the same resources on the same platform."""
    return (task.platform.kind, tuple(sorted(task.resources.items())))
