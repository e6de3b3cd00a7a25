"""A workflow that grows cell by cell: which cell, parameter or variable gives a cell the names it reads. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import Fault, NotFoundError, WorkflowError
from twingraph_lab.frontends.cells import CellNames, cell_node, read_cell
from twingraph_lab.frontends.missing import a_kind, is_plain, known, why_missing
from twingraph_lab.frontends.providers import descendants, provider
from twingraph_lab.spec.workflow import NAME, Node, Parameter, Source, Workflow, canonical

CELL = "cell"
"""What cells that bind nothing are called: `cell_1`, `cell_2`, …"""

TYPES: dict[type, Any] = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it was run. `given` are inputs said explicitly: name → `node`, `node.output` or a parameter.

    `identity` is the front end's id of the cell, empty where there is none.
    """

    code: str
    name: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    identity: str = ""


@dataclass(frozen=True, slots=True)
class CellBook:
    """`workflow` as the cells run so far define it; `captured` are the parameters that were variables of the notebook.

    `identities` map node ids to the cells that define them, as far as the front end tells.
    """

    workflow: Workflow
    captured: frozenset[str] = frozenset()
    identities: Mapping[str, str] = field(default_factory=dict)

    def define(self, cell: Cell, namespace: Mapping[str, Any]) -> tuple[CellBook, Node]:
        """The book with `cell` as a node, new or in place of its earlier self, and that node.

        `namespace` are the notebook's variables. Raises `WorkflowError` with every fault of the cell.
        """
        earlier = next((name for name, known in self.identities.items() if known == cell.identity), "")
        names = read_cell(cell.name or earlier or CELL, cell.code)
        name = cell.name or self._name(cell, names, earlier)
        renamed = self.without(earlier) if earlier not in ("", name) else self
        inputs, captured = renamed.inputs_of(name, cell, names, namespace)
        node = cell_node(name, cell.code, inputs=inputs, keep=cell.keep, options=cell.options)
        others = [other for other in renamed.workflow.nodes if other.id != name]
        if faults := [fault for after in node.after if (fault := _after_fault(renamed.workflow, name, after))]:
            raise WorkflowError(Fault(fault, node=name, path="--after") for fault in faults)
        before = list(self.workflow.by_id)
        position = before.index(name) if name in before else before.index(earlier) if earlier else len(others)
        nodes = (*others[:position], node, *others[position:])
        parameters = {**renamed.workflow.parameters, **{key: parameter(value) for key, value in captured.items()}}
        identities = {**renamed.identities, **({name: cell.identity} if cell.identity else {})}
        workflow = renamed.workflow.model_copy(update={"nodes": nodes, "parameters": parameters})
        return _tidy(CellBook(workflow, renamed.captured | captured.keys(), identities)), node

    def declare(self, name: str, value: JsonValue) -> CellBook:
        """The book with a parameter whose default is `value`. Raises `WorkflowError` for a name that can't be one."""
        if not (re.fullmatch(NAME, name) and name.isidentifier()):
            raise WorkflowError([Fault(f"{name!r} can't be the name of a parameter")])
        if not is_plain(value):
            raise WorkflowError([Fault(f"a parameter is a plain JSON value, not {a_kind(value)}", path=name)])
        parameters = {**self.workflow.parameters, name: parameter(value)}
        return replace(
            self, workflow=self.workflow.model_copy(update={"parameters": parameters}), captured=self.captured - {name}
        )

    def without(self, node_id: str) -> CellBook:
        """The book without a node. Raises `NotFoundError`."""
        if node_id not in self.workflow.by_id:
            raise NotFoundError(known("node", node_id, self.workflow.by_id))
        nodes = tuple(node for node in self.workflow.nodes if node.id != node_id)
        identities = {name: identity for name, identity in self.identities.items() if name != node_id}
        return _tidy(replace(self, workflow=self.workflow.model_copy(update={"nodes": nodes}), identities=identities))

    def renewed(self, namespace: Mapping[str, Any]) -> tuple[CellBook, dict[str, JsonValue]]:
        """The values that captured variables have now, and the book with parameters that take them.

        Raises `WorkflowError` for variables that can't be parameters any more.
        """
        now = {name: namespace[name] for name in sorted(self.captured) if name in namespace}
        faults = [
            Fault(f"{name!r} has become {a_kind(value)}; a parameter is a plain JSON value")
            for name, value in now.items()
            if not is_plain(value)
        ]
        if faults:
            raise WorkflowError(faults)
        retyped = {
            name: parameter(value)
            for name, value in now.items()
            if self.workflow.parameters[name].type not in ("any", parameter(value).type)
        }
        parameters = {**self.workflow.parameters, **retyped}
        return replace(self, workflow=self.workflow.model_copy(update={"parameters": parameters})), now

    def inputs_of(
        self, name: str, cell: Cell, names: CellNames, namespace: Mapping[str, Any]
    ) -> tuple[dict[str, JsonValue], dict[str, JsonValue]]:
        """The inputs of the node `name`, and the variables captured as parameters with their values."""
        inputs: dict[str, JsonValue] = {}
        captured: dict[str, JsonValue] = {}
        faults: list[Fault] = []
        for wanted, source in cell.given.items():
            try:
                inputs[wanted] = _given(self.workflow, name, source)
            except NotFoundError as error:
                faults.append(Fault(str(error), node=name, path=f"--in {wanted}={source}"))
            if wanted not in names.reads:
                faults.append(Fault(f"the cell never reads {wanted!r}", node=name, path=f"--in {wanted}={source}"))
        declared = self.workflow.parameters.keys() - self.captured
        for wanted, line in names.reads.items():
            if wanted in cell.given:
                continue
            if giver := provider(self.workflow, name, wanted):
                inputs[wanted] = {"ref": f"{giver}.{wanted}"}
            elif wanted in declared:
                inputs[wanted] = {"param": wanted}
            elif wanted in namespace and is_plain(namespace[wanted]):
                inputs[wanted], captured[wanted] = {"param": wanted}, namespace[wanted]
            elif wanted in names.needs:
                faults.append(
                    Fault(why_missing(wanted, self.workflow, name, namespace), node=name, path=f"line {line}")
                )
        if faults:
            raise WorkflowError(faults)
        return inputs, captured

    def _name(self, cell: Cell, names: CellNames, earlier: str) -> str:
        """A name for a cell without one: its first output's, numbered if another cell has it.

        Where the front end tells cells apart, the same cell keeps its name; elsewhere a cell with the same code does.
        """
        first = next((output for output in names.outputs if re.fullmatch(NAME, output)), CELL)
        ours = re.compile(rf"{re.escape(first)}(_\d+)?")
        if ours.fullmatch(earlier):
            return earlier
        nodes = self.workflow.by_id
        twins = [
            node.id
            for node in nodes.values()
            if isinstance(node.component, Source) and node.component.code == cell.code and ours.fullmatch(node.id)
        ]
        if twins and not cell.identity:
            return twins[0]
        numbers = count(1 if first == CELL else 2)
        free = (f"{first}_{number}" for number in numbers if f"{first}_{number}" not in nodes)
        return first if first != CELL and first not in nodes else next(free)


