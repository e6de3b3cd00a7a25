"""What is bound to fail once a workflow runs, found before anything does: in cells, functions, templates, notebooks.

Code is read, never run or imported. What can't be told for sure isn't reported.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import JsonValue

from twingraph_lab.components import ipynb
from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.cells import names_of
from twingraph_lab.frontends.notebook import ARGUMENTS
from twingraph_lab.frontends.scopes import names_in
from twingraph_lab.frontends.signatures import definitions, misfits, rebinds, returned_fields
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import Plan, plan
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.inputs import Reference, is_template, mentions, special_form
from twingraph_lab.spec.wording import Suggestions
from twingraph_lab.spec.workflow import Builtin, Component, Node, PythonFunction, Source, Workflow

PARAMETERS = "parameters"
"""papermill's tag of the cell whose values are replaced."""
KEPT, KEPT_CHARACTERS = 1024, 32_768
"""How many cells' flaws are remembered, and of which size."""
COMPILED = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
PARSED = COMPILED | ast.PyCF_ONLY_AST


def checked(
    workflow: Workflow,
    parameters: Mapping[str, JsonValue] | None,
    context: RunContext,
    reuse: Mapping[str, TaskRecord] = {},
) -> Plan:
    """The plan of a workflow. Raises `WorkflowError` with every fault of document, parameters, code and reuse."""
    found: list[Fault] = []
    planned = None
    try:
        planned = plan(workflow, parameters)
    except WorkflowError as error:
        found += error.faults
    found += source_faults(workflow, context, without=reuse)
    found += [
        Fault("is to be reused, but the workflow has no such node", node=name)
        for name in sorted(reuse.keys() - workflow.by_id.keys())
    ]
    found += [
        Fault(f"is to be reused, but is {task.state} in run {task.run_id}", node=name)
        for name, task in reuse.items()
        if task.state is not TaskState.COMPLETED
    ]
    if planned is None or found:
        raise WorkflowError(found, source=f"workflow {workflow.name!r}")
    return planned


def source_faults(workflow: Workflow, context: RunContext, *, without: Collection[str] = ()) -> list[Fault]:
    """What nodes' code can't do, but for nodes in `without`. Equal nodes are looked at once."""
    checks = _Checks(workflow, context)
    faults: list[Fault] = []
    for index, node in enumerate(workflow.nodes):
        if node.id not in without:
            faults += checks.of(node, f"nodes[{index}]")
    for mention in mentions(workflow.outputs):
        if isinstance(mention, Reference) and (flaw := checks.field_flaw(mention)):
            faults.append(Fault(flaw, path=f"outputs.{mention.at}"))
    return faults


Flaws = list[tuple[str, str]]
"""Messages, each with the place within the node."""


