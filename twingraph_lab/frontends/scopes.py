"""What functions and lambdas do to global names, read from the symbol table; nothing is executed."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Sequence
from typing import NamedTuple


class Body(NamedTuple):
    """What a function or lambda does to global names whenever it is called."""

    reads: frozenset[str]
    assigns: frozenset[str]

    def union(self, *others: Body) -> Body:
        """What this and the others do together."""
        return Body(
            self.reads.union(*(body.reads for body in others)), self.assigns.union(*(body.assigns for body in others))
        )


def bodies_in(table: symtable.SymbolTable) -> dict[tuple[str, int], Body]:
    """What every function and lambda does, by name and line: lambdas on one line count as one."""
    found: dict[tuple[str, int], Body] = {}
    for child in table.get_children():
        own = {(child.get_name(), child.get_lineno()): _globals(child)}
        for key, body in [*bodies_in(child).items(), *own.items()]:
            found[key] = found[key].union(body) if key in found else body
    return found


def _globals(table: symtable.SymbolTable) -> Body:
    symbols = [symbol for symbol in table.get_symbols() if symbol.is_global()]
    own = Body(
        frozenset(symbol.get_name() for symbol in symbols if symbol.is_referenced()),
        frozenset(symbol.get_name() for symbol in symbols if symbol.is_assigned()),
    )
    return own.union(*(_globals(child) for child in table.get_children()))


def evaluated_at_definition(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, *, hints: bool = True
) -> Sequence[ast.expr]:
    """What running a `def` or `lambda` evaluates: decorators, defaults and, with `hints`, annotations; not the body."""
    arguments = node.args
    parts = [*arguments.defaults, *(default for default in arguments.kw_defaults if default)]
    if isinstance(node, ast.Lambda):
        return parts
    if not hints:
        return [*node.decorator_list, *parts]
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    notes = [note for note in (node.returns, *(argument.annotation for argument in named if argument)) if note]
    generic = {parameter.name for parameter in getattr(node, "type_params", ())}
    return [*node.decorator_list, *parts, *(note for note in notes if not generic & names_in(note))]


def only_hinted(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """Names that only stand in the hints of a function's variables, which Python never evaluates (PEP 526)."""
    hints = [part.annotation for part in ast.walk(node) if isinstance(part, ast.AnnAssign)]
    hinted = [part for hint in hints for part in ast.walk(hint)]
    unseen = {id(part) for part in hinted}
    used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and id(part) not in unseen}
    return {part.id for part in hinted if isinstance(part, ast.Name)} - used


def names_in(node: ast.AST) -> set[str]:
    """Every variable mentioned in `node`."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def changes_in_place(call: ast.Call) -> bool:
    """`inplace=True`, as pandas writes it."""
    words = {word.arg: word.value for word in call.keywords}
    value = words.get("inplace")
    return isinstance(value, ast.Constant) and value.value is True
