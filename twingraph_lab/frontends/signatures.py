"""What a module defines, read from its file without importing it. What can't be told for sure isn't told."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from twingraph_lab.lineage.provenance import module_file

Function = ast.FunctionDef | ast.AsyncFunctionDef
DYNAMIC = frozenset({"exec", "globals", "locals", "vars", "setattr", "modules"})
"""Names whose use may bind others."""
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Definitions:
    """Names bound in a module, and of those bound once and plainly the functions and the fields of record classes."""

    names: frozenset[str]
    functions: Mapping[str, Function]
    fields: Mapping[str, tuple[str, ...]]


def definitions(module: str, places: Sequence[str]) -> Definitions | None:
    """What the module of this name defines; None if its file isn't found, or binds names that reading doesn't tell."""
    try:
        file = module_file(module, places)
        return _read(str(file), file.stat().st_mtime_ns) if file else None
    except (OSError, ImportError, ValueError, SyntaxError, RecursionError):
        return None  # whoever imports it will be told


@lru_cache(256)
def _read(file: str, _changed_ns: int) -> Definitions | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever imports it will be warned
        tree = ast.parse(Path(file).read_bytes())
    bound = Counter(_bound(tree))
    if "*" in bound or "__getattr__" in bound or rebinds(tree):
        return None
    plain = [node for node in tree.body if isinstance(node, (*_SCOPES,)) and not isinstance(node, ast.Lambda)]
    once = [node for node in plain if bound[node.name] == 1]
    return Definitions(
        names=frozenset(bound),
        functions={node.name: node for node in once if isinstance(node, Function) and not node.decorator_list},
        fields={
            node.name: found for node in once if isinstance(node, ast.ClassDef) and (found := _record_fields(node))
        },
    )


def rebinds(tree: ast.AST) -> bool:
    """Whether this code may bind names in a way that reading it doesn't tell."""
    return any(
        (isinstance(node, ast.Name) and node.id in DYNAMIC)
        or (isinstance(node, ast.Attribute) and node.attr in DYNAMIC)
        for node in ast.walk(tree)
    )


def _bound(tree: ast.Module) -> Iterator[str]:
    """Every binding of a module's names, `global` statements of functions included."""
    stack: list[tuple[ast.AST, bool]] = [(node, False) for node in tree.body]
    while stack:
        node, inside = stack.pop()
        if isinstance(node, ast.Global):
            yield from node.names
        elif not inside:
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    yield name
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                    yield name
                case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                    yield name
                case ast.alias(name=name, asname=alias):
                    yield alias or name.partition(".")[0]
        deeper = inside or isinstance(node, _SCOPES)
        stack += [(child, deeper) for child in ast.iter_child_nodes(node)]


def _record_fields(node: ast.ClassDef) -> tuple[str, ...]:
    """The fields of a named tuple or dataclass that inherits nothing; empty for any other class."""
    bases, decorators = [_last_name(base) for base in node.bases], [_last_name(each) for each in node.decorator_list]
    if (bases, decorators) not in ((["NamedTuple"], []), ([], ["dataclass"])) or node.keywords:
        return ()
    return tuple(
        statement.target.id
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    )


def _last_name(node: ast.expr) -> str:
    """`b` of `b`, `a.b` and `a.b(…)`."""
    match node:
        case ast.Call(func=called):
            return _last_name(called)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def misfits(function: Function, given: Sequence[str]) -> Iterator[str]:
    """Why `function` can't be called with keyword arguments of these names."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    optional = {argument.arg for argument in positional[len(positional) - len(arguments.defaults) :]}
    optional |= {
        argument.arg for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default
    }
    by_name = [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]
    for argument in arguments.posonlyargs:
        if argument.arg not in optional:
            yield f"takes {argument.arg!r} by position only, but inputs are given by name"
    for name in by_name:
        if name not in optional and name not in given:
            yield f"needs {name!r}, which isn't among the inputs"
    if arguments.kwarg is None:
        for name in given:
            if name not in by_name:
                yield f"takes no {name!r}; it takes {', '.join(by_name) or 'nothing'}"


def returned_fields(function: Function, found: Definitions) -> tuple[str, ...]:
    """The fields of what a function says it returns, if that is a record class of its module; else empty."""
    match function.returns:
        case ast.Name(id=name) | ast.Constant(value=str(name)):
            return found.fields.get(name, ())
    return ()
