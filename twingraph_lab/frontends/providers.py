"""Which node gives a name, for cells that take their inputs by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from twingraph_lab.frontends.cells import CellNames, names_of
from twingraph_lab.frontends.definitions import Definition, definitions_of
from twingraph_lab.spec.workflow import Component, Node, Source, Workflow


class Ambiguous(NamedTuple):
    """Several give a name, and none of them waits for another."""

    givers: tuple[str, ...]


def cell_names(workflow: Workflow, node: Node) -> CellNames | None:
    """The names of a node that is a cell; `None` for other nodes, and for code that can't be read."""
    component = workflow.component_of(node)
    if not _is_cell(component):
        return None
    try:
        return names_of(component.code)  # type: ignore[union-attr]
    except (SyntaxError, ValueError):
        return None


def gives(workflow: Workflow, node: Node, name: str) -> bool:
    """Whether `name` means an output of this node. The value of a cell's last line, its `result`, has no name."""
    if name not in workflow.outputs_of(node):
        return False
    names = cell_names(workflow, node) if name == "result" else None
    return names is None or name in names.kinds


class Offers:
    """What the cells of a workflow offer each other by name: outputs of nodes, and definitions to take along.

    `codes` are the cells by id, also those that only define. Edges are kept up to date by `connect`.
    """

    def __init__(self, workflow: Workflow, codes: Mapping[str, str]) -> None:
        self._givers: dict[str, list[str]] = {}
        self._definitions: dict[str, dict[str, Definition]] = {}
        self._upstream: dict[str, tuple[str, ...]] = {}
        self._children: dict[str, set[str]] = {}
        for node in workflow.nodes:
            for name in workflow.outputs_of(node):
                if gives(workflow, node, name):
                    self._givers.setdefault(name, []).append(node.id)
            self.connect(node.id, node.upstream)
        loaded = {
            node.id: f"{component.setup}\n{component.code}"
            for node in workflow.nodes
            if node.id not in codes and isinstance(component := workflow.component_of(node), Source)
            if _is_cell(component)
        }
        for cell, code in {**loaded, **codes}.items():
            try:
                found = definitions_of(code)
            except (SyntaxError, ValueError):
                continue
            for name, definition in found.items():
                self._definitions.setdefault(name, {})[cell] = definition

    def connect(self, node_id: str, upstream: Iterable[str]) -> None:
        """`node_id` waits for these nodes, and no longer for others."""
        for parent in self._upstream.get(node_id, ()):
            self._children[parent].discard(node_id)
        self._upstream[node_id] = tuple(upstream)
        for parent in self._upstream[node_id]:
            self._children.setdefault(parent, set()).add(node_id)

    def givers(self, name: str) -> list[str]:
        """The nodes with this output, in the order of the workflow."""
        return self._givers.get(name, [])

    def below(self, node_id: str) -> set[str]:
        """The nodes that wait for this one, directly or not."""
        return _reached([node_id], self._children)

    def giver(self, node_id: str, name: str, below: Collection[str], before: str = "") -> str | Ambiguous:
        """The node that `node_id`, with those `below` it, takes `name` from; empty if nothing gives it.

        Of nodes that pass a name on to each other it is the last; a node taken `before` stays, unless a node that has
        nothing to do with it gives the name, too.
        """
        found = [each for each in self.givers(name) if each != node_id and each not in below]
        if len(found) < 2:
            return found[0] if found else ""
        passed_on = _reached(found, self._upstream)
        last = [each for each in found if each not in passed_on]
        if before in found and (before in passed_on or last == [before]):
            return before
        return last[0] if len(last) == 1 else Ambiguous(tuple(last))

    def definition(self, cell: str, name: str, origin: str = "") -> tuple[str, Definition] | Ambiguous | None:
        """What another cell than `cell` defines as `name`, and which; `origin` has precedence."""
        found = {each: made for each, made in self._definitions.get(name, {}).items() if each != cell}
        if origin in found:
            return origin, found[origin]
        if len({made.text for made in found.values()}) > 1:
            return Ambiguous(tuple(found))
        return next(iter(found.items()), None)

    def way(self, start: str, end: str) -> list[str]:
        """The nodes from `start` up to `end`, each of which waits for the next."""
        back: dict[str, str] = {start: ""}
        todo = [start]
        while todo and end not in back:
            node = todo.pop(0)
            for up in self._upstream.get(node, ()):
                if up not in back:
                    back[up] = node
                    todo.append(up)
        way = [end]
        while way[-1] != start:
            way.append(back[way[-1]])
        return way[::-1]


def _is_cell(component: Component) -> bool:
    return isinstance(component, Source) and component.language == "python"


def _reached(starts: Iterable[str], steps: Mapping[str, Iterable[str]]) -> set[str]:
    """What can be reached from `starts` in one step or more."""
    reached: set[str] = set()
    todo = list(starts)
    while todo:
        found = [each for each in steps.get(todo.pop(), ()) if each not in reached]
        reached.update(found)
        todo += found
    return reached
