"""Programs as workflows: `@component` functions called in a `@pipeline` function.

A pipeline's body runs for real, here and now. Every component call in it becomes a node of the run and returns a
`Result` at once: pass it on and there is an edge, use its value and the body waits. So independent calls run in
parallel, and the body may decide on values.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping
from functools import cached_property, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from pydantic import JsonValue, ValidationError

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.arguments import json_tree
from twingraph_lab.frontends.calls import current_calls, stop
from twingraph_lab.frontends.capture import importable
from twingraph_lab.frontends.handles import Result
from twingraph_lab.frontends.hosting import Host, OpenRun, current_host, use_host
from twingraph_lab.frontends.mapping import NOTHING, rows
from twingraph_lab.frontends.pipelines import Pipeline
from twingraph_lab.frontends.shapes import returned
from twingraph_lab.frontends.sites import call_site
from twingraph_lab.frontends.steps import Step, as_id, check_name
from twingraph_lab.spec.workflow import CachePolicy, Node, PlatformSpec, Retry

__all__ = [
    "Component",
    "Host",
    "OpenRun",
    "Pipeline",
    "Result",
    "component",
    "current_host",
    "pipeline",
    "stop",
    "use_host",
]

P = ParamSpec("P")
R = TypeVar("R")


class Component(Generic[P, R]):
    """A function that is a node when it is called in a pipeline's body, and itself anywhere else.

    `parent_hash=` (the `["hash"]` of a call, its result, or a list of these) makes a call wait for others without
    taking data from them. Threads that a body starts are outside of its pipeline.
    """

    def __init__(self, function: Callable[P, R], node: Node) -> None:
        check_name(function, f"component {node.id!r}")
        update_wrapper(self, function)
        self.function = function
        self._node = node
        self._signature = inspect.signature(function)
        kinds = {parameter.kind for parameter in self._signature.parameters.values()}
        if kinds & {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL}:
            raise TypeError(
                f"component {node.id!r}: a node's inputs have names, so no '*args' and no parameters before '/'"
            )
        scope = function.__qualname__.rpartition(".")[0]
        in_class = scope != "" and not scope.endswith("<locals>")
        if in_class and next(iter(self._signature.parameters), "") in {"self", "cls"}:
            raise TypeError(
                f"component {node.id!r}: a method can't be a component, as a worker would have a copy of its object;"
                " make it a function, or a staticmethod of a component, that takes what it needs"
            )
        self._takes_parents = "parent_hash" in self._signature.parameters

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """In a pipeline's body: a `Result` that stands for what will be returned. Raises `TypeError` like any call."""
        parents = None if self._takes_parents else kwargs.pop("parent_hash", None)
        calls = current_calls()
        if calls is None:
            return self._alone(*args, **kwargs)
        arguments = self._bound(args, kwargs)
        if self._extra is not None:
            arguments.update(arguments.pop(self._extra, {}))
        return cast("R", calls.call(self._step, arguments, cast("Any", parents)))

    def map(self, items: Any = NOTHING, /, **inputs: Any) -> list[R]:
        """One call for each of `items`, which go to the first parameter; `inputs` are common to all calls.

        Without `items`, all inputs are lists of the same length. A list may be a result: its length is waited for, and
        each call gets a reference to its item.

        >>> add = component(lambda x, y: x + y, name="add")
        >>> add.map([1, 2, 3], y=10), add.map(x=[1, 2], y=[10, 20])
        ([11, 12, 13], [11, 22])
        """
        parents = {} if self._takes_parents else {key: inputs.pop(key) for key in ("parent_hash",) if key in inputs}
        by_place = (name for name, p in self._signature.parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD)
        first = next(by_place, "")
        return [self(**arguments, **parents) for arguments in rows(self._node.id, first, items, inputs)]  # type: ignore[call-arg]

    def __repr__(self) -> str:
        return f"<component {self.function.__module__}.{self.function.__qualname__}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        """By name where it can be imported; else as the function alone, which needs nothing of this package."""
        if importable(self.function) is self:
            return str(self.function.__qualname__)
        return operator.itemgetter(0), ((self.function,),)

    def _alone(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """A call outside of any pipeline."""
        return self.function(*args, **kwargs)

    def _bound(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by parameter."""
        try:
            return self._signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{self._node.id}() {error}; it takes {self._signature} ({call_site()})") from None

    @property
    def node(self) -> Node:
        """What all calls share, as a node without inputs."""
        return self._node

    @cached_property
    def _extra(self) -> str | None:
        kind = inspect.Parameter.VAR_KEYWORD
        return next((name for name, p in self._signature.parameters.items() if p.kind is kind), None)

    @cached_property
    def _step(self) -> Step:
        return self._made_step()

    def _made_step(self) -> Step:
        # not earlier: annotations may name classes defined after the function
        parameters = {name: p for name, p in self._signature.parameters.items() if name != self._extra}
        given = {name: p.default for name, p in parameters.items() if p.default is not p.empty}
        trees = {name: json_tree(value) for name, value in given.items()}
        # defaults that aren't JSON are applied by the function itself, on the worker
        inputs = {name: tree for name, tree in trees.items() if tree is not None or given[name] is None}
        return Step(self.function, self._node, inputs, returned(self.function))


