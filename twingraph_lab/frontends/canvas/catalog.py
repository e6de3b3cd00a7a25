"""What can be a node: a cell of code, built-ins, functions of the project, components of the document."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.canvas import project
from twingraph_lab.frontends.canvas.builtin import (
    NOTEBOOK,
    builtin_declaration,
    builtin_names,
    notebook_declaration,
)
from twingraph_lab.frontends.canvas.code import cell_declaration, function_declaration
from twingraph_lab.frontends.canvas.messages import CatalogEntry, Port
from twingraph_lab.frontends.canvas.ports import port
from twingraph_lab.frontends.steps import as_id
from twingraph_lab.lineage.provenance import module_file
from twingraph_lab.spec.component import Declaration
from twingraph_lab.spec.validate import LANGUAGES
from twingraph_lab.spec.wording import Suggestions
from twingraph_lab.spec.workflow import Builtin, Component, Node, Pickled, PythonFunction, Source

CODE, BUILTIN, FUNCTION, COMPONENT = "code", "builtin", "function", "component"
BLANK = "result = None\n"
"""The code of a new cell: something to draw an edge from."""
OPTIONS = frozenset({"platform", "retry", "timeout_s", "cache", "resources", "at_most_once", "name"})
"""Those of `@component`; further ones are the platform's."""


@dataclass(frozen=True, slots=True)
class Made:
    """What an entry makes: the node's component, its further fields as in the document, and what it may be called."""

    component: Component | str
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Catalog:
    """What there is in a folder, which is where a run would import from, for a document with these components.

    Files are read only below `root`, if there is one. Nothing of the project is imported.
    """

    folder: Path = field(default_factory=Path)
    components: Mapping[str, Component] = field(default_factory=dict)
    root: Path | None = None
    _modules: dict[str, Path] = field(default_factory=dict, compare=False, repr=False)

    def entries(self) -> tuple[CatalogEntry, ...]:
        """All of them, as a palette shows them."""
        return (*_cells(), *_builtins(), *self._of_document(), *self._functions())

    def made(self, entry: str) -> Made:
        """What an entry makes. Raises `WorkflowError` for one that isn't there."""
        kind, _, name = entry.partition(":")
        if kind == CODE and name in LANGUAGES:
            return Made(Source(language=name, code=BLANK, outputs=("result",)), "cell")
        if kind == BUILTIN and name in builtin_names():
            return Made(Builtin(name=name) if name in self.components else name, as_id(name))
        if kind == COMPONENT and name in self.components:
            return Made(name, as_id(name))
        if kind == FUNCTION and (found := self.function(name)):
            return of_function(name, found)
        hint = Suggestions([each.entry for each in self.entries()])(entry)
        raise WorkflowError([Fault(f"there is nothing called {entry!r} to make a node of{hint}")])

    def function(self, ref: str) -> project.Found | None:
        """The function that a reference names, if its file can be found and read."""
        module, _, name = ref.partition(":")
        file = self._modules.get(module) or self._module(module)
        return project.module_in(file).functions.get(name) if file else None

    def declaration(self, node: Node, component: Component) -> Declaration | None:
        """What is declared of a node's inputs and outputs; None if nothing is known."""
        match component:
            case Source():
                return cell_declaration(component)
            case PythonFunction(ref=ref):
                found = self.function(ref)
                return found.declaration if found else None
            case Pickled(source=source):
                return function_declaration(source)
            case Builtin(name=name):
                return self._notebook(node.inputs.get("path")) if name == NOTEBOOK else builtin_declaration(name)

    def file(self, path: str) -> Path:
        """A file by its path below `root`; without a root, below `folder` or the nearest folder above that has it.

        JupyterLab names files by their path below the folder it was started in, which kernels aren't told. Raises
        `WorkflowError` if there is no such file, or if it is outside.
        """
        folder = self.folder.resolve()
        bases = [self.root.resolve()] if self.root else [folder, *folder.parents]
        files = [(base, (base / path).resolve()) for base in bases]
        for base, file in files:
            if file.is_file() and file.is_relative_to(base):
                return file
        if not files[0][1].is_relative_to(files[0][0]):
            raise WorkflowError([Fault(f"{path!r} is outside of the folder that files are taken from")])
        raise WorkflowError([Fault(f"there is no file {path!r}")])

    def _module(self, module: str) -> Path | None:
        try:
            file = module_file(module, [str(self.folder.resolve()), *sys.path])
        except (ImportError, ValueError, OSError):
            return None
        if file is not None:
            self._modules[module] = file
        return file

    def _notebook(self, path: JsonValue) -> Declaration | None:
        literal = path["value"] if isinstance(path, dict) and path.keys() == {"value"} else path
        if isinstance(literal, str):
            file = (self.folder / literal).resolve()
            inside = self.root is None or file.is_relative_to(self.root.resolve())
            if inside and file.is_file():
                return notebook_declaration(str(file), file.stat().st_mtime_ns)
        return builtin_declaration(NOTEBOOK)

    def _of_document(self) -> Iterator[CatalogEntry]:
        for name, component in self.components.items():
            said = self.declaration(Node(id="node", component=name), component) or Declaration()
            yield _entry(f"{COMPONENT}:{name}", name, "This workflow", icon(component), said)

    def _functions(self) -> Iterator[CatalogEntry]:
        for module, found in project.components(self.folder.resolve()):
            yield _entry(f"{FUNCTION}:{module}:{found.name}", found.name, module, "function", found.declaration)


def of_function(ref: str, found: project.Found) -> Made:
    """A node of a function, with what its decorator says as far as a document can say it."""
    options = dict(found.options or {})
    fields = {name: options[name] for name in OPTIONS - {"name"} if name in options}
    if isinstance(retry := fields.get("retry"), int):
        fields["retry"] = {"attempts": retry + 1}
    own = {name: value for name, value in options.items() if name not in OPTIONS}
    if own:
        fields["platform"] = {"kind": fields.get("platform", "local"), "options": own}
    try:
        Node.model_validate({"id": "node", "component": ref, **fields})
    except ValidationError:
        fields = {}  # whoever imports it will be told
    return Made(PythonFunction(ref=ref), as_id(str(options.get("name") or found.name)), fields)


def icon(component: Component) -> str:
    """The name of a component's icon: a language, a built-in, or `function`."""
    match component:
        case Source(language=language):
            return language
        case Builtin(name=name):
            return name
    return "function"


def _cells() -> Iterator[CatalogEntry]:
    for language in LANGUAGES:
        label = language.capitalize()
        yield CatalogEntry(
            entry=f"{CODE}:{language}",
            label=label,
            category="Code",
            icon=language,
            description=f"A cell of {label}: names that it reads are inputs, names that it assigns are outputs.",
            outputs=(Port(name="result"),),
        )


def _builtins() -> Iterator[CatalogEntry]:
    for name in builtin_names():
        said = builtin_declaration(name) or Declaration()
        yield _entry(f"{BUILTIN}:{name}", said.title or name, "Built-in", name, said)


def _entry(entry: str, label: str, category: str, symbol: str, said: Declaration) -> CatalogEntry:
    return CatalogEntry(
        entry=entry,
        label=label,
        category=category,
        icon=symbol,
        description=said.description,
        inputs=tuple(port(name, each) for name, each in said.inputs.items()),
        outputs=tuple(port(name, each) for name, each in said.outputs.items()),
    )
