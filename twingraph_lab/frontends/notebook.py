"""A notebook file → a workflow of one node, so that it runs as a durable batch job with parameters."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import JsonValue

from twingraph_lab.components import ipynb
from twingraph_lab.spec.workflow import Builtin, Node, Parameter, Workflow

NODE = "notebook"
ARGUMENTS = frozenset({"path", "kernel_name", "parameters", "optional"})
"""Arguments of the notebook component; a notebook's parameters of these names go into its `parameters`."""
DECLARABLE = re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII)


def workflow_of(path: str | Path) -> Workflow:
    """The workflow that runs the notebook at `path` as its node `notebook`.

    Its parameters are those of the cell tagged `parameters` (unless their names aren't ASCII), with type and default. A
    default that is code, not a value, stays the notebook's business: the parameter may be left out. Raises
    `WorkflowError` if the file isn't a notebook, or its tagged cells can't work.
    """
    document = ipynb.read(path)
    ipynb.outputs(document, source=str(path))
    found = ipynb.declared_parameters(document, source=str(path))
    declared = [parameter for parameter in found if DECLARABLE.fullmatch(parameter.name)]
    inputs: dict[str, JsonValue] = {"path": {"value": str(Path(path).resolve())}}
    clashing: dict[str, JsonValue] = {}
    for each in declared:
        (clashing if each.name in ARGUMENTS else inputs)[each.name] = {"param": each.name}
    if clashing:
        inputs["parameters"] = clashing
    if optional := [each.name for each in declared if not each.literal]:
        inputs["optional"] = {"value": [*optional]}
    return Workflow(
        name=Path(path).stem[:200],
        parameters={
            each.name: Parameter(type=each.type, default=each.default, description=each.description)
            for each in declared
        },
        nodes=(Node(id=NODE, component=Builtin(name="notebook"), inputs=inputs),),
    )
