"""Why the nodes of a run ran, or where they were taken from: what the ledger knows, compared run by run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.display import clip, printable
from twingraph_lab.frontends.missing import known
from twingraph_lab.frontends.reasons import Cause, Computation, causes
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Workflow

EARLIER = 50
"""How many earlier runs of a workflow are compared with."""
UNBEGUN = (TaskState.PENDING, TaskState.DISPATCHED, TaskState.SKIPPED)

Outcome = Literal["ran", "cached", "kept", "idle"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of a node and why.

    It `ran` for `causes`, in comparison with run `compared`; or it was `cached` or `kept` from an earlier run,
    where `origin` (`run/node`) computed it; or it stayed `idle`.
    """

    node: str
    state: TaskState
    outcome: Outcome
    origin: str = ""
    compared: str = ""
    causes: tuple[Cause, ...] = ()

    @property
    def summary(self) -> str:
        """In one line."""
        match self.outcome:
            case "cached" | "kept":
                return f"from {self.origin}"
            case "idle":
                return f"it is {self.state}"
        return clip(printable("; ".join(map(str, self.causes))), 300)


@dataclass(frozen=True, slots=True)
class _Told:
    """A run, read once."""

    record: RunRecord
    workflow: Workflow
    context: RunContext
    tasks: dict[str, TaskRecord]
    ran: frozenset[str]

    def computation(self, node: str) -> Computation | None:
        """Of a node that is in the run."""
        found, task = self.workflow.by_id.get(node), self.tasks.get(node)
        if found is None or task is None:
            return None
        return Computation(
            run_id=self.record.run_id,
            node=found,
            component=self.workflow.component_of(found),
            parameters=self.record.parameters,
            context=self.context,
            outputs={parent: self.tasks[parent].outputs for parent in found.upstream if parent in self.tasks},
            ran=self.ran,
            basis=task.basis,
            task=task,
            at=task.started or task.finished or self.record.requested,
        )


class History:
    """Runs of one ledger, each read when it is first needed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._runs: dict[str, _Told | None] = {}
        self._workflows: dict[str, Workflow] = {}

    def run(self, run_id: str) -> _Told | None:
        """A run by its exact id; None if the ledger doesn't have it."""
        if run_id not in self._runs:
            try:
                self._runs[run_id] = self._read(self._ledger.run(run_id))
            except NotFoundError:
                self._runs[run_id] = None
        return self._runs[run_id]

    def _read(self, record: RunRecord) -> _Told:
        tasks = self._ledger.tasks(record.run_id)
        workflow = None if record.dynamic else self._workflows.get(record.digest)
        if workflow is None:
            workflow = Workflow.model_validate_json(record.document)
            if not record.dynamic:  # else it has grown since its digest was taken
                self._workflows[record.digest] = workflow
        ran = frozenset(task_id for task_id, task in tasks.items() if _ran(task))
        return _Told(record, workflow, RunContext.model_validate(record.context), tasks, ran)

    def origin(self, run_id: str, node: str) -> Computation | None:
        """How the outputs were computed that a node has in a run: there, or where they were taken from."""
        told = self.run(run_id)
        task = told.tasks.get(node) if told else None
        if task and task.cached_from:
            first_run, _, first_node = task.cached_from.partition("/")
            first = self.run(first_run)
            if first and (computation := first.computation(first_node)):
                return computation
        return told.computation(node) if told else None

    def before(self, workflow: str, run_id: str | None = None) -> Earlier:
        """What came before a run of this workflow, or by now."""
        runs = self._ledger.earlier(workflow, before=run_id, limit=EARLIER)
        ids = [run.run_id for run in runs if not run.replay_of]
        return Earlier(self, ids, self._ledger.last_completed(ids))


@dataclass(frozen=True, slots=True)
class Earlier:
    """The earlier runs of a workflow, newest first, and the newest one in which each node completed."""

    history: History
    run_ids: list[str]
    completed: dict[str, str]

    def computation(self, node: str) -> Computation | None:
        """The last time the node completed, as it was computed then."""
        return self.history.origin(self.completed[node], node) if node in self.completed else None

    def last(self, node: str) -> TaskRecord | None:
        """How the node fared in the run before."""
        told = self.history.run(self.run_ids[0]) if self.run_ids else None
        return told.tasks.get(node) if told else None


def explain(ledger: Ledger, store: ArtifactStore, run_id: str, node: str | None = None) -> list[Explanation]:
    """For each node of a run, or for one, what became of it and why. Raises `NotFoundError`."""
    history = History(ledger)
    told = history.run(ledger.run(run_id).run_id)
    assert told is not None
    if node is not None and node not in told.tasks:
        raise NotFoundError(f"run {told.record.run_id}: {known('node', node, told.tasks)}")
    earlier = history.before(told.record.workflow, told.record.run_id)
    return [_explanation(told, task, earlier, store) for task in told.tasks.values() if node in (None, task.task_id)]


def _explanation(told: _Told, task: TaskRecord, earlier: Earlier, store: ArtifactStore) -> Explanation:
    name = task.task_id
    if task.cached_from:
        partial = told.context.asked or told.context.replay_of
        return Explanation(name, task.state, "kept" if partial else "cached", origin=task.cached_from)
    after = told.computation(name) if _ran(task) else None
    if after is None:
        return Explanation(name, task.state, "idle")
    before = earlier.computation(name)
    found = causes(before, after, last=earlier.last(name), store=store)
    return Explanation(name, task.state, "ran", compared=before.run_id if before else "", causes=tuple(found))


def _ran(task: TaskRecord) -> bool:
    """Whether a body was begun for it in this run."""
    if task.cached_from or task.state in UNBEGUN:
        return False
    return task.state is not TaskState.CANCELLED or task.started is not None


def told_as_json(found: list[Explanation]) -> dict[str, dict[str, object]]:
    """By node, for programs."""
    return {
        each.node: {
            "state": str(each.state),
            "outcome": each.outcome,
            "origin": each.origin,
            "compared_with": each.compared,
            "causes": [cause_as_json(cause) for cause in each.causes],
        }
        for each in found
    }


def cause_as_json(cause: Cause) -> dict[str, str]:
    """A cause by field; `message` is all of it but the detail, in one line."""
    return {
        "kind": cause.kind,
        "about": cause.about,
        "before": cause.before,
        "after": cause.after,
        "message": str(cause),
        "detail": cause.detail,
    }
