"""The code of a cell → the names it needs and gives, and the node it becomes. Pure: the code is read, never run."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import JsonValue, ValidationError

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.bindings import bindings
from twingraph_lab.frontends.flow import Kind
from twingraph_lab.spec.wording import worded
from twingraph_lab.spec.workflow import Node, Source

RESULT = "result"
"""The output that holds the value of a cell's last expression."""

FIGURE = re.compile(r"figure(_\d+)?")
"""Outputs that a node may have though its code doesn't bind them: the figures that it leaves open."""

PROVIDED = (frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__builtins__", "__annotations__"}) - {
    "display", "exit", "get_ipython", "quit",
}  # fmt: skip
"""Names every node body has. IPython adds some to the builtins of a notebook that aren't there in a node."""

MAGIC = re.compile(r"^\s*[%!?]|=\s*[%!]\w|\?\s*$")
"""IPython's own syntax: magics, shell commands, also in assignments, and help."""


@dataclass(frozen=True, slots=True)
class CellNames:
    """`needs` and `may_need` map names to the line that reads them first; lines count from the cell's magic line, 1.

    `needs` must come from elsewhere. `may_need` are taken from elsewhere if they are there: builtins, which a cell may
    shadow, and names that this cell binds on another path. `outputs` are what others can use without asking for it:
    bound whatever happens, and no module, function, class, loop variable or underscore name. `kinds` has every name
    bound; `now` are the names read while the cell runs, not only in functions that it defines. `has_result` says that
    the last line is an expression, `result` that it is worth keeping.
    """

    needs: Mapping[str, int]
    may_need: Mapping[str, int]
    outputs: tuple[str, ...]
    kinds: Mapping[str, frozenset[Kind]]
    now: frozenset[str]
    has_result: bool
    result: bool

    @property
    def reads(self) -> dict[str, int]:
        """All names that may come from elsewhere."""
        return {**self.needs, **self.may_need}


def as_code(body: str) -> str:
    """The body of a `%%` cell as code: an empty first line stands for the magic line, so lines count as in the cell."""
    return f"\n{body.rstrip()}\n"


@lru_cache(maxsize=4096)
def names_of(code: str) -> CellNames:
    """The names of a cell. Raises `SyntaxError` for code that can't be compiled, and for `from … import *`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the process that runs the cell warns
        tree = _parse(code)
        found = bindings(code, tree)
    if found.star_import:
        message = "from … import * hides which names the cell uses; import them by name"
        line = code.splitlines()[found.star_import - 1]
        raise SyntaxError(message, ("<cell>", found.star_import, 1, line))
    needs = {name: line for name, line in found.reads.items() if name not in PROVIDED}
    shadowing = {name: line for name, line in found.reads.items() if name in PROVIDED}
    outputs = tuple(
        name
        for name, kinds in found.kinds.items()
        if can_cross(name)
        and not name.startswith("_")
        and kinds & {"value", "changed"}
        and not kinds & {"import", "definition"}
        and (name in found.certain or "changed" in kinds)
    )
    return CellNames(
        needs=needs,
        may_need={**shadowing, **{name: line for name, line in found.maybe_reads.items() if name not in needs}},
        outputs=outputs,
        kinds={name: frozenset(kinds) for name, kinds in found.kinds.items()},
        now=found.now,
        has_result=_last_expression(tree) is not None,
        result=_is_wanted(tree, code, outputs),
    )


def can_cross(name: str) -> bool:
    """Whether a variable's name can be an output's: plain ASCII, which every language and store takes."""
    return name.isascii() and len(name) <= 128


def _parse(code: str) -> ast.Module:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = compile(code, "<cell>", "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
    compile(code, "<cell>", "exec", flags, dont_inherit=True)  # finds what parsing doesn't: `return`, a late `global`
    assert isinstance(tree, ast.Module)
    return tree


def _is_wanted(tree: ast.Module, code: str, outputs: Collection[str]) -> bool:
    """Whether the last line is a value to keep. As in IPython, a `;` after it says that it isn't wanted.

    A call is made for what it does if the cell has outputs anyway: what it returns may well be nothing, or nothing that
    can be stored. `--out` with `result` keeps it all the same.
    """
    last = _last_expression(tree)
    match last:
        case None | ast.Constant() | ast.Call(func=ast.Name(id="print")):
            return False
        case ast.Call(func=ast.Attribute(attr="show")):  # `plt.show()`: the figure is what the cell gives
            return False
        case ast.Name(id=name) if name in outputs:
            return False
        case ast.Call() | ast.Await() if outputs:
            return False
    return not code.rstrip().endswith(";")


def _last_expression(tree: ast.Module) -> ast.expr | None:
    last = tree.body[-1] if tree.body else None
    return last.value if isinstance(last, ast.Expr) else None


def read_cell(name: str, code: str) -> CellNames:
    """`names_of` with faults that say which cell and line. Raises `WorkflowError`."""
    if not code.strip():
        raise WorkflowError([Fault("the cell is empty", node=name)])
    try:
        return names_of(code)
    except SyntaxError as error:
        raise WorkflowError([_syntax_fault(name, code, error)]) from None
    except ValueError as error:  # a null character in the source
        raise WorkflowError([Fault(str(error), node=name)]) from None


def _syntax_fault(name: str, code: str, error: SyntaxError) -> Fault:
    number = error.lineno or 1
    lines = code.splitlines()
    line = lines[number - 1] if number <= len(lines) else ""
    message = error.msg
    if MAGIC.search(line):
        message = "IPython's magics and shell commands can't be used in a node; it runs as plain Python elsewhere"
    pointer = " " * ((error.offset or 1) - 1) + "^"
    return Fault(f"{message}\n      {line}\n      {pointer}", node=name, path=f"line {number}")


def cell_node(
    name: str,
    code: str,
    *,
    inputs: Mapping[str, JsonValue],
    setup: str = "",
    keep: tuple[str, ...] = (),
    options: Mapping[str, Any] | None = None,
) -> Node:
    """The node of a cell: `keep` replaces the outputs inferred, `options` are further fields of `Node`.

    `setup` is what runs before its code.

    Raises `WorkflowError` for code that is no Python, for names in `keep` that aren't there, and for bad options.
    """
    names = read_cell(name, code)
    inferred = (*names.outputs, *([RESULT] if names.result and RESULT not in names.kinds else []))
    available = {*names.kinds, *inputs, *([RESULT] if names.has_result else [])}
    faults = [
        Fault(f"can't keep {output!r}: the cell binds {', '.join(sorted(available)) or 'no names'}", node=name)
        for output in keep
        if output not in available and not FIGURE.fullmatch(output)
    ]
    if faults:
        raise WorkflowError(faults)
    try:
        component = Source(code=code, setup=setup, outputs=keep or inferred, filename=f"<twingraph {name}>")
        return Node(id=name, component=component, inputs=dict(inputs), **(options or {}))
    except ValidationError as error:
        raise WorkflowError(
            Fault(worded(fault), node=name, path=".".join(str(part) for part in fault["loc"]))
            for fault in error.errors(include_url=False)
        ) from None
