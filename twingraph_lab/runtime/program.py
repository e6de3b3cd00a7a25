"""A run that a program builds while it runs: the program adds nodes, and waits for values when it needs them.

A program that is run again, after it was killed or its run failed, makes the same calls again. Those that have ended
are answered from the ledger, the others are started when the program comes to them (see `replay`).
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import ConflictError, ReplayError, RunFailedError
from twingraph_lab.events import Event
from twingraph_lab.planning.tasks import component_key, task_of
from twingraph_lab.runtime.answers import Answers, NodeFailedError
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.coordinator import Coordinator
from twingraph_lab.runtime.driver import RunDriver
from twingraph_lab.runtime.edits import Edits, Files, edited
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.raised import raised_as
from twingraph_lab.runtime.records import RunRecord
from twingraph_lab.runtime.replay import Replay, Site
from twingraph_lab.runtime.run import Run, failure
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.spec.workflow import Component, Node, canonical

__all__ = ["EndedRun", "NodeFailedError", "OpenRun", "attach", "check_program"]


class _Attended:
    """What a program asks of its run, whether that is going on or has ended."""

    def __init__(self, run: Run, ledger: Ledger, artifacts: ArtifactStore, *, recorded: bool) -> None:
        self.id = run.id
        self.run = run
        self._ledger = ledger
        self._answers = Answers(run.id, artifacts)
        self._kept: dict[str, Component] = {}
        self._replay = Replay(run.id)
        if recorded:
            workflow = run.workflow
            self._kept = dict(workflow.components)
            self._replay = Replay(run.id, workflow.nodes, ledger.growth(run.id).sites, artifacts.get)
            skips = ledger.events(run.id, limit=len(workflow.nodes) + 1, types=("task.skipped",))
            self._answers.remember(run.tasks, skips)
        self._broken: ReplayError | None = None

    def value(self, node_id: str, path: tuple[str, ...] = ()) -> Any:
        """Wait for a node and return what `path` reads of its outputs. Raises `NodeFailedError`, `RunFailedError`."""
        self._check()
        return self._answers.value(node_id, path)

    def names(self, node_id: str) -> Collection[str]:
        """The names of a node's outputs; waits and raises like `value`."""
        self._check()
        return self._answers.wait(node_id).keys()

    def _check(self) -> None:
        """What a program does after it went astray means nothing, even if it has caught the error."""
        if self._broken is not None:
            raise self._broken

    def _take(self, node: Node, site: Site | None) -> Node | None:
        """The recorded node that a call stands for. Raises `ReplayError`, from then on for everything."""
        self._check()
        if site is not None:
            self._answers.sites[node.id] = site
        try:
            return self._replay.take(node, site)
        except ReplayError as error:
            self._broken = error
            raise

    def _failure(self, record: RunRecord, handled: Collection[str]) -> RunFailedError:
        """Why the run has no result, and where the nodes that failed were called; of the class of the first failure."""
        self._answers.wait_for_end()
        sites = self._answers.sites
        failed = {node: cause for node, cause in self._answers.failed(sites).items() if node not in handled}
        calls = "".join(f"\nnode {node!r} was called in {sites[node]}" for node in islice(failed, 10))
        error = failure(record, calls)
        return raised_as(error, next(iter(failed.values()))) if failed and record.state is RunState.FAILED else error

    def _end(self) -> None:
        self._check()
        try:
            self._replay.end()
        except ReplayError as error:
            self._broken = error
            raise


