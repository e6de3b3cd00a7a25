"""The source text a component's behaviour depends on, found without importing it."""

from __future__ import annotations

import ast
from pathlib import Path

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
            path = module_file(ref.partition(":")[0], context)
            return path.read_text() if path else ref
        case Builtin(name=name):
            return name


def function_source(ref: str, context: RunContext) -> tuple[Path, int, str] | None:
    """File, first line and text of the function `module:name` in the user's own modules, decorators left out."""
    module, _, name = ref.partition(":")
    path = module_file(module, context)
    if path is None:
        return None
    text = path.read_text()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name.rpartition(".")[2]:
            lines = text.splitlines(keepends=True)[node.lineno - 1 : node.end_lineno]
            return path, node.lineno, "".join(lines)
    return None


def module_file(module: str, context: RunContext) -> Path | None:
    """The module's file, if it is on the run's own import path."""
    relative = module.replace(".", "/")
    for root in dict.fromkeys((*context.sys_path, context.cwd)):
        for candidate in (Path(root, f"{relative}.py"), Path(root, relative, "__init__.py")):
            if candidate.is_file():
                return candidate
    return None
