"""A component → something to call, inside a body process."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import cloudpickle

from twingraph_lab.errors import NotFoundError, SerializationError
from twingraph_lab.planning.plan import Task
from twingraph_lab.platforms.cells import cell
from twingraph_lab.platforms.pictures import without_screen
from twingraph_lab.registry import Registry
from twingraph_lab.spec.workflow import Builtin, Component, Pickled, PythonFunction, Source

Function = Callable[..., Any]


def load(component: Component, task: Task) -> Function:
    """What to call with the task's inputs as keyword arguments. Importing errors carry the user's traceback."""
    without_screen()
    if isinstance(component, Source):
        return cell(component, task.outputs or component.outputs)
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
