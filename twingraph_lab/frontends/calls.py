"""The calls of one pipeline: each becomes a node of its run and returns at once."""

from __future__ import annotations

import keyword
import threading
from collections import namedtuple
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, NoReturn

from pydantic import JsonValue

from twingraph_lab.errors import ConflictError, RunFailedError, SerializationError
from twingraph_lab.frontends.arguments import Put, input_tree
from twingraph_lab.frontends.handles import Result, place_of, plain
from twingraph_lab.frontends.hosting import Nodes
from twingraph_lab.frontends.places import Place
from twingraph_lab.frontends.shapes import fields_of
from twingraph_lab.frontends.sites import call_site
from twingraph_lab.frontends.steps import Captures, Ids, Step
from twingraph_lab.lineage.changes import execution_id
from twingraph_lab.planning.paths import UnresolvedError

Parents = str | Iterable[Any] | None
"""Hashes of calls, or their results: one or several."""

_current: ContextVar[Calls | None] = ContextVar("twingraph_calls", default=None)


def current_calls() -> Calls | None:
    """The pipeline whose body is running in this context. Threads that a body starts have none."""
    return _current.get()


class Stop(BaseException):
    """Unwinds a pipeline's body, and those it is called in, up to the outermost."""

    def __init__(self, value: Any) -> None:
        super().__init__("stop() was called")
        self.value = value


def stop(value: Any = None) -> NoReturn:
    """End the pipeline whose body calls this, also from the pipelines and functions it calls: `value` is its result.

    Calls that `value` needs are waited for, those that still run then are cancelled, and the run is completed.
    """
    calls = current_calls()
    if calls is None:
        raise ConflictError("stop() ends a pipeline, and none is running here; a component just returns")
    calls.stop(value)


