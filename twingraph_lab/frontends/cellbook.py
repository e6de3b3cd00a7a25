"""A workflow that grows cell by cell, in whatever order cells are run, changed, renamed and deleted. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import Fault, NotFoundError, WorkflowError
from twingraph_lab.frontends.cells import cell_node, read_cell
from twingraph_lab.frontends.definitions import defines_only, definitions_of
from twingraph_lab.frontends.entries import Cell, Entry, said
from twingraph_lab.frontends.export import with_defaults
from twingraph_lab.frontends.missing import a_kind, is_plain, known
from twingraph_lab.frontends.resolution import CIRCLE
from twingraph_lab.frontends.surroundings import Surroundings
from twingraph_lab.frontends.wiring import Wiring, entry_of, parameter
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import NAME, Node, Source

CELL = "cell"
"""What cells that bind nothing are called: `cell_1`, `cell_2`, …"""


@dataclass(frozen=True, slots=True)
class CellBook(Wiring):
    """What a notebook's cells make. Where methods take `namespace` and `history`, these are as in `Surroundings`."""

    def define(
        self, cell: Cell, namespace: Mapping[str, Any], history: Sequence[str] = (), *, earlier: str = ""
    ) -> tuple[CellBook, str]:
        """The book with `cell`, new or in place of its earlier self (called `earlier`), and the cell's name.

        A cell that only defines functions, classes or imports becomes no node. Others that read what this one gives, or
        no longer gives, are connected anew. Raises `WorkflowError` with every fault of the cell.
        """
        around = Surroundings(namespace, history)
        earlier = earlier or self.cell_called(cell.identity)
        names = read_cell(cell.name or earlier or CELL, cell.code)
        if defines_only(cell.code) and not cell.keep:
            return self._offered(cell, earlier, around)
        name = cell.name or self._name(cell, next(iter(names.outputs), CELL), earlier)
        book = self.renamed(earlier, name)
        codes = {**book.codes, name: cell.code}
        resolver = book.resolver(codes, around)
        explicit = said(cell, name, book.workflow, names.reads, resolver.offers.below(name))
        found = resolver.resolve(name, names, explicit.inputs)
        if problems := [*explicit.faults, *found.faults]:
            raise WorkflowError(problems)
        node = cell_node(name, cell.code, inputs=found.inputs, setup=found.setup, keep=cell.keep, options=cell.options)
        entry = entry_of(cell, found, [*explicit.waiting, *found.waiting])
        made = book.placed(node, entry, list(self.workflow.by_id), earlier).with_captured(found.captured)
        settled = made.settled(around, self.touched(name, earlier) | made.touched(name), but=name)
        for other, each in settled.entries.items():
            if circles := [f for f in each.faults if f.message.startswith(CIRCLE) and f not in self._faults_of(other)]:
                raise WorkflowError(circles)
        return settled.tidy(), name

    def failed(self, name: str, faults: Iterable[Fault]) -> CellBook:
        """The book after a new version of the cell `name` was refused: it doesn't run until that is put right."""
        entry = self.entries.get(name)
        if entry is None and name not in self.workflow.by_id:
            return self
        entry = entry or Entry(Cell(""))
        return replace(self, entries={**self.entries, name: replace(entry, stale=tuple(faults))})

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

    def without(self, name: str, namespace: Mapping[str, Any] | None = None, history: Sequence[str] = ()) -> CellBook:
        """The book without a cell or node; what was taken from it is taken from others, if it can be.

        Raises `NotFoundError`.
        """
        if name not in self.workflow.by_id and name not in self.entries:
            raise NotFoundError(known("node", name, self.workflow.by_id))
        left = self.taken_out(name)
        return left.settled(Surroundings(namespace or {}, history), self.touched(name)).tidy()

    def renewed(
        self, namespace: Mapping[str, Any], history: Sequence[str] = (), nodes: Collection[str] = ()
    ) -> tuple[CellBook, dict[str, JsonValue]]:
        """The book with what variables and functions of the notebook are now, and the values of captured variables.

        Raises `WorkflowError` with everything that keeps the workflow, or these nodes and what they need, from running.
        """
        book = self.settled(Surroundings(namespace, history)).tidy()
        if problems := book.faults(nodes):
            raise WorkflowError(problems, source=self.workflow.name)
        now = {name: namespace[name] for name in sorted(book.captured) if name in namespace}
        retyped = {
            name: parameter(value)
            for name, value in now.items()
            if book.workflow.parameters[name].type not in ("any", parameter(value).type)
        }
        parameters = {**book.workflow.parameters, **retyped}
        return replace(book, workflow=book.workflow.model_copy(update={"parameters": parameters})), now

    def now(self, namespace: Mapping[str, Any]) -> CellBook:
        """The book to show: with what captured variables are now as the defaults of its parameters."""
        values = {
            name: namespace[name]
            for name in self.captured
            if name in namespace and is_plain(namespace[name])
            if namespace[name] != self.workflow.parameters[name].default
        }
        return replace(self, workflow=with_defaults(self.workflow, values)) if values else self

    def faults(self, nodes: Collection[str] = ()) -> list[Fault]:
        """What keeps the workflow from running, or these nodes and those they need: each with its cell and line."""
        found: list[Fault] = []
        for name, entry in self.entries.items():
            found += entry.faults
            found += [
                replace(each, node=name, message=f"the cell's last version has this fault: {each.message}")
                for each in entry.stale
            ]
        told = {fault.node for fault in found}
        found += [self._in_cell(fault) for fault in faults(self.workflow) if fault.node not in told]
        if not nodes:
            return found
        needed = self.needed_by(nodes)
        return [fault for fault in found if fault.node is None or fault.node in needed]

    def needed_by(self, nodes: Collection[str]) -> set[str]:
        """These nodes, all nodes they wait for, and the cells whose definitions they take along."""
        reached: set[str] = set()
        todo = list(nodes)
        while todo:
            name = todo.pop()
            if name not in reached and name in self.workflow.by_id:
                todo += self.workflow.by_id[name].upstream
            reached.add(name)
        brought = {name for each in reached if each in self.entries for name in self.entries[each].brings}
        return reached | {name for name, entry in self.entries.items() if brought & {*entry.defines}}

    @property
    def definitions(self) -> dict[str, str]:
        """What cells define, and the cells that only define, with the cell that does."""
        nodes = self.workflow.by_id
        cells = {name: name for name in self.entries if name not in nodes}
        return {**cells, **{name: cell for cell, entry in self.entries.items() for name in entry.defines}}

    def cell_called(self, identity: str) -> str:
        """The name of the cell that the front end identifies so; empty if there is none."""
        return next((name for name, each in self.entries.items() if identity and each.cell.identity == identity), "")

    def _in_cell(self, fault: Fault) -> Fault:
        """A fault of the document; where a cell made the node, its place in the document says nothing to anybody."""
        if fault.node not in self.entries:
            return fault
        return replace(fault, path=re.sub(r"^nodes\[\d+\]\.", "", fault.path or ""))

    def _faults_of(self, name: str) -> tuple[Fault, ...]:
        return self.entries[name].faults if name in self.entries else ()

    def _name(self, cell: Cell, first: str, earlier: str) -> str:
        """A name for a cell without one: what it binds first, numbered if another cell has it.

        Where the front end tells cells apart, the same cell keeps its name; elsewhere a cell with the same code does.
        """
        first = first if re.fullmatch(NAME, first) else CELL
        ours = re.compile(rf"{re.escape(first)}(_\d+)?")
        if ours.fullmatch(earlier):
            return earlier
        taken: dict[str, Node | Entry] = {**self.workflow.by_id, **self.entries}
        twins = [
            name
            for name, known_cell in taken.items()
            if ours.fullmatch(name) and _code(known_cell) == cell.code and not cell.identity
        ]
        if twins:
            return twins[0]
        numbers = count(1 if first == CELL else 2)
        free = (f"{first}_{number}" for number in numbers if f"{first}_{number}" not in taken)
        return first if first != CELL and first not in taken else next(free)

    def _offered(self, cell: Cell, earlier: str, around: Surroundings) -> tuple[CellBook, str]:
        """The book with a cell that only defines."""
        found = definitions_of(cell.code)
        renews = next((name for name, each in self.entries.items() if _is_renewed(each, cell, found)), "")
        name = cell.name or renews or self._name(cell, next(iter(found)), earlier)
        if given := [*(f"--in {wanted}" for wanted in cell.given), *(f"--{option}" for option in cell.options)]:
            does = f"the cell only defines {', '.join(found)}: it becomes no node and never runs by itself"
            raise WorkflowError([Fault(f"{does}, so {', '.join(given)} means nothing", node=name)])
        book = self.renamed(earlier, name)
        book = book.taken_out(name) if name in {**book.workflow.by_id, **book.entries} else book
        made = replace(book, entries={**book.entries, name: Entry(cell)})
        touched = self.touched(name, earlier) | made.touched(name)
        return made.settled(around, touched).tidy(), name


def _code(cell: Node | Entry) -> str:
    if isinstance(cell, Entry):
        return cell.cell.code
    return cell.component.code if isinstance(cell.component, Source) else ""


def _is_renewed(entry: Entry, cell: Cell, found: Collection[str]) -> bool:
    """Whether a cell without name and identity defines all that another one did, which it then replaces."""
    other = entry.cell
    anonymous = not (cell.name or cell.identity or other.name or other.identity)
    return anonymous and defines_only(other.code) and {*entry.defines} <= {*found}
