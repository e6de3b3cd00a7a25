"""TwinGraph's components and pipelines, as components and pipelines of ours.

A call's answer is `{"outputs": {…}, "hash": "…"}`. In a pipeline `outputs` stands for values to come, everywhere else
it holds them.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

from twingraph_lab.errors import ConflictError
from twingraph_lab.frontends.calls import current_calls
from twingraph_lab.frontends.capture import importable
from twingraph_lab.frontends.compat.answers import Answer, answer_in_place, answer_to, hashes, rows
from twingraph_lab.frontends.compat.options import Asked, Remark
from twingraph_lab.frontends.compat.warning import say_once
from twingraph_lab.frontends.decorators import Component, Pipeline
from twingraph_lab.frontends.handles import plain
from twingraph_lab.frontends.hosting import current_host
from twingraph_lab.platforms import inside

P = ParamSpec("P")
R = TypeVar("R")

Function = Callable[..., Any]


class TwinGraphComponent(Component[..., Any]):
    """In a pipeline a call is a node, outside of one it is a run of its own, and in another component's body a call."""

    def __init__(self, function: Function, asked: Asked) -> None:
        super().__init__(function, asked.node)
        self._asked = asked
        with suppress(AttributeError, TypeError):  # built-in functions take no attributes
            setattr(function, inside.KEYS_ARE_OUTPUTS, True)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Raises `TypeError` like any call; outside of a pipeline `RunFailedError`, with the body's error."""
        if inside.phase() != "outside":
            return self._in_place(args, kwargs)
        self._say()
        if current_calls() is None:
            return self._alone(*args, **kwargs)
        return self._node_of(args, kwargs)

    def __reduce__(self) -> str | tuple[Any, ...]:
        """By name where it can be imported, else by value."""
        if importable(self.function) is self:
            return str(self.function.__qualname__)
        return type(self), (self.function, self._asked)

    def _node_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Answer:
        if not self._takes_parents and "parent_hash" in kwargs:
            kwargs = {**kwargs, "parent_hash": hashes(kwargs["parent_hash"])}
        result: Any = super().__call__(*args, **kwargs)
        return answer_to(result)

    def _say(self) -> None:
        for remark in self._asked.remarks:
            say_once(*remark)

    def _alone(self, *args: Any, **kwargs: Any) -> Answer:
        if not self._takes_parents and kwargs.pop("parent_hash", None):
            say_once(
                "parents alone",
                "parent_hash: a component that is called outside of a pipeline is a run of its own and has no parents;"
                " call it in a pipeline to have them recorded",
            )

        def alone() -> Answer:
            return self._node_of(args, kwargs)

        answer: Answer = TwinGraphPipeline(_as_in_file_of(alone, self.function), self._node.id)()
        return answer

    def _in_place(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self._takes_parents:
            kwargs.pop("parent_hash", None)
        return answer_in_place(self.function(**self._named(args, kwargs)))

    def _bound(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Positional arguments are those parameters, in order, that aren't given by name (TwinGraph 0.1)."""
        named = self._named(args, kwargs)
        if self._asked.legacy_dataframes:
            named = {name: rows(value) for name, value in named.items()}
        return super()._bound((), named)

    def _named(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        names = [name for name, parameter in self._signature.parameters.items() if parameter.kind in kinds]
        free = [name for name in names if name not in kwargs]
        if len(args) > len(free):
            given = f"{len(args)} without names" + (f" and {', '.join(kwargs)}" if kwargs else "")
            raise TypeError(f"{self._node.id}() takes {', '.join(names) or 'no arguments'}; given are {given}")
        if free[: len(args)] != names[: len(args)]:
            say_once(
                f"positional {self._node.id}",
                f"{self._node.id}(): arguments without names are taken for {', '.join(free[: len(args)])},"
                " which aren't given by name; Python would refuse this, so give all of them names",
            )
        return {**dict(zip(free, args, strict=False)), **kwargs}


class TwinGraphAsyncComponent(TwinGraphComponent):
    """Calls are awaited. In a pipeline the node begins with the call, so that several may be gathered."""

    def __call__(self, *args: Any, **kwargs: Any) -> Coroutine[Any, Any, Answer]:
        """Raises `TypeError` at the call; other errors are raised by awaiting it."""
        begun = time.perf_counter()
        if current_calls() is not None or inside.phase() != "outside":
            return _awaited(super().__call__(*args, **kwargs), begun)
        self._say()  # here, where the user's line is
        current_host()  # here, as threads that make the first Lab at the same moment would make two
        return _awaited(asyncio.to_thread(super().__call__, *args, **kwargs), begun)


async def _awaited(answer: Answer | Coroutine[Any, Any, Answer], begun: float) -> Answer:
    told = answer if isinstance(answer, dict) else await answer
    await asyncio.to_thread(plain, told["outputs"])
    return {**told, "execution_time": time.perf_counter() - begun}


class TwinGraphPipeline(Pipeline[..., Any]):
    """Returns what its body returns, with plain dicts in place of answers that were still to come."""

    def __init__(self, function: Function, name: str, remarks: tuple[Remark, ...] = ()) -> None:
        super().__init__(function, name)
        self._remarks = remarks

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """See `Pipeline`."""
        match inside.phase():
            case "loading":
                return NotRun(self.name)
            case "running":
                return self.function(*args, **kwargs)
        for remark in self._remarks:
            say_once(*remark)
        return super().__call__(*args, **kwargs)


class TwinGraphAsyncPipeline(TwinGraphPipeline):
    """Awaited. Its body has an event loop of its own, in another thread, so that waiting for nodes holds up nobody."""

    def __init__(self, function: Function, name: str, remarks: tuple[Remark, ...] = ()) -> None:
        @wraps(function)
        def body(*args: Any, **kwargs: Any) -> Any:
            return asyncio.run(function(*args, **kwargs))

        super().__init__(_as_in_file_of(body, function), name, remarks)
        self._coroutine = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """See `Pipeline`; errors are raised by awaiting it."""
        if inside.phase() == "running" or current_calls() is not None:
            return self._coroutine(*args, **kwargs)
        if inside.phase() == "loading":
            return super().__call__()
        current_host()  # as above
        return asyncio.to_thread(super().__call__, *args, **kwargs)


class NotRun:
    """What a pipeline returns that is called while a body's process imports the module: it is running elsewhere."""

    def __init__(self, name: str) -> None:
        self._twingraph_name = name

    def __repr__(self) -> str:
        return f"<pipeline {self._twingraph_name}, not run by a body>"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        self._refuse()

    def __getitem__(self, key: object) -> NoReturn:
        self._refuse()

    def __iter__(self) -> NoReturn:
        self._refuse()

    def __await__(self) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ConflictError(
            f"the module that calls the pipeline {self._twingraph_name!r} is imported by its own components, and they"
            " can't run it again: put the call and what uses its result below `if __name__ == '__main__':`"
        )


def _as_in_file_of(wrapper: Function, function: Function) -> Function:
    """`wrapper`, which says that it is where `function` is: runs and lineage name that file."""
    theirs = inspect.unwrap(function).__code__
    code = wrapper.__code__.replace(co_filename=theirs.co_filename, co_firstlineno=theirs.co_firstlineno)
    wrapper.__code__ = code
    return wrapper
