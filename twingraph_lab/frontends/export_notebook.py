"""A workflow → a notebook that makes and runs it: a parameters cell, a `%%twingraph` cell for each node. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.cells import RESULT, names_of
from twingraph_lab.frontends.entries import ALL
from twingraph_lab.frontends.export_bodies import Body, body_of
from twingraph_lab.frontends.export_code import InexpressibleError, expression, literal
from twingraph_lab.frontends.tagged import workflow_of_cells
from twingraph_lab.spec.caching import cache_policy, policy_text
from twingraph_lab.spec.graph import topological
from twingraph_lab.spec.inputs import special_form
from twingraph_lab.spec.workflow import CachePolicy, Node, Parameter, PlatformSpec, Retry, Workflow

LOAD = "%load_ext twingraph_lab"
ANNOTATIONS = {"integer": ": int"}


def notebook(workflow: Workflow) -> str:
    """The notebook's JSON. Raises `WorkflowError`, which names every node that can't be said in a cell, and why."""
    faults = [
        Fault(
            "has no default, and a notebook's parameters have one; export a run that was given it",
            path=f"parameters.{n}",
        )
        for n, parameter in workflow.parameters.items()
        if parameter.required
    ]
    bodies: dict[str, Body] = {}
    for node_id in topological({node.id: node.upstream for node in workflow.nodes}):
        try:
            bodies[node_id] = body_of(workflow.by_id[node_id], workflow)
        except InexpressibleError as error:
            faults.append(Fault(str(error), node=node_id))
    cells: list[dict[str, Any]] = [_code(f"{LOAD}\n%twingraph new {shlex.quote(workflow.name)}")]
    if workflow.parameters:
        lines = [_parameter(name, parameter) for name, parameter in workflow.parameters.items()]
        cells.append(_code("\n".join(lines), tags=["parameters"]))
    cells += [_code(setup) for setup in dict.fromkeys(body.setup for body in bodies.values()) if setup]
    for node_id in bodies:
        try:
            cells.append(_code(_cell(workflow.by_id[node_id], bodies)))
        except InexpressibleError as error:
            faults.append(Fault(str(error), node=node_id))
    if faults:
        raise WorkflowError(faults, source=f"{workflow.name!r} as a notebook")
    cells.append(_code("%twingraph run"))
    document = _document(cells)
    _check(workflow, workflow_of_cells(document, name=workflow.name, source=f"{workflow.name!r} as a notebook"))
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _check(wanted: Workflow, made: Workflow) -> None:
    """Raise `WorkflowError` unless the notebook, read again, has the same edges: names may mean others there."""
    faults = [
        Fault(
            "in a notebook it would wait for "
            f"{', '.join(map(repr, sorted(made.by_id[node.id].upstream))) or 'nothing'}, because of the names it uses",
            node=node.id,
        )
        for node in wanted.nodes
        if {*node.upstream} != {*made.by_id[node.id].upstream}
    ]
    if faults:
        raise WorkflowError(faults, source=f"{wanted.name!r} as a notebook")


def _cell(node: Node, bodies: Mapping[str, Body]) -> str:
    """The cell's text. Raises `InexpressibleError`."""
    body = bodies[node.id]
    words = ["%%twingraph", node.id]
    names = names_of(body.code + "\n")
    lines: list[str] = []
    for name, tree in body.inputs.items():
        form = special_form(tree) if isinstance(tree, dict) else None
        read = name in names.reads
        if form == "param" and isinstance(tree, dict) and tree["param"] == name and read:
            continue  # the variable of the parameters cell
        if form == "ref" and isinstance(tree, dict) and read:
            words += ["--in", f"{name}={_source(str(tree['ref']), bodies)}"]
            continue
        given: dict[tuple[str, ...], str] = {}

        def named(path: tuple[str, ...], name: str = name, given: dict[tuple[str, ...], str] = given) -> str:
            if path[0] == "input" and path[1:2] != ("output",):
                if len(path) != 2:
                    raise InexpressibleError(f"{'.'.join(path)!r} is a part of a parameter")
                return path[1]
            return given.setdefault(path, f"{name}_{len(given) + 1}" if given else f"{name}_")

        lines.append(f"{name} = {expression(tree, named, templates=False)}")
        for path, variable in given.items():
            words += ["--in", f"{variable}={_source('.'.join(path), bodies)}"]
    code = "\n".join([*lines, body.code])
    outputs = names_of(code + "\n")
    if body.outputs:
        words += ["--out", ",".join(body.outputs)]
    elif outputs.outputs or outputs.result:
        kept = f"\ndel {', '.join(outputs.outputs)}" if outputs.outputs else ""
        code = code + kept + (";" if outputs.result and not kept else "")
    if RESULT in body.outputs and not outputs.has_result and RESULT not in outputs.kinds:
        raise InexpressibleError("its code has no last value to keep")
    return "\n".join([" ".join([*words, *_options(node)]), code])


def _source(ref: str, bodies: Mapping[str, Body]) -> str:
    """What `--in` says of a reference: all that a node gives is asked for as its `output`."""
    node, *path = ref.split(".")
    path = path[1:] if path[:1] == [ALL] else path
    if not path and node in bodies and bodies[node].outputs not in ((), (RESULT,)):
        path = [ALL]
    return ".".join([node, *path])


def _options(node: Node) -> list[str]:
    """Further options of a cell, quoted. Raises `InexpressibleError`."""
    words: list[str] = []
    if node.at_most_once:
        raise InexpressibleError("cells can't say `at_most_once`")
    if node.retry != Retry():
        if node.retry != Retry(attempts=node.retry.attempts):
            raise InexpressibleError("cells say how often to try again, but not when or on what")
        words += ["--retry", str(node.retry.attempts - 1)]
    if node.timeout_s is not None:
        words += ["--timeout", f"{node.timeout_s:g}s"]
    if node.cache != CachePolicy():
        words += ["--cache", _cache(node.cache)]
    if node.after:
        words += ["--after", ",".join(node.after)]
    if node.resources:
        words += ["--resources", ",".join(f"{name}={amount:g}" for name, amount in node.resources.items())]
    if node.platform != PlatformSpec():
        words += ["--platform", node.platform.kind]
        for name, value in node.platform.options.items():
            words += ["--option", f"{name}={json.dumps(value)}"]
    if wrong := [word for word in words if "{" in word or "$" in word or "\n" in word]:
        raise InexpressibleError(f"IPython would change {wrong[0]!r} in the first line of a cell")
    return [shlex.quote(word) for word in words]


def _cache(policy: CachePolicy) -> str:
    text = policy_text(policy)
    try:
        same = cache_policy(text) == policy
    except WorkflowError:
        same = False
    if not same:
        raise InexpressibleError(f"a cell can't say its cache policy {text!r}")
    return text


def _parameter(name: str, parameter: Parameter) -> str:
    comment = f"  # {' '.join(parameter.description.split())}" if parameter.description else ""
    return f"{name}{ANNOTATIONS.get(parameter.type, '')} = {literal(parameter.default)}{comment}"


def _code(source: str, tags: list[str] | None = None) -> dict[str, Any]:
    metadata = {"tags": tags} if tags else {}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def _document(cells: list[dict[str, Any]]) -> dict[str, Any]:
    numbered = [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells, 1)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": numbered, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
