"""The edges of a workflow as a canvas sees them: from an output port to an input port."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from twingraph_lab.frontends.canvas.ports import output_of, outputs
from twingraph_lab.spec.component import Declaration, Slot, said_type
from twingraph_lab.spec.inputs import Reference, references
from twingraph_lab.spec.workflow import Builtin, Component, Node, Source, Workflow

CELLS_LIMIT = 2000
"""Cells of a workflow that are read for the names they need; further ones are shown with the inputs they have."""

_FIRST_KEY = re.compile(r"[\w$-]+")
_NOTHING: Mapping[str, Slot] = {}


class Declarations(Protocol):
    """Says what components declare: the catalog."""

    def declaration(self, node: Node, component: Component, /) -> Declaration | None:
        """What is declared of a node's inputs and outputs; None if nothing is known."""


class Wire(NamedTuple):
    """All references of `input` of `target` to `output` of `source`; without data, there is neither.

    `said` is the output as the document says it, which is nothing for all that there is.
    """

    source: str
    output: str
    target: str
    input: str
    said: str

    @property
    def id(self) -> str:
        """Its id on a canvas, which depends on the document alone, not on what is known of components.

        >>> Wire("load", "rows", "clean", "table", "rows").id, Wire("load", "", "clean", "", "").id
        ('load.rows->clean.table', 'load.->clean.')
        """
        return f"{self.source}.{self.said}->{self.target}.{self.input}"


class Wires:
    """What is declared of a workflow's nodes and how they are connected. Looks up what it is asked for, once."""

    def __init__(self, workflow: Workflow, catalog: Declarations) -> None:
        self._workflow = workflow
        self._catalog = catalog
        self._declarations: dict[str, Declaration | None] = {}
        self._of_component: dict[str | int, Declaration | None] = {}
        self._outputs: dict[str, Mapping[str, Slot]] = {}
        self._cells = 0
        self.unread: set[str] = set()
        """Cells beyond the limit."""

    def declaration(self, name: str) -> Declaration | None:
        """What is declared of a node; None if nothing is known."""
        if name not in self._declarations:
            node = self._workflow.by_id[name]
            self._declarations[name] = self._looked_up(node)
        return self._declarations[name]

    def outputs(self, name: str) -> Mapping[str, Slot]:
        """The outputs that a node is known to have, without those that others only hope for."""
        if name not in self._outputs:
            node = self._workflow.by_id[name]
            self._outputs[name] = outputs(self._workflow, node, self.declaration(name))
        return self._outputs[name]

    def into(self, node: Node) -> dict[Wire, list[Reference]]:
        """The edges that bring data to a node from others that exist, each with the references it stands for."""
        found: dict[Wire, list[Reference]] = {}
        for mention in node.mentions:
            if isinstance(mention, Reference) and mention.node in self._workflow.by_id:
                output = output_of(mention.path, self.outputs(mention.node))
                said = mention.path[0] if mention.path else ""
                wire = Wire(mention.node, output, node.id, input_of(mention, node), said)
                found.setdefault(wire, []).append(mention)
        return found

    def slot(self, name: str, taken: str) -> Slot | None:
        """What is declared of a node's input."""
        said = self.declaration(name)
        return said.inputs.get(taken) if said else None

    def _looked_up(self, node: Node) -> Declaration | None:
        component = self._workflow.component_of(node)
        if isinstance(component, Builtin) and node.inputs:  # a notebook's ports are its file's
            return self._catalog.declaration(node, component)
        key = node.component if isinstance(node.component, str) else id(node.component)
        if key not in self._of_component:
            self._cells += isinstance(component, Source)
            if isinstance(component, Source) and self._cells > CELLS_LIMIT:
                self.unread.add(node.id)
                return None
            self._of_component[key] = self._catalog.declaration(node, component)
        return self._of_component[key]


def input_of(mention: Reference, node: Node) -> str:
    """The input that a mention is in: the first step of its path, unless that is a name that paths can't hold."""
    first = _FIRST_KEY.match(mention.at)
    if first:
        return first[0]
    return next(
        name for name, tree in node.inputs.items() if any(each.at == mention.at for each in references({name: tree}))
    )


def way(workflow: Workflow, start: str, end: str) -> list[str]:
    """The nodes from `start` along edges to `end`, both included, by a shortest way; empty if there is none."""
    back: dict[str, str] = {}
    seen, row = {end}, [end]
    while row and start not in seen:
        further = []
        for name in row:
            for parent in workflow.by_id[name].upstream:
                if parent in workflow.by_id and parent not in seen:
                    seen.add(parent)
                    back[parent] = name
                    further.append(parent)
        row = further
    if start not in seen:
        return []
    found = [start]
    while found[-1] != end:
        found.append(back[found[-1]])
    return found


def misfit(output: str, gives: str, name: str, takes: str) -> str:
    """Why an output can't be an input, in words.

    >>> misfit("rows", "table", "n", "integer")
    'rows gives a table, but n takes an integer'
    """
    return f"{output} gives {said_type(gives)}, but {name} takes {said_type(takes)}"
