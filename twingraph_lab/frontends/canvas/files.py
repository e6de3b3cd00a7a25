"""A file put onto the canvas: a notebook, a script with components, another workflow."""

from __future__ import annotations

import os
from pathlib import Path

from twingraph_lab.components import ipynb
from twingraph_lab.frontends.canvas import project
from twingraph_lab.frontends.canvas.arranging import placed
from twingraph_lab.frontends.canvas.builtin import NOTEBOOK
from twingraph_lab.frontends.canvas.catalog import Catalog, of_function
from twingraph_lab.frontends.canvas.messages import AddFile
from twingraph_lab.frontends.canvas.naming import free, refusal
from twingraph_lab.frontends.canvas.nodes import made_node
from twingraph_lab.frontends.canvas.pasting import STEP, put
from twingraph_lab.frontends.canvas.read import opened
from twingraph_lab.frontends.steps import as_id
from twingraph_lab.spec.inputs import literal
from twingraph_lab.spec.text import SIZE_LIMIT_BYTES
from twingraph_lab.spec.workflow import Builtin, Node, Workflow

DOCUMENTS = (".json", ".yaml", ".yml")


def added(workflow: Workflow, edit: AddFile, catalog: Catalog) -> Workflow:
    """With the node or nodes that a file makes. Raises `WorkflowError` for a file that makes none."""
    file = catalog.file(edit.path)
    match file.suffix.lower():
        case ".ipynb":
            return _notebook(workflow, file, edit, catalog)
        case ".py":
            return _functions(workflow, file, edit, catalog)
        case suffix if suffix in DOCUMENTS:
            if file.stat().st_size > SIZE_LIMIT_BYTES:
                raise refusal(f"{file.name} is larger than {SIZE_LIMIT_BYTES} bytes, so no workflow")
            return put(workflow, opened(file.read_text(encoding="utf-8", errors="replace")), edit.position)
    raise refusal(f"{file.name} makes no node: notebooks (.ipynb), Python files (.py) and workflows (.twg.json) do")


def _notebook(workflow: Workflow, file: Path, edit: AddFile, catalog: Catalog) -> Workflow:
    ipynb.read(file)  # raises if it isn't one
    name = free(as_id(file.stem), workflow.by_id)
    path = Path(os.path.relpath(file, catalog.folder.resolve())).as_posix()
    component = Builtin(name=NOTEBOOK) if NOTEBOOK in workflow.components else NOTEBOOK
    node = Node(id=name, component=component, inputs={"path": literal(path)})
    return _with(workflow, [node], edit)


def _functions(workflow: Workflow, file: Path, edit: AddFile, catalog: Catalog) -> Workflow:
    module = project.module_name(file, catalog.folder.resolve())
    if not module:
        folder = catalog.folder.resolve().name
        hint = "put it there or below, under a name of letters, digits and _"
        raise refusal(f"{file.name} can't be imported by workflows of the folder {folder!r}: {hint}")
    read = project.module_in(file)
    if read.fault:
        raise refusal(f"{file.name} {read.fault}")
    if not read.components:
        raise refusal(f"{file.name} has no component: put @component above the functions that are to be nodes")
    taken, nodes = set(workflow.by_id), []
    for found in read.components:
        node = made_node(of_function(f"{module}:{found.name}", found), taken)
        taken.add(node.id)
        nodes.append(node)
    return _with(workflow, nodes, edit)


def _with(workflow: Workflow, nodes: list[Node], edit: AddFile) -> Workflow:
    x, y = edit.position
    layout = {node.id: placed((x, y + number * STEP[1])) for number, node in enumerate(nodes)}
    return workflow.model_copy(update={"nodes": (*workflow.nodes, *nodes), "layout": {**workflow.layout, **layout}})
