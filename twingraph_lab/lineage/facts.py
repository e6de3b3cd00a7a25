"""What lineage needs to know of a run beside its events: its workflow, its code, its repository."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from twingraph_lab.events import Event, RunRequested
from twingraph_lab.lineage.changes import Changes, run_vertex_id
from twingraph_lab.lineage.embedded.lookup import properties_of
from twingraph_lab.lineage.embedded.store import Store
from twingraph_lab.lineage.provenance import Code, describe, git_state
from twingraph_lab.lineage.schema import RECORDED, RunFacts, RunLineage
from twingraph_lab.runtime.records import RunRecord
from twingraph_lab.spec.workflow import Component, Node, Source, Workflow

_FRESH = timedelta(minutes=1)
"""Later than that, the repository's state says nothing about the run's any more."""
_GIT_KEYS = ("git_commit", "git_branch", "git_dirty")
_PAGE = 1000


class RunLog(Protocol):
    """The part of `Ledger` that is needed here."""

    def run(self, run_id: str) -> RunRecord:
        """A run by its id."""
        ...


class EventReader(Protocol):
    """The part of `EventStream` that is needed here."""

    def read(
        self, run_id: str | None = None, *, after: int = 0, limit: int = ..., types: Collection[str] = ()
    ) -> Sequence[Event]:
        """Events in order, from the first one after `after`."""
        ...


class Runs:
    """The `RunLineage` of each run that is going on, brought up to date from the log where it isn't known yet."""

    def __init__(self, ledger: RunLog, stream: EventReader, store: Store) -> None:
        self._ledger = ledger
        self._stream = stream
        self._store = store
        self._known: dict[str, RunLineage] = {}
        self._environment = {"python": platform.python_version(), "host": platform.node() or None}

    def of(self, event: Event, recorded: int) -> RunLineage:
        """The lineage of the event's run, after everything up to event `recorded`."""
        known = self._known.get(event.run_id)
        if known is None:
            known = self._known[event.run_id] = RunLineage(self._facts(event))
            if not isinstance(event, RunRequested):
                self._replay(known, recorded)
        if not known.knows(event):
            known.update(self._facts(event))
        return known

    def forget(self, run_id: str) -> None:
        """Nothing more is expected of this run."""
        self._known.pop(run_id, None)

    def forget_all(self) -> None:
        """What is known may be wrong; it is in the log."""
        self._known.clear()

    def _replay(self, lineage: RunLineage, recorded: int) -> None:
        """Go over events whose changes are in the graph already, for what they leave in memory."""
        changes, after = Changes(), 0
        while after < recorded:
            page = self._stream.read(lineage.facts.run_id, after=after, limit=_PAGE, types=RECORDED)
            for event in page:
                if event.seq <= recorded and lineage.knows(event):
                    with suppress(Exception):  # it was logged when it was new
                        lineage.apply(event, changes)
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    def _facts(self, event: Event) -> RunFacts:
        record = self._ledger.run(event.run_id)
        workflow = Workflow.model_validate_json(record.document)
        return RunFacts(
            record.run_id,
            workflow,
            record.digest,
            record.parameters,
            _coder(record, workflow),
            self._git(record, event),
            self._environment,
            str(record.context.get("source") or ""),
            str(record.context.get("replay_of") or ""),
        )

    def _git(self, record: RunRecord, event: Event) -> dict[str, Any]:
        """The repository as it was when the run was submitted, if that is known."""
        state: Any = record.context.get("git")
        folder = record.context.get("cwd")
        if not state and isinstance(event, RunRequested) and datetime.now(UTC) - event.time < _FRESH and folder:
            state = git_state(str(folder))
        if state:
            return {key: state.get(key.removeprefix("git_")) for key in _GIT_KEYS}
        with self._store.reading() as connection:
            return properties_of(connection, run_vertex_id(record.run_id), _GIT_KEYS)


def _coder(record: RunRecord, workflow: Workflow) -> Callable[[Node], Code]:
    """A function from node to code that looks at each component once."""
    sys_path = record.context.get("sys_path")
    places = [*(map(str, sys_path) if isinstance(sys_path, (list, tuple)) else ()), *sys.path]
    script = str(record.context.get("source") or "")
    known: dict[Component, Code] = {}

    def code_of(node: Node) -> Code:
        component = workflow.component_of(node)
        if isinstance(component, Source):
            return describe(node, component, places, record.requested)
        if component not in known:
            known[component] = describe(node, component, places, record.requested, script)
        return known[component]

    return code_of
