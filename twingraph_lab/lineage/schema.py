"""Events of a run → vertices and edges. Pure: no database, no files, no clock.

Vertices: `Run`; `Node`, a step as one version of a workflow defines it; `Execution`, one attempt at a node, failed
and cached ones included; `Artifact`, a value by its digest. Edges: RAN (Run → Execution), OF (Execution → Node),
CONSUMED and PRODUCED (Execution → Artifact, with `input` or `output`), DEPENDS_ON (parent → child), RETRY_OF,
REPLAY_OF and CACHED_FROM (later → earlier execution). An Execution also has its node's attributes and the text keys of
TwinGraph 0.1 (`Name`, `Hash`, `Parent Hash`, `Output`, …).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from twingraph_lab.events import (
    Event,
    Failure,
    Metrics,
    Outputs,
    RunFinished,
    RunRequested,
    RunStarted,
    TaskCancelled,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskRetried,
    TaskStarted,
    TaskUncertain,
)
from twingraph_lab.lineage.changes import Changes, execution_id, node_vertex_id, run_vertex_id
from twingraph_lab.lineage.inputs import described, given
from twingraph_lab.lineage.preview import LIMIT, Secrets, masked, secret_name, shortened, without_literals
from twingraph_lab.lineage.provenance import Code
from twingraph_lab.spec.workflow import Node, Workflow

RECORDED = (
    "run.requested",
    "run.started",
    "run.finished",
    "task.started",
    "task.retried",
    "task.completed",
    "task.failed",
    "task.cancelled",
    "task.uncertain",
)
"""The types of events that change the graph."""

PLATFORMS = {
    "local": "Local without Containers",
    "docker": "Docker",
    "kubernetes": "Kubernetes",
    "batch": "AWS Batch",
    "lambda": "AWS Lambda",
}
"""TwinGraph's names."""
_LONGEST_SOURCE = 64 * 1024
Properties = dict[str, Any]


