"""TwinGraph's decorators, with the options of its 0.1 and 2.0 together."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

from twingraph_lab.frontends.compat.calls import (
    TwinGraphAsyncComponent,
    TwinGraphAsyncPipeline,
    TwinGraphComponent,
    TwinGraphPipeline,
)
from twingraph_lab.frontends.compat.options import component_of, pipeline_remarks
from twingraph_lab.frontends.decorators import Component, Pipeline
from twingraph_lab.frontends.steps import as_id

Function = Callable[..., Any]


def component(function: Function | None = None, /, **options: Any) -> Any:
    """Make a function a component; `compat.keys.COMPONENT` lists the options.

    A call returns `{"outputs": …, "hash": …}`. Options that TwinGraph accepts and ignores are kept: `retry_policy`,
    `timeout`, `cache_enabled` and `cache_ttl` do what they say. Raises `WorkflowError`, which names every wrong option.
    """
    return _decorated(TwinGraphComponent, function, options)


def async_component(function: Function | None = None, /, **options: Any) -> Any:
    """Like `component`, for `async def`: calls are awaited and also tell `execution_time`, in seconds."""
    return _decorated(TwinGraphAsyncComponent, function, options)


def pipeline(function: Function | None = None, /, **options: Any) -> Any:
    """Make a function a pipeline: calling it is one run, and returns what the function returns.

    Of the options, `name` is kept; `compat.keys.INSTEAD` says what is done instead of the others.
    """

    def decorate(function: Function) -> TwinGraphPipeline:
        function = function.function if isinstance(function, Pipeline) else function
        name = str(options.get("name") or function.__name__)
        class_ = TwinGraphAsyncPipeline if inspect.iscoroutinefunction(function) else TwinGraphPipeline
        return class_(function, name, pipeline_remarks(name, options))

    return _used(decorate, function, options)


def _decorated(class_: type[TwinGraphComponent], function: Function | None, options: dict[str, Any]) -> Any:
    def decorate(function: Function) -> TwinGraphComponent:
        function = function.function if isinstance(function, Component) else function
        return class_(function, component_of(as_id(str(options.get("name") or function.__name__)), options))

    return _used(decorate, function, options)


def _used(decorate: Function, function: Function | None, options: dict[str, Any]) -> Any:
    """`@decorator`, `@decorator(…)` and `decorator(f_py=…)`."""
    function = function or options.get("f_py")
    return decorate if function is None else decorate(function)


import_module("twingraph_lab").pipeline  # noqa: B018  (lets pipelines find the Lab when it is first needed)
