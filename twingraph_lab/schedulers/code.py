"""What a task's code is, in pieces, and where it runs: read from files, nothing of it is imported or run.

Only what is found so counts. What it can't see: modules whose names are computed, data files, and what installed
packages use in turn.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import JsonValue

from twingraph_lab.components import ipynb
from twingraph_lab.errors import WorkflowError
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import Task
from twingraph_lab.schedulers.distributions import versions
from twingraph_lab.schedulers.modules import Import, Modules, State, Text, digest, modules, read, roots
from twingraph_lab.spec.inputs import is_template, special_form
from twingraph_lab.spec.workflow import Builtin, Component, Pickled, PythonFunction, Source, canonical

CELL, SETUP = "cell", "setup"
NOTEBOOK = "notebook"
_MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


class Survey(NamedTuple):
    """What decides what a task's body does, but for its inputs.

    `code` has digests by piece: the cell and its setup, or the function; and each file of the project that it imports.
    A piece that can't be known, as a notebook whose path isn't, has an empty digest. Comments and layout don't count.

    `environment` has `python`, `platform` with its options, and the versions of the distributions that the code itself
    imports. A platform with an image has its packages from there, so that they aren't asked for here.

    `files` are those of the project in `code`.
    """

    code: dict[str, str]
    environment: dict[str, str]
    files: Mapping[str, State]

    @property
    def changed_ns(self) -> int:
        """When the newest of the files was written, or put where it is; 0 if there are none."""
        return max((state.changed_ns for state in self.files.values()), default=0)


def survey(component: Component, task: Task, context: RunContext) -> Survey:
    """What there is now. Reads the files of the project that the component leads to, if it hasn't read them before."""
    pieces, found = _pieces(component, task, context)
    options = task.platform.options
    platform = f"{task.platform.kind} {canonical(options)}" if options else task.platform.kind
    environment = {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "platform": platform}
    if found.others and "image" not in options:
        environment = {**versions(found.others, context.sys_path), **environment}
    return Survey({**pieces, **found.digests}, environment, found.files)


def written(component: Component, task: Task, context: RunContext) -> dict[str, datetime]:
    """The files of the project that the component leads to, and when each was written or put where it is."""
    files = survey(component, task, context).files
    return {name: datetime.fromtimestamp(state.changed_ns / 1e9, UTC) for name, state in files.items()}


def _pieces(component: Component, task: Task, context: RunContext) -> tuple[dict[str, str], Modules]:
    """The component's own pieces, and the modules it leads to."""
    places = roots((*context.sys_path, context.cwd))
    match component:
        case Source(language="python", code=code, setup=setup):
            texts = {CELL: read(code)} | ({SETUP: read(setup)} if setup else {})
            return {name: text.digest for name, text in texts.items()}, modules(_imports(*texts.values()), places)
        case Source(code=code, setup=setup):
            return {CELL: digest(code)} | ({SETUP: digest(setup)} if setup else {}), modules((), places)
        case Pickled(name=name, source=source):
            imports = {*_imports(read(source)), *(Import(0, module) for module in component.modules)}
            return {name: component.digest}, modules(imports, places)
        case PythonFunction(ref=ref):
            module, _, path = ref.partition(":")
            found = modules([Import(0, module)], places)
            return {ref: found.function(module, path) or digest(ref)}, found
        case Builtin(name=name):
            return _builtin(name, task, context, places)


def _builtin(name: str, task: Task, context: RunContext, places: tuple[str, ...]) -> tuple[dict[str, str], Modules]:
    pieces = {name: _version(name)}
    if name != NOTEBOOK or (given := task.inputs.get("path")) is None:
        return pieces, modules((), places)
    path = _literal(given)
    texts = _notebook(Path(context.cwd, path)) if path else None
    if texts is None:
        return {**pieces, path or "path": ""}, modules((), places)
    beside = str(Path(context.cwd, path).parent)
    found = modules(_imports(*texts), roots((*places, beside)))
    return {**pieces, path: digest("".join(text.digest for text in texts))}, found


def _imports(*texts: Text) -> frozenset[Import]:
    return frozenset().union(*(text.imports for text in texts))


def _literal(tree: JsonValue) -> str:
    """The text that an input is, if it is one whatever other nodes output."""
    if isinstance(tree, dict) and special_form(tree) == "value":
        return tree["value"] if isinstance(tree["value"], str) else ""
    return tree if isinstance(tree, str) and not is_template(tree) else ""


def _notebook(path: Path) -> list[Text] | None:
    """The code cells of a notebook, in order; None if there is no notebook, as running it will say."""
    try:
        stat = path.stat()
        return _cells(str(path), stat.st_mtime_ns, stat.st_size)
    except (OSError, WorkflowError):
        return None


@lru_cache(64)
def _cells(path: str, _changed_ns: int, _size: int) -> list[Text]:
    return [_cell(cell) for cell in ipynb.read(path)["cells"] if cell["cell_type"] == "code"]


def _cell(cell: Mapping[str, Any]) -> Text:
    """Tags count, since they tell parameters and outputs; lines that are magics keep no others from being read."""
    code = ipynb.text(cell)
    content = canonical([read(code).digest, *sorted(ipynb.tags(cell))])
    return Text(digest(content), read(_MAGIC.sub(r"\1pass", code)).imports)


@lru_cache(64)
def _version(name: str) -> str:
    """Of the distribution that brings a built-in component."""
    found = entry_points(group="twingraph_lab.components", name=name)
    return next((f"{entry.dist.name} {entry.dist.version}" for entry in found if entry.dist), "")