@dataclass(slots=True)
class _Execution:
    identifier: str
    attempt: int
    running: bool = True
    started: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run beside its events. `git` and `environment` are properties for its vertices."""

    run_id: str
    workflow: Workflow
    digest: str
    parameters: Mapping[str, Any]
    code_of: Callable[[Node], Code]
    git: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    replay_of: str = ""


class RunLineage:
    """Folds the events of one run, in order, into changes. It remembers executions and outputs, and nothing else."""

    def __init__(self, facts: RunFacts) -> None:
        self._latest: dict[str, _Execution] = {}
        self._outputs: dict[str, Outputs] = {}
        self._codes: dict[str, Properties] = {}
        self._sources: dict[str, str] = {}
        self._secrets = Secrets()
        self.update(facts)

    def update(self, facts: RunFacts) -> None:
        """The same run, whose workflow has grown."""
        self.facts = facts
        self._secrets = self._secrets.also(
            [facts.parameters, *(tree for node in facts.workflow.nodes for tree in (node.inputs, node.attributes))]
        )

    def knows(self, event: Event) -> bool:
        """Whether the node that the event is about is in the workflow as it is known here."""
        return not isinstance(event, TaskEvent) or event.task_id in self.facts.workflow.by_id

    def apply(self, event: Event, changes: Changes) -> None:
        """Add what the event does to `changes`. An event that says nothing about lineage does nothing."""
        match event:
            case RunRequested() | RunStarted() | RunFinished():
                self._run(event, changes)
            case TaskStarted():
                self._start(event, event.attempt, event.time, changes, platform=event.platform, worker=event.worker)
            case TaskCompleted():
                self._complete(event, changes)
            case TaskRetried(failure=failure, metrics=metrics) | TaskFailed(failure=failure, metrics=metrics):
                self._end(event, "failed", changes, metrics, failure)
            case TaskUncertain(failure=failure):
                self._end(event, "uncertain", changes, Metrics(), failure)
            case TaskCancelled():
                known = self._latest.get(event.task_id)
                if known is not None and known.running:
                    known.running = False
                    self._finish(known, event.time, changes, status="cancelled")

    def _run(self, event: RunRequested | RunStarted | RunFinished, changes: Changes) -> None:
        facts = self.facts
        properties: Properties = {"run_id": facts.run_id, "name": facts.workflow.name, "workflow_digest": facts.digest}
        match event:
            case RunRequested():
                properties |= {"status": "requested", "requested": event.time.isoformat()}
                properties["parameters"] = self._secrets.preview(dict(facts.parameters))
                properties |= {"source": facts.source or None, **facts.git, **facts.environment}
            case RunStarted(coordinator=coordinator, epoch=epoch):
                properties |= {"status": "running", "coordinator": coordinator, "epoch": epoch}
                properties["started" if epoch == 1 else "resumed"] = event.time.isoformat()
            case RunFinished(status=status, error=error):
                message = self._secrets.text(error) or None
                properties |= {"status": status, "ended": event.time.isoformat(), "error": message}
                for execution in self._latest.values():
                    self._lose(execution, event.time, changes)
        changes.vertex(run_vertex_id(facts.run_id), "Run", properties)

    def _start(
        self,
        event: TaskEvent,
        attempt: int,
        started: datetime,
        changes: Changes,
        *,
        platform: str = "",
        worker: str = "",
    ) -> _Execution:
        facts, node = self.facts, self.facts.workflow.by_id[event.task_id]
        before = self._latest.get(node.id)
        execution = _Execution(execution_id(facts.run_id, node.id, attempt), attempt, started=started)
        self._latest[node.id] = execution
        code = self._code(node, changes)
        inputs = given(node, facts.parameters, self._outputs)
        parents = [self._latest[name].identifier for name in node.upstream if name in self._latest]
        kind, when, identifier = platform or node.platform.kind, started.isoformat(), execution.identifier
        properties: Properties = {
            **{name: self._value(masked(name, value)) for name, value in node.attributes.items()},
            "hash": identifier,
            "run_id": facts.run_id,
            "node": node.id,
            "workflow": facts.workflow.name,
            "attempt": attempt,
            "status": "running",
            "started": when,
            "platform": kind,
            "worker": worker or None,
            "input_hash": inputs.digest,
            **code,
            **facts.git,
            **(facts.environment if kind == "local" else {}),
            "Timestamp": started.replace(tzinfo=None).isoformat(sep=" "),
            "Input Values": self._secrets.preview(inputs.shown),
            "Docker Image": str(node.platform.options.get("image") or "NotProvided"),
            # as a call has told its program: before it was known which attempt succeeds
            "Parent Hash": str([execution_id(facts.run_id, name, 1) for name in node.upstream if name in self._latest]),
            "Hash": execution_id(facts.run_id, node.id, 1),
            "Compute Platform": PLATFORMS.get(kind, kind),
        }
        changes.vertex(identifier, "Execution", properties)
        changes.edge("RAN", run_vertex_id(facts.run_id), identifier)
        changes.edge("OF", identifier, node_vertex_id(facts.digest, node.id))
        for parent in parents:
            changes.edge("DEPENDS_ON", parent, identifier)
        for digest, name in inputs.consumed:
            changes.edge("CONSUMED", identifier, digest, input=name)
        if before is None:
            self._repeat(execution, changes)
        elif before.attempt != attempt:
            self._lose(before, started, changes)
            changes.edge("RETRY_OF", identifier, before.identifier)
        return execution

    def _repeat(self, execution: _Execution, changes: Changes) -> None:
        """The first attempt of a run that repeats one node of another (`run/node/attempt`)."""
        run_id, _, rest = self.facts.replay_of.partition("/")
        node, _, attempt = rest.partition("/")
        if attempt.isdecimal() and int(attempt) and self._latest.get(node) is execution:
            changes.edge("REPLAY_OF", execution.identifier, execution_id(run_id, node, int(attempt)))

    def _ending(self, event: TaskEvent, metrics: Metrics, changes: Changes) -> _Execution:
        """The execution that the event ends; a cached one, or one that never got a worker, begins with it."""
        known = self._latest.get(event.task_id)
        if known is None or known.attempt != event.attempt:
            known = self._start(event, event.attempt, event.time - timedelta(seconds=metrics.wall_s), changes)
        known.running = False
        return known

    def _complete(self, event: TaskCompleted, changes: Changes) -> None:
        execution = self._ending(event, event.metrics, changes)
        self._outputs[event.task_id] = event.outputs
        values = {name: described(artifact) for name, artifact in event.outputs.items()}
        self._secrets = self._secrets.also([values])
        for name, artifact in event.outputs.items():
            properties = {"digest": artifact.digest, "media_type": artifact.media_type, "size": artifact.size}
            if artifact.inline and not secret_name(name):
                properties["value"] = self._value(values[name])
            changes.vertex(artifact.digest, "Artifact", properties)
            changes.edge("PRODUCED", execution.identifier, artifact.digest, output=name)
        properties = {"Output": self._secrets.preview(values), "cached_from": event.cached_from or None}
        self._finish(execution, event.time, changes, status="completed", metrics=event.metrics, **properties)
        if event.cached_from:
            changes.cached[execution.identifier] = event.cached_from

    def _end(self, event: TaskEvent, status: str, changes: Changes, metrics: Metrics, failure: Failure) -> None:
        execution = self._ending(event, metrics, changes)
        failed = {"error": self._secrets.text(failure.message), "error_type": failure.type, "error_kind": failure.kind}
        self._finish(execution, event.time, changes, status=status, metrics=metrics, **failed)

    def _finish(
        self,
        execution: _Execution,
        ended: datetime,
        changes: Changes,
        *,
        status: str,
        metrics: Metrics = Metrics(),  # noqa: B008  (frozen)
        **properties: Any,
    ) -> None:
        measured = {
            "status": status,
            "ended": ended.isoformat(),
            "wall_s": metrics.wall_s,
            "cpu_s": metrics.cpu_s,
            "peak_memory_bytes": metrics.peak_memory_bytes,
        }
        changes.vertex(execution.identifier, "Execution", {**measured, **properties})

    def _lose(self, execution: _Execution, noticed: datetime, changes: Changes) -> None:
        """An attempt that nobody reported the end of."""
        if execution.running:
            execution.running = False
            lost = {"status": "lost", "ended": noticed.isoformat()}
            changes.vertex(execution.identifier, "Execution", lost)

    def _value(self, value: Any) -> Any:
        if isinstance(value, (bool, int, float)) and abs(value) < 1 << 63:
            return value
        if isinstance(value, str):
            return self._secrets.text(value)
        return self._secrets.preview(value)

    def _code(self, node: Node, changes: Changes) -> Properties:
        """What an execution says of its node's code. The first time, the node gets its vertex."""
        if node.id in self._codes:
            return self._codes[node.id]
        code, facts = self.facts.code_of(node), self.facts
        if code.source not in self._sources:
            self._sources[code.source] = self._secrets.hide(without_literals(code.source))
        source = self._sources[code.source]
        common: Properties = {"name": code.name, "component": code.component, "code_hash": code.code_hash}
        properties = {
            **common,
            "node": node.id,
            "workflow": facts.workflow.name,
            "workflow_digest": facts.digest,
            "inputs": self._secrets.preview(node.inputs),
            "platform": node.platform.kind,
            "description": node.description or None,
            "source": shortened(source, _LONGEST_SOURCE) or None,
        }
        changes.vertex(node_vertex_id(facts.digest, node.id), "Node", properties)
        self._codes[node.id] = {
            **common,
            "Name": code.name,
            "Signature": code.signature or None,
            "Argument Specifications": code.arguments or None,
            "Source Code": shortened(source, LIMIT) or None,
            "Git History": self._secrets.text(code.history) or None,
        }
        return self._codes[node.id]
