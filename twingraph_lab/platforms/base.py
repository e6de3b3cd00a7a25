"""Where a task's code runs: one protocol for every place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import ClassVar, Protocol

from pydantic import BaseModel

from twingraph_lab.errors import TwinGraphError
from twingraph_lab.events import Failure, Metrics, Outputs, TaskLogged, TaskProgressed
from twingraph_lab.planning.plan import Task
from twingraph_lab.runtime.job import Job


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt. `given` are the outputs of the tasks that `task.inputs` refer to.

    `stopping` is set before `Platform.stop` is called: a platform looks at it once `stop` would find the attempt.
    """

    job: Job
    task: Task
    attempt: int
    given: Mapping[str, Outputs] = field(default_factory=dict)
    stopping: Event = field(default_factory=Event)


Tell = Callable[[TaskLogged | TaskProgressed], None]
"""Takes what a body says while it runs."""


class AttemptError(TwinGraphError):
    """One attempt failed; says why and what it used."""

    def __init__(self, failure: Failure, metrics: Metrics | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.metrics = metrics or Metrics()


class Platform(Protocol):
    """Runs one task to its end. Knows nothing of graphs, retries, caches or watchers."""

    Options: ClassVar[type[BaseModel]]
    """Model that `PlatformSpec.options` must satisfy."""

    def run(self, call: Call, tell: Tell) -> tuple[Outputs, Metrics]:
        """Run to the end and return the stored outputs. Raises `AttemptError`; stops the body at its timeout."""

    def stop(self, run_id: str) -> None:
        """Stop whatever of `run_id` runs here, now; its `run` calls raise `AttemptError` of kind `cancelled`."""

    def warm(self) -> None:
        """Make ready what the first `run` would wait for."""

    def close(self) -> None:
        """End whatever is still held."""
