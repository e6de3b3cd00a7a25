"""A workflow → a script that runs it: each node a component, the edges calls in a pipeline. Pure."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.cells import RESULT, names_of
from twingraph_lab.frontends.export_bodies import Body, body_of
from twingraph_lab.frontends.export_code import INDENT, InexpressibleError, Path, call, expression, literal
from twingraph_lab.frontends.export_components import (
    Names,
    Part,
    component_text,
    goes_above,
    is_docstring,
    part_of,
)
from twingraph_lab.spec.graph import topological
from twingraph_lab.spec.inputs import references
from twingraph_lab.spec.workflow import Workflow

TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "object": "dict", "array": "list"}
SCRIPTS_OWN = {"json", "sys"}
"""Modules that it imports anyway."""
TAKEN = {"component", "pipeline", "Any", "NamedTuple", "Nothing", *SCRIPTS_OWN}
NOTHING = f'class Nothing(NamedTuple):\n{INDENT}"""What a node without outputs returns."""'


def script(workflow: Workflow) -> str:
    """The script's text. Raises `WorkflowError`, which names every node that can't be said in one, and why."""
    faults = [
        Fault(f"{name!r} can't be the argument of a function", path=f"parameters.{name}")
        for name in workflow.parameters
        if keyword.iskeyword(name)
    ]
    bodies: dict[str, Body] = {}
    for node_id in topological({node.id: node.upstream for node in workflow.nodes}):
        try:
            bodies[node_id] = body_of(workflow.by_id[node_id], workflow)
        except InexpressibleError as error:
            faults.append(Fault(str(error), node=node_id))
    parts: dict[str, Part] = {}
    texts: list[str] = []
    bound = {*TAKEN, *_bound_by_setups(workflow)}
    imported = {_package(body) for body in bodies.values() if body.function}
    names = Names({*bound, *imported, *workflow.parameters})
    main = names.free(workflow.name)
    for node_id, body in bodies.items():
        hidden = _package(body) in bound - SCRIPTS_OWN  # then it is imported where its name means nothing else
        own = replace(body, function="") if hidden else body
        try:
            parts[node_id] = part = part_of(workflow.by_id[node_id], own, names)
            texts.append(component_text(part))
        except InexpressibleError as error:
            faults.append(Fault(str(error), node=node_id))
    steps, outputs = _steps(workflow, parts, faults)
    if faults:
        raise WorkflowError(faults, source=f"{workflow.name!r} as a script")
    return _assembled(workflow, main, parts.values(), texts, [*steps, *outputs])


def _assembled(workflow: Workflow, main: str, parts: Iterable[Part], texts: list[str], steps: list[str]) -> str:
    """The file: imports, what cells brought along, components, the pipeline, and how it starts."""
    parts = list(parts)
    imports = {f"import {part.module}" for part in parts if part.module}
    imports |= {"import json", "import sys"} if workflow.parameters else set()
    typed = [
        name for name in ("Any", "NamedTuple") if any(f": {name}" in text or f"({name})" in text for text in texts)
    ]
    arguments = ", ".join(_argument(name, workflow) for name in _by_need(workflow))
    own_name = f"(name={literal(workflow.name)})" if main != workflow.name else ""
    described = [f'{INDENT}"""{workflow.description}"""'] if is_docstring(workflow.description) else []
    given = '**json.loads(sys.argv[1] if sys.argv[1:] else "{}")' if workflow.parameters else ""
    hint = f"  # python FILE '{{\"{next(iter(workflow.parameters))}\": …}}' sets parameters" if given else ""
    blocks = [
        f'"""{_one_line(workflow.name)}: a workflow as a program."""',
        "\n".join([*sorted(imports), *([f"from typing import {', '.join(typed)}"] if typed else [])]),
        "from twingraph_lab import component, pipeline",
    ]
    blocks = [block for block in blocks if block]
    setups = list(dict.fromkeys(part.body.setup for part in parts if part.body.setup and goes_above(part)))
    big = [*setups, *([NOTHING] if any("-> Nothing" in text for text in texts) else []), *texts]
    flow = "\n".join([f"@pipeline{own_name}", f"def {main}({arguments}):", *described, *(steps or [INDENT + "pass"])])
    end = f'if __name__ == "__main__":\n{INDENT}print({main}({given})){hint}'
    return "\n\n\n".join(["\n\n".join(blocks), *big, flow, end]) + "\n"


def _steps(workflow: Workflow, parts: Mapping[str, Part], faults: list[Fault]) -> tuple[list[str], list[str]]:
    """The calls in order, and the line that returns the outputs."""
    name = _Naming(parts)
    steps: list[str] = []
    outputs = workflow.outputs or _last(workflow, parts)
    read = [part.body.inputs for part in parts.values()] + [outputs]
    used = {node for trees in read for node in _nodes_in(trees)} | {
        up for part in parts.values() for up in part.node.after
    }
    for part in parts.values():
        try:
            arguments = [f"{each}={expression(tree, name, templates=False)}" for each, tree in part.body.inputs.items()]
        except (InexpressibleError, KeyError) as error:
            if isinstance(error, InexpressibleError):
                faults.append(Fault(str(error), node=part.node.id))
            continue
        after = [parts[up].result for up in part.node.after if up in parts]
        if after:
            arguments.append(f"parent_hash=[{', '.join(after)}]")
        before = f"{part.result} = " if part.node.id in used else ""
        steps.append(call(part.name, arguments, INDENT, before=before))
    try:
        returned = {each: expression(tree, name, templates=False) for each, tree in outputs.items()}
    except KeyError:
        return steps, []  # of a node that is refused already
    except InexpressibleError as error:
        faults.append(Fault(str(error), path="outputs"))
        return steps, []
    if wrong := [each for each in returned if not each.isidentifier()]:
        faults.append(Fault(f"{', '.join(map(repr, wrong))} can't be outputs of a pipeline", path="outputs"))
    if not returned or wrong:
        return steps, []
    items = [f"{literal(each)}: {value}" for each, value in returned.items()]
    line = f"{INDENT}return {{{', '.join(items)}}}"
    if len(line) > 88:
        line = "\n".join([f"{INDENT}return {{", *(f"{INDENT * 2}{item}," for item in items), f"{INDENT}}}"])
    return steps, [line]


def _last(workflow: Workflow, parts: Mapping[str, Part]) -> dict[str, JsonValue]:
    """The outputs of a workflow that declares none: those of the nodes that nobody waits for."""
    waited_for = {up for node in workflow.nodes for up in node.upstream}
    last = [parts[node.id] for node in workflow.nodes if node.id in parts and node.id not in waited_for]
    return {part.node.id if part.node.id.isidentifier() else part.name: {"ref": part.node.id} for part in last}


def _nodes_in(trees: Mapping[str, JsonValue]) -> set[str]:
    return {reference.node for reference in references(trees)}


class _Naming:
    """What stands for a parameter or for a node's output in the pipeline."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts

    def __call__(self, path: Path) -> str:
        first, *rest = path
        if first == "input" and rest[:1] != ["output"]:
            if len(rest) != 1:
                raise InexpressibleError(f"{'.'.join(path)!r} is a part of a parameter")
            return rest[0]
        part = self._parts[first]
        outputs = part.body.outputs
        if rest[:1] == ["output"] and "output" not in outputs:
            rest = rest[1:]
        if rest and part.fields and rest[0] in outputs:
            field, *below = rest
            return f"{part.result}.{field}" + "".join(f"[{literal(key)}]" for key in below)
        if not rest or (rest == [RESULT] and outputs == (RESULT,)):
            return part.result
        return f'{part.result}["outputs"]' + "".join(f"[{literal(key)}]" for key in rest)


def _argument(name: str, workflow: Workflow) -> str:
    parameter = workflow.parameters[name]
    kind = TYPES.get(parameter.type, "")
    if parameter.required:
        return f"{name}: {kind}" if kind else name
    if kind and parameter.default is None:
        kind += " | None"
    return f"{name}: {kind} = {literal(parameter.default)}" if kind else f"{name}={literal(parameter.default)}"


def _by_need(workflow: Workflow) -> list[str]:
    """Parameters, those without a default first, as Python wants it."""
    return sorted(workflow.parameters, key=lambda name: not workflow.parameters[name].required)


def _package(body: Body) -> str:
    """What importing its function's module binds."""
    return body.function.partition(":")[0].partition(".")[0]


def _bound_by_setups(workflow: Workflow) -> set[str]:
    bound: set[str] = set()
    for node in workflow.nodes:
        setup: Any = getattr(workflow.component_of(node), "setup", "")
        if setup:
            bound.update(names_of(setup + "\n").kinds)
    return bound


def _one_line(text: str) -> str:
    return re.sub(r'["\\\s]+', " ", text).strip()
