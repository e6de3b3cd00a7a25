"""A cell as it was typed, and what a book knows of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import Fault
from twingraph_lab.frontends.cells import FIGURE, RESULT
from twingraph_lab.frontends.definitions import definitions_of
from twingraph_lab.frontends.missing import known
from twingraph_lab.spec.workflow import Workflow

ALL = "output"
"""`node.output` is everything that a node gives, by name."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it was run. `given` are inputs said explicitly: name → `node`, `node.output` or a parameter.

    `identity` is the front end's id of the cell, empty where there is none. `text` is all that was typed, empty where
    it isn't known or says something else than the cell, so that it can't be changed.
    """

    code: str
    name: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    identity: str = ""
    text: str = field(default="", compare=False)

    @property
    def mentions(self) -> set[str]:
        """The nodes that its options name."""
        return {*(source.partition(".")[0] for source in self.given.values()), *self.options.get("after", ())}

    def renaming(self, old: str, new: str) -> Cell:
        """The cell with options that name the node `new` where they named `old`."""
        if old not in self.mentions:
            return self
        given = {name: _renamed(source, old, new) for name, source in self.given.items()}
        after = {"after": tuple(new if name == old else name for name in self.options.get("after", ()))}
        return replace(self, given=given, options={**self.options, **(after if "after" in self.options else {})})


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell of a book, and what came of it.

    `sources`, `wants` and `brings` are as in `Resolved`. `faults` keep it from running, `stale` are those of a later
    version of the cell, which could not take its place.
    """

    cell: Cell
    sources: Mapping[str, str] = field(default_factory=dict)
    wants: frozenset[str] = frozenset()
    brings: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    stale: tuple[Fault, ...] = ()

    @property
    def defines(self) -> tuple[str, ...]:
        """The names that others can take along."""
        return tuple(definitions_of(self.cell.code))


@dataclass(slots=True)
class Said:
    """The inputs that the options of the cell `name` say, and what is wrong with these options.

    `below` are the nodes that wait for the cell. A node that isn't there yet is waited for.
    """

    name: str
    workflow: Workflow
    below: Collection[str]
    inputs: dict[str, JsonValue] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    waiting: list[Fault] = field(default_factory=list)

    def read(self, wanted: str, source: str, *, is_read: bool) -> None:
        """`--in wanted=source`, where the cell reads `wanted` or doesn't."""
        giver, *path = source.split(".")
        at = f"--in {wanted}={source}"
        if not is_read:
            self.faults.append(self._fault(f"the cell never reads {wanted!r}", at))
        if giver not in self.workflow.by_id and source in self.workflow.parameters:
            self.inputs[wanted] = {"param": source}
        elif self.expect(giver, at):
            outputs = self.workflow.outputs_of(self.workflow.by_id[giver])
            if path and not _has(outputs, path[0]):
                self.faults.append(self._fault(known("output", path[0], outputs), at))
            self.inputs[wanted] = {"ref": source if path else _meant(giver, outputs, wanted)}

    def expect(self, node: str, at: str) -> bool:
        """Whether the cell can wait for `node`, which the option `at` names."""
        others = [other for other in self.workflow.by_id if other != self.name]
        if node in self.below:
            self.faults.append(self._fault(f"{node!r} itself waits for {self.name!r}", at))
        elif node not in others:
            told = known("node", node, others)
            mistaken = "did you mean" in told or node == self.name
            (self.faults if mistaken else self.waiting).append(self._fault(told, at))
        return node in others and node not in self.below

    def _fault(self, message: str, at: str) -> Fault:
        return Fault(message, node=self.name, path=at)


def said(cell: Cell, name: str, workflow: Workflow, reads: Collection[str], below: Collection[str]) -> Said:
    """What `--in` and `--after` of the cell mean."""
    found = Said(name, workflow, below)
    for wanted, source in cell.given.items():
        found.read(wanted, source, is_read=wanted in reads)
    for after in cell.options.get("after", ()):
        found.expect(after, "--after")
    return found


def _meant(node: str, outputs: tuple[str, ...], wanted: str) -> str:
    """What is taken from a node if no output is named: the one of the input's name, the only one, else all of them."""
    if outputs in ((), (RESULT,)):
        return node
    output = wanted if wanted in outputs else outputs[0] if len(outputs) == 1 else ALL
    return f"{node}.{output}"


def _has(outputs: tuple[str, ...], name: str) -> bool:
    return not outputs or outputs == (RESULT,) or name in (*outputs, ALL) or bool(FIGURE.fullmatch(name))


def _renamed(source: str, old: str, new: str) -> str:
    giver, dot, path = source.partition(".")
    return f"{new}{dot}{path}" if giver == old else source
