"""A component → something to call, inside a body process."""

from __future__ import annotations

import ast
import asyncio
import base64
import inspect
import linecache
import sys
import types
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import cloudpickle

from twingraph_lab.errors import NotFoundError, SerializationError
from twingraph_lab.planning.plan import Task
from twingraph_lab.registry import Registry
from twingraph_lab.spec.workflow import Builtin, Component, Pickled, PythonFunction, Source

Function = Callable[..., Any]


class NamedOutputs(dict[str, Any]):
    """A return value whose keys are output names."""


def load(component: Component, task: Task) -> Function:
    """What to call with the task's inputs as keyword arguments. Importing errors carry the user's traceback."""
    if isinstance(component, Source):
        return _cell(component, task.outputs or component.outputs)
    return _load(component)


@cache
def _load(component: PythonFunction | Pickled | Builtin) -> Function:
    match component:
        case PythonFunction(ref=ref):
            return _imported(ref)
        case Pickled(name=name, data=data):
            return _unpickled(name, data)
        case Builtin(name=name):
            return Registry[Function]("twingraph_lab.components").get(name)


def _imported(ref: str) -> Function:
    module, _, path = ref.partition(":")
    target: Any = import_module(module)
    for attribute in path.split("."):
        try:
            target = getattr(target, attribute)
        except AttributeError:
            known = ", ".join(name for name in vars(target) if not name.startswith("_"))
            raise NotFoundError(f"{module} has no {path!r}; it has {known}") from None
    return target  # type: ignore[no-any-return]


def _unpickled(name: str, data: str) -> Function:
    try:
        return cloudpickle.loads(base64.b64decode(data))  # type: ignore[no-any-return]
    except ImportError as error:
        raise SerializationError(f"function {name!r} needs a module that isn't importable here: {error}") from error


def _cell(component: Source, outputs: tuple[str, ...]) -> Function:
    """Run code like a notebook cell: inputs are names before it, outputs are names after it."""

    def run(**inputs: Any) -> NamedOutputs:
        module = types.ModuleType("__main__")
        module.__dict__.update(inputs)
        sys.modules["__main__"] = module  # so that classes the cell defines can be pickled by value
        module.__dict__["__file__"] = component.filename
        lines = (component.code + "\n").splitlines(keepends=True)
        linecache.cache[component.filename] = (len(component.code), None, lines, component.filename)
        _execute(component, module.__dict__, wants_result="result" in outputs)
        return NamedOutputs(_read(module.__dict__, outputs))

    return run


def _execute(component: Source, namespace: dict[str, Any], *, wants_result: bool) -> None:
    tree = ast.parse(component.code, component.filename)
    if wants_result and tree.body and isinstance(last := tree.body[-1], ast.Expr):
        assign = ast.Assign([ast.Name("result", ast.Store())], last.value)
        tree.body[-1] = ast.fix_missing_locations(ast.copy_location(assign, last))
    code = compile(tree, component.filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, namespace))  # noqa: S307
    else:
        exec(code, namespace)  # noqa: S102


def _read(namespace: dict[str, Any], outputs: tuple[str, ...]) -> dict[str, Any]:
    missing = [name for name in outputs if name not in namespace]
    if missing:
        raise NotFoundError(f"the cell ended without binding its output {', '.join(map(repr, missing))}")
    return {name: namespace[name] for name in outputs}
