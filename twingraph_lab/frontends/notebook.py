"""A notebook file → a workflow: of its tagged cells, or of one node that runs all of it by papermill."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import JsonValue

from twingraph_lab.components import ipynb
from twingraph_lab.frontends.tagged import has_nodes, workflow_of_cells
from twingraph_lab.spec.workflow import Builtin, Node, Parameter, Workflow

NODE = "notebook"
ARGUMENTS = frozenset({"path", "kernel_name", "parameters", "optional", "inputs"})
"""Arguments of the notebook component; a notebook's parameters of these names go into its `parameters`."""
DECLARABLE = re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII)


def workflow_of(path: str | Path) -> Workflow:
    """The workflow that the notebook at `path` stands for; its description says which of both it is.

    If cells are tagged `node` or begin with `%%twingraph`, it is that of these cells. Else it runs the whole notebook
    as its node `notebook`. Raises `WorkflowError` with every fault, each with its cell.
    """
    document = ipynb.read(path)
    name = Path(path).stem[:200]
    if has_nodes(document):
        cells = workflow_of_cells(document, name=name, source=str(path))
        return cells.model_copy(update={"description": f"the tagged and %%twingraph cells of {Path(path).name}"})
    return _whole(path, document).model_copy(update={"description": f"{Path(path).name} as one node, by papermill"})


def _whole(path: str | Path, document: ipynb.Document) -> Workflow:
    """The workflow that runs the notebook as its node `notebook`.

    Its parameters are those of the cell tagged `parameters` (unless their names aren't ASCII), with type and default. A
    default that is code, not a value, stays the notebook's business: the parameter may be left out.
    """
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