class OpenRun(_Attended):
    """Thread-safe. Adding returns at once; what was added meanwhile is committed and submitted together."""

    def __init__(
        self,
        run: Run,
        coordinator: Coordinator,
        ledger: Ledger,
        artifacts: ArtifactStore,
        *,
        recorded_files: Files | None = None,
    ) -> None:
        super().__init__(run, ledger, artifacts, recorded=recorded_files is not None)
        self._edits = Edits(run, ledger, self._kept, recorded_files) if recorded_files is not None else None
        self._coordinator = coordinator
        self._lock = threading.Lock()
        self._added: list[Node] = []
        self._again: list[tuple[Node, Node]] = []
        self._components: dict[str, Component] = {}

    def add(
        self,
        nodes: Sequence[Node],
        components: Mapping[str, Component] | None = None,
        sites: Mapping[str, Site] | None = None,
    ) -> None:
        """Let the run grow. Nodes may refer to any node added before, or with them.

        Raises `ReplayError` if the run was begun before, and these aren't the nodes that were added then.
        """
        with self._lock:
            for name, component in (components or {}).items():
                self._components.setdefault(name, component)
            idle = not (self._added or self._again)
            for node in nodes:
                site = sites.get(node.id) if sites else None
                then = self._take(node, site)
                if then is None:
                    self._added.append(node)
                elif not self._answers.knows(then.id):
                    self._again.append((then, node))
                elif self._edits is not None:
                    self._edits.look(str(then.component), self._components.get(str(then.component)), site)
            if not idle or not (self._added or self._again):
                return
        self._coordinator.tell(self.id, self._grow)

    def close(self, outputs: Mapping[str, JsonValue] | None = None, *, handled: Collection[str] = ()) -> None:
        """No more nodes will come: wait for the end. Raises `RunFailedError` for failures that aren't `handled`."""
        self._end_or_abort()
        self._tell_end(outputs, handled, lambda driver: driver.close(handled))
        record = self.run.wait()
        self._look_at_files()
        if record.state is not RunState.COMPLETED:
            raise self._failure(record, handled)

    def stop(self, outputs: Mapping[str, JsonValue] | None = None, *, handled: Collection[str] = ()) -> None:
        """The program has what it wanted: what still runs is cancelled, and the run is completed."""
        self._end_or_abort()
        self._tell_end(outputs, handled, RunDriver.stop)
        record = self.run.wait()
        self._look_at_files()
        if record.state is not RunState.COMPLETED:
            raise failure(record)

    def abort(self, error: str, *, handled: Collection[str] = ()) -> None:
        """The program failed: stop what still runs, and end as failed for this reason."""
        self._tell_end(None, handled, lambda driver: driver.abort(error))
        self.run.wait()

    def committed(self, events: Sequence[Event]) -> None:
        """Called by the coordinator with what it has committed."""
        self._answers.learn(events)

    def _look_at_files(self) -> None:
        if self._edits is not None:
            self._edits.look_at_files()

    def _end_or_abort(self) -> None:
        try:
            self._end()
        except ReplayError as error:
            self.abort(f"ReplayError: {error}")
            raise

    def _tell_end(self, outputs: Mapping[str, JsonValue] | None, handled: Collection[str], act: Any) -> None:
        def end(driver: RunDriver) -> None:
            if not driver.finished:
                self._grow(driver)  # calls made while it grew, for which it has yet to grow again
            if not driver.finished and (outputs or handled):
                self._ledger.set_outputs(self.id, driver.job.epoch, outputs or {}, handled=handled)
            act(driver)

        self._coordinator.tell(self.id, end)

    def _grow(self, driver: RunDriver) -> None:
        with self._lock:
            added, again = list(self._added), list(self._again)
            current = dict(self._components)
        if not (added or again):
            return
        waiting = [(then, now) for then, now in again if not driver.ended(then.id)]
        needed = {str(node.component) for node in (*added, *(now for _, now in waiting))}
        new = {
            name: current[name]
            for name in needed & current.keys()
            if name not in self._kept or edited(self._kept[name], current[name])
        }
        changed = [now for then, now in waiting if now != then or str(now.component) in new]
        sites = {node.id: site.call for node in added if (site := self._answers.sites.get(node.id))}
        self._ledger.add_nodes(self.id, driver.job.epoch, added, components=new, sites=sites, again=changed)
        self._kept.update(new)
        with self._lock:  # not before they are kept: if the ledger fails, this is done again
            del self._added[: len(added)], self._again[: len(again)]
            if self._added or self._again:
                self._coordinator.tell(self.id, self._grow)
        if waiting:
            nodes = [now for _, now in waiting]
            driver.ask([task_of(node, component_key(node)) for node in nodes], {**_inline(nodes), **new})
        if added:
            tasks = [task_of(node, component_key(node)) for node in added]
            driver.add(tasks, {**_inline(added), **new})


