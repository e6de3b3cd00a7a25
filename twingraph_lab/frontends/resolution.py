"""Where a cell gets the names it reads: outputs of nodes, parameters, variables, definitions that go along. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import JsonValue

from twingraph_lab.errors import Fault
from twingraph_lab.frontends.cells import CellNames, names_of
from twingraph_lab.frontends.definitions import Definition
from twingraph_lab.frontends.missing import Missing, a_kind, is_plain, why_missing
from twingraph_lab.frontends.providers import Ambiguous, Offers
from twingraph_lab.frontends.setups import arranged
from twingraph_lab.frontends.surroundings import Surroundings, UntravelledError
from twingraph_lab.spec.workflow import Workflow

PARAMETER = ""
"""Stands for a parameter among the nodes that names are taken from."""

CIRCLE = "the cells wait for each other: "
"""How the fault of cells that need each other's outputs begins."""


class Read(NamedTuple):
    """A name to find: for a definition of the cell `origin`, called `by`, if that isn't empty, else for the cell."""

    name: str
    line: int
    needed: bool
    by: str = ""
    origin: str = ""


@dataclass(slots=True)
class Resolved:
    """What was found for a cell. `sources` say which node gives each input, `wants` are all names that were looked for.

    `faults` can't be helped by running other cells; `waiting` can. `brings` are the definitions in `setup`.
    """

    inputs: dict[str, JsonValue] = field(default_factory=dict)
    captured: dict[str, JsonValue] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    wants: set[str] = field(default_factory=set)
    brings: tuple[str, ...] = ()
    setup: str = ""
    faults: list[Fault] = field(default_factory=list)
    waiting: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Finds names for the cells of a workflow. `captured` are its parameters that were variables of the notebook."""

    workflow: Workflow
    offers: Offers
    codes: Mapping[str, str]
    captured: Collection[str]
    around: Surroundings

    def resolve(
        self, cell: str, names: CellNames, given: Mapping[str, JsonValue], before: Mapping[str, str] | None = None
    ) -> Resolved:
        """The inputs and the setup of `cell`. `given` are inputs said explicitly, `before` its sources so far."""
        search = _Search(self, cell, names, self.offers.below(cell), before or {}, Resolved(inputs=dict(given)))
        search.all()
        return search.found

    @property
    def declared(self) -> set[str]:
        """The parameters that somebody declared."""
        return self.workflow.parameters.keys() - self.captured


@dataclass(frozen=True, slots=True)
class _Search:
    """The search for all names of one cell; `below` are the nodes that wait for it."""

    known: Resolver
    cell: str
    names: CellNames
    below: Collection[str]
    before: Mapping[str, str]
    found: Resolved

    def all(self) -> None:
        """Find what the cell reads, and what the definitions read that it takes along."""
        found, given = self.found, set(self.found.inputs)
        definitions: dict[str, Definition] = {}
        todo = [Read(name, line, name in self.names.needs) for name, line in self.names.reads.items()]
        for read in todo:
            if read.name in found.wants or read.name in given:
                continue
            found.wants.add(read.name)
            if made := self._find(read):
                origin, definition = made
                definitions[read.name] = definition
                todo += _needs_of(definition, self.names, read.line, origin)
        found.brings = tuple(definitions)
        found.setup = arranged(definitions)

    def _find(self, read: Read) -> tuple[str, Definition] | None:
        """Note where `read` comes from, or return its definition and the cell that has it."""
        name, namespace, offers = read.name, self.known.around.variables, self.known.offers
        plain = name in namespace and is_plain(namespace[name])
        before = self.before.get(name)
        stays = before == PARAMETER and name in self.known.workflow.parameters
        giver = "" if stays else offers.giver(self.cell, name, self.below, before or "")
        if isinstance(giver, Ambiguous):
            if name not in self.names.kinds or read.needed:
                self._refuse(read, _several(name, giver.givers))
        elif giver:
            self._take(name, {"ref": f"{giver}.{name}"}, giver)
        elif name in self.known.declared or (stays and not plain):
            self._take(name, {"param": name}, PARAMETER)
            if name in namespace and name not in self.known.declared:
                told = f"{name!r} has become {a_kind(namespace[name])}; a parameter is a plain JSON value"
                self._refuse(read, told)
        elif made := offers.definition(self.cell, name, read.origin):
            if not isinstance(made, Ambiguous):
                return made
            if read.needed:
                self._refuse(read, _several(name, made.givers, defined=True))
        elif before and read.needed:
            self.found.sources[name] = before
            elsewhere = "; run the cell again to take the notebook's variable instead" if plain else ""
            self._refuse(read, self._gone(name, before) + elsewhere, waits=True)
        elif plain:
            self._take(name, {"param": name}, PARAMETER)
            self.found.captured[name] = namespace[name]
        else:
            return self._defined(read)
        return None

    def _defined(self, read: Read) -> tuple[str, Definition] | None:
        """A definition of the notebook; else note why there is none."""
        around = self.known.around
        try:
            definition = around.definition(read.name) if read.name in around.variables else None
        except UntravelledError as error:
            if read.needed:
                self._refuse(read, str(error))
            return None
        if definition:
            return "", definition
        if read.needed:
            circle = [each for each in self.known.offers.givers(read.name) if each in self.below]
            missing = Missing(self._circle(read.name, circle[-1]), waits=False) if circle else self._missing(read.name)
            self._refuse(read, missing.message, waits=missing.waits)
        return None

    def _take(self, name: str, source: JsonValue, node: str) -> None:
        self.found.inputs[name], self.found.sources[name] = source, node

    def _refuse(self, read: Read, message: str, *, waits: bool = False) -> None:
        user = f" ({read.by!r}, which this cell uses, reads it)" if read.by else ""
        fault = Fault(message + user, node=self.cell, path=f"line {read.line}")
        (self.found.waiting if waits else self.found.faults).append(fault)

    def _missing(self, name: str) -> Missing:
        workflow, variables = self.known.workflow, self.known.around.variables
        others = {each: names_of(code) for each, code in self.known.codes.items() if each != self.cell}
        nodes = [node for node in workflow.nodes if node.id != self.cell]
        outputs = [output for node in nodes for output in workflow.outputs_of(node)]
        plain = [variable for variable, value in variables.items() if is_plain(value)]
        return why_missing(name, others, variables, [*outputs, *workflow.parameters, *plain])

    def _gone(self, name: str, before: str) -> str:
        node = self.known.workflow.by_id.get(before)
        if node is None:
            return f"{name!r} of {before!r} is gone: there is no node {before!r} any more"
        now = ", ".join(self.known.workflow.outputs_of(node)) or "nothing"
        return f"{name!r} of {before!r} is gone: {before!r} gives {now} now"

    def _circle(self, name: str, giver: str) -> str:
        way = self.known.offers.way(giver, self.cell)
        parts = [f"{name!r} comes from {giver!r}"]
        parts += [f"which itself waits for {up!r}" for up in way[1:]]
        return CIRCLE + ", ".join(parts)


def _needs_of(definition: Definition, names: CellNames, line: int, origin: str) -> Iterator[Read]:
    """What a definition needs, unless the cell that uses it binds that itself before anybody calls the definition."""
    read = definition.names
    for name in read.reads:
        own = name in names.kinds and name not in names.reads and name not in read.now
        if name != definition.name and not own:
            yield Read(name, line, name in read.needs, definition.name, origin)


def _several(name: str, givers: Collection[str], *, defined: bool = False) -> str:
    first, *others = givers
    listed = f"{first!r} and {' and '.join(map(repr, others))}"
    or_else = f"use another name in one of them, or take one out with `%twingraph delete {first}`"
    if defined:
        return f"{name!r} is defined differently in {listed}; {or_else}"
    either = f"{name!r} is bound in both {listed}, and neither waits for the other"
    return f"{either}; say which with `--in {name}={first}.{name}`, {or_else}"
