"""Failures of a run by their cause: what failed alike is told once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from twingraph_lab.events import Failure
from twingraph_lab.frontends.display import counted
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.states import TaskState

NAMED = 8
"""So many nodes with the same cause are named."""


class Cause(NamedTuple):
    """Tasks that failed for the same reason; `failure` is the first one's, with its traceback."""

    state: TaskState
    failure: Failure
    tasks: tuple[TaskRecord, ...]

    @property
    def title(self) -> str:
        """Which nodes failed, and how."""
        if len(self.tasks) == 1:
            return f"{self.tasks[0].task_id}, attempt {self.tasks[0].attempt}: {self.failure.kind}"
        names = ", ".join(task.task_id for task in self.tasks[:NAMED])
        more = f", … {len(self.tasks) - NAMED} more" if len(self.tasks) > NAMED else ""
        return f"{counted(len(self.tasks), 'node')} with the same {self.failure.kind}: {names}{more}"

    @property
    def text(self) -> str:
        """The traceback of the first, else the error in a line."""
        return self.failure.traceback or str(self.failure)


def causes(tasks: Iterable[TaskRecord]) -> list[Cause]:
    """In the order of the first task of each; same are those with the same kind, exception and message."""
    groups: dict[tuple[TaskState, str, str, str], list[TaskRecord]] = {}
    for task in tasks:
        if task.failure is not None:
            key = (task.state, task.failure.kind, task.failure.type, task.failure.message)
            groups.setdefault(key, []).append(task)
    return [
        Cause(state, failure, tuple(alike))
        for (state, *_), alike in groups.items()
        if (failure := alike[0].failure) is not None
    ]
