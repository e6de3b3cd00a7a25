"""What an exported file imports: never itself, and not always what stands beside it. Reads files, imports none."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.planning.context import RunContext
from twingraph_lab.schedulers.modules import Import, modules, read, roots
from twingraph_lab.spec.workflow import Pickled, PythonFunction, Source, Workflow


def check_name(text: str, path: Path) -> None:
    """Raise `WorkflowError` if a script with this text would import itself under the name of this file."""
    if path.suffix.lower() == ".py" and any(each.module.partition(".")[0] == path.stem for each in _imports(text)):
        fault = Fault(f"it imports the module `{path.stem}`, which would be the script itself; choose another name")
        raise WorkflowError([fault], source=str(path))


def left_behind(workflow: Workflow, context: RunContext, folder: Path) -> dict[str, list[str]]:
    """Folders with the modules of theirs that the workflow found where it came from, but won't from `folder`.

    What is beside the file or on the import path of this process is found. The current folder doesn't count: it is
    another one the next time, and for scripts it never counts.
    """
    places = roots((*context.sys_path, context.cwd))
    here = os.path.realpath(".")
    there = {os.path.realpath(folder), *({os.path.realpath(entry) for entry in sys.path} - {here})}
    found: dict[str, set[str]] = {}
    for relative, state in modules(frozenset(_modules_of(workflow)), places).files.items():
        root = state.path.removesuffix(relative).rstrip("/") or "/"
        if root in places and os.path.realpath(root) not in there and not (folder / relative).is_file():
            found.setdefault(root, set()).add(relative.partition("/")[0].partition(".")[0])
    return {root: sorted(names) for root, names in sorted(found.items())}


def _modules_of(workflow: Workflow) -> Iterator[Import]:
    for node in workflow.nodes:
        match workflow.component_of(node):
            case PythonFunction(ref=ref):
                yield Import(0, ref.partition(":")[0])
            case Source(language="python", code=code, setup=setup):
                yield from (*_imports(code), *_imports(setup))
            case Pickled(modules=names):
                yield from (Import(0, name) for name in names)


def _imports(code: str) -> list[Import]:
    """Those that aren't relative."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the process that runs the code warns
        return [each for each in read(code).imports if not each.level]
