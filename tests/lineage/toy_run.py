"""Small runs as events, and the graphs they make: load → clean → (stats, plot), where plot fails once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from twingraph_lab.events import (
    Artifact,
    Event,
    Failure,
    Metrics,
    RunFinished,
    RunRequested,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskRetried,
    TaskStarted,
)
from twingraph_lab.lineage.changes import Changes
from twingraph_lab.lineage.embedded.batch import upsert
from twingraph_lab.lineage.embedded.connection import open_graph
from twingraph_lab.lineage.embedded.store import Store
from twingraph_lab.lineage.provenance import Code
from twingraph_lab.lineage.schema import RunFacts, RunLineage
from twingraph_lab.spec.workflow import Node, Source, Workflow

RUN = "run1"
BEGUN = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
WORKFLOW = Workflow(
    name="toy",
    nodes=(
        Node(id="load", component=Source(code="rows = [1, 2]", outputs=("rows",)), inputs={"url": {"param": "url"}}),
        Node(id="clean", component=Source(code="result = rows"), inputs={"rows": {"ref": "load.rows"}}),
        Node(id="stats", component=Source(code="mean = 1.5", outputs=("mean",)), inputs={"x": {"ref": "clean"}}),
        Node(id="plot", component=Source(code="1 / 0"), inputs={"text": "{{ stats.mean }}", "x": [{"ref": "clean"}]}),
    ),
)
PARAMETERS = {"url": "https://example.org/data.csv"}


def artifact(value: Any) -> Artifact:
    """`value` as an event holds it."""
    data = json.dumps(value).encode()
    digest = f"sha256:{sha256(data).hexdigest()}"
    return Artifact(digest=digest, media_type="application/json", size=len(data), inline=True, data=value)


def stored(size: int = 10**6, media_type: str = "application/vnd.apache.arrow.file") -> Artifact:
    """A value that only the artifact store holds."""
    return Artifact(digest=f"sha256:{sha256(str(size).encode()).hexdigest()}", media_type=media_type, size=size)


def at(seconds: float) -> datetime:
    """So long after the run was asked for."""
    return BEGUN + timedelta(seconds=seconds)


def started(task: str, seconds: float, attempt: int = 1, run: str = RUN) -> Event:
    return TaskStarted(run_id=run, task_id=task, attempt=attempt, worker="tcp://127.0.0.1:1", time=at(seconds))


def completed(
    task: str, seconds: float, attempt: int = 1, run: str = RUN, cached_from: str = "", **outputs: Any
) -> Event:
    return TaskCompleted(
        run_id=run,
        task_id=task,
        attempt=attempt,
        time=at(seconds),
        metrics=Metrics(wall_s=seconds / 10, cpu_s=seconds / 20, peak_memory_bytes=10**6),
        outputs={name: value if isinstance(value, Artifact) else artifact(value) for name, value in outputs.items()},
        cached_from=cached_from,
    )


def failed(
    task: str, seconds: float, attempt: int = 1, message: str = "division by zero", *, final: bool = True
) -> Event:
    failure = Failure(kind="error", type="ZeroDivisionError", message=message)
    event = TaskFailed if final else TaskRetried
    return event(
        run_id=RUN, task_id=task, attempt=attempt, time=at(seconds), failure=failure, metrics=Metrics(wall_s=1)
    )


def requested(run: str = RUN, parameters: dict[str, Any] | None = None) -> Event:
    found = PARAMETERS if parameters is None else parameters
    return RunRequested(run_id=run, workflow="toy", digest=WORKFLOW.digest, parameters=found, time=BEGUN)


def finished(seconds: float, status: str = "completed", run: str = RUN, error: str = "") -> Event:
    return RunFinished(run_id=run, status=status, time=at(seconds), error=error)


EVENTS: tuple[Event, ...] = (
    requested(),
    RunStarted(run_id=RUN, coordinator="here", epoch=1, time=at(0.5)),
    started("load", 1),
    completed("load", 2, rows=[1, 2]),
    started("clean", 3),
    completed("clean", 4, result=[1]),
    started("stats", 5),
    started("plot", 5),
    completed("stats", 6, mean=1.5),
    failed("plot", 6, final=False),
    started("plot", 7, attempt=2),
    failed("plot", 8, attempt=2),
    finished(9, "failed", error="plot: ZeroDivisionError: division by zero"),
)


def facts(workflow: Workflow = WORKFLOW, parameters: dict[str, Any] | None = None, **more: Any) -> RunFacts:
    """What is known of the toy run."""

    def code_of(node: Node) -> Code:
        component = workflow.component_of(node)
        return Code(
            node.id, "source:python", f"sha256:{node.id}", getattr(component, "code", ""), "(x)", "FullArgSpec()"
        )

    given = PARAMETERS if parameters is None else parameters
    return RunFacts(RUN, workflow, workflow.digest, given, code_of, **more)


def changes_of(*events: Event, **more: Any) -> Changes:
    """What these events do to the graph."""
    lineage, changes = RunLineage(facts(**more)), Changes()
    for event in events:
        lineage.apply(event, changes)
    return changes


def graph_of(path: Any, changes: Changes) -> Any:
    """A traversal source over the graph that these changes make."""
    store = Store(path / "lineage.db")
    with store.writing() as connection:
        missing = upsert(connection, changes.vertices.values(), changes.edges.values())
    assert missing == []
    return open_graph(store)


def toy_graph(path: Any) -> Any:
    """The graph of the toy run."""
    return graph_of(path, changes_of(*EVENTS))
