"""Pieces of Python for exported programs: literals, expressions for input trees, indented code. Pure."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import JsonValue

from twingraph_lab.events import Artifact
from twingraph_lab.runtime.serializers import Json
from twingraph_lab.spec.inputs import is_parameter, is_template, lone_path, special_form, template_paths

INDENT = "    "
WIDTH = 88
"""Calls longer than this get an argument a line."""
RENDER = "from twingraph_lab.planning.template import render"

Path = tuple[str, ...]
"""`node, output, …`, or `input, parameter, …`."""
Name = Callable[[Path], str]
"""What stands for the value at a path in an expression."""


class InexpressibleError(Exception):
    """A node can't be said in this form; the message says why."""


def literal(value: Any) -> str:
    r"""JSON data as Python, with the quotes that formatters prefer.

    >>> literal({"a": [None, True, 'say "x"', "it's"]})
    '{"a": [None, True, \'say "x"\', "it\'s"]}'
    """
    if isinstance(value, str):
        text = repr(value)
        return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(literal, value)) + "]"
    return repr(value)


def expression(tree: JsonValue, name: Name, *, templates: bool = True) -> str:
    """The value of an input tree as Python. Raises `InexpressibleError` for what has no form, and for templates."""
    if isinstance(tree, dict):
        match special_form(tree):
            case "ref":
                return name(tuple(str(tree["ref"]).split(".")))
            case "param":
                return name(("input", str(tree["param"])))
            case "value":
                return literal(tree["value"])
            case "artifact":
                return literal(_stored(tree["artifact"]))
        items = (f"{literal(key)}: {expression(item, name, templates=templates)}" for key, item in tree.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(expression(item, name, templates=templates) for item in tree) + "]"
    if is_template(tree):
        return _template(tree, name, templates=templates)
    return literal(tree)


def has_template(tree: JsonValue) -> bool:
    """Whether something in the tree has to be rendered; a template that is one path and nothing else is a reference."""
    if isinstance(tree, dict):
        return special_form(tree) is None and any(map(has_template, tree.values()))
    if isinstance(tree, list):
        return any(map(has_template, tree))
    return is_template(tree) and lone_path(tree) is None


def paths_in(tree: JsonValue) -> list[Path]:
    """What the tree reads, each path once."""
    found: dict[Path, None] = {}

    def note(path: Path) -> str:
        found[path] = None
        return "None"

    expression(tree, note)
    return list(found)


def _template(text: str, name: Name, *, templates: bool) -> str:
    lone = lone_path(text)
    if lone is not None:
        return name(lone)
    if not templates:
        raise InexpressibleError(f"the template {literal(text)} is rendered where the node runs")
    context: dict[str, Any] = {}
    paths = template_paths(text)
    for path in sorted(set(paths), key=lambda path: (len(path), paths.index(path))):
        if len(path) == 1 and is_parameter(path):
            raise InexpressibleError(f"the template {literal(text)} takes all parameters at once")
        *above, last = path
        place = context
        for step in above:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                break  # a shorter path has it already
        else:
            place.setdefault(last, name(path))
    return f"render({literal(text)}, {_nested(context)})"


def _nested(context: Mapping[str, Any]) -> str:
    items = (
        f"{literal(key)}: {_nested(value) if isinstance(value, dict) else value}" for key, value in context.items()
    )
    return "{" + ", ".join(items) + "}"


def _stored(description: JsonValue) -> JsonValue:
    artifact = Artifact.model_validate(description)
    if artifact.inline and artifact.media_type == Json.media_type:
        return artifact.data
    raise InexpressibleError(f"it takes a stored value ({artifact.media_type}, {artifact.size} bytes), not a literal")


def call(function: str, arguments: list[str], indent: str = "", *, before: str = "") -> str:
    """`before` and a call, on one line if it is short, else with an argument a line."""
    line = f"{indent}{before}{function}({', '.join(arguments)})"
    if len(line) <= WIDTH or not arguments:
        return line
    return "\n".join(
        [f"{indent}{before}{function}(", *(f"{indent}{INDENT}{each}," for each in arguments), f"{indent})"]
    )


def with_result(code: str) -> str:
    r"""The code with its last line, an expression, bound to `result`.

    >>> with_result("a = 1; a +\\\n  2")
    'a = 1; result = a +\\\n  2'
    """
    tree = _tree(code)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        return code
    lines = code.split("\n")
    start = len(lines[last.lineno - 1].encode()[: last.col_offset].decode())
    lines[last.lineno - 1] = f"{lines[last.lineno - 1][:start]}result = {lines[last.lineno - 1][start:]}"
    return "\n".join(lines)


def indented(code: str, indent: str = INDENT) -> str:
    """The code one level deeper. Lines inside of strings stay as they are, and so do empty ones."""
    inside = {line for first, last in _strings(code) for line in range(first + 1, last + 1)}
    lines = code.split("\n")
    return "\n".join(
        line if number in inside or not line.strip() else indent + line for number, line in enumerate(lines, 1)
    )


def _strings(code: str) -> Iterator[tuple[int, int]]:
    """The first and last line of every literal that may be a string over several lines."""
    for node in ast.walk(_tree(code)):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)):
            yield node.lineno, node.end_lineno or node.lineno


def _tree(code: str) -> ast.Module:
    tree = compile(code, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def awaits(code: str) -> bool:
    """Whether code at the top level, not in a function of its own, has to be awaited."""
    compiled = compile(code, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return bool(compiled.co_flags & inspect.CO_COROUTINE)
