"""What the calls of one pipeline run: each function is captured once, and again when what it refers to is another."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import SerializationError
from twingraph_lab.frontends.capture import capture
from twingraph_lab.frontends.fingerprint import global_names
from twingraph_lab.frontends.sites import call_site
from twingraph_lab.spec.validate import RESERVED_IDS
from twingraph_lab.spec.workflow import Component, Node, Pickled

UNBOUND = object()


@dataclass(frozen=True, slots=True)
class Step:
    """What all calls of one component share. `node` has everything but its inputs; `inputs` are the defaults.

    `component` is what workers run, if it isn't made of the function.
    """

    function: Callable[..., Any]
    node: Node
    inputs: Mapping[str, JsonValue]
    returns: Any
    component: Component | None = None


@dataclass(frozen=True, slots=True)
class _Captured:
    """`function` and the values of `used` are kept, so that their ids stay their own."""

    key: str
    function: Callable[..., Any]
    used: tuple[Any, ...]


class Captures:
    """The components of one run by their functions. What a function uses may be bound anew between two calls."""

    def __init__(self) -> None:
        self._keys = Ids()
        self._known: dict[int, _Captured] = {}

    def of(self, step: Step) -> tuple[str, dict[str, Component]]:
        """The component's key in the run, and the component unless it was given before. Raises `SerializationError`."""
        known = self._known.get(id(step.function))
        if known is not None and (not known.used or _same(known.used, _used(step.function))):
            return known.key, {}
        try:
            component = step.component or capture(step.function)
        except SerializationError as error:
            raise SerializationError(f"{error} ({call_site()})") from error
        used = _used(step.function) if isinstance(component, Pickled) else ()
        key = self._keys.next(step.node.id)
        self._known[id(step.function)] = _Captured(key, step.function, used)
        return key, {key: component}


def _used(function: Callable[..., Any]) -> tuple[Any, ...]:
    """What the function's own variables outside of it are bound to now; changes in these values aren't seen."""
    if not isinstance(function, types.FunctionType):
        return ()
    bound = [function.__globals__.get(name, UNBOUND) for name in _globals_of(function.__code__)]
    for cell in function.__closure__ or ():
        try:
            bound.append(cell.cell_contents)
        except ValueError:
            bound.append(UNBOUND)
    return tuple(bound)


def _same(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    return all(a is b for a, b in zip(before, now, strict=True))


@lru_cache(1024)
def _globals_of(code: types.CodeType) -> tuple[str, ...]:
    return tuple(dict.fromkeys(global_names(code)))


class Ids:
    """`load`, `load-2`, `load-3` …

    >>> ids = Ids()
    >>> [ids.next(name) for name in ("load", "load-2", "load", "<lambda>")]
    ['load', 'load-2', 'load-3', 'lambda']
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._taken: set[str] = set()

    def next(self, name: str) -> str:
        """A free id made of `name`."""
        name = as_id(name)
        while True:
            self._counts[name] = count = self._counts.get(name, 0) + 1
            candidate = name if count == 1 else f"{name}-{count}"
            if candidate not in self._taken:
                self._taken.add(candidate)
                return candidate


def as_id(name: str) -> str:
    """The nearest text to `name` that can be a node's id.

    >>> as_id("<lambda>"), as_id("größe"), as_id("2nd"), as_id("none")
    ('lambda', 'gr__e', '_2nd', '_none')
    """
    name = re.sub(r"[^A-Za-z0-9_-]", "_", name.strip("<>"))[:100]
    return name if re.match(r"[A-Za-z_]", name) and name not in RESERVED_IDS else f"_{name}"


def check_name(function: Callable[..., Any], what: str) -> None:
    """Raise `TypeError` unless workers can find the function by its name, or take its code along."""
    if not callable(function) or not hasattr(function, "__qualname__"):
        raise TypeError(f"{what} must be a function, not a {type(function).__name__}; call that in a `def` of its own")
