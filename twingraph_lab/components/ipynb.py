"""What a notebook file says about itself, read without a kernel and without Jupyter's libraries."""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, JsonValue, ValidationError

from twingraph_lab.errors import Fault, MissingExtraError, WorkflowError
from twingraph_lab.runtime.serializers import JSON

Document = dict[str, Any]
Cell = Mapping[str, Any]
ParameterType = Literal["any", "string", "integer", "number", "boolean", "object", "array"]
OUTPUT_TAGS = frozenset({"output", "outputs"})
EXECUTED = "notebook"
"""The output that every notebook node has: the notebook itself, executed."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Names that a cell assigns outside functions and classes, or shows last; whether it shows another value last."""

    names: tuple[str, ...]
    shows: bool


@dataclass(frozen=True, slots=True)
class Declared:
    """A parameter of a notebook. Unless `literal`, its default is code, which only the notebook can evaluate."""

    name: str
    type: ParameterType
    default: JsonValue
    literal: bool
    description: str


def read(path: str | Path) -> Document:
    """The JSON of a notebook of format 4. Raises `WorkflowError` if there is none at `path`."""
    source = str(path)
    try:
        document = json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise WorkflowError([Fault("there is no such file")], source=source) from None
    except OSError as error:
        raise WorkflowError([Fault(f"can't be read: {error.strerror}")], source=source) from None
    except (ValueError, RecursionError) as error:
        raise WorkflowError([Fault(f"not a notebook, since it isn't JSON: {error}")], source=source) from None
    if faults := list(_faults(document)):
        raise WorkflowError(faults, source=source)
    return cast("Document", document)


def _faults(document: Any) -> Iterator[Fault]:
    if not isinstance(document, dict) or not isinstance(number := document.get("nbformat"), int):
        yield Fault("not a notebook: JSON, but without a notebook's format number", path="nbformat")
        return
    if number != 4:
        yield Fault(f"notebook format {number}, not 4: open and save it in JupyterLab to convert it", path="nbformat")
        return
    try:
        _Shape.model_validate(document)
    except ValidationError as error:
        for wrong in error.errors(include_url=False):
            yield Fault(
                wrong["msg"], path="".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in wrong["loc"])[1:]
            )


class _CellMetadata(BaseModel):
    tags: list[str] = []


def _joined(source: Any) -> Any:
    return "".join(source) if isinstance(source, list) and all(isinstance(line, str) for line in source) else source


class _CellShape(BaseModel):
    cell_type: str
    source: Annotated[str, BeforeValidator(_joined)]
    metadata: _CellMetadata = _CellMetadata()


class _Language(BaseModel):
    name: str | None = None
    language: str | None = None


class _Metadata(BaseModel):
    kernelspec: _Language = _Language()
    language_info: _Language = _Language()


class _Shape(BaseModel):
    """As much of a notebook of format 4 as is relied on here; the rest is Jupyter's business."""

    nbformat_minor: int = 0
    metadata: _Metadata = _Metadata()
    cells: list[_CellShape]


def without_outputs(document: Document) -> Document:
    """A notebook to be run: no outputs, and in the form of nbformat 4.5, where each cell has an id of its own."""
    cells = []
    seen: set[str] = set()
    for i, cell in enumerate(document["cells"]):
        own = cell.get("id")
        identity = own if isinstance(own, str) and own not in seen else f"cell-{i}"
        seen.add(identity)
        ran: Document = {"outputs": [], "execution_count": None} if cell.get("cell_type") == "code" else {}
        cells.append({"metadata": {}, **cell, "id": identity, **ran})
    minor = max(5, document.get("nbformat_minor", 0))
    return {"metadata": {}, **document, "cells": cells, "nbformat_minor": minor}


def tags(cell: Cell) -> frozenset[str]:
    """The tags of a cell."""
    return frozenset(cell.get("metadata", {}).get("tags", ()))