def parameter(value: JsonValue) -> Parameter:
    """A parameter with this default. Whole numbers may become fractions: the type is `number` for both."""
    return Parameter(type=TYPES.get(type(value), "any"), default=value)


def _tidy(book: CellBook) -> CellBook:
    """Without captured parameters that no node uses any more."""
    used = canonical([node.inputs for node in book.workflow.nodes])
    unused = {name for name in book.captured if canonical({"param": name}) not in used}
    kept = {name: value for name, value in book.workflow.parameters.items() if name not in unused}
    return replace(
        book, workflow=book.workflow.model_copy(update={"parameters": kept}), captured=book.captured - unused
    )


def _given(workflow: Workflow, name: str, source: str) -> JsonValue:
    """The input that `--in x=source` means. Raises `NotFoundError`."""
    giver, *path = source.split(".")
    if giver not in workflow.by_id and source in workflow.parameters:
        return {"param": source}
    if fault := _after_fault(workflow, name, giver):
        raise NotFoundError(fault)
    outputs = workflow.outputs_of(workflow.by_id[giver])
    if path and outputs and path[0] not in (*outputs, "output") and outputs != ("result",):
        raise NotFoundError(known("output", path[0], outputs))
    return {"ref": source}


def _after_fault(workflow: Workflow, name: str, after: str) -> str:
    others = [other for other in workflow.by_id if other != name]
    if after not in others:
        return known("node", after, others)
    return f"{after!r} itself waits for {name!r}" if after in descendants(workflow, name) else ""
