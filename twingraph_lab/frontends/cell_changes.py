"""A node changed on the canvas → its cell, as far as a cell can say it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.cells import as_code, names_of
from twingraph_lab.frontends.entries import Cell
from twingraph_lab.spec.workflow import CachePolicy, Node, PlatformSpec, Retry, Source, Workflow

BY_NAME = "comes by its name from {source}; draw an edge to it from elsewhere, or use another name in the code"
NO_LITERAL = "takes a value of its own; write it in the code, or take it from a node or a parameter"


def edited(cell: Cell, was: Node, node: Node, workflow: Workflow) -> Cell:
    """The cell of `was` as that of `node`. Raises `WorkflowError` with all that no cell can say.

    Inputs that changed are not among what it is `given` any more, unless they were taken away: names may give them.
    """
    faults: list[Fault] = []
    changes: dict[str, Any] = {}
    options = dict(cell.options)
    fields = {field for field in Node.model_fields if getattr(was, field) != getattr(node, field)}
    if "id" in fields:
        changes["name"] = node.id
    if "component" in fields:
        changes |= _of_component(was, node, faults)
    if "outputs" in fields:
        changes["keep"] = node.outputs
    renewed = replace(cell, **changes)
    changes["given"] = _given(renewed, was, node, workflow, faults)
    for field in fields & _OPTIONS.keys():
        value = getattr(node, field)
        default, said = _OPTIONS[field]
        options.pop(field, None)
        if value != default:
            options[field] = said(value)
    if "retry" in fields and node.retry != Retry(attempts=node.retry.attempts):
        faults.append(Fault("a cell's line says only how often to try again", node=node.id, path="retry"))
    others = sorted(fields - _OPTIONS.keys() - {"id", "inputs", "component", "outputs"})
    faults += [Fault("a cell's line can't say this", node=node.id, path=field) for field in others]
    if faults:
        raise WorkflowError(faults)
    return replace(cell, **changes, options=options)


def source_of(value: JsonValue) -> str:
    """What `--in` says for this input; empty for what it can't say."""
    match value:
        case {"ref": str(source), **others} if not others:
            return source
        case {"param": str(source), **others} if not others:
            return source
    return ""


_OPTIONS: dict[str, tuple[Any, Any]] = {
    "after": ((), tuple),
    "platform": (PlatformSpec(), PlatformSpec.model_dump),
    "retry": (Retry(), lambda retry: {"attempts": retry.attempts}),
    "timeout_s": (None, float),
    "cache": (CachePolicy(), lambda policy: policy),
    "resources": ({}, dict),
}
"""Fields of a node that options of its cell say: the default, and the value as a cell has it."""


def _given(cell: Cell, was: Node, node: Node, workflow: Workflow, faults: list[Fault]) -> dict[str, str]:
    """What is left of the inputs that the cell's line says."""
    given, reads = dict(cell.given), reads_of(cell)
    for name in {**was.inputs, **node.inputs}:
        before, after = was.inputs.get(name), node.inputs.get(name)
        if name not in reads or (name in node.inputs and before == after):
            continue
        if name in node.inputs and not source_of(after):
            faults.append(Fault(NO_LITERAL, node=node.id, path=name))
        elif name not in node.inputs and name not in given:
            source = source_of(before)
            if source.partition(".")[0] in {**workflow.by_id, **workflow.parameters}:
                faults.append(Fault(BY_NAME.format(source=source), node=node.id, path=name))
        given.pop(name, None)
    new = [name for name in node.inputs if name not in was.inputs and name not in reads]
    faults += [Fault(f"the cell never reads {name!r}", node=node.id, path=name) for name in new]
    return {name: source for name, source in given.items() if name in reads}


def _of_component(was: Node, node: Node, faults: list[Fault]) -> dict[str, Any]:
    """The code of the cell, and what it keeps, where the component changed."""
    before, after = was.component, node.component
    if not (isinstance(before, Source) and isinstance(after, Source) and before.language == after.language):
        faults.append(Fault("a cell can't become another kind of node", node=node.id, path="component"))
        return {}
    code = as_code(after.code.removeprefix("\n"))
    changes: dict[str, Any] = {"code": code} if after.code != before.code else {}
    if after.outputs != before.outputs:
        changes["keep"] = () if after.outputs == inferred(code) else after.outputs
    return changes


def inferred(code: str) -> tuple[str, ...]:
    """The outputs that a cell has without saying so."""
    try:
        names = names_of(code)
    except (SyntaxError, ValueError):
        return ()
    return (*names.outputs, *(["result"] if names.result and "result" not in names.kinds else []))


def reads_of(cell: Cell) -> Mapping[str, int]:
    """The names that the code of a cell reads, by line; none if it is no Python."""
    try:
        return names_of(cell.code).reads
    except (SyntaxError, ValueError):
        return {}
