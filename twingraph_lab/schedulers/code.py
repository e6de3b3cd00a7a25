"""The source text a component's behaviour depends on, found without importing it."""

from __future__ import annotations

from twingraph_lab.lineage.provenance import module_file
from twingraph_lab.planning.context import RunContext
from twingraph_lab.spec.workflow import Builtin, Component, Pickled, PythonFunction, Source


def code_of(component: Component, context: RunContext) -> str:
    """Source of a cell or function; of an imported one its whole module, so that its own helpers count too."""
    match component:
        case Source(code=code):
            return code
        case Pickled(data=data):
            return data
        case PythonFunction(ref=ref):
            path = module_file(ref.partition(":")[0], (*context.sys_path, context.cwd))
            return path.read_text() if path else ref
        case Builtin(name=name):
            return name
