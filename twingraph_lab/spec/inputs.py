"""Input trees: where the references are, without resolving them.

What is walked here is a mapping of names to JSON trees: a node's `inputs`, a workflow's `outputs`. So an input may
well be called `ref` or `value`; only the trees below the names have the special forms `{"ref": …}`, `{"param": …}`,
`{"artifact": …}` and `{"value": …}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeGuard

from pydantic import JsonValue, ValidationError

from twingraph_lab.errors import TwinGraphError
from twingraph_lab.events import Artifact

_REST = r"(?:[\w-]*(?:\w|-(?=[.\s])))?"  # of a name, whose last hyphen isn't that of `-}}`
_LITERAL = r"(?:[tT]rue|[fF]alse|[nN]one)(?![\w.-])"
PATH = rf"(?!{_LITERAL})[A-Za-z_]{_REST}(?:\.\w{_REST})*"
SIMPLE = re.compile(r"\{\{-?\s*(" + PATH + r")\s*-?\}\}")
"""`{{ a.b.c }}` with nothing but a path: resolved without Jinja, and typed when it is the whole string."""

_INTERPOLATED = re.compile(r"\{\{\s*(" + PATH + r")\s*\}\}")
_JINJA = re.compile(r"\{[{%#]")
_PLAIN_KEY = re.compile(r"[\w$-]+")
_READ = (str, dict, list, tuple)
_AS_IS = 'write {"value": …} around what is meant literally'


class TemplateError(TwinGraphError):
    """A template can't be read or rendered; the message names it, what is undefined and what is known."""

    http_status = 422
    exit_code = 2


class Reference(NamedTuple):
    """`path` of `node`'s outputs, as mentioned at JSON path `at`. A leading `output` is not part of `path`."""

    node: str
    path: tuple[str, ...]
    at: str


class ParameterUse(NamedTuple):
    """Parameter `name`, or all of them (`{{ input }}`) if it is None, as mentioned at JSON path `at`."""

    name: str | None
    at: str


class Malformed(NamedTuple):
    """A reference or template at JSON path `at` that can't be read; `message` says why."""

    message: str
    at: str


Mention = Reference | ParameterUse | Malformed


def references(tree: JsonValue | Mapping[str, Any]) -> list[Reference]:
    """Every reference to a node in the trees of a mapping, in order; what can't be read is left to validation.

    >>> references({"x": [1, {"ref": "load.rows.0"}], "y": "{{ a.output.n }} of {{ input.total }}"})
    [Reference(node='load', path=('rows', '0'), at='x[1]'), Reference(node='a', path=('n',), at='y')]
    """
    return [mention for mention in mentions(tree) if isinstance(mention, Reference)]


def mentions(tree: JsonValue | Mapping[str, Any]) -> list[Mention]:
    """Every reference, parameter and unreadable form in the trees of a mapping, in order. Never raises."""
    found: list[Mention] = []
    stack = _entries("", tree) if isinstance(tree, Mapping) else [("", tree)]
    while stack:
        at, value = stack.pop()
        if isinstance(value, str):
            if is_template(value):
                found += _in_template(value, at)
        elif isinstance(value, dict):
            form = special_form(value)
            if form == "ref":
                found.append(_reference(value["ref"], at))
            elif form == "param":
                found.append(_parameter(value["param"], at))
            elif form == "artifact":
                found += _artifact(value["artifact"], at)
            elif form is None:
                stack += _entries(at, value)
        elif isinstance(value, list | tuple):
            stack += [(f"{at}[{i}]", value[i]) for i in range(len(value) - 1, -1, -1) if _may_mention(value[i])]
    return found


def special_form(value: Mapping[str, Any]) -> str | None:
    """`ref`, `param`, `value` or `artifact` if that is the mapping's only key."""
    if len(value) == 1:
        (key,) = value
        if key in ("ref", "param", "value", "artifact"):
            return key
    return None


