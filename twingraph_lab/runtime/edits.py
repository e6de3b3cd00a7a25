"""What was edited since a run began that is taken up again: told once, while finished calls keep their results."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import Task
from twingraph_lab.planning.tasks import component_key, task_of
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.replay import Site, component_name
from twingraph_lab.runtime.run import Run
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Component, Node, Pickled

Files = Callable[[Component, Task, RunContext], Mapping[str, datetime]]
"""The files of the project that a task's code leads to, by name, and when each was written."""


class Edits:
    """Warns of one run. `components` are the run's, with those that it gets later."""

    def __init__(self, run: Run, ledger: Ledger, components: Mapping[str, Component], files: Files) -> None:
        self._run = run
        self._ledger = ledger
        self._components = components
        self._files = files
        self._told: set[str] = set()
        self._looked = False

    def look(self, name: str, now: Component | None, site: Site | None) -> None:
        """Warn at `site` if the component of a finished call is another one now; the first time of files, too."""
        if not self._looked:
            self._looked = True
            self.look_at_files(site)
        then = self._components.get(name)
        if name not in self._told and now is not None and then is not None and edited(then, now):
            self._told.add(name)
            self._warn(site, f"component {name!r} has changed since run {self._run.id} began")

    def look_at_files(self, site: Site | None = None) -> None:
        """Warn of what the components import; of all of them at once, as many may share a module.

        Worth asking again at the end: it takes a while until what workers finished by themselves is known.
        """
        context = RunContext.model_validate(self._run.record.context)
        claims = [event.time for event in self._ledger.events(self._run.id, types=("run.started",))]

        def files(node: Node) -> Mapping[str, datetime]:
            key = component_key(node)
            component = self._components[key] if isinstance(node.component, str) else node.component
            return self._files(component, task_of(node, key), context)

        found = rewritten(self._run.workflow.nodes, self._run.tasks, claims, files)
        if new := [file for file in found if file not in self._told]:
            self._told.update(new)
            used = "; ".join(f"{file}, used by {', '.join(map(repr, found[file]))}" for file in new)
            self._warn(site, f"modules were written since run {self._run.id} began ({used})")

    def _warn(self, site: Site | None, what: str) -> None:
        file, line = (site.file, site.line) if site else ("<program>", 0)
        warnings.warn_explicit(f"{what}; what is finished keeps its results", UserWarning, file, line)


def edited(then: Component, now: Component) -> bool:
    """Whether a component's code is another one, as far as that can be told without importing it."""
    if isinstance(then, Pickled) and isinstance(now, Pickled):
        if then.digest and now.digest:
            return then.digest != now.digest
        if then.source and now.source:
            return then.source != now.source
        return then.data != now.data
    return then != now


def rewritten(
    nodes: Iterable[Node],
    tasks: Mapping[str, TaskRecord],
    claims: Sequence[datetime],
    files: Callable[[Node], Mapping[str, datetime]],
) -> dict[str, list[str]]:
    """The files written since finished calls may have imported them, each with the components that use it.

    `files` are those of the project that a node leads to, and when each was written. A process imports a module once,
    maybe for a call before this one: so what counts is the last of the `claims` of the run before the call began.
    """
    oldest: dict[str, tuple[datetime, Node]] = {}
    for node in nodes:
        task = tasks.get(node.id)
        if task is None or task.state not in (TaskState.COMPLETED, TaskState.FAILED):
            continue
        if (begun := task.started or task.finished) is not None:
            since = max((claim for claim in claims if claim <= begun), default=begun)
            oldest[component_name(node)] = min(
                oldest.get(component_name(node), (since, node)), (since, node), key=lambda each: each[0]
            )
    found: dict[str, list[str]] = {}
    for name, (since, node) in oldest.items():
        for file, written in files(node).items():
            if written > since:
                found.setdefault(file, []).append(name)
    return found
