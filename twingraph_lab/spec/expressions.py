"""Templates that are more than paths: read by Jinja's parser, checked, and never compiled or run here.

A path of constant steps (`a.output.rows[0]`) that starts at a name the template doesn't bind itself reads a node or a
parameter. `parse` replaces each by a name of its own, so that rendering looks values up exactly as everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.tests import TESTS

from twingraph_lab.spec.inputs import TemplateError
from twingraph_lab.spec.wording import Suggestions

FILTERS = frozenset(
    """
    abs batch capitalize center count d default dictsort e escape filesizeformat first float format forceescape groupby
    indent int items join last length list lower map max min reject rejectattr replace reverse round select selectattr
    slice sort string striptags sum title tojson trim truncate unique upper urlencode wordcount wordwrap
    """.split()  # noqa: SIM905  (a list would take sixty lines)
)
"""Jinja's filters without those that reach objects (`attr`), write HTML, or answer differently each time (`random`)."""

PREFIX = "_twingraph_"
"""The names that `parse` puts in place of paths: `_twingraph_0`, `_twingraph_1`, …"""

_STATEMENTS = (
    nodes.Output,
    nodes.For,
    nodes.If,
    nodes.Assign,
    nodes.AssignBlock,
    nodes.With,
    nodes.FilterBlock,
)
_KEYWORDS = {
    nodes.CallBlock: "call",
    nodes.FromImport: "from",
    nodes.Scope: "autoescape",
}
SIZE_LIMIT = 64 * 1024
"""Characters of a template that takes more than paths; parsing takes some microseconds for each."""
_GRAMMAR = Environment(autoescape=False, optimized=False, keep_trailing_newline=True)  # noqa: S701  (never renders)


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked template: `tree` reads `_twingraph_<n>` where the text reads `paths[n]`."""

    tree: nodes.Template
    paths: tuple[tuple[str, ...], ...]


def parse(text: str) -> Expression:
    """Read and check a template. Raises `TemplateError` on a syntax error or on anything that isn't allowed.

    >>> parse("{{ a.output.rows[0] | upper }}{% for a in b %}{{ a.x }}{% endfor %}").paths
    (('a', 'output', 'rows', '0'), ('b',))
    """
    if len(text) > SIZE_LIMIT:
        raise TemplateError(f"template {shown(text)} is longer than {SIZE_LIMIT} characters")
    try:
        tree = _GRAMMAR.parse(text)
        scan = _Scan()
        scan.visit(tree, set())
    except TemplateSyntaxError as error:
        raise TemplateError(
            f"template {shown(text)} can't be read: {(error.message or '').rstrip('.')} (line {error.lineno})"
        ) from None
    except ValueError as error:  # a number of more digits than Python converts
        raise TemplateError(f"template {shown(text)} can't be read: {error}") from None
    except RecursionError:
        raise TemplateError(f"template {shown(text)} is nested too deeply") from None
    except _RefusedError as error:
        raise TemplateError(f"template {shown(text)}: {error}") from None
    return Expression(tree, tuple(scan.paths))


def lexed(text: str) -> list[tuple[str, str]]:
    """The tokens of a template that can be parsed, as Jinja's kinds and the text of each; together they are `text`."""
    return [(kind, value) for _, kind, value in _GRAMMAR.lex(text)]


def shown(text: str) -> str:
    """A template as messages quote it: its first hundred characters."""
    return repr(text if len(text) <= 100 else f"{text[:100]}…")


class _RefusedError(Exception):
    """The template uses something we don't take."""