class _Checks:
    """Remembers what it has looked at."""

    def __init__(self, workflow: Workflow, context: RunContext) -> None:
        self._workflow = workflow
        self._folder = Path(context.cwd)
        self._places = (*context.sys_path, context.cwd, *sys.path)
        self._known: dict[tuple[int, tuple[str, ...]], tuple[Component, Flaws]] = {}
        self._fields: dict[str, tuple[str, ...]] = {}

    def of(self, node: Node, path: str) -> Iterator[Fault]:
        component = self._workflow.component_of(node)
        for message, place in self._flaws(node, component):
            yield Fault(message, node=node.id, path=place if place.startswith("line") else f"{path}.{place}")
        for mention in node.mentions:
            if isinstance(mention, Reference) and mention.path and (flaw := self.field_flaw(mention)):
                yield Fault(flaw, node=node.id, path=f"{path}.inputs.{mention.at}")

    def _flaws(self, node: Node, component: Component) -> Flaws:
        if isinstance(component, Builtin):
            return list(self._of_notebook(node)) if component.name == "notebook" else []
        names = tuple(node.inputs)
        key = (id(component), names)  # the component is kept with its flaws, so its id stays its own
        if key not in self._known:
            flaws = list(self._of_code(component, names))
            self._known[key] = component, flaws
        return self._known[key][1]

    def _of_code(self, component: Component, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        match component:
            case Source(language="python", code=code, setup=setup):
                short = len(code) + len(setup) <= KEPT_CHARACTERS
                yield from _kept_cell_flaws(component, names) if short else cell_flaws(component, names)
            case PythonFunction(ref=ref):
                yield from ((flaw, "component") for flaw in self._of_function(ref, names))

    def _of_function(self, ref: str, names: tuple[str, ...]) -> Iterator[str]:
        module, _, path = ref.partition(":")
        found = definitions(module, self._places)
        if found is None:
            return
        first, _, rest = path.partition(".")
        if first not in found.names:
            yield f"module {module!r} has no {first!r}{Suggestions(found.names)(first)}"
        elif not rest and (function := found.functions.get(first)):
            yield from (f"{first} of {module} {misfit}" for misfit in misfits(function, names))

    def field_flaw(self, mention: Reference) -> str:
        """Why what is read can't be there: the function says that it returns a record without that field."""
        node = self._workflow.by_id.get(mention.node)
        if node is None or not mention.path or node.outputs:
            return ""
        component = self._workflow.component_of(node)
        fields = self._fields_of(component.ref) if isinstance(component, PythonFunction) else ()
        name = mention.path[0]
        if not fields or name in fields or name == "result":
            return ""
        return f"reads {name!r} of {node.id!r}, which returns {', '.join(fields)}{Suggestions(fields)(name)}"

    def _fields_of(self, ref: str) -> tuple[str, ...]:
        if ref not in self._fields:
            module, _, name = ref.partition(":")
            found = definitions(module, self._places)
            function = found.functions.get(name) if found else None
            self._fields[ref] = returned_fields(function, found) if found and function else ()
        return self._fields[ref]

    def _of_notebook(self, node: Node) -> Iterator[tuple[str, str]]:
        path = _literal(node.inputs.get("path"))
        if not isinstance(path, str):
            return
        file = self._folder / path
        if node.upstream and not file.exists():
            return  # a node before it may write it
        try:
            document = ipynb.read(file)
        except WorkflowError as error:
            yield from ((f"notebook {path}: {fault}", "inputs.path") for fault in error.faults)
            return
        more = node.inputs.get("parameters")
        given = [name for name in node.inputs if name not in ARGUMENTS] + list(more if isinstance(more, dict) else ())
        if given and not any(PARAMETERS in ipynb.tags(cell) for cell in document["cells"]):
            message = f"notebook {path} has no cell tagged `parameters`, so it can't be given {', '.join(given)}"
            yield f"{message}; tag the cell that sets their defaults", "inputs"


def cell_flaws(cell: Source, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Why a cell can't run with inputs of these names, each with its line."""
    parts = [("", cell.code), *([(" of its setup", cell.setup)] if cell.setup else [])]
    broken = [flaw for where, code in parts for flaw in _syntax_flaws(code, where)]
    if broken:
        yield from broken
        return
    try:
        read = [(where, code, names_of(code)) for where, code in parts]
    except SyntaxError:  # a star import: any name may come from it
        return
    trees = [compile(code, "<cell>", "exec", PARSED, dont_inherit=True) for _, code, _ in read]
    if any(map(rebinds, trees)):
        return
    helpers = {name for where, _, found in read if where for name in found.kinds}
    own = set(read[0][2].kinds)
    for (where, _, found), tree in zip(read, trees, strict=True):
        known = {*names, *helpers, *(own if where else ())}  # what helpers read may be bound when they are called
        for name, line in found.needs.items():
            if name not in known and not name.startswith("__") and not _guarded(tree, line):
                yield _unknown(name, known | own, later=name in own), f"line {line}{where}"


@lru_cache(KEPT)
def _kept_cell_flaws(cell: Source, names: tuple[str, ...]) -> Flaws:
    """For those who submit the same workflow again and again."""
    return list(cell_flaws(cell, names))


def _unknown(name: str, known: Collection[str], *, later: bool) -> str:
    if later:
        return f"{name!r} is read before the code binds it, and no input has this name"
    return f"nothing gives {name!r}: it is no input, and the code doesn't bind it{Suggestions(known)(name)}"


def _guarded(tree: ast.AST, line: int) -> bool:
    """Whether the line is in a `try` that may be there for just that."""
    return any(
        node.lineno <= line < node.handlers[0].lineno
        and any(_catches_name_errors(handler.type) for handler in node.handlers)
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) and node.handlers
    )


def _catches_name_errors(caught: ast.expr | None) -> bool:
    return caught is None or not {"NameError", "Exception", "BaseException"}.isdisjoint(names_in(caught))


def _syntax_flaws(code: str, where: str) -> Iterator[tuple[str, str]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the process that runs it warns
            compile(code, "<cell>", "exec", COMPILED, dont_inherit=True)
    except SyntaxError as error:
        line = (error.text or "").strip()
        yield f"{error.msg}{f': {line}' if line else ''}", f"line {error.lineno or 1}{where}"
    except (ValueError, RecursionError, MemoryError) as error:  # null characters, or far too deeply nested
        yield f"can't be compiled: {error}", "component.code"


def _literal(tree: JsonValue) -> JsonValue:
    """The value of an input that doesn't depend on anything; else None."""
    if isinstance(tree, dict):
        return tree["value"] if special_form(tree) == "value" else None
    return None if is_template(tree) else tree
