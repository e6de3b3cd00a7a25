"""What decorated programs need of the Lab that runs them. `lab.py` registers itself here when it is imported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from pydantic import JsonValue

from twingraph_lab.errors import ConflictError
from twingraph_lab.events import Artifact
from twingraph_lab.planning.context import RunContext
from twingraph_lab.spec.workflow import Component, Node


class Nodes(Protocol):
    """Nodes that can be added to, and asked for what they output. Called from several threads."""

    @property
    def id(self) -> str:
        """The run's id."""

    def add(self, nodes: Sequence[Node], components: Mapping[str, Component]) -> None:
        """Take these nodes and return at once; they become durable in this order. Components stay known to the run."""

    def value(self, node_id: str, path: tuple[str, ...]) -> Any:
        """What `planning.resolve.pick` finds at `path` in the node's outputs, once it is completed; waits for it.

        Raises `UnresolvedError` if there is nothing, `RunFailedError` with the cause if the node won't be completed.
        """

    def names(self, node_id: str) -> Collection[str]:
        """The names of the node's outputs, once it is completed; waits and raises like `value`."""


class OpenRun(Nodes, Protocol):
    """A run that grows until it is closed."""

    def close(self, outputs: Mapping[str, JsonValue] | None = None, *, handled: Collection[str] = ()) -> None:
        """No more nodes will come: wait for the end. `outputs` are input trees for the run's outputs.

        Raises `RunFailedError` if nodes failed, unless all of those are in `handled`: the program dealt with them.
        """

    def abort(self, error: str) -> None:
        """The program failed: stop what runs and end the run as failed. Does nothing if it has ended."""


class Artifacts(Protocol):
    """The artifact store."""

    def put(self, value: Any) -> Artifact:
        """Store a value. Raises `SerializationError`."""


class Host(Protocol):
    """What opens runs: the Lab."""

    @property
    def artifacts(self) -> Artifacts:
        """Where the arguments of calls go that aren't JSON."""

    def open(self, name: str, *, parameters: Mapping[str, JsonValue], context: RunContext | None = None) -> OpenRun:
        """A new run without nodes, durable when this returns."""


HostFactory = Callable[[], Host]

_factory: HostFactory | None = None


def use_host(factory: HostFactory | None) -> HostFactory | None:
    """From now on pipelines run on what `factory` returns; it is called for every run. Returns the one before."""
    global _factory
    before, _factory = _factory, factory
    return before


def current_host() -> Host:
    """The Lab that pipelines run on. Raises `ConflictError` if no Lab has been imported."""
    if _factory is None:
        raise ConflictError("there is no Lab to run this pipeline on: import twingraph_lab first")
    return _factory()
