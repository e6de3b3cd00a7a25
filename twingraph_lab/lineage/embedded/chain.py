"""Compiled traversals and how they run: a `Chain` of `Call`s, each handled by the function registered for its step.

A handler is a generator from traversers to traversers, so a chain is a pipeline that computes only what is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from twingraph_lab.lineage.embedded.graph import Graph
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser
from twingraph_lab.lineage.errors import QueryError

M = TypeVar("M")
Flow = Iterator[Traverser]
_FLUSH = 40
"""Generators call each other as deep as the pipeline is long; every so many steps it is computed into a list."""


class Reader(Protocol):
    """What a `by` modulator does: a value of `value`, or of where the traverser is; MISSING if it isn't productive."""

    def __call__(self, frame: Frame, traverser: Traverser, value: Any = ..., /) -> Any:
        """Read it."""
        ...


class By(NamedTuple):
    """A compiled `by` modulator. `chain` is set where it is a traversal, `order` where it names one."""

    read: Reader
    chain: Chain | None = None
    order: Any = None


class Modulator(NamedTuple):
    """A step like `to`, `until` or `option` folded into the one it modifies. `early`: it came before that step."""

    name: str
    arguments: tuple[Any, ...]
    early: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One step. `detail` is what the step's `prepare` made of the arguments; `first`: nothing is before it."""

    name: str
    handler: Handler
    arguments: tuple[Any, ...] = ()
    detail: Any = None
    by: tuple[By, ...] = ()
    modulators: tuple[Modulator, ...] = ()
    labels: tuple[str, ...] = ()
    first: bool = False

    def by_of(self, place: int) -> By | None:
        """Modulators go round-robin; None if there are none."""
        return self.by[place % len(self.by)] if self.by else None

    def modulated(self, name: str) -> tuple[Any, ...] | None:
        """The arguments of the last modulator of this name."""
        return next((found.arguments for found in reversed(self.modulators) if found.name == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Steps in order. `gathers`: something in it looks at many traversers together (count, dedup, limit, …)."""

    calls: tuple[Call, ...]
    mutates: bool = False
    gathers: bool = False


class Evaluation:
    """What all parts of one traversal share: the graph, and the side-effects by name."""

    def __init__(self, graph: Graph, effects: dict[str, Any]) -> None:
        self.graph = graph
        self.effects = effects
        self.plain = Frame(self, None)


class Frame:
    """One execution of one chain. `memory` outlives the single run where a chain runs again and again (`repeat`)."""

    __slots__ = ("_memory", "effects", "evaluation", "graph")

    def __init__(self, evaluation: Evaluation, memory: dict[Any, Any] | None) -> None:
        self.evaluation = evaluation
        self.graph = evaluation.graph
        self.effects = evaluation.effects
        self._memory = memory

    def run(self, chain: Chain, traversers: Iterable[Traverser]) -> Flow:
        """The pipeline of `chain`, fed by `traversers`."""
        flow = iter(traversers)
        for place, call in enumerate(chain.calls, 1):
            flow = call.handler(self, call, flow)
            if call.labels:
                flow = _labelled(flow, call.labels)
            if place % _FLUSH == 0:
                flow = iter(list(flow))
        return flow

    def child(self, chain: Chain, traverser: Traverser) -> Flow:
        """`chain` on one traverser, remembering nothing of the traversers before."""
        return self.evaluation.plain.run(chain, (traverser,))

    def first(self, chain: Chain, traverser: Traverser) -> Any:
        """The first value `chain` gives for this traverser, or MISSING."""
        found = next(self.child(chain, traverser), None)
        return MISSING if found is None else found.value

    def passes(self, chain: Chain, traverser: Traverser) -> bool:
        """Whether `chain` gives anything for this traverser."""
        return next(self.child(chain, traverser), None) is not None

    def kept(self, key: Any, make: Callable[[], M]) -> M:
        """State of a step: of this run only, or, inside `repeat`, of all its rounds."""
        if self._memory is None:
            return make()
        return self._memory.setdefault(key, make())  # type: ignore[no-any-return]

    def looping(self) -> Frame:
        """A frame whose steps remember, for the rounds of a `repeat`."""
        return Frame(self.evaluation, {})

    def read(self, by: By | None, traverser: Traverser) -> Any:
        """The traverser's value as modulated; without a modulator, as it is."""
        return traverser.value if by is None else by.read(self, traverser)

    def scope(self, traverser: Traverser, name: str, pop: Any = "last") -> Any:
        """What `name` stands for here: a key of the map, a side-effect, or a label on the path; else MISSING."""
        if isinstance(traverser.value, dict) and name in traverser.value:
            return traverser.value[name]
        if name in self.effects:
            return self.effect(name)
        return traverser.labelled(name, pop)

    def effect(self, name: str) -> Any:
        """The side-effect as it is now."""
        found = self.effects[name]
        return found.result(self) if isinstance(found, Gathering) else found


@runtime_checkable
class Gathering(Protocol):
    """A side-effect that is worked out when somebody looks."""

    def result(self, frame: Frame) -> Any:
        """The value so far."""
        ...


Handler = Callable[[Frame, Call, Flow], Flow]


class Definition(NamedTuple):
    """What is known of a step.

    `prepare` checks arguments at compile time; `modulators` are those it takes. `gathers`: it looks at many traversers
    together; `reduces`: and makes one of them; `parent`: its traversals see all traversers, not one at a time.
    """

    handler: Handler
    prepare: Callable[[tuple[Any, ...]], Any]
    modulators: frozenset[str]
    mutates: bool
    gathers: bool
    reduces: bool
    parent: bool


STEPS: dict[str, Definition] = {}
"""Every supported step, by its Gremlin name. `steps/` fills it when imported."""


def _unprepared(_arguments: tuple[Any, ...]) -> None:
    """Nothing to work out before."""


def step(
    *names: str,
    prepare: Callable[[tuple[Any, ...]], Any] = _unprepared,
    modulators: tuple[str, ...] = (),
    mutates: bool = False,
    gathers: bool = False,
    reduces: bool = False,
    parent: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a generator as the handler of these steps."""

    def register(handler: Handler) -> Handler:
        for name in names:
            accepted = frozenset(modulators)
            STEPS[name] = Definition(handler, prepare, accepted, mutates, gathers or reduces, reduces, parent)
        return handler

    return register


def mapping(
    *names: str, prepare: Callable[[tuple[Any, ...]], Any] = _unprepared, modulators: tuple[str, ...] = ()
) -> Callable[[Callable[[Frame, Call, Traverser], Any]], Callable[[Frame, Call, Traverser], Any]]:
    """Register a function as a step that makes one value of each traverser; MISSING drops the traverser."""

    def register(function: Callable[[Frame, Call, Traverser], Any]) -> Callable[[Frame, Call, Traverser], Any]:
        def handler(frame: Frame, call: Call, traversers: Flow) -> Flow:
            for traverser in traversers:
                value = function(frame, call, traverser)
                if value is not MISSING:
                    yield traverser.step(value)

        step(*names, prepare=prepare, modulators=modulators)(handler)
        return function

    return register


def filtering(
    *names: str, prepare: Callable[[tuple[Any, ...]], Any] = _unprepared, modulators: tuple[str, ...] = ()
) -> Callable[[Callable[[Frame, Call, Traverser], bool]], Callable[[Frame, Call, Traverser], bool]]:
    """Register a function as a step that keeps the traversers it is true for."""

    def register(function: Callable[[Frame, Call, Traverser], bool]) -> Callable[[Frame, Call, Traverser], bool]:
        def handler(frame: Frame, call: Call, traversers: Flow) -> Flow:
            return (traverser for traverser in traversers if function(frame, call, traverser))

        step(*names, prepare=prepare, modulators=modulators)(handler)
        return function

    return register


def wrong(name: str, arguments: tuple[Any, ...], hint: str) -> QueryError:
    """The error for arguments a step doesn't take."""
    shown = ", ".join("…" if isinstance(argument, Chain) else repr(argument) for argument in arguments)
    return QueryError(f"{name}({shown}): {hint}")


def traversals(name: str, count: int | None = None) -> Callable[[tuple[Any, ...]], tuple[Chain, ...]]:
    """A `prepare` for steps that take nothing but traversals; `count` of them, if given."""

    def prepare(arguments: tuple[Any, ...]) -> tuple[Chain, ...]:
        if not all(isinstance(argument, Chain) for argument in arguments) or len(arguments) != (
            count or len(arguments)
        ):
            raise wrong(name, arguments, "takes a traversal" if count == 1 else "takes traversals")
        return arguments

    return prepare


def _labelled(flow: Flow, labels: tuple[str, ...]) -> Flow:
    return (traverser.named(labels) for traverser in flow)