def text(cell: Cell) -> str:
    """The source of a cell, which the format allows to be a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def language(document: Mapping[str, Any]) -> str:
    """The programming language of the code cells; Python where nothing is said."""
    metadata = document.get("metadata", {})
    said = metadata.get("language_info", {}).get("name") or metadata.get("kernelspec", {}).get("language")
    return str(said or "python").lower()


def outputs(document: Mapping[str, Any], *, source: str) -> dict[int, Bound]:
    """What the tagged cells hand over, by its place in `cells`. Raises `WorkflowError` with all that is wrong."""
    found: dict[int, Bound] = {}
    faults: list[Fault] = []
    for i, cell in enumerate(document["cells"]):
        if cell.get("cell_type") != "code" or OUTPUT_TAGS.isdisjoint(tags(cell)):
            continue
        at = f"cells[{i}]"
        if language(document) != "python":
            faults.append(Fault(f"only Python cells hand over outputs, and this is {language(document)}", path=at))
            continue
        try:
            found[i] = bound(text(cell))
        except SyntaxError as error:
            faults.append(Fault(f"can't tell the outputs of this cell: {error.msg} in line {error.lineno}", path=at))
            continue
        if EXECUTED in found[i].names:
            faults.append(Fault(f"no output can be called {EXECUTED!r}: that is the executed notebook", path=at))
    if faults:
        raise WorkflowError(faults, source=source)
    return found


def bound(source: str) -> Bound:
    r"""Private names, loop variables and imports don't count. Raises `SyntaxError`.

    >>> bound("a, (b, _) = 1, (2, 3)\nfor i in a: c = i\nsum(c)")
    Bound(names=('a', 'b', 'c'), shows=True)
    >>> bound("import x\nx.y = 1\ntotal")
    Bound(names=('total',), shows=False)
    """
    tree = _tree(source)
    names = _Assigned()
    names.visit(tree)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Name):
        names.bind(last.value)
        last = None
    return Bound(tuple(names.found), isinstance(last, ast.Expr) and not source.rstrip().endswith(";"))


class _Assigned(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: dict[str, None] = {}

    def bind(self, target: ast.expr) -> None:
        match target:
            case ast.Name(id=name) if not name.startswith("_"):
                self.found[name] = None
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self.bind(part)
            case ast.Starred(value=part):
                self.bind(part)

    def visit(self, node: ast.AST) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                return
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return
            case ast.Assign(targets=targets):
                for target in targets:
                    self.bind(target)
            case ast.AugAssign(target=target) | ast.NamedExpr(target=target):
                self.bind(target)
            case ast.AnnAssign(target=target, value=value) if value:
                self.bind(target)
        self.generic_visit(node)


def declared_parameters(document: Mapping[str, Any], *, source: str) -> list[Declared]:
    """What the first cell tagged `parameters` assigns, if it is Python: `name: type = default  # description`.

    The syntax tree is read instead of papermill's patterns, which miss defaults with `=` or `#`. The type is the
    default's, and a number may replace an integer unless the annotation is `int`. Raises `WorkflowError` if the cell
    isn't valid Python.
    """
    tagged = ((i, cell) for i, cell in enumerate(document["cells"]) if "parameters" in tags(cell))
    i, cell = next(tagged, (0, None))
    if cell is None or language(document) != "python":
        return []
    code = text(cell)
    try:
        statements = _tree(code).body
    except SyntaxError as error:
        fault = Fault(f"can't tell the parameters of this cell: {error.msg} in line {error.lineno}", path=f"cells[{i}]")
        raise WorkflowError([fault], source=source) from None
    comments = _comments(code)
    return list({one.name: one for statement in statements if (one := _declared(statement, comments))}.values())


def _declared(statement: ast.stmt, comments: Mapping[int, str]) -> Declared | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            annotation = ""
        case ast.AnnAssign(target=ast.Name(id=name), annotation=note, value=ast.expr() as value):
            annotation = ast.unparse(note)
        case _:
            return None
    comment = comments.get(statement.end_lineno or 0, "")
    if comment.startswith("type:"):
        annotation, _, comment = comment.removeprefix("type:").strip().partition(" ")
    literal, default = _literal(value)
    return Declared(name, _type(default, annotation), default, literal, comment.strip())


def _literal(value: ast.expr) -> tuple[bool, JsonValue]:
    try:
        default = ast.literal_eval(value)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return False, None
    return (True, default) if JSON.accepts(default) else (False, None)


def _type(default: JsonValue, annotation: str) -> ParameterType:
    match default:
        case bool():
            return "boolean"
        case int():
            return "integer" if annotation == "int" else "number"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
    return "any"


def _comments(source: str) -> dict[int, str]:
    """Comments by line number."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    try:
        return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    except (tokenize.TokenError, SyntaxError):  # magics aren't Python
        return {}


def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:
        try:
            from IPython.core.inputtransformer2 import TransformerManager  # noqa: PLC0415
        except ImportError:
            raise MissingExtraError("a cell with magics", "notebook") from None
        return ast.parse(TransformerManager().transform_cell(source))
