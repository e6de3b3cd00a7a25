"""What a text of Python imports of the user's own modules, directly or not. Read from files; nothing is imported.

Two texts that differ in comments and layout only have the same digest. Docstrings count, because code can read them.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES, BuiltinImporter, FrozenImporter, PathFinder
from typing import NamedTuple

PACKAGE = "twingraph_lab"
"""Counts as installed wherever it is, also where somebody works in its repository."""
NOT_ASKED_FOR = frozenset({PACKAGE, *sys.stdlib_module_names})
NORMAL_IMPORTERS = (BuiltinImporter, FrozenImporter, PathFinder)
INSTALLED = ("site-packages", "dist-packages")
KEPT = 512
"""How many answers are remembered in a process."""


class State(NamedTuple):
    """A path with what changes when its content does. `changed_ns` counts what `cp -p` and `touch -d` hide."""

    path: str
    mtime_ns: int = 0
    size: int = -1
    inode: int = 0
    changed_ns: int = 0


class Import(NamedTuple):
    """`from ..module import name` has level 2; `name` is empty for `import module`."""

    level: int
    module: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of Python: its digest, and what it imports anywhere in it."""

    digest: str
    imports: frozenset[Import]


@dataclass(frozen=True, slots=True)
class Modules:
    """Those of the project: digests and states by file, states by name. `others` are packages not Python's own."""

    digests: Mapping[str, str]
    files: Mapping[str, State]
    others: frozenset[str]
    states: Mapping[str, State]

    def function(self, module: str, path: str) -> str | None:
        """Digest of the function or class `path` (`name` or `Class.name`) of a module; None if it can't be found so."""
        state = self.states.get(module)
        return _definition(state, path) if state and state.path.endswith(".py") else None


@lru_cache(1024)
def read(code: str | bytes) -> Text:
    """Digest and imports of a text. One that isn't Python has the digest of its characters, and no imports."""
    try:
        tree = ast.parse(code)
        content = ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Text(digest(code), frozenset())
    return Text(digest(content), frozenset(_imports(tree)))


def digest(content: str | bytes) -> str:
    """`sha256:<hex>`."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@lru_cache(256)
def roots(places: tuple[str, ...]) -> tuple[str, ...]:
    """Those of an import path where the user's own modules are."""
    return tuple(dict.fromkeys(place for place in places if not any(part in place for part in INSTALLED)))


def modules(imports: Collection[Import], places: tuple[str, ...]) -> Modules:
    """The modules that `imports` lead to, looked for in `places`. An answer holds until a file or folder changes."""
    asked = frozenset(imports), places
    known = _answers.get(asked)
    if known is not None and all(_state(state.path) == state for state in known[1]):
        return known[0]
    search = _Search(places)
    search.follow(imports)
    if len(_answers) >= KEPT:
        _answers.clear()
    _answers[asked] = search.answer(), tuple(search.states)
    return _answers[asked][0]


_answers: dict[tuple[frozenset[Import], tuple[str, ...]], tuple[Modules, tuple[State, ...]]] = {}


class _Found(NamedTuple):
    """A module's file, empty for a namespace package, and where its submodules are."""

    file: str
    places: tuple[str, ...] = ()


