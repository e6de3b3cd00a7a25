"""A function's text → what it declares: its arguments with types, defaults and documentation, and what it returns."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from twingraph_lab.runtime.serializers import JSON
from twingraph_lab.spec.component import Declaration, Slot

Function = ast.FunctionDef | ast.AsyncFunctionDef
Classes = Mapping[str, ast.ClassDef]

_TYPES = {
    "string": "str Path PurePath PathLike UUID date datetime time",
    "integer": "int",
    "number": "float Decimal",
    "boolean": "bool",
    "object": "dict Dict Mapping MutableMapping OrderedDict Counter defaultdict",
    "array": "list List tuple Tuple set Set frozenset Sequence Iterable Iterator Collection ndarray Series",
    "table": "DataFrame LazyFrame GeoDataFrame RecordBatch Table",
    "bytes": "bytes bytearray",
}
TYPES = {name: kind for kind, names in _TYPES.items() for name in names.split()}
"""JSON Schema's type, or ours, by the last part of an annotation's name."""

_PLAIN = {bool: "boolean", int: "integer", float: "number", str: "string"}
_SPHINX = re.compile(r"^\s*:param (?:[\w.\[\], ]+ )?\*{0,2}(\w+)\s*:\s*(.+)$")
_LISTED = re.compile(r"^(\s+)\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s+(.+)$")
_RETURNED = 8
"""More keys of a returned object than this are data, not outputs."""


def declaration(function: Function, classes: Classes) -> Declaration:
    """What the function's signature and docstring say. `classes` are those of its module, for what it returns."""
    text = ast.get_docstring(function) or ""
    documented = dict(_documented(text))
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + [*arguments.defaults]
    pairs = [*zip(positional, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return Declaration(
        title=function.name,
        description=inspect.cleandoc(text).partition("\n\n")[0].replace("\n", " "),
        inputs={each.arg: _taken(each, default, documented.get(each.arg, "")) for each, default in pairs},
        outputs=_returned(function, classes),
        takes_more=arguments.kwarg is not None,
    )


def slot(annotation: ast.expr | None) -> Slot:
    """What an annotation says of a value.

    >>> slot(ast.parse("Literal['a', 'b'] | None", mode="eval").body).choices
    ('a', 'b')
    """
    match annotation:
        case ast.Constant(value=str(text)):
            try:
                return slot(ast.parse(text, mode="eval").body)
            except (SyntaxError, ValueError, RecursionError):
                return Slot()
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _union([left, right])
        case ast.Subscript(value=outer, slice=inner):
            return _generic(_last(outer), inner)
        case ast.Name() | ast.Attribute():
            return Slot(type=TYPES.get(_last(annotation), "any"))
    return Slot()


def _generic(name: str, inner: ast.expr) -> Slot:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    match name:
        case "Optional":
            return slot(inner)
        case "Union":
            return _union(parts)
        case "Annotated":
            said = next((text for part in parts[1:] if (text := _text(part))), "")
            return slot(parts[0]).model_copy(update={"description": said})
        case "Literal":
            choices = tuple(part.value for part in parts if isinstance(part, ast.Constant) and JSON.accepts(part.value))
            kinds = {_PLAIN.get(type(choice), "any") for choice in choices}
            whole = len(choices) == len(parts)
            return Slot(type=kinds.pop() if len(kinds) == 1 else "any", choices=choices if whole else ())
    return Slot(type=TYPES.get(name, "any"))


def _union(parts: list[ast.expr]) -> Slot:
    """What all members but None have in common."""
    members = [slot(part) for part in parts if not (isinstance(part, ast.Constant) and part.value is None)]
    return members[0] if len({(member.type, member.choices) for member in members}) == 1 else Slot()


def _taken(argument: ast.arg, default: ast.expr | None, documented: str) -> Slot:
    said = slot(argument.annotation)
    value = _literal(default)
    kind = said.type if said.type != "any" or argument.annotation else _PLAIN.get(type(value), "any")
    return said.model_copy(
        update={
            "type": kind,
            "required": default is None,
            "default": value,
            "description": documented or said.description,
        }
    )


def _returned(function: Function, classes: Classes) -> dict[str, Slot]:
    """The fields of a named tuple or typed dict that it returns, the keys of literal ones, else `result`."""
    match function.returns:
        case ast.Name(id=name) | ast.Constant(value=str(name)) if name in classes:
            if fields := _fields(classes[name]):
                return fields
    if function.returns is None and (keys := _keys(function)):
        return dict.fromkeys(keys, Slot())
    return {"result": slot(function.returns)}


def _fields(defined: ast.ClassDef) -> dict[str, Slot]:
    if not {"NamedTuple", "TypedDict"} & {_last(base) for base in defined.bases}:
        return {}
    return {
        each.target.id: slot(each.annotation)
        for each in defined.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }


def _keys(function: Function) -> tuple[str, ...]:
    """The keys of the object that every `return` writes out, if they are the same names."""
    found: set[tuple[str, ...]] = set()
    for returned in _returns(function):
        keys = [text for key in returned.keys if (text := _text(key))] if isinstance(returned, ast.Dict) else []
        whole = isinstance(returned, ast.Dict) and len(keys) == len(returned.keys) <= _RETURNED
        if not whole or not all(key.isidentifier() for key in keys):
            return ()
        found.add(tuple(keys))
    return found.pop() if len(found) == 1 else ()


def _returns(function: Function) -> Iterator[ast.expr | None]:
    stack: list[ast.AST] = [*function.body]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Return):
            yield node.value
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack += ast.iter_child_nodes(node)


def _documented(text: str) -> Iterator[tuple[str, str]]:
    """What a docstring says of arguments, in Sphinx's, Google's or NumPy's form."""
    lines = text.splitlines()
    inside = False
    for number, line in enumerate(lines):
        if found := _SPHINX.match(line):
            yield found[1], found[2].strip()
        elif line.strip().rstrip(":") in ("Args", "Arguments", "Parameters"):
            inside = True
        elif inside and (found := _LISTED.match(line)):
            yield found[2], found[3].strip()
        elif inside and re.match(r"^\w+ : ", line) and number + 1 < len(lines):
            yield line.partition(" ")[0], lines[number + 1].strip()
        elif line.strip() and not line.startswith((" ", "-")):
            inside = inside and line.strip(" -") == ""


def _literal(default: ast.expr | None) -> JsonValue:
    try:
        value = ast.literal_eval(default) if default is not None else None
    except (ValueError, TypeError, MemoryError, RecursionError, SyntaxError):
        return None
    return value if JSON.accepts(value) else None


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _last(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""
