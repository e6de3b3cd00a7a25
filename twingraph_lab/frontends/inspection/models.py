"""What a run, a node, its values and its log look like to whoever looks at them: REST, GraphQL and widgets alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import JsonValue

from twingraph_lab.events import Failure, Frozen, Metrics


class RunSummary(Frozen):
    """A run in a list. `counts` are its nodes by state; `orphaned` says that it is under way, but nobody drives it."""

    run_id: str
    workflow: str
    state: str
    requested: datetime
    started: datetime | None = None
    finished: datetime | None = None
    active_s: float = 0.0
    nodes: int = 0
    counts: Mapping[str, int] = {}
    orphaned: bool = False
    dynamic: bool = False
    resumable: bool = False
    error: str = ""
    source: str = ""
    replay_of: str = ""


class NodeSummary(Frozen):
    """A node of a run in a list."""

    id: str
    state: str
    attempt: int = 0
    started: datetime | None = None
    finished: datetime | None = None
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    platform: str = ""
    worker: str = ""
    cached_from: str = ""
    error: str = ""


class RunDetail(RunSummary):
    """A run with its nodes in the document's order, its parameters, and what it was submitted from."""

    parameters: Mapping[str, JsonValue] = {}
    digest: str = ""
    coordinator: str = ""
    epoch: int = 0
    context: Mapping[str, JsonValue] = {}
    tasks: tuple[NodeSummary, ...] = ()


class Preview(Frozen):
    """A stored value, made safe to show: never HTML. `kind` says which field holds it.

    `table`: `columns`, `types`, the first `rows` as text, and how many there are in all (`row_count`). `image`: base64
    in `data` of `media_type`, only raster images. `json` and `text`: `text`. `binary`: nothing but `summary`, a line
    about the value that every kind has. `truncated` says that there is more of it than is here.
    """

    name: str
    kind: Literal["table", "image", "json", "text", "binary"]
    media_type: str
    size: int
    digest: str
    summary: str = ""
    truncated: bool = False
    text: str = ""
    data: str = ""
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    row_count: int = 0


class Attempt(Frozen):
    """One attempt of a node."""

    number: int
    started: datetime
    ended: datetime | None = None
    ending: str
    worker: str = ""
    failure: Failure | None = None


class Given(Frozen):
    """An input of a node in a run.

    `source` says where it came from: `node.output`, `parameter n`, several of these, or nothing for a literal. There is
    no `value` as long as it isn't known.
    """

    name: str
    source: str = ""
    value: Preview | None = None


class NodeDetail(NodeSummary):
    """All that is known of a node in a run."""

    component: str = ""
    code: str = ""
    language: str = ""
    inputs: tuple[Given, ...] = ()
    outputs: tuple[Preview, ...] = ()
    metrics: Metrics = Metrics()
    failure: Failure | None = None
    attempts: tuple[Attempt, ...] = ()
    environment: Mapping[str, str] = {}
    why: str = ""
    definition: Mapping[str, JsonValue] = {}


class LogLine(Frozen):
    """A line that a node wrote; `seq` is the cursor to go on from."""

    seq: int
    time: datetime
    node: str
    attempt: int
    stream: str
    level: str = ""
    text: str
    fields: Mapping[str, JsonValue] = {}


class LogPage(Frozen):
    """Lines in order, and the cursor after them. `more` says that there are further ones already."""

    lines: tuple[LogLine, ...]
    after: int
    more: bool = False


class Bar(Frozen):
    """A stretch of a node's time: seconds since the run's start, without the time in which nobody drove the run."""

    kind: Literal["waiting", "attempt", "cached"]
    attempt: int = 0
    start_s: float
    end_s: float
    ending: str = ""


class Lane(Frozen):
    """A node's bars."""

    id: str
    state: str
    bars: tuple[Bar, ...] = ()
    critical: bool = False


class TimelineView(Frozen):
    """When the nodes of a run ran."""

    active_s: float
    lanes: tuple[Lane, ...] = ()


class LineageVertex(Frozen):
    """An `Execution` or `Artifact` of the lineage graph, with what is known of it.

    `name` is the execution's node, or `node.output` for an artifact.
    """

    id: str
    label: str
    name: str
    properties: Mapping[str, Any] = {}


class LineageEdge(Frozen):
    """From `source` to `target`: always from what was earlier to what came of it, whichever way `label` reads."""

    id: str
    label: str
    source: str
    target: str


class LineageGraph(Frozen):
    """Part of the lineage; `truncated` says that there is more."""

    vertices: tuple[LineageVertex, ...] = ()
    edges: tuple[LineageEdge, ...] = ()
    truncated: bool = False