class _Scan:
    """One pass over a syntax tree: checks it, collects free paths and replaces them. `bound` holds names in scope."""

    def __init__(self) -> None:
        self.paths: list[tuple[str, ...]] = []
        self._names: dict[tuple[str, ...], str] = {}

    def visit(self, node: nodes.Node, bound: set[str]) -> None:
        """Visit what is below `node`, statement by statement, since `set` binds for those that follow."""
        _check(node)
        match node:
            case nodes.For():
                self._replace(node, ("iter",), bound)
                inner = bound | _bindings(node.target) | {"loop"}
                self._replace(node, ("test",), inner)
                self._all(node.body, set(inner))
                self._all(node.else_, set(bound))
            case nodes.With():
                node.values = [self._swap(value, bound) for value in node.values]
                self._all(node.body, bound.union(*map(_bindings, node.targets)))
            case nodes.Assign():
                self._replace(node, ("node",), bound)
                bound |= _bindings(node.target)
            case nodes.AssignBlock() | nodes.FilterBlock():
                self._replace(node, ("filter",), bound)
                self._all(node.body, set(bound))
                if isinstance(node, nodes.AssignBlock):
                    bound |= _bindings(node.target)
            case nodes.Call(node=nodes.Getattr() as method):
                self._replace(method, ("node",), bound)
                self._replace(node, ("args", "kwargs", "dyn_args", "dyn_kwargs"), bound)
            case nodes.Call(node=nodes.Name(name="range" | "loop")):
                self._replace(node, ("args", "kwargs", "dyn_args", "dyn_kwargs"), bound)
            case _:
                self._replace(node, node.fields, bound)

    def _all(self, children: Iterable[nodes.Node], bound: set[str]) -> None:
        for child in children:
            self.visit(child, bound)

    def _replace(self, node: nodes.Node, fields: Iterable[str], bound: set[str]) -> None:
        for field in fields:
            value = getattr(node, field, None)
            if isinstance(value, nodes.Node):
                setattr(node, field, self._swap(value, bound))
            elif isinstance(value, list):
                setattr(node, field, [self._swap(v, bound) if isinstance(v, nodes.Node) else v for v in value])

    def _swap(self, node: nodes.Node, bound: set[str]) -> nodes.Expr:
        path = _path(node)
        if path is None or path[0] in bound:
            self.visit(node, bound)
            return cast("nodes.Expr", node)
        if path not in self._names:
            self._names[path] = f"{PREFIX}{len(self.paths)}"
            self.paths.append(path)
        return nodes.Name(self._names[path], "load", lineno=node.lineno, environment=node.environment)


def _check(node: nodes.Node) -> None:
    match node:
        case nodes.Template() | nodes.TemplateData():
            pass
        case nodes.Stmt() if not isinstance(node, _STATEMENTS):
            raise _RefusedError(f"{{% {_KEYWORDS.get(type(node), type(node).__name__.lower())} %}} is not allowed")
        case nodes.For(recursive=True):
            raise _RefusedError("a recursive loop is not allowed")
        case nodes.Pow():
            raise _RefusedError("`**` is not allowed")
        case nodes.Filter(name=name) if name not in FILTERS:
            raise _RefusedError(f"there is no filter {name!r}{_hint(name, FILTERS)}")
        case nodes.Test(name=name) if name not in TESTS:
            raise _RefusedError(f"there is no test {name!r}{_hint(name, TESTS)}")


def _hint(name: str, known: Iterable[str]) -> str:
    return Suggestions(known)(name) or f"; known: {', '.join(sorted(known))}"


def _path(node: nodes.Node) -> tuple[str, ...] | None:
    steps: list[str] = []
    while True:
        match node:
            case nodes.Getattr(attr=attr):
                steps.append(attr)
                node = node.node
            case nodes.Getitem(arg=nodes.Const(value=str() | int() as key)) if not isinstance(key, bool):
                steps.append(str(key))
                node = node.node
            case nodes.Name(ctx="load", name=name):
                return (name, *reversed(steps))
            case _:
                return None


def _bindings(target: nodes.Node) -> set[str]:
    names = {name.name for name in target.find_all(nodes.Name)}
    return names | {target.name} if isinstance(target, nodes.Name) else names
