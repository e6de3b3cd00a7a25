"""What a component's code is: its source, signature and history, read from files and git without running any of it."""

from __future__ import annotations

import ast
import subprocess
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.machinery import PathFinder
from pathlib import Path

from twingraph_lab.spec.workflow import Builtin, Component, Node, Pickled, PythonFunction, Source, digest_of

GIT_TIMEOUT_S = 5.0
_LONGEST_FILE = 1 << 20
Function = ast.FunctionDef | ast.AsyncFunctionDef
Lines = tuple[int, int]
"""First and last line, counted from 1."""


@dataclass(frozen=True, slots=True)
class Code:
    """A component, described. Empty texts are not known. `history`: the commits that its lines are from."""

    name: str
    component: str
    code_hash: str
    source: str = ""
    signature: str = ""
    arguments: str = ""
    history: str = ""


def describe(node: Node, component: Component, places: Sequence[str], before: datetime, script: str = "") -> Code:
    """The code of a node's component. Modules are looked for in `places`, functions of the program itself in `script`.

    Files changed after `before` say nothing.
    """
    match component:
        case Source(language=language, code=code):
            inputs, outputs = ", ".join(node.inputs), ", ".join(node.outputs or component.outputs)
            return Code(node.id, f"source:{language}", digest_of(code), code, f"({inputs}) -> ({outputs})")
        case Pickled(name=name, data=data, source=source):
            found = _function(source, name.rpartition(".")[2])
            signature, arguments = _signature(found) if found else ("", "")
            simple = name.rpartition(".")[2]
            history = _history_of(source, simple, script, before)
            return Code(simple, f"pickled:{name}", digest_of(source or data), source, signature, arguments, history)
        case PythonFunction(ref=ref):
            return _imported(ref, places, before)
        case Builtin(name=name):
            return Code(name, f"builtin:{name}", digest_of(name))


def git_state(folder: str) -> dict[str, str | bool]:
    """`commit`, `branch` (if on one), `dirty` and `root` of the repository `folder` is in; empty without one."""
    told = _git(folder, "rev-parse", "HEAD", "--show-toplevel")
    if told is None:
        return {}
    commit, root = told.splitlines()[:2]
    state: dict[str, str | bool] = {"commit": commit, "root": root}
    branch = _git(folder, "symbolic-ref", "--short", "-q", "HEAD")
    if branch:
        state["branch"] = branch.strip()
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    if changes is not None:
        state["dirty"] = bool(changes.strip())
    return state


def _imported(ref: str, places: Sequence[str], before: datetime) -> Code:
    module, _, path = ref.partition(":")
    name = path.rpartition(".")[2]
    file = module_file(module, places)
    known = file is not None and _changed(file) <= before.timestamp()
    found = _function_in(str(file), _changed_ns(file), path) if file is not None and known else None
    if file is None or found is None:
        return Code(name, f"python:{ref}", digest_of(ref))
    source, lines, signature, arguments = found
    history = _history(str(file), _changed_ns(file), lines)
    return Code(name, f"python:{ref}", digest_of([ref, source]), source, signature, arguments, history)


def _history_of(source: str, name: str, script: str, before: datetime) -> str:
    """The history of a function of this source, if it is in `script`."""
    file = Path(script)
    try:
        if not script.endswith(".py") or _changed(file) > before.timestamp():
            return ""
    except OSError:
        return ""
    found = _function_in(script, _changed_ns(file), name)
    same = found is not None and found[0].split() == source.split()
    return _history(script, _changed_ns(file), found[1]) if found and same else ""


def module_file(module: str, places: Sequence[str]) -> Path | None:
    """The file a module would be imported from, without importing it or a package it is in."""
    if module == "__main__":
        return None  # whatever file of that name is found, it isn't the one that was run
    search: Sequence[str] | None = list(places)
    origin = None
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:depth]), search)
        if spec is None:
            return None
        origin, search = spec.origin, spec.submodule_search_locations
    return Path(origin) if origin and origin.endswith(".py") else None


def _changed(file: Path) -> float:
    return file.stat().st_mtime


def _changed_ns(file: Path) -> int:
    return file.stat().st_mtime_ns


@lru_cache(64)
def _text(file: str, _changed_ns: int) -> str:
    path = Path(file)
    return path.read_text("utf-8", "replace") if path.stat().st_size <= _LONGEST_FILE else ""


@lru_cache(1024)
def _function_in(file: str, changed_ns: int, path: str) -> tuple[str, Lines, str, str] | None:
    text = _text(file, changed_ns)
    found = _function(text, path)
    if found is None:
        return None
    lines = (found.lineno, found.end_lineno or found.lineno)
    source = textwrap.dedent("\n".join(text.splitlines()[lines[0] - 1 : lines[1]]))
    return (source, lines, *_signature(found))


def _function(text: str, path: str) -> Function | None:
    """The function called `path` (`name` or `Class.name`) in a module's text."""
    tree = _parsed(text)
    *outer, name = path.split(".")
    scope: list[ast.stmt] = tree.body if tree else []
    for part in outer:
        owner = next((item for item in scope if isinstance(item, ast.ClassDef) and item.name == part), None)
        scope = owner.body if owner else []
    named = (item for item in ast.walk(ast.Module(scope, [])) if isinstance(item, Function) and item.name == name)
    return next(named, None)


@lru_cache(16)
def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(textwrap.dedent(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _signature(function: Function) -> tuple[str, str]:
    """As `inspect.signature` and `inspect.getfullargspec` would print them."""
    arguments = function.args
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    defaults = tuple(ast.unparse(default) for default in arguments.defaults)
    keywords = {
        argument.arg: ast.unparse(default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    }
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    annotations = {argument.arg: ast.unparse(argument.annotation) for argument in every if argument.annotation}
    fields: Mapping[str, object] = {
        "args": positional,
        "varargs": arguments.vararg and arguments.vararg.arg,
        "varkw": arguments.kwarg and arguments.kwarg.arg,
        "defaults": defaults or None,
        "kwonlyargs": [argument.arg for argument in arguments.kwonlyargs],
        "kwonlydefaults": keywords or None,
        "annotations": annotations,
    }
    return f"({ast.unparse(arguments)}){returns}", f"FullArgSpec({', '.join(f'{k}={v!r}' for k, v in fields.items())})"


def _history(file: str, changed_ns: int, lines: Lines) -> str:
    """One line a commit that the lines are from: id, date, author, subject."""
    first, last = lines
    return "\n".join(dict.fromkeys(_blamed(file, changed_ns)[first - 1 : last]))


@lru_cache(64)
def _blamed(file: str, _changed_ns: int) -> tuple[str, ...]:
    """For each line of a file, the commit it is from; nothing for a file git doesn't know."""
    told = _git(str(Path(file).parent), "blame", "--line-porcelain", "--", Path(file).name)
    commits: list[str] = []
    fields: dict[str, str] = {}
    for line in (told or "").splitlines():
        if line.startswith("\t"):
            commits.append(f"{fields['commit']} {fields['day']} {fields['author']}: {fields['summary']}")
            fields = {}
        elif not fields:
            fields = {"commit": line[:8], "day": "", "author": "", "summary": ""}
        else:
            name, _, value = line.partition(" ")
            if name == "author-time":
                fields["day"] = datetime.fromtimestamp(int(value)).astimezone().date().isoformat()
            elif name in fields:
                fields[name] = value
    return tuple(commits)


def _git(folder: str, *arguments: str) -> str | None:
    """What git says; None where it isn't installed, fails or takes too long."""
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", folder, *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=GIT_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