class _Search:
    def __init__(self, places: tuple[str, ...]) -> None:
        self._places = places
        self._found: dict[str, _Found | None] = {}
        self._digests: dict[str, str] = {}
        self._files: dict[str, State] = {}
        self._named: dict[str, State] = {}
        self._others: set[str] = set()
        self._waiting: list[tuple[Import, str]] = []
        self.states: dict[State, None] = dict.fromkeys(map(_state, places))

    def answer(self) -> Modules:
        return Modules(dict(sorted(self._digests.items())), self._files, frozenset(self._others), self._named)

    def follow(self, imports: Iterable[Import]) -> None:
        """Add what imports lead to, and what those modules import."""
        self._waiting += [(one, "") for one in imports]
        while self._waiting:
            one, package = self._waiting.pop()
            parts = package.split(".")
            above = parts[: len(parts) - one.level + 1] if one.level else []
            base = ".".join(filter(None, [*above, one.module]))
            found = self.find(base) if base else None
            if found is not None and one.name == "*":
                self._find_all(base, found)  # `__all__` may name modules
            elif found is not None and one.name:
                self.find(f"{base}.{one.name}")

    def find(self, name: str) -> _Found | None:
        """A module of the project, which `follow` looks into next; None if it isn't of the project."""
        if name in self._found:
            return self._found[name]
        parent, _, leaf = name.rpartition(".")
        above = self.find(parent) if parent else None
        places = self._places if not parent else above.places if above else ()
        found = None if name == PACKAGE else self._look(leaf, places)
        if found is None and not parent and name not in NOT_ASKED_FOR:
            found = _editable(name)
        self._found[name] = found
        if found is not None:
            self.states.update(dict.fromkeys(map(_state, found.places)))
            if found.file:
                self._read(name, found)
        elif not parent and name not in sys.stdlib_module_names:
            self._others.add(name)
        return found

    def _find_all(self, package: str, found: _Found) -> None:
        for place in found.places:
            for entry in sorted(os.listdir(place)):  # noqa: PTH208
                leaf = entry.removesuffix(".py")
                if leaf.isidentifier() and leaf != "__init__":
                    self.find(f"{package}.{leaf}")

    def _look(self, leaf: str, places: tuple[str, ...]) -> _Found | None:
        namespace = []
        for place in places:
            folder = f"{place}/{leaf}"
            if os.path.isfile(f"{folder}/__init__.py"):  # noqa: PTH113  (each import of each module: a Path costs more)
                return _Found(f"{folder}/__init__.py", (folder,))
            for suffix in (*EXTENSION_SUFFIXES, ".py"):
                if os.path.isfile(folder + suffix):  # noqa: PTH113
                    return _Found(folder + suffix)
            if os.path.isdir(folder):  # noqa: PTH112
                namespace.append(folder)
        return _Found("", tuple(namespace)) if namespace else None

    def _read(self, name: str, found: _Found) -> None:
        state = _state(found.file)
        self.states[state] = None
        self._named[name] = state
        text = _file(state)
        parent, _, leaf = name.rpartition(".")
        folder = name if found.places else parent
        file = "__init__.py" if found.places else leaf + found.file.rpartition(f"/{leaf}")[2]
        path = "/".join([*filter(None, folder.split(".")), file])
        self._files[path], self._digests[path] = state, text.digest
        self._waiting += [(one, folder) for one in text.imports]


def _editable(name: str) -> _Found | None:
    """A package of the user's that isn't on the import path: installed editable, it has an importer of its own."""
    for finder in sys.meta_path:
        if finder in NORMAL_IMPORTERS or not hasattr(finder, "find_spec"):
            continue
        spec = finder.find_spec(name, None)
        file = spec.origin if spec and spec.has_location and spec.origin else ""
        if file and roots((file,)) and not file.startswith((sys.prefix, sys.base_prefix)):
            return _Found(file, tuple(spec.submodule_search_locations or ()) if spec else ())
    return None


def _state(path: str) -> State:
    try:
        stat = os.stat(path)  # noqa: PTH116  (asked for each file of each task)
    except OSError:
        return State(path)
    return State(path, stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_ctime_ns)


@lru_cache(4096)
def _file(state: State) -> Text:
    data = content(state)
    return read.__wrapped__(data) if state.path.endswith(".py") else Text(digest(data), frozenset())


@lru_cache(1024)
def _definition(state: State, path: str) -> str | None:
    try:
        scope: list[ast.stmt] = ast.parse(content(state)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: ast.stmt | None = None
    for part in path.split("."):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        named = [item for item in scope if isinstance(item, kinds) and item.name == part]
        if not named:
            return None
        found, scope = named[-1], named[-1].body
    return None if found is None else digest(ast.dump(found))


def content(state: State) -> bytes:
    """Of a file, as it is now; empty if it can't be read."""
    try:
        with open(state.path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""


def _imports(tree: ast.AST) -> Iterable[Import]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (Import(0, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                yield from (Import(level, module or "", alias.name) for alias in names)
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield Import(len(name) - len(name.lstrip(".")), name.lstrip("."))