@overload
def component(
    function: Callable[P, R],
    /,
    *,
    platform: str | PlatformSpec = "local",
    retry: Retry | Mapping[str, Any] | int = 0,
    timeout_s: float | None = None,
    cache: CachePolicy | Mapping[str, Any] | bool | str = False,
    resources: Mapping[str, float] | None = None,
    name: str = "",
    at_most_once: bool = False,
    **platform_options: JsonValue,
) -> Component[P, R]: ...


@overload
def component(
    *,
    platform: str | PlatformSpec = "local",
    retry: Retry | Mapping[str, Any] | int = 0,
    timeout_s: float | None = None,
    cache: CachePolicy | Mapping[str, Any] | bool | str = False,
    resources: Mapping[str, float] | None = None,
    name: str = "",
    at_most_once: bool = False,
    **platform_options: JsonValue,
) -> Callable[[Callable[P, R]], Component[P, R]]: ...


def component(
    function: Callable[P, R] | None = None,
    /,
    *,
    platform: str | PlatformSpec = "local",
    retry: Retry | Mapping[str, Any] | int = 0,
    timeout_s: float | None = None,
    cache: CachePolicy | Mapping[str, Any] | bool | str = False,
    resources: Mapping[str, float] | None = None,
    name: str = "",
    at_most_once: bool = False,
    **platform_options: JsonValue,
) -> Component[P, R] | Callable[[Callable[P, R]], Component[P, R]]:
    """Make a function a component; works bare, with options, and as a call.

    `retry=2` tries up to two times more, `cache=True` reuses the result of an earlier call with the same inputs
    (`cache="inputs,ttl=1h,scope=shared"` says more of it), and further keywords are options of the platform. Raises
    `WorkflowError`, which names every option that is wrong.

    >>> @component(retry=2, timeout_s=60)
    ... def double(x: int) -> int:
    ...     return 2 * x
    >>> double(4)
    8
    """
    if platform_options:
        kind = platform if isinstance(platform, str) else platform.kind
        given = {} if isinstance(platform, str) else platform.options
        platform = PlatformSpec(kind=kind, options={**given, **platform_options})
    options = {
        "platform": platform,
        "retry": {"attempts": retry + 1} if isinstance(retry, int) else retry,
        "timeout_s": timeout_s,
        "cache": cache,
        "resources": resources or {},
        "at_most_once": at_most_once,
    }

    def decorate(function: Callable[P, R]) -> Component[P, R]:
        if isinstance(function, Component):
            function = function.function
        own_name = name or as_id(getattr(function, "__name__", type(function).__name__))
        return Component(function, _node(own_name, options))

    return decorate if function is None else decorate(function)


@overload
def pipeline(function: Callable[P, R], /, *, name: str = "") -> Pipeline[P, R]: ...


@overload
def pipeline(*, name: str = "") -> Callable[[Callable[P, R]], Pipeline[P, R]]: ...


def pipeline(
    function: Callable[P, R] | None = None, /, *, name: str = ""
) -> Pipeline[P, R] | Callable[[Callable[P, R]], Pipeline[P, R]]:
    """Make a function a pipeline: calling it is one run, named after it or `name`."""

    def decorate(function: Callable[P, R]) -> Pipeline[P, R]:
        return Pipeline(function, name or getattr(function, "__name__", type(function).__name__))

    return decorate if function is None else decorate(function)


def _node(name: str, options: Mapping[str, Any]) -> Node:
    try:
        return Node.model_validate({"id": name, "component": name, **options})
    except ValidationError as error:
        faults = [Fault(fault["msg"], path=".".join(map(str, fault["loc"]))) for fault in error.errors()]
        raise WorkflowError(faults, source=f"component {name!r}") from None
