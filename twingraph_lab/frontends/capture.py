"""A function → Component: by name where a worker can import it, else by value."""

from __future__ import annotations

import ast
import base64
import importlib.machinery
import inspect
import io
import sys
import textwrap
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import cloudpickle

from twingraph_lab.errors import SerializationError
from twingraph_lab.frontends.fingerprint import fingerprint, global_names
from twingraph_lab.spec.workflow import Component, Pickled, PythonFunction

Function = Callable[..., Any]

LIMIT_BYTES = 10 * 1024 * 1024
"""Of a function pickled by value, with the variables it captures: it is part of the document."""
_pickling = threading.RLock()
"""Which modules cloudpickle takes by value is a setting of the process."""


def capture(function: Function) -> Component:
    """What workers run for `function`: a reference if they can import it, else its pickle and source.

    By value goes what is defined in a notebook, in a script that is running, or inside another function, with the
    global variables and closures it names. Raises `SerializationError`, which names the variable that can't be pickled
    or is too large.
    """
    found = importable(function)
    if found is not None:
        return PythonFunction(ref=f"{function.__module__}:{function.__qualname__}")
    with _by_value(function.__module__):
        try:
            data = _pickled(function)
        except Exception as error:  # anything may be raised by what is being pickled
            raise SerializationError(_diagnosis(function, error)) from error
    digest, modules = fingerprint(function, _imported())
    text = base64.b64encode(data).decode()
    return Pickled(name=function.__name__, data=text, source=source_of(function), digest=digest, modules=modules)


def importable(function: Function) -> Any | None:
    """What a new process finds under the function's module and qualified name: it, or what decorates it; else None."""
    module = sys.modules.get(function.__module__)
    if module is None or module.__name__ == "__main__" or "<" in function.__qualname__:
        return None
    found: Any = module
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    same = found is function or getattr(found, "function", None) is function
    return found if same and _would_be_found(module) else None


def _imported() -> Callable[[Any], bool]:
    """Whether workers import a function or class; each module is looked for once."""
    known: dict[str, bool] = {}

    def imported(definition: Any) -> bool:
        name = definition.__module__
        module = sys.modules.get(name)
        if module is None or name == "__main__" or "<" in definition.__qualname__:
            return False
        if name not in known:
            known[name] = _would_be_found(module)
        return known[name]

    return imported


def source_of(function: Function) -> str:
    """The function's source without decorators and common indentation; empty if Python doesn't know it."""
    try:
        text = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""
    try:
        (definition,) = ast.parse(text).body
    except (SyntaxError, ValueError):
        return text  # a lambda in the middle of an expression
    if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        return "".join(text.splitlines(keepends=True)[definition.lineno - 1 :])
    return text


def _would_be_found(module: types.ModuleType) -> bool:
    """Whether importing the module's name leads to its file; not so for what test runners and `runpy` load by path."""
    origin = getattr(module.__spec__, "origin", None)
    path: list[str] | None = None
    spec: importlib.machinery.ModuleSpec | None = None
    name = ""
    for part in module.__name__.split("."):
        name = f"{name}.{part}" if name else part
        spec = _found(name, path)
        if spec is None:
            return False
        path = list(spec.submodule_search_locations or ())
    return spec is not None and origin is not None and spec.origin == origin


def _found(name: str, path: list[str] | None) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        spec = finder.find_spec(name, path) if hasattr(finder, "find_spec") else None
        if spec is not None:
            return spec
    return None


@contextmanager
def _by_value(module_name: str) -> Iterator[None]:
    """Let cloudpickle take along what else a module defines that workers can't import."""
    module = sys.modules.get(module_name)
    if module is None or module_name == "__main__" or _would_be_found(module):
        yield
        return
    with _pickling:
        nested = module_name in cloudpickle.list_registry_pickle_by_value()
        if not nested:
            cloudpickle.register_pickle_by_value(module)
        try:
            yield
        finally:
            if not nested:
                cloudpickle.unregister_pickle_by_value(module)


class _TooLargeError(Exception):
    """The limit is passed; what comes after it is not even pickled."""


class _Limited(io.BytesIO):
    def write(self, data: Any, /) -> int:
        if self.tell() + memoryview(data).nbytes > LIMIT_BYTES:
            raise _TooLargeError
        return super().write(data)


def _pickled(value: Any) -> bytes:
    buffer = _Limited()
    cloudpickle.Pickler(buffer, protocol=5).dump(value)
    return buffer.getvalue()


def _diagnosis(function: Function, error: Exception) -> str:
    """Why a function can't be pickled, in terms of its variables."""
    subject = f"function {function.__name__!r} can't be sent to a worker"
    captured = dict(captures(function))
    for name, value in captured.items():
        try:
            _pickled(value)
        except _TooLargeError:
            continue
        except Exception as cause:  # noqa: BLE001  (as above)
            kind = type(value).__name__
            return (
                f"{subject}: it uses the variable {name!r}, and a {kind} can't be pickled ({cause});"
                f" make it inside the function, or pass what it is made of as an argument"
            )
    if not isinstance(error, _TooLargeError):
        return f"{subject}: {type(error).__name__}: {error}"
    sizes = {name: _size(value) for name, value in captured.items()}
    biggest = max(sizes, key=sizes.__getitem__, default="")
    return (
        f"{subject}: with the variables it uses it takes more than {LIMIT_BYTES >> 20} MiB;"
        f" the biggest is {biggest!r} ({sizes.get(biggest, 0) / 2**20:.0f} MiB); pass it as an argument"
    )


class _Counter(io.RawIOBase):
    """Counts what is written to it."""

    count = 0

    def write(self, data: Any, /) -> int:
        size = memoryview(data).nbytes
        self.count += size
        return size


def _size(value: Any) -> int:
    counter = _Counter()
    cloudpickle.Pickler(counter, protocol=5).dump(value)
    return counter.count


def captures(function: Function) -> Iterator[tuple[str, Any]]:
    """Names and values of the variables that pickling by value takes along, also through other functions."""
    queue, seen = [function], set[int]()
    while queue:
        current = queue.pop()
        if id(current) in seen or not isinstance(current, types.FunctionType):
            continue
        seen.add(id(current))
        for name, value in _variables(current):
            inner = getattr(value, "function", value)
            if isinstance(inner, types.FunctionType):
                if importable(inner) is None:
                    queue.append(inner)
            elif not isinstance(value, types.ModuleType):
                yield name, value


def _variables(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not bound yet
            continue
    names = global_names(function.__code__)
    yield from ((name, function.__globals__[name]) for name in names if name in function.__globals__)
    defaults: Mapping[str, Any] = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not parameter.empty
    }
    yield from defaults.items()
