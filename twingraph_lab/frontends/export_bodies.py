"""What a node does as Python statements, the same for a function in a script and for a notebook's cell. Pure."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.cells import RESULT, CellNames, names_of
from twingraph_lab.frontends.export_code import (
    RENDER,
    InexpressibleError,
    Path,
    call,
    expression,
    has_template,
    literal,
    paths_in,
)
from twingraph_lab.registry import Registry
from twingraph_lab.spec.inputs import is_parameter
from twingraph_lab.spec.workflow import Builtin, Node, Pickled, PythonFunction, Source, Workflow


@dataclass(frozen=True, slots=True)
class Body:
    """`code` takes `inputs`, trees without templates by name, and binds `outputs`.

    `setup` is code that may run once before. `function` is `package.module:name` if the node is nothing but a call of
    it with its inputs.
    """

    code: str
    inputs: dict[str, JsonValue]
    outputs: tuple[str, ...]
    setup: str = ""
    function: str = ""


def body_of(node: Node, workflow: Workflow) -> Body:
    """What a node does. Raises `InexpressibleError`."""
    component = workflow.component_of(node)
    for name in node.inputs:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise InexpressibleError(f"its input {name!r} isn't a name in Python")
    match component:
        case Source():
            body = _cell(component, node)
        case PythonFunction(ref=ref):
            body = _call(ref, node)
        case Builtin(name=name):
            body = _call(_builtin(name), node)
        case Pickled():
            body = _pickled(component, node)
    return _rendered(body)


def _cell(component: Source, node: Node) -> Body:
    if component.language != "python":
        raise InexpressibleError(f"it is written in {component.language}")
    code = component.code.strip("\n").rstrip()
    names = _names(code)
    outputs = node.outputs or component.outputs
    unbound = [name for name in outputs if name not in names.kinds and name not in node.inputs and name != RESULT]
    if unbound:
        raise InexpressibleError(f"its code never binds the output {', '.join(map(repr, unbound))}")
    return Body(code, dict(node.inputs), outputs, setup=component.setup.strip("\n").rstrip())


def _names(code: str) -> CellNames:
    try:
        return names_of(code + "\n")
    except (SyntaxError, ValueError) as error:
        raise InexpressibleError(f"its code can't be read: {error}") from None


def _call(ref: str, node: Node) -> Body:
    module, _, path = ref.partition(":")
    top = path.partition(".")[0]
    clash = {*node.inputs, *node.outputs}
    alias = f"{top}_" if top in clash else top
    imported = f"from {module} import {top}" + (f" as {alias}" if alias != top else "")
    called = alias + path.removeprefix(top)
    line, outputs = _bound(called, node)
    return Body(f"{imported}\n\n{line}", dict(node.inputs), outputs, function="" if node.outputs else ref)


def _bound(called: str, node: Node) -> tuple[str, tuple[str, ...]]:
    """A call that binds a node's outputs, as they are taken from what a function returns, and their names."""
    arguments = [f"{name}={name}" for name in node.inputs]
    match node.outputs:
        case ():
            return call(called, arguments, before="result = "), (RESULT,)
        case (name,):
            return call(called, arguments, before=f"{name} = "), (name,)
        case names:
            given = call(called, arguments, before="returned = ")
            targets = ", ".join(names)
            by_name = f"(returned[name] for name in {literal(list(names))})"
            return f"{given}\n{targets} = {by_name} if isinstance(returned, dict) else returned", names


def _builtin(name: str) -> str:
    try:
        function = Registry[Callable[..., object]]("twingraph_lab.components").get(name)
    except NotFoundError as error:
        raise InexpressibleError(str(error)) from None
    return f"{function.__module__}:{function.__qualname__}"


def _pickled(component: Pickled, node: Node) -> Body:
    """A function whose source is known and needs nothing from around it."""
    source = component.source.strip("\n").rstrip()
    try:
        (definition,) = ast.parse(source).body
    except (SyntaxError, ValueError):
        raise InexpressibleError(f"only the pickle of {component.name!r} is known, not its source") from None
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        raise InexpressibleError(f"{component.name!r} was no `def`; make it one")
    if missing := sorted(_names(source).needs):
        raise InexpressibleError(
            f"its function {component.name!r} uses {', '.join(missing)} from around it; move these into the function"
        )
    line, outputs = _bound(definition.name, node)
    if isinstance(definition, ast.AsyncFunctionDef):
        line = re.sub(r"= ", "= await ", line, count=1)
    return Body(f"{source}\n\n{line}", dict(node.inputs), outputs)


def _rendered(body: Body) -> Body:
    """The body with inputs that have templates made in its code, out of the values that the templates read."""
    templated = {name: tree for name, tree in body.inputs.items() if has_template(tree)}
    if not templated:
        return body
    inputs = {name: tree for name, tree in body.inputs.items() if name not in templated}
    names: dict[Path, str] = {}
    for path in dict.fromkeys(path for tree in templated.values() for path in paths_in(tree)):
        names[path] = _free("_".join(re.sub(r"\W", "_", part) for part in path), {*inputs, *names.values(), *templated})
        parameter = is_parameter(path) and len(path) == 2
        if is_parameter(path) and not parameter:
            raise InexpressibleError(f"a template reads {'.'.join(path)!r}, a part of a parameter")
        inputs[names[path]] = {"param": path[1]} if parameter else {"ref": ".".join(path)}
    made = [f"{name} = {expression(tree, names.__getitem__)}" for name, tree in templated.items()]
    return Body("\n".join([RENDER, "", *made, body.code]), inputs, body.outputs, body.setup)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
