"""Which names a piece of Python needs and which it leaves behind: definite assignment, decided on the syntax tree.

The rules are those of the language reference ("Naming and binding"), followed along every path a cell can take:
branches, loops, handlers, `match`, comprehensions, functions called before or after the names they use exist. What only
happens on some path counts as *maybe*. Nothing is executed or imported.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Callable, Iterable
from typing import NamedTuple

from twingraph_lab.frontends.flow import Bindings, Flow, State, join
from twingraph_lab.frontends.scopes import (
    Body,
    bodies_in,
    changes_in_place,
    evaluated_at_definition,
    names_in,
    only_hinted,
)

CHANGES = frozenset({"fit", "fit_predict", "fit_transform", "partial_fit", "pop", "popitem", "popleft", "setdefault"})
"""Methods known to alter their object, wherever they are called."""
STATEMENTS = CHANGES | {
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "remove", "reverse", "sort", "update",
}  # fmt: skip
"""Methods known to alter their object when their result is thrown away."""

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


def bindings(code: str, tree: ast.Module) -> Bindings:
    """The names that `code`, whose syntax tree is `tree`, reads and binds at its top level."""
    hints = not any(isinstance(part, ast.ImportFrom) and part.module == "__future__" for part in tree.body)
    flow = _Walk(bodies_in(symtable.symtable(code, "<cell>", "exec")), hints=hints)
    flow.statements(tree.body)
    return flow.settled()


class _Loop(NamedTuple):
    """The states at each `break` and `continue` of a loop."""

    breaks: list[State | None]
    continues: list[State | None]


class _Walk(Flow):
    """Walks code in the order it runs. `bodies` are its functions, `hints` are evaluated or just text."""

    def __init__(self, bodies: dict[tuple[str, int], Body], outer: _Walk | None = None, *, hints: bool = True) -> None:
        super().__init__(outer)
        self.bodies = bodies
        self.hints = hints
        self.loops: list[_Loop] = []

    # statements

    def statements(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def branch(self, start: State | None, *steps: Callable[[], None]) -> State | None:
        """The state after `steps`, begun in `start`."""
        self.state = start
        for step in steps:
            step()
        return self.state

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(value=value):
                self.expression(value)
                match value:
                    case ast.Call(func=ast.Attribute(attr=method) as called) if method in STATEMENTS:
                        self.change(called)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value):
                self._define(name, "lambda", value)
            case ast.Assign(targets=targets, value=value):
                self.expressions(value, *targets)
            case ast.AnnAssign(value=value):
                self.expressions(*([node.annotation] if self.hints else []), *([value, node.target] if value else []))
            case ast.AugAssign(target=ast.Name(id=name)):
                self.read(name, node.lineno)
                self.expressions(node.value, node.target)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self._define(name, name, node)
            case ast.ClassDef():
                self._class(node)
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.Global(names=names):
                self.globals.update(names)
            case ast.If(test=test):
                self.expression(test)
                self.state = self._either(
                    self.state, lambda: self.statements(node.body), lambda: self.statements(node.orelse)
                )
            case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable):
                self.expression(iterable)
                self._loop(node, endless=False)
            case ast.While(test=test):
                self.expression(test)
                self._loop(node, endless=isinstance(test, ast.Constant) and bool(test.value))
            case ast.Break() | ast.Continue():
                (self.loops[-1].breaks if isinstance(node, ast.Break) else self.loops[-1].continues).append(self.state)
                self.state = None
            case ast.Raise():
                self._parts(node)
                self.state = None
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    self.expression(item.context_expr)
                    self._target(item.optional_vars)
                self.statements(node.body)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Match():
                self._match(node)
            case _:
                self._parts(node)

    def _either(self, start: State | None, *branches: Callable[[], None]) -> State | None:
        return join([self.branch(start, step) for step in branches])

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, *, endless: bool) -> None:
        start, loop = self.state, _Loop([], [])
        self.loops.append(loop)
        if not isinstance(node, ast.While):
            self._target(node.target)
        self.statements(node.body)
        self.loops.pop()
        self.state = None if endless else join([start, self.state, *loop.continues])
        self.statements(node.orelse)
        self.state = join([self.state, *loop.breaks])

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        start = self.state
        self.statements(node.body)
        body, raised = self.state, None
        if start is not None:  # an exception may come before or after any statement
            certain = start.certain & body.maybe if body else start.certain
            raised = State(certain, start.maybe | self.found.kinds.keys())
        ends = [self.branch(body, lambda: self.statements(node.orelse))]
        for handler in node.handlers:
            self.state = raised
            self._handler(handler)
            ends.append(self.state)
        end = join(ends)
        self.branch(join([end, raised]), lambda: self.statements(node.finalbody))
        self.branch(end, lambda: self.statements(node.finalbody))

    def _handler(self, node: ast.ExceptHandler) -> None:
        if node.type:
            self.expression(node.type)
        if node.name:
            self.bind(node.name, "target")
        self.statements(node.body)
        if node.name:
            self.unbind(node.name)

    def _match(self, node: ast.Match) -> None:
        self.expression(node.subject)
        start, ends, complete = self.state, list[State | None](), False
        for case in node.cases:
            self.state = start
            for part in ast.walk(case.pattern):
                match part:
                    case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                        self.bind(name)
                    case ast.MatchValue(value=value) | ast.MatchClass(cls=value):
                        self.expression(value)
                if isinstance(part, ast.MatchMapping):
                    self.expressions(*part.keys)
            if case.guard:
                self.expression(case.guard)
            self.statements(case.body)
            ends.append(self.state)
            wild = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
            complete = complete or (wild and not case.guard)
        self.state = join(ends if complete else [*ends, start])

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.found.star_import = self.found.star_import or node.lineno
                continue
            self.bind(alias.asname or alias.name.partition(".")[0], "import")

    def _define(self, name: str, table: str, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        self.expressions(*evaluated_at_definition(node, hints=self.hints))
        body = self.bodies[table, node.lineno]
        reads = body.reads - only_hinted(node)
        self.bind(name, "definition")
        self.callables[name] = reads
        self.later += [(free, node.lineno) for free in sorted(reads)]
        top = self.outer or self
        for assigned in sorted(body.assigns):
            top.found.maybe_reads.setdefault(assigned, node.lineno)  # `global n; n += 1` reads it too
            top.bind(assigned, certain=False)

    def _class(self, node: ast.ClassDef) -> None:
        self.expressions(*node.decorator_list, *node.bases, *(word.value for word in node.keywords))
        inner = _Walk(self.bodies, outer=self, hints=self.hints)
        inner.statements(node.body)
        self.bind(node.name, "definition")
        self.callables[node.name] = frozenset(name for name, _ in inner.later)
        self.later += inner.later

    # expressions

    def expressions(self, *nodes: ast.expr) -> None:
        for node in nodes:
            self.expression(node)

    def expression(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                self.read(name, node.lineno)
            case ast.Name(id=name, ctx=ast.Store()):
                self.bind(name)
            case ast.Name(id=name):
                self.read(name, node.lineno)
                self.unbind(name)
            case ast.Attribute() | ast.Subscript():
                self._parts(node)
                if not isinstance(node.ctx, ast.Load):
                    self.change(node)
            case ast.Call():
                self._parts(node)
                if isinstance(node.func, ast.Attribute) and (node.func.attr in CHANGES or changes_in_place(node)):
                    self.change(node.func)
            case ast.NamedExpr(target=target, value=value):
                self.expression(value)
                self.bind(target.id, certain=not self.comprehensions)
            case ast.BoolOp(values=[first, *others]):
                self.expression(first)
                for value in others:
                    start = self.state
                    self.expression(value)
                    self.state = join([start, self.state])
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.expression(test)
                self.state = self._either(self.state, lambda: self.expression(body), lambda: self.expression(orelse))
            case ast.Lambda():
                self._lambda(node)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._comprehension(node)
            case _:
                self._parts(node)

    def _parts(self, node: ast.AST) -> None:
        for part in ast.iter_child_nodes(node):
            self.expression(part)

    def _target(self, node: ast.expr | None) -> None:
        """Bind what a `for` or `with` binds: means, not results."""
        match node:
            case ast.Name(id=name):
                self.bind(name, "target")
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._target(part)
            case ast.Starred(value=part):
                self._target(part)
            case ast.Attribute() | ast.Subscript():
                self.expression(node)

    def _lambda(self, node: ast.Lambda) -> None:
        """A lambda that isn't given a name probably runs at once, but may do so later."""
        self.expressions(*evaluated_at_definition(node))
        for name in sorted(self.bodies["lambda", node.lineno].reads):
            if self.state is None or name in self.state.maybe:
                self.read(name, node.lineno)
            else:
                self.later.append((name, node.lineno))

    def _comprehension(self, node: Comprehension) -> None:
        first, *others = node.generators
        self.expression(first.iter)
        self.comprehensions.append(names_in(first.target))
        self.expressions(*first.ifs)
        for generator in others:
            self.expression(generator.iter)
            self.comprehensions[-1] |= names_in(generator.target)
            self.expressions(*generator.ifs)
        self.expressions(*([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]))
        self.comprehensions.pop()
