"""What happened, in order: the only thing watchers ever see.

Producers make events without a `seq`; the ledger gives each its place when it commits them. Names are in the past
tense. Values are never in an event, only `Artifact`s: a description and, up to 64 KiB, the data inline.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

INLINE_LIMIT_BYTES = 64 * 1024
"""Values up to this size live in the ledger row; larger ones in a content-addressed file."""


class Frozen(BaseModel):
    """Immutable, and strict about its field names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Artifact(Frozen):
    """A stored value: the edge between tasks, the Dataset of OpenLineage.

    `digest` is `sha256:<hex>` of the encoded bytes, `size` their number. `data` holds the value itself for
    `application/json` and base64 text for any other media type; it is `None` where the bytes are in the artifact store.
    `summary` says what a value is whose bytes don't tell: `Series 12 float64`.
    """

    digest: str
    media_type: str
    size: int
    inline: bool = False
    data: JsonValue = None
    summary: str = ""


Outputs = Mapping[str, Artifact]
"""A task's results by output name. A body that returns one unnamed value has the single output `result`."""


class Metrics(Frozen):
    """What one attempt used. `peak_memory_bytes` is the resident peak of the process that ran the body."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0


class Basis(Frozen):
    """What an attempt's outputs were computed from, in parts, so that a later run can tell what has changed.

    `component` names the code, whatever it says, and `outputs` are those declared. `code` maps each piece of code
    (`cell`, a function, files of the project) to its digest, `inputs` each input to its digest, or to its value if it
    is a small literal; `parameters` has the values that templates read; `environment` maps `python`, `platform` and
    packages to versions. `key` is the cache key that this makes, empty if the task isn't cached, and `miss` why nothing
    was found under it.
    """

    key: str = ""
    component: str = ""
    outputs: tuple[str, ...] = ()
    code: Mapping[str, str] = {}
    inputs: Mapping[str, JsonValue] = {}
    parameters: Mapping[str, JsonValue] = {}
    environment: Mapping[str, str] = {}
    version: str = ""
    miss: Literal["", "new", "expired", "gone", "refreshed"] = ""


FailureKind = Literal[
    "error",  # the user's code raised
    "timeout",  # the body ran longer than its timeout and was stopped
    "crashed",  # the body's process died: signal, os._exit, out of memory
    "lost",  # the worker that ran it went away
    "serialization",  # a result can't be stored, an input can't be loaded
    "input",  # an input or template can't be resolved
    "platform",  # the platform couldn't run it, or can never satisfy its resources
    "cancelled",
]


class Raised(Frozen):
    """The class of an exception and, as far as they are JSON, its `args` and attributes."""

    module: str
    name: str
    arguments: tuple[JsonValue, ...] | None = None
    state: Mapping[str, JsonValue] = {}


class Failure(Frozen):
    """Why an attempt failed; `type` is the exception's class name, `traceback` shows the user's frames.

    `raised` is what a program that waits for the node may catch.
    """

    kind: FailureKind
    type: str
    message: str
    traceback: str = ""
    raised: Raised | None = None

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


class EventBase(Frozen):
    """`seq` is the place in the ledger, over all runs; 0 until committed."""

    run_id: str
    seq: int = 0
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))


class RunRequested(EventBase):
    """A run was accepted durably; nothing has started."""

    type: Literal["run.requested"] = "run.requested"
    workflow: str
    digest: str
    parameters: dict[str, JsonValue] = {}


class RunStarted(EventBase):
    """A coordinator claimed the run. Every further claim (resume, take-over) has a higher `epoch`."""

    type: Literal["run.started"] = "run.started"
    coordinator: str
    epoch: int


class RunCancelRequested(EventBase):
    """Somebody asked for the run to stop."""

    type: Literal["run.cancel_requested"] = "run.cancel_requested"


class RunFinished(EventBase):
    """The run ended; nothing of it runs any more."""

    type: Literal["run.finished"] = "run.finished"
    status: Literal["completed", "failed", "cancelled"]
    error: str = ""


class TasksAdded(EventBase):
    """A dynamic run grew: `tasks` are the ids of its new nodes, whose definitions are in the ledger."""

    type: Literal["tasks.added"] = "tasks.added"
    tasks: tuple[str, ...]


class TaskEvent(EventBase):
    """Something happened to one task."""

    task_id: str
    attempt: int = 1


class TaskStarted(TaskEvent):
    """An attempt began on `worker`."""

    type: Literal["task.started"] = "task.started"
    platform: str = "local"
    worker: str = ""


class TaskLogged(TaskEvent):
    """The body wrote `text` (whole lines, newline-separated). `fields` are those of a structured log record."""

    type: Literal["task.logged"] = "task.logged"
    stream: Literal["stdout", "stderr", "log"] = "stdout"
    level: str = ""
    text: str
    fields: Mapping[str, JsonValue] = {}


class TaskProgressed(TaskEvent):
    """The body says that `done` of `total` units of its work are done; `total` is 0 if it doesn't know."""

    type: Literal["task.progressed"] = "task.progressed"
    done: float
    total: float = 0.0
    message: str = ""


class TaskRetried(TaskEvent):
    """Attempt `attempt` failed and another will follow after `delay_s`."""

    type: Literal["task.retried"] = "task.retried"
    failure: Failure
    metrics: Metrics = Metrics()
    delay_s: float = 0.0


class TaskCompleted(TaskEvent):
    """The outputs are durable. `cached_from` names the `run/task` that computed them, if not this attempt.

    `basis` is what they were computed from, where that is known.
    """

    type: Literal["task.completed"] = "task.completed"
    outputs: Outputs = {}
    metrics: Metrics = Metrics()
    cached_from: str = ""
    basis: Basis | None = None


class TaskFailed(TaskEvent):
    """No further attempt follows."""

    type: Literal["task.failed"] = "task.failed"
    failure: Failure
    metrics: Metrics = Metrics()


class TaskSkipped(TaskEvent):
    """Never started, because task `because` failed."""

    type: Literal["task.skipped"] = "task.skipped"
    because: str


class TaskCancelled(TaskEvent):
    """Stopped, or never started, because the run was cancelled."""

    type: Literal["task.cancelled"] = "task.cancelled"


class TaskUncertain(TaskEvent):
    """An at-most-once task was running when its worker or coordinator was lost: nobody knows whether it took effect."""

    type: Literal["task.uncertain"] = "task.uncertain"
    failure: Failure


AnyTaskEvent = (
    TaskStarted
    | TaskLogged
    | TaskProgressed
    | TaskRetried
    | TaskCompleted
    | TaskFailed
    | TaskSkipped
    | TaskCancelled
    | TaskUncertain
)
Event = Annotated[
    RunRequested | RunStarted | RunCancelRequested | RunFinished | TasksAdded | AnyTaskEvent,
    Field(discriminator="type"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
