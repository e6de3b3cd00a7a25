"""The cells of a workflow and how they are connected. Every step of a change gives new wiring. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.cells import names_of
from twingraph_lab.frontends.entries import Cell, Entry, said
from twingraph_lab.frontends.providers import Offers
from twingraph_lab.frontends.resolution import Resolved, Resolver
from twingraph_lab.frontends.surroundings import Surroundings
from twingraph_lab.spec.inputs import TemplateError
from twingraph_lab.spec.rewriting import renamed
from twingraph_lab.spec.workflow import Node, Parameter, Source, Workflow, canonical

ROUNDS = 5
"""How often cells are connected again at most, until nothing changes."""

TYPES: dict[type, Any] = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


@dataclass(frozen=True, slots=True)
class Wiring:
    """`workflow` as the cells run so far define it; `captured` are the parameters that were variables of the notebook.

    `entries` are the cells by name, also those that only define functions and are no node. Nodes without an entry came
    with a document.
    """

    workflow: Workflow
    captured: frozenset[str] = frozenset()
    entries: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def codes(self) -> dict[str, str]:
        """The code of each cell."""
        return {name: entry.cell.code for name, entry in self.entries.items() if entry.cell.code}

    def touched(self, *names: str) -> set[str]:
        """What others may notice when these cells change."""
        touched: set[str] = set()
        for name in names:
            touched.add(_mention(name))
            if name in self.entries:
                touched.update(self.entries[name].defines)
            if node := self.workflow.by_id.get(name):
                touched.update(self.workflow.outputs_of(node))
        return touched

    def renamed(self, old: str, new: str) -> Self:
        """The wiring without `old`; whatever named it names `new`. The same book if nothing is renamed.

        Raises `WorkflowError` with every template in which the name can't be another.
        """
        if old in ("", new):
            return self
        left = self.taken_out(old)
        faults: list[Fault] = []
        nodes = tuple(
            _renaming(node, old, new, faults) if old in node.upstream else node for node in left.workflow.nodes
        )
        outputs = _following(left.workflow.outputs, old, new, None, faults)
        if faults:
            raise WorkflowError(faults)
        entries = {
            name: replace(
                each,
                cell=each.cell.renaming(old, new),
                sources={wanted: new if node == old else node for wanted, node in each.sources.items()},
                wants=frozenset(_each(tuple(each.wants), _mention(old), _mention(new))),
            )
            for name, each in left.entries.items()
        }
        layout = {new if name == old else name: place for name, place in left.workflow.layout.items()}
        groups = {
            name: each.model_copy(update={"nodes": _each(each.nodes, old, new)}) if old in each.nodes else each
            for name, each in left.workflow.groups.items()
        }
        changes = {"nodes": nodes, "outputs": outputs, "layout": layout, "groups": groups}
        return replace(left, workflow=left.workflow.model_copy(update=changes), entries=entries)

    def taken_out(self, name: str) -> Self:
        """Without a cell or node; what reads from it is left as it is."""
        nodes = tuple(node for node in self.workflow.nodes if node.id != name)
        entries = {other: each for other, each in self.entries.items() if other != name}
        return replace(self, workflow=self.workflow.model_copy(update={"nodes": nodes}), entries=entries)

    def placed(self, node: Node, entry: Entry, before: list[str], earlier: str) -> Self:
        """The wiring with a node where it, or what it was called `earlier`, was `before`; else at the end."""
        others = [other for other in self.workflow.nodes if other.id != node.id]
        position = next((before.index(name) for name in (node.id, earlier) if name in before), len(others))
        nodes = (*others[:position], node, *others[position:])
        return replace(
            self,
            workflow=self.workflow.model_copy(update={"nodes": nodes}),
            entries={**self.entries, node.id: entry},
        )

    def resolver(self, codes: Mapping[str, str], around: Surroundings) -> Resolver:
        """What finds names for cells, with `codes` as the code of each."""
        return Resolver(self.workflow, Offers(self.workflow, codes), codes, self.captured, around)

    def settled(self, around: Surroundings, touched: Collection[str] | None = None, but: str = "") -> Self:
        """The wiring with cells connected anew that read what was `touched`; without it, all cells."""
        wanted = frozenset(touched or ())
        chosen = {
            name
            for name, entry in self.entries.items()
            if name != but and name in self.workflow.by_id and entry.cell.code
            if touched is None or not wanted.isdisjoint(entry.wants)
        }
        if not chosen:
            return self
        resolver = self.resolver(self.codes, around)
        wiring = self._pass(chosen, resolver)
        before = self.upstream
        for _ in range(ROUNDS):  # an edge found late may decide where an earlier cell takes a name from
            if wiring.upstream == before:
                break
            before = wiring.upstream
            wiring = self._pass(chosen, resolver)
        return wiring

    @property
    def upstream(self) -> dict[str, tuple[str, ...]]:
        """The nodes that each node waits for."""
        return {node.id: node.upstream for node in self.workflow.nodes}

    def _pass(self, chosen: Collection[str], resolver: Resolver) -> Self:
        """Connect the chosen cells one after the other."""
        nodes, entries, captured = [], dict(self.entries), dict[str, JsonValue]()
        for node in self.workflow.nodes:
            if node.id not in chosen:
                nodes.append(node)
                continue
            entry = self.entries[node.id]
            names = names_of(entry.cell.code)
            explicit = said(entry.cell, node.id, self.workflow, names.reads, resolver.offers.below(node.id))
            found = resolver.resolve(node.id, names, explicit.inputs, entry.sources)
            problems = [*explicit.faults, *explicit.waiting, *found.faults, *found.waiting]
            nodes.append(_with(node, found))
            resolver.offers.connect(node.id, nodes[-1].upstream)
            entries[node.id] = replace(entry_of(entry.cell, found, problems), stale=entry.stale)
            captured |= found.captured
        made = replace(self, workflow=self.workflow.model_copy(update={"nodes": tuple(nodes)}), entries=entries)
        return made.with_captured(captured)

    def with_captured(self, values: Mapping[str, JsonValue]) -> Self:
        """With these variables of the notebook as parameters."""
        new = {name: parameter(value) for name, value in values.items() if name not in self.workflow.parameters}
        workflow = self.workflow.model_copy(update={"parameters": {**self.workflow.parameters, **new}})
        return replace(self, workflow=workflow, captured=self.captured | values.keys()) if values else self

    def tidy(self) -> Self:
        """Without captured parameters that no node uses any more."""
        if not self.captured:
            return self
        used = canonical([node.inputs for node in self.workflow.nodes])
        unused = {name for name in self.captured if canonical({"param": name}) not in used}
        kept = {name: value for name, value in self.workflow.parameters.items() if name not in unused}
        return replace(
            self, workflow=self.workflow.model_copy(update={"parameters": kept}), captured=self.captured - unused
        )


def parameter(value: JsonValue) -> Parameter:
    """A parameter with this default. Whole numbers may become fractions: the type is `number` for both."""
    return Parameter(type=TYPES.get(type(value), "any"), default=value)


def entry_of(cell: Cell, found: Resolved, problems: Iterable[Fault]) -> Entry:
    """The entry of a cell for which this was found."""
    wants = frozenset({*found.wants, *map(_mention, cell.mentions)})
    return Entry(cell, found.sources, wants, found.brings, tuple(problems))


def _mention(node: str) -> str:
    """How a node's own name is told from the names of variables."""
    return f"--{node}"


def _with(node: Node, found: Resolved) -> Node:
    """The node with these inputs and this setup; the same one if it has them."""
    component = node.component
    assert isinstance(component, Source)
    if node.inputs == found.inputs and component.setup == found.setup:
        return node
    renewed = component.model_copy(update={"setup": found.setup})
    return node.model_copy(update={"inputs": found.inputs, "component": renewed})


def _each(names: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if name == old else name for name in names)


def _renaming(node: Node, old: str, new: str, faults: list[Fault]) -> Node:
    inputs, after = _following(node.inputs, old, new, node.id, faults), _each(node.after, old, new)
    return node.model_copy(update={"inputs": inputs, "after": after})


def _following(
    inputs: Mapping[str, JsonValue], old: str, new: str, node: str | None, faults: list[Fault]
) -> Mapping[str, JsonValue]:
    try:
        return renamed(inputs, old, new)
    except TemplateError as error:
        faults.append(Fault(str(error), node=node))
        return inputs