def is_template(value: Any) -> TypeGuard[str]:
    """Whether this is a string that is rendered: it holds `{{` or `{%`."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def lone_path(text: str) -> tuple[str, ...] | None:
    """The path that a template is exactly, so that the value keeps its type.

    >>> lone_path("{{ clean.output.rows }}"), lone_path("{{ clean.output.rows }} rows")
    (('clean', 'output', 'rows'), None)
    """
    match = SIMPLE.fullmatch(text)
    return tuple(match[1].split(".")) if match else None


def pieces(text: str) -> list[str | tuple[str, ...]] | None:
    """A template as literal text and paths by turns, beginning and ending with text; None if it takes Jinja to read it.

    >>> pieces("Dear {{ input.name }}!")
    ['Dear ', ('input', 'name'), '!']
    """
    parts = _INTERPOLATED.split(text)
    if any(_JINJA.search(part) for part in parts[::2]):
        return None
    return [tuple(part.split(".")) if index % 2 else part for index, part in enumerate(parts)]


def template_paths(text: str) -> list[tuple[str, ...]]:
    """The paths a template reads, in order. Raises `TemplateError` if it isn't a template we take."""
    parts = pieces(text)
    if parts is not None:
        return [part for part in parts if isinstance(part, tuple)]
    path = lone_path(text)
    if path is not None:
        return [path]
    from twingraph_lab.spec.expressions import parse  # noqa: PLC0415  (Jinja, only where a template needs it)

    return list(parse(text).paths)


def is_parameter(path: tuple[str, ...]) -> bool:
    """Whether a template path starts at the parameters; `input.output…` is the node called `input`."""
    return path[0] == "input" and path[1:2] != ("output",)


def literal(value: JsonValue) -> JsonValue:
    """`value` such that it stands for itself in an input tree: wrapped if anything in it would be resolved.

    >>> literal([1, "a"]), literal("{{ x }}")
    ([1, 'a'], {'value': '{{ x }}'})
    """
    stack: list[Any] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if special_form(item):
                return {"value": value}
            stack += item.values()
        elif isinstance(item, list):
            stack += item
        elif is_template(item):
            return {"value": value}
    return value


def step(at: str, key: str | int) -> str:
    """JSON path `at` extended by an object's key or an array's index.

    >>> step(step("nodes", 0), "id"), step("inputs", "two words")
    ('nodes[0].id', 'inputs["two words"]')
    """
    if isinstance(key, int):
        return f"{at}[{key}]"
    if key.isidentifier() or _PLAIN_KEY.fullmatch(key):
        return f"{at}.{key}" if at else key
    return f"{at}[{json.dumps(key if len(key) <= 60 else key[:60] + '…', ensure_ascii=key.isascii())}]"


def _entries(at: str, mapping: Mapping[str, Any]) -> list[tuple[str, Any]]:
    entries = [(step(at, key), value) for key, value in mapping.items() if _may_mention(value)]
    entries.reverse()
    return entries


def _may_mention(value: Any) -> bool:
    return isinstance(value, _READ)


def _reference(text: object, at: str) -> Mention:
    if not isinstance(text, str):
        return Malformed(f"`ref` must be text like 'node.output', not {_kind(text)}; {_AS_IS}", at)
    node, *path = text.split(".")
    if not node or not all(path):
        return Malformed(f"{text!r} is not a reference like 'node' or 'node.output'; {_AS_IS}", at)
    return Reference(node, _without_output(tuple(path)), at)


def _parameter(name: object, at: str) -> Mention:
    if not isinstance(name, str):
        return Malformed(f"`param` must be the name of a parameter, not {_kind(name)}; {_AS_IS}", at)
    return ParameterUse(name, at)


def _artifact(description: object, at: str) -> list[Malformed]:
    try:
        Artifact.model_validate(description)
    except ValidationError:
        return [Malformed(f"`artifact` must describe a stored value: `digest`, `media_type`, `size`; {_AS_IS}", at)]
    return []


def _in_template(text: str, at: str) -> Iterable[Mention]:
    try:
        paths = template_paths(text)
    except TemplateError as error:
        return [Malformed(f"{error}; {_AS_IS}", at)]
    return [
        ParameterUse(path[1] if len(path) > 1 else None, at)
        if is_parameter(path)
        else Reference(path[0], _without_output(path[1:]), at)
        for path in paths
    ]


def _without_output(path: tuple[str, ...]) -> tuple[str, ...]:
    return path[1:] if path[:1] == ("output",) else path


def _kind(value: object) -> str:
    return {"dict": "an object", "list": "an array", "NoneType": "null"}.get(type(value).__name__, repr(value)[:40])
