"""What decorated programs need of the Lab that runs them. `lab.py` registers itself here when it is imported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import JsonValue

from twingraph_lab.errors import ConflictError
from twingraph_lab.events import Artifact
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.replay import Site
from twingraph_lab.spec.workflow import Component, Node

if TYPE_CHECKING:
    from twingraph_lab.runtime.run import Run


class Nodes(Protocol):
    """Nodes that can be added to, and asked for what they output. Called from several threads."""

    @property
    def id(self) -> str:
        """The run's id."""

    def add(self, nodes: Sequence[Node], components: Mapping[str, Component], sites: Mapping[str, Site]) -> None:
        """Take these nodes and return at once; they become durable in this order. Components stay known to the run.

        `sites` tells where each was called. Raises `ReplayError` if the run was begun before with other nodes.
        """

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

    def stop(self, outputs: Mapping[str, JsonValue] | None = None, *, handled: Collection[str] = ()) -> None:
        """The program has what it wanted: stop what runs and end the run as completed, whatever has failed."""

    def abort(self, error: str, *, handled: Collection[str] = ()) -> None:
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

    def attach(self, run_id: str, name: str, *, parameters: Mapping[str, JsonValue], ended: bool = False) -> OpenRun:
        """A run that was begun before by this pipeline, to go on with; with `ended` only to be gone through again.

        Raises `ConflictError` if it was another pipeline or had other arguments, or somebody drives it.
        """

    def run(self, run_id: str) -> Run:
        """A run there is. Raises `NotFoundError`."""


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