class EndedRun(_Attended):
    """A run that has ended, for a program that comes by it again: the same answers and the same end, nothing runs."""

    def __init__(self, run: Run, ledger: Ledger, artifacts: ArtifactStore) -> None:
        super().__init__(run, ledger, artifacts, recorded=True)
        self._record = run.record
        self._answers.end(self._record.state, self._record.error)

    def add(
        self,
        nodes: Sequence[Node],
        components: Mapping[str, Component] | None = None,  # noqa: ARG002
        sites: Mapping[str, Site] | None = None,
    ) -> None:
        """Check that the run has these nodes. Raises `ReplayError`; `RunFailedError` after the last of a failed run."""
        for node in nodes:
            if self._take(node, sites.get(node.id) if sites else None) is None:
                if self._record.state is RunState.COMPLETED:
                    self._broken = ReplayError(f"run {self.id} is completed, but its program makes one more call now")
                    raise self._broken
                raise failure(self._record)

    def close(self, outputs: Mapping[str, JsonValue] | None = None, *, handled: Collection[str] = ()) -> None:  # noqa: ARG002
        """End as the run has ended."""
        self._end()
        if self._record.state is not RunState.COMPLETED:
            raise self._failure(self._record, handled)

    stop = close

    def abort(self, error: str, *, handled: Collection[str] = ()) -> None:
        """Nothing is left to abort."""


def check_program(record: RunRecord, name: str, parameters: Mapping[str, JsonValue]) -> None:
    """Raise `ConflictError` unless the run is one of this pipeline with these arguments; it lists both."""
    if not record.dynamic:
        raise ConflictError(
            f"run {record.run_id} ({record.workflow}) is one of a document: lab.resume({record.run_id!r}) resumes it"
        )
    if record.workflow != name:
        raise ConflictError(f"run {record.run_id} is one of pipeline {record.workflow!r}, not {name!r}")
    if canonical(dict(record.parameters)) != canonical(dict(parameters)):
        raise ConflictError(
            f"run {record.run_id} of {name!r} was begun with other arguments, so its results are not those of these:\n"
            f"  then: {_listed(record.parameters)}\n  now:  {_listed(parameters)}\n"
            "Resume it with those, or start a new run."
        )


def attach(run: Run, coordinator: Coordinator, ledger: Ledger, artifacts: ArtifactStore, files: Files) -> OpenRun:
    """Take up a run that a program builds, for that program run again; `files` tell it what was edited since.

    Nodes whose failure the program has dealt with keep it. So do all failed ones if the process was killed, as it would
    have gone on; else they are tried again. Raises `ConflictError` if the run is completed, or somebody drives it.
    """
    state, tasks = run.state, run.tasks
    if state is RunState.FAILED:
        keep: Collection[str] = ledger.growth(run.id).handled
    else:
        keep = [task_id for task_id, task in tasks.items() if task.state is not TaskState.CANCELLED]
    if state.final:
        ledger.reopen(run.id, keep=keep)
    opened = OpenRun(run, coordinator, ledger, artifacts, recorded_files=files)
    coordinator.take(run.id, watcher=opened.committed)
    return opened


def _inline(nodes: Sequence[Node]) -> dict[str, Component]:
    return {component_key(node): node.component for node in nodes if not isinstance(node.component, str)}


def _listed(parameters: Mapping[str, JsonValue]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in parameters.items()) or "none"
