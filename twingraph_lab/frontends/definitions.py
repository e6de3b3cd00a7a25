"""What a cell defines rather than computes: imports, functions and classes, each with the text that makes it anew."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from twingraph_lab.frontends.cells import CellNames, names_of
from twingraph_lab.frontends.scopes import names_in

FUTURE = "__future__"
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Definition:
    """`text` are the statements that bind `name`; `future` is the `from __future__` line they were written under."""

    name: str
    text: str
    is_import: bool = False
    future: str = ""

    @property
    def names(self) -> CellNames:
        """What `text` reads and binds."""
        return names_of(f"{self.future}\n{self.text}" if self.future else self.text)


@lru_cache(maxsize=4096)
def definitions_of(code: str) -> Mapping[str, Definition]:
    """The names that `code` defines at its top level, also inside `if` and `try`. Raises `SyntaxError`."""
    found: dict[str, Definition] = {}
    future = ""
    for statement in _tree(code).body:
        if isinstance(statement, ast.ImportFrom) and statement.module == FUTURE:
            future = ast.unparse(statement)
        elif is_definition(statement):
            for each in _defined(code, statement):
                found[each.name] = _after(found.get(each.name), replace(each, future=future))
            _register(code, statement, found)
        else:
            _wrap(code, statement, found)
    return MappingProxyType(found)


@lru_cache(maxsize=4096)
def defines_only(code: str) -> bool:
    """Whether `code` binds functions, classes and modules and does nothing else. Raises `SyntaxError`."""
    body = _tree(code).body
    return bool(definitions_of(code)) and all(is_definition(statement) for statement in body)


@lru_cache(maxsize=4096)
def assignment(code: str, name: str) -> ast.Assign | None:
    """The last statement `name = …` at the top level of `code`. Raises `SyntaxError`."""
    for statement in reversed(_tree(code).body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=bound)]) if bound == name:
                return statement
    return None


def is_definition(statement: ast.stmt) -> bool:
    """Whether a statement at the top level only defines, so that running it again elsewhere does no harm."""
    match statement:
        case ast.If() | ast.Try():
            parts = [*_nested(statement)]
            return any(_defines(part) for part in parts) and all(_is_harmless(part) for part in parts)
    return _defines(statement) or _is_text(statement)


def text_of(code: str, statement: ast.stmt) -> str:
    """The source of a statement at the top level, with its decorators and comments beside it."""
    lines = code.splitlines(keepends=True)
    first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", ()))])
    last = statement.end_lineno or first
    after = lines[last - 1].encode()[statement.end_col_offset or 0 :].decode().strip()
    if statement.col_offset == 0 and (not after or after.startswith("#")):
        return "".join(lines[first - 1 : last]).rstrip("\n")
    return ast.get_source_segment(code, statement) or ast.unparse(statement)  # several on a line, parted by `;`


def _tree(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the process that runs the cell warns
        tree = compile(code, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _defined(code: str, statement: ast.stmt) -> Iterator[Definition]:
    match statement:
        case ast.Import() | ast.ImportFrom():
            for alias in statement.names:
                alone = (
                    ast.Import([alias])
                    if isinstance(statement, ast.Import)
                    else ast.ImportFrom(statement.module, [alias], statement.level)
                )
                yield Definition(alias.asname or alias.name.partition(".")[0], ast.unparse(alone), is_import=True)
        case _:
            text = text_of(code, statement)
            only_imports = isinstance(statement, ast.If | ast.Try) and all(
                not isinstance(part, FUNCTION | ast.ClassDef) and not _is_lambda(part) for part in _nested(statement)
            )
            for name in names_of(text).kinds:
                yield Definition(name, text, is_import=only_imports)


def _after(earlier: Definition | None, later: Definition) -> Definition:
    """What a name stands for when it is defined again: a definition that builds on the earlier one goes with it."""
    if earlier is None or later.text in earlier.text.split("\n"):
        return earlier or later
    alone = not later.is_import and later.name not in later.names.reads and not later.text.startswith(("if", "try"))
    return later if alone else replace(later, text=f"{earlier.text}\n{later.text}", is_import=earlier.is_import)


def _register(code: str, statement: ast.stmt, found: dict[str, Definition]) -> None:
    """`@area.register` adds to `area`, whatever the function below it is called."""
    for decorator in getattr(statement, "decorator_list", ()):
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            base = found.get(target.value.id)
            if base and base.name != getattr(statement, "name", ""):
                found[base.name] = replace(base, text=f"{base.text}\n{text_of(code, statement)}")


def _wrap(code: str, statement: ast.stmt, found: dict[str, Definition]) -> None:
    """`f = timed(f)` belongs to the definition of `f`."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if name in found:
            if name in names_in(call):
                base = found[name]
                found[name] = replace(base, text=f"{base.text}\n{text_of(code, statement)}")


def _defines(statement: ast.stmt) -> bool:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    return isinstance(statement, kinds) or _is_lambda(statement)


def _is_lambda(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name()], value=ast.Lambda()):
            return True
        case ast.AnnAssign(target=ast.Name(), value=ast.Lambda()):
            return True
    return False


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _is_harmless(statement: ast.stmt) -> bool:
    """Inside `if` and `try`, constants stand in for what couldn't be imported."""
    match statement:
        case ast.Assign(value=ast.Constant()) | ast.Raise() | ast.If() | ast.Try():
            return True
    return _defines(statement) or _is_text(statement)


def _nested(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements inside an `if` or `try`, and inside those that are in it."""
    match statement:
        case ast.If(body=body, orelse=orelse):
            parts = [*body, *orelse]
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=last):
            parts = [*body, *(part for handler in handlers for part in handler.body), *orelse, *last]
        case _:
            return
    for part in parts:
        yield part
        yield from _nested(part)
