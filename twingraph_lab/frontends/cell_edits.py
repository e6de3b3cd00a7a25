"""A workflow edited on the canvas → the cells that make it: each node's change said by its cell. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.cell_changes import edited, inferred, reads_of, source_of
from twingraph_lab.frontends.cell_lines import retold
from twingraph_lab.frontends.cellbook import CellBook
from twingraph_lab.frontends.cells import as_code
from twingraph_lab.frontends.celltext import CellText
from twingraph_lab.frontends.definitions import defines_only
from twingraph_lab.frontends.entries import Cell
from twingraph_lab.frontends.surroundings import Surroundings
from twingraph_lab.spec.rewriting import renamed
from twingraph_lab.spec.workflow import Node, Source, Workflow

ELSEWHERE = "change it in the notebook"
ONLY_DEFINES = "only defines functions, classes or imports, so it would be no node; other cells take these along"


@dataclass(frozen=True, slots=True)
class Following:
    """The way from `book`, which is shown as the workflow `shown`, to one with the edited workflow `wanted`.

    `renamed` maps old names to new ones. `around` is the notebook, `identities` are for new cells. `closed` are the
    nodes whose cells can't be changed, each with the reason.
    """

    shown: Workflow
    wanted: Workflow
    renamed: Mapping[str, str]
    around: Surroundings
    identities: Iterator[str]
    closed: Mapping[str, str]

    def follow(self, book: CellBook) -> CellBook:
        """The book afterwards. Raises `WorkflowError` with what can't be said by cells; then nothing is changed."""
        faults: list[Fault] = []
        made = self._same_but_nodes(book)
        for name in sorted(self.shown.by_id.keys() - self.wanted.by_id.keys() - self.renamed.keys()):
            if name in self.closed:
                faults.append(self._refusal(name))
            else:
                made = made.without(name, self.around.variables, self.around.history)
        before = {self.renamed.get(node.id, node.id): self._renaming(node) for node in self.shown.nodes}
        for node in _in_order(self.wanted):
            was = before.get(node.id)
            try:
                made = made if was == node else self._changed(made, was, node) if was else self._added(made, node)
            except WorkflowError as error:
                faults += error.faults
        if faults:
            raise WorkflowError(faults, source=self.wanted.name)
        made = self._connected(made)
        followers = [name for name in self.closed if name in made.entries and not _same_cell(book, made, name)]
        if followers:
            raise WorkflowError(map(self._refusal, followers), source=self.wanted.name)
        order = {name: number for number, name in enumerate(self.wanted.by_id)}
        nodes = sorted(made.workflow.nodes, key=lambda node: order.get(node.id, len(order)))
        return retold(book, replace(made, workflow=made.workflow.model_copy(update={"nodes": tuple(nodes)})))

    def _renaming(self, node: Node) -> Node:
        """The node as it is shown, but for the new names of those it takes from."""
        inputs: Mapping[str, JsonValue] = node.inputs
        for old, new in self.renamed.items():
            inputs = renamed(inputs, old, new)
        after = tuple(self.renamed.get(name, name) for name in node.after)
        same = inputs == node.inputs and after == node.after
        return node if same else node.model_copy(update={"inputs": inputs, "after": after})

    def _same_but_nodes(self, book: CellBook) -> CellBook:
        """The book with what the canvas says of the workflow as a whole."""
        if self.wanted.name != self.shown.name:
            told = "the name of a notebook's workflow is said by `%twingraph new NAME`"
            raise WorkflowError([Fault(told, path="name")], source=self.shown.name)
        fields = {
            field: getattr(self.wanted, field)
            for field in Workflow.model_fields.keys() - {"nodes", "name", "parameters"}
            if getattr(self.wanted, field) != getattr(self.shown, field)
        }
        shown, wanted = self.shown.parameters, self.wanted.parameters
        declared = {name: each for name, each in wanted.items() if shown.get(name) != each}
        kept = {name: each for name, each in book.workflow.parameters.items() if name in wanted}
        workflow = book.workflow.model_copy(update={**fields, "parameters": {**kept, **declared}})
        return replace(book, workflow=workflow, captured=(book.captured - declared.keys()) & wanted.keys())

    def _changed(self, book: CellBook, was: Node, node: Node) -> CellBook:
        """The book with a node that is to be another."""
        if was.id in self.closed:
            raise WorkflowError([self._refusal(was.id)])
        entry = book.entries.get(was.id)
        if entry is None:
            return self._without_cell(book, was, node)
        cell = edited(entry.cell, was, node, self.wanted)
        return self._defined(book, cell, node, was.id)

    def _added(self, book: CellBook, node: Node) -> CellBook:
        """The book with a new node: a cell, if cells can be such nodes."""
        component = self.wanted.component_of(node)
        if not (isinstance(component, Source) and component.language == "python"):
            return self._without_cell(book, node, node)
        new = Cell(as_code(""), name=node.id, identity=next(self.identities))
        cell = edited(new, Node(id=node.id, component=Source(code="")), node, self.wanted)
        try:
            made = self._defined(book, cell, node, "")
        except WorkflowError:
            made = None
        if component.setup and (made is None or made.entries[node.id].faults):  # it has come from another notebook
            whole = f"{component.setup.rstrip()}\n{component.code.lstrip()}"
            code = as_code(whole)
            cell = replace(cell, code=code, keep=() if component.outputs == inferred(code) else component.outputs)
            made = None
        made = made or self._defined(book, cell, node, "")
        entry = made.entries[node.id]
        text = str(CellText.new(node.id, cell.code.removeprefix("\n")))
        return replace(made, entries={**made.entries, node.id: replace(entry, cell=replace(entry.cell, text=text))})

    def _without_cell(self, book: CellBook, was: Node, node: Node) -> CellBook:
        """The book with a node that no cell makes; where it was, or at the end."""
        renamed = book.renamed(was.id, node.id)
        others = [each for each in book.workflow.nodes if each.id != was.id]
        position = [*book.workflow.by_id, was.id].index(was.id)
        others = [renamed.workflow.by_id.get(each.id, each) for each in others]
        nodes = (*others[:position], node, *others[position:])
        made = replace(renamed, workflow=renamed.workflow.model_copy(update={"nodes": nodes}))
        return made.settled(self.around, book.touched(was.id) | made.touched(node.id)).tidy()

    def _defined(self, book: CellBook, cell: Cell, node: Node, earlier: str) -> CellBook:
        """The book with the cell of `node`, whose line says the inputs that don't come by their names."""
        if _only_defines(cell):
            raise WorkflowError([Fault(ONLY_DEFINES, node=node.id)])
        given = self._sources(node, cell)
        found: CellBook | None = None
        try:
            found = self._tried(book, cell, node, earlier)
        except WorkflowError:
            if not given:
                raise
        if found is not None:
            got = found.workflow.by_id[node.id].inputs
            given = {name: source for name, source in given.items() if got.get(name) != node.inputs[name]}
        if found is not None and not given:
            return found
        return self._tried(book, replace(cell, given={**cell.given, **given}), node, earlier)

    def _tried(self, book: CellBook, cell: Cell, node: Node, earlier: str) -> CellBook:
        made, name = book.define(cell, self.around.variables, self.around.history, earlier=earlier)
        if name != node.id:
            named = replace(cell, name=node.id)
            made, name = book.define(named, self.around.variables, self.around.history, earlier=earlier)
        return made

    def _sources(self, node: Node, cell: Cell) -> dict[str, str]:
        """The inputs of a node that an option could say, and that its cell reads but doesn't say yet."""
        reads = reads_of(cell)
        found = {name: source_of(value) for name, value in node.inputs.items() if name in reads}
        return {name: source for name, source in found.items() if source and name not in cell.given}

    def _connected(self, book: CellBook) -> CellBook:
        """The book whose nodes take what they are to take: names alone may give something else now."""
        for node in self.wanted.nodes:
            entry, got = book.entries.get(node.id), book.workflow.by_id.get(node.id)
            if entry is None or got is None or node.id in self.closed:
                continue
            given = {
                name: source
                for name, source in self._sources(node, entry.cell).items()
                if got.inputs.get(name) != node.inputs[name] and _is_there(book, source)
            }
            if given:
                cell = replace(entry.cell, given={**entry.cell.given, **given})
                book = self._tried(book, cell, node, node.id)
        return book

    def _refusal(self, name: str) -> Fault:
        return Fault(f"{self.closed[name]}; {ELSEWHERE}", node=name)


def _only_defines(cell: Cell) -> bool:
    try:
        return defines_only(cell.code) and not cell.keep
    except (SyntaxError, ValueError):
        return False


def _same_cell(before: CellBook, after: CellBook, name: str) -> bool:
    return name in before.entries and before.entries[name].cell == after.entries[name].cell


def _is_there(book: CellBook, source: str) -> bool:
    """Whether a cell can take this: an output that a node has, or a parameter that somebody declared."""
    giver, _, path = source.partition(".")
    node = book.workflow.by_id.get(giver)
    if node is None:
        return source in book.workflow.parameters.keys() - book.captured
    outputs = book.workflow.outputs_of(node)
    return not outputs or not path or path.partition(".")[0] in outputs


def _in_order(workflow: Workflow) -> list[Node]:
    """The nodes, those first that others wait for; as they stand, where they wait for each other."""
    import networkx as nx  # noqa: PLC0415  (a third of the package's import time)

    try:
        return [workflow.by_id[name] for name in nx.lexicographical_topological_sort(workflow.graph)]
    except nx.NetworkXUnfeasible:
        return [*workflow.nodes]