class Calls:
    """Nodes of one run in call order, and the way from their results to values. Safe to share between threads."""

    def __init__(self, run: Nodes, put: Put) -> None:
        self.handled: set[str] = set()
        """Nodes whose failure was raised in the body, and all that those waited for."""
        self.run = run
        self._failures: dict[int, tuple[BaseException, str]] = {}
        self._put = put
        self._lock = threading.Lock()
        self._ids = Ids()
        self._captures = Captures()
        self._upstream: dict[str, tuple[str, ...]] = {}
        self._hashes: dict[str, str] = {}

    @contextmanager
    def active(self) -> Iterator[None]:
        """Component calls in this context become nodes of the run."""
        with _within(self):
            yield

    def call(self, step: Step, arguments: Mapping[str, Any], parents: Parents) -> Result:
        """Add a node and return what stands for its result."""
        site = call_site()
        inputs = dict(step.inputs)
        for name, value in arguments.items():
            try:
                inputs[name] = input_tree(value, self._refer, self._put)
            except SerializationError as error:
                raise SerializationError(f"argument {name!r} of {step.node.id}(): {error} ({site})") from error
        after = tuple(dict.fromkeys(self._parents(parents))) if parents is not None else ()
        with self._lock:
            key, components = self._captures.of(step)
            node_id = self._ids.next(step.node.id)
            node = step.node.model_copy(update={"id": node_id, "component": key, "inputs": inputs, "after": after})
            self._upstream[node_id] = node.upstream
            with _within(None):
                self.run.add([node], components, {node_id: site})
        return Result(Place(self, node_id, type_=step.returns))

    def stop(self, value: Any) -> NoReturn:
        """Leave the body of the outermost pipeline with this value."""
        raise Stop(value)

    def handled_despite(self, error: BaseException) -> set[str]:
        """`handled`, but for the failures that made the body end with `error`."""
        uncaught: set[str] = set()
        cause: BaseException | None = error
        while cause is not None:
            if id(cause) in self._failures:
                uncaught |= self._with_upstream(self._failures[id(cause)][1])
            cause = cause.__cause__ or cause.__context__
        return self.handled - uncaught

    def value(self, node: str, path: tuple[str, ...]) -> Any:
        """The value at `path` of a node's outputs; waits for it."""
        with self._waiting_for(node):
            return self.run.value(node, path)

    def whole(self, node: str, type_: Any) -> Any:
        """What a node's function returned; several outputs are a namedtuple again."""
        with self._waiting_for(node):
            value = self.run.value(node, ())
            names = tuple(self.run.names(node)) if type(value) is dict else ("result",)
        if names == ("result",):
            return type_(value) if _namedtuple_of(type_, names) else value
        if _namedtuple_of(type_, names):
            return type_(**value)
        if not all(name.isidentifier() and not name.startswith("_") and not keyword.iskeyword(name) for name in names):
            return value
        return namedtuple("outputs", names)(**value)  # noqa: PYI024  (its names are known only now)

    def execution_id(self, node: str) -> str:
        """The hash of the node's execution in the lineage: of its first attempt, whichever succeeds."""
        return execution_id(self.run.id, node, 1)

    def reference(self, node: str, path: tuple[str, ...]) -> JsonValue:
        """What stands for a value in an input tree."""
        return {"ref": ".".join((node, *path))}

    def outputs(self, returned: Any) -> dict[str, JsonValue] | None:
        """Input trees of the run's outputs; without those that can't be stored."""
        if returned is None:
            return None
        if type(returned) is dict and all(type(name) is str and name.isidentifier() for name in returned):
            named = returned
        elif type(returned) is not Result and hasattr(returned, "_asdict"):
            named = returned._asdict()
        else:
            named = {"result": returned}
        trees: dict[str, JsonValue] = {}
        for name, value in named.items():
            with suppress(SerializationError):
                trees[name] = input_tree(value, self._refer, self._put)
        return trees

    def follows(self, place: Place) -> bool:
        """Whether a reference can lead to a place. If that isn't certain, waits for the value."""
        if place.certain:
            return True
        try:
            self.value(place.node, place.path)
        except UnresolvedError:
            return False
        return True

    def owns(self, place: Place) -> bool:
        """Whether a place is in this run."""
        return place.origin is self

    def _refer(self, result: Result) -> JsonValue | None:
        place = place_of(result)
        return place.reference() if self.owns(place) and self.follows(place) else None

    def _parents(self, parents: Parents) -> Iterator[str]:
        if parents is None:
            return
        if type(parents) is Result and self.owns(place_of(parents)):
            yield place_of(parents).node
        elif isinstance(parents, str):
            for node in list(self._upstream)[len(self._hashes) :]:
                self._hashes[self.execution_id(node)] = node
            if parents not in self._hashes:
                raise ValueError(f"parent_hash: no call in this pipeline has the hash {parents!r} ({call_site()})")
            yield self._hashes[parents]
        else:
            for parent in parents:
                yield from self._parents(parent)

    @contextmanager
    def _waiting_for(self, node: str) -> Iterator[None]:
        try:
            with _within(None):
                yield
        except RunFailedError as error:
            self._failures[id(error)] = error, node  # kept, so that its id stays its own
            self.handled |= self._with_upstream(node)
            raise

    def _with_upstream(self, node: str) -> set[str]:
        found: set[str] = set()
        queue = [node]
        while queue:
            node = queue.pop()
            if node not in found:
                found.add(node)
                queue += self._upstream.get(node, ())
        return found


def resolved(value: Any) -> Any:
    """`value` with results in it (in lists, tuples, sets, dicts) replaced by what they stand for; waits for those."""
    kind = type(value)
    if kind is Result:
        return plain(value)
    if kind in {list, tuple, set, frozenset}:
        return kind(resolved(item) for item in value)
    if kind is dict:
        return {key: resolved(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(resolved(item) for item in value)
    return value


@contextmanager
def _within(calls: Calls | None) -> Iterator[None]:
    """Make `calls` current. None while the Lab works: what it starts must not inherit the pipeline."""
    token = _current.set(calls)
    try:
        yield
    finally:
        _current.reset(token)


def _namedtuple_of(type_: Any, names: tuple[str, ...]) -> bool:
    fields = fields_of(type_)
    return fields is not None and issubclass(type_, tuple) and tuple(fields) == names
