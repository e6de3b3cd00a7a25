"""The `@component` functions of a folder's Python files, found by reading: nothing is imported."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twingraph_lab.frontends.canvas.annotations import Classes, Function, declaration
from twingraph_lab.spec.component import Declaration

FILES_LIMIT = 2000
"""Python files that are looked at; a folder with more is no project of one person's workflows."""
SIZE_LIMIT_BYTES = 1024 * 1024
SKIPPED = frozenset({"node_modules", "venv", "env", "site-packages", "__pycache__", "build", "dist"})
OURS = frozenset({"twingraph_lab", "twingraph"})
"""The packages that `component` is imported from."""

_DECORATED = re.compile(rb"^@(?:\w+\.)*component\b|\bcomponent\s+as\b", re.MULTILINE)
"""A function at the top level that may be a component, or that name's other name."""


@dataclass(frozen=True, slots=True)
class Found:
    """A function: `options` are those of its `@component` that are written out, None if it has no such decorator."""

    name: str
    declaration: Declaration
    options: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Module:
    """The functions at the top level of a file, by name, and why it can't be read, if so."""

    functions: Mapping[str, Found] = field(default_factory=dict)
    fault: str = ""

    @property
    def components(self) -> list[Found]:
        """The functions decorated with `@component`, in their order."""
        return [each for each in self.functions.values() if each.options is not None]


def components(folder: Path) -> Iterator[tuple[str, Found]]:
    """The `@component` functions below a folder, each with its module's name as imported from there."""
    for file in _files(folder):
        module = module_name(file, folder)
        if module and _may_have(file):
            for found in module_in(file).components:
                yield module, found


def module_in(file: Path) -> Module:
    """What a file defines; read again when it has changed."""
    try:
        state = file.stat()
    except OSError as error:
        return Module(fault=error.strerror or str(error))
    if state.st_size > SIZE_LIMIT_BYTES:
        return Module(fault=f"is {state.st_size} bytes long; the limit is {SIZE_LIMIT_BYTES}")
    return _read(str(file), state.st_mtime_ns)


def module_name(file: Path, folder: Path) -> str:
    """The name that a file is imported by from `folder`; empty if it can't be.

    >>> module_name(Path("/p/steps/load.py"), Path("/p")), module_name(Path("/p/my-steps.py"), Path("/p"))
    ('steps.load', '')
    """
    try:
        parts = list(file.relative_to(folder).with_suffix("").parts)
    except ValueError:
        return ""
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if all(part.isidentifier() and part.isascii() for part in parts) else ""


def _files(folder: Path) -> Iterator[Path]:
    left = FILES_LIMIT
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in SKIPPED and not Path(place, name, "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            if name.endswith(".py") and not name.startswith("."):
                left -= 1
                if left < 0:
                    return
                yield Path(place, name)


def _may_have(file: Path) -> bool:
    """Whether parsing the file is worth it, which takes a hundred times as long as looking for a decorator."""
    try:
        return _mentions(str(file), file.stat().st_mtime_ns)
    except OSError:
        return False


@lru_cache(2 * FILES_LIMIT)
def _mentions(file: str, _changed_ns: int) -> bool:
    if Path(file).stat().st_size > SIZE_LIMIT_BYTES:
        return False
    return _DECORATED.search(Path(file).read_bytes()) is not None


@lru_cache(4096)
def _read(file: str, _changed_ns: int) -> Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # whoever imports it will be warned
            tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Module(fault=f"can't be read: {error}")
    names = dict(_imported(tree))
    classes: Classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    return Module(
        MappingProxyType({node.name: _found(node, classes, names) for node in tree.body if isinstance(node, Function)})
    )


def _found(node: Function, classes: Classes, names: Mapping[str, str]) -> Found:
    options = next((said for each in node.decorator_list if (said := _options(each, names)) is not None), None)
    return Found(node.name, declaration(node, classes), options)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What names stand for that are imported from our packages: `package.name`."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names, level=0) if module.partition(".")[0] in OURS:
                yield from ((each.asname or each.name, f"{module}.{each.name}") for each in names)
            case ast.Import(names=names):
                for each in names:
                    if each.name.partition(".")[0] in OURS:
                        yield (each.asname, each.name) if each.asname else (each.name.partition(".")[0],) * 2


def _options(decorator: ast.expr, names: Mapping[str, str]) -> dict[str, Any] | None:
    """The options of a decorator that is our `component`; None if it is another one."""
    called, keywords = (decorator.func, decorator.keywords) if isinstance(decorator, ast.Call) else (decorator, [])
    parts: list[str] = []
    while isinstance(called, ast.Attribute):
        parts.insert(0, called.attr)
        called = called.value
    if not isinstance(called, ast.Name) or called.id not in names:
        return None
    if [*names[called.id].split("."), *parts][-1] != "component":
        return None
    return {each.arg: value for each in keywords if each.arg and (value := _value(each.value)) is not None}


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError, SyntaxError):
        return None
