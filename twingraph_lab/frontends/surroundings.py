"""The notebook around the cells: how a variable is made elsewhere, by import or by source, or why it can't."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import re
import sys
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from twingraph_lab.frontends.cells import names_of
from twingraph_lab.frontends.definitions import Definition, assignment, definitions_of, text_of
from twingraph_lab.frontends.display import clip
from twingraph_lab.frontends.missing import is_plain

REMADE = (type, functools.partial, typing.TypeVar, types.GenericAlias, types.UnionType, re.Pattern)
"""What running the assignment that made it again makes anew: types, and descriptions of values."""
NOTEBOOK = "__main__"


class UntravelledError(Exception):
    """A variable that can't be made elsewhere; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A notebook's `variables`, and the code of its plain cells in the order they ran."""

    variables: Mapping[str, Any]
    history: Sequence[str] = ()

    def definition(self, name: str) -> Definition | None:
        """How to make the variable `name` elsewhere; `None` for what is neither code nor imported.

        Raises `UntravelledError` for code that can't go along: closures, and what was defined where no cell shows it.
        """
        value = self.variables[name]
        if isinstance(value, types.ModuleType):
            return self._module(name, value)
        if line := _import_line(name, value):
            return Definition(name, line, is_import=True)
        code = self._last_binding(name)
        if code and (found := definitions_of(code).get(name)):
            _refuse_other_defaults(name, value, found, self.variables)
            return found
        if code and (assigned := assignment(code, name)):
            return self._assigned(name, value, code, assigned)
        if isinstance(value, types.FunctionType):
            return _from_file(name, value)
        if isinstance(value, type):
            if any(name in _readable(earlier) for earlier in self.history):
                told = "is a class that is changed after its definition; do that in the cell that defines it"
                raise UntravelledError(f"{name!r} {told}")
            raise UntravelledError(f"{name!r} is a class whose source isn't in the notebook; {_where_to_put(name)}")
        return None

    def _module(self, name: str, value: types.ModuleType) -> Definition:
        if sys.modules.get(value.__name__) is not value or value.__name__ == NOTEBOOK:
            raise UntravelledError(f"{name!r} is a module that can't be imported elsewhere; import it in the cell")
        line = f"import {value.__name__}" + (f" as {name}" if value.__name__ != name else "")
        parts = [line]
        for code in self.history:  # `import a.b` binds `a`, and makes `a.b` usable
            if f"import {name}." in code and (found := _readable(code).get(name)):
                parts += [part for part in found.text.split("\n") if part not in parts]
        return Definition(name, "\n".join(parts), is_import=True)

    def _last_binding(self, name: str) -> str:
        """The code of the latest cell that binds the name at its top level."""
        for code in reversed(self.history):
            if name in code and name in _kinds(code):
                return code
        return ""

    def _assigned(self, name: str, value: Any, code: str, statement: ast.Assign) -> Definition | None:
        function = isinstance(value, types.FunctionType)
        if isinstance(value, REMADE) or (function and isinstance(statement.value, ast.Name | ast.Attribute)):
            return Definition(name, text_of(code, statement))
        if function or isinstance(value, types.MethodType):
            raise UntravelledError(
                f"{name!r} is a function that a call made, with values of its own (a closure); {_where_to_put(name)}"
            )
        return None


def _import_line(name: str, value: Any) -> str:
    """The line that imports what has a name in a module of its own; else empty."""
    module, path = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or module == NOTEBOOK or not isinstance(path, str) or not path.isidentifier():
        return ""
    if getattr(sys.modules.get(module), path, None) is not value:
        return ""
    return f"from {module} import {path}" + (f" as {name}" if path != name else "")


def _from_file(name: str, value: types.FunctionType) -> Definition:
    """A function that no cell shows, such as one of `%run`: its source, by its place in its file."""
    own = inspect.unwrap(value)
    if "<" in own.__qualname__.replace("<lambda>", ""):
        raise UntravelledError(
            f"{name!r} is defined inside another function (a closure) and can't go along; {_where_to_put(name)}"
        )
    code = "".join(linecache.getlines(own.__code__.co_filename))
    found = _readable(code).get(own.__name__)
    if found is None:
        raise UntravelledError(f"the source of {name!r} isn't in the notebook; {_where_to_put(name)}")
    return found if own.__name__ == name else replace(found, name=name, text=f"{found.text}\n{name} = {own.__name__}")


def _refuse_other_defaults(name: str, value: Any, found: Definition, variables: Mapping[str, Any]) -> None:
    """Raise `UntravelledError` if a default value was a variable that has changed since: elsewhere it would be new."""
    defined = ast.parse(found.text).body[-1]
    if not isinstance(value, types.FunctionType) or not isinstance(defined, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if defined.decorator_list:  # what is called then may be another function
        return
    arguments, by_name = defined.args, value.__kwdefaults__ or {}
    given = [*zip(arguments.defaults, value.__defaults__ or (), strict=False)]
    given += [
        (default, by_name.get(argument.arg))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default
    ]
    for default, then in given:
        if isinstance(default, ast.Name) and is_plain(then):
            now = variables.get(default.id, then)
            if not (is_plain(now) and now == then):
                told = f"{name!r} was defined when {default.id!r} was {clip(repr(then), 40)}"
                raise UntravelledError(f"{told}, and it is another now; run the cell that defines {name!r} again")


def _where_to_put(name: str) -> str:
    return f"define it at the top level of a cell, or make {name!r} in the cell that uses it"


def _readable(code: str) -> Mapping[str, Definition]:
    try:
        return definitions_of(code)
    except (SyntaxError, ValueError):
        return {}


def _kinds(code: str) -> Iterator[str]:
    try:
        return iter(names_of(code).kinds)
    except (SyntaxError, ValueError):
        return iter(())
