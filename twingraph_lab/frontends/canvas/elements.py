"""A workflow → what a canvas draws. Pure, and fast enough to do it again after each edit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal

from twingraph_lab.errors import Fault
from twingraph_lab.frontends.canvas.arranging import members, middle
from twingraph_lab.frontends.canvas.catalog import Catalog, icon
from twingraph_lab.frontends.canvas.code import cell_fault
from twingraph_lab.frontends.canvas.messages import (
    Delta,
    EdgeData,
    EdgeElement,
    Element,
    NodeData,
    NodeElement,
    Port,
)
from twingraph_lab.frontends.canvas.naming import COMMENT, GROUP
from twingraph_lab.frontends.canvas.ports import ANY, input_ports, is_plain, output_ports, output_type, port
from twingraph_lab.frontends.canvas.wires import Declarations, Wire, Wires, misfit
from twingraph_lab.spec.component import fits
from twingraph_lab.spec.inputs import Reference
from twingraph_lab.spec.workflow import Builtin, Component, Node, Pickled, PythonFunction, Source, Workflow

_NODE_PATH = re.compile(r"^nodes\[\d+\]\.?(?:inputs\.)?")

_NEAR_LINE = re.compile(r"\bline \d+: ")


def elements(
    workflow: Workflow,
    faults: Iterable[Fault] = (),
    *,
    opaque: Collection[str] = frozenset(),
    catalog: Declarations | None = None,
) -> tuple[Element, ...]:
    """Groups, nodes, comments, then edges. `faults` are those of `spec.validate`, `opaque` nodes with code unread.

    A collapsed group stands for its nodes: they aren't there, and edges that cross its border end at it, at ports
    called `node.port`.
    """
    drawing = _Drawing(workflow, tuple(faults), frozenset(opaque), catalog or Catalog())
    return (*drawing.groups(), *drawing.nodes(), *drawing.comments(), *drawing.edges())


def difference(before: Iterable[Element], after: Iterable[Element], faults: Iterable[Fault] = ()) -> Delta:
    """What makes the elements `before` those `after`; `faults` are all those of the workflow after it."""
    old, new = {each.data.id: each for each in before}, {each.data.id: each for each in after}
    return Delta(
        add=tuple(each for name, each in new.items() if name not in old),
        update=tuple(each for name, each in new.items() if name in old and old[name] != each),
        remove=tuple(name for name in old if name not in new),
        faults=overall(faults),
    )


def overall(faults: Iterable[Fault]) -> tuple[str, ...]:
    """The faults that no node is to blame for."""
    return tuple(str(fault) for fault in faults if fault.node is None)


class _Drawing:
    def __init__(
        self, workflow: Workflow, faults: tuple[Fault, ...], opaque: frozenset[str], catalog: Declarations
    ) -> None:
        self._workflow = workflow
        self._opaque = opaque
        self._wires = Wires(workflow, catalog)
        self._members = members(workflow)
        self._group_of = {node: name for name, inside in self._members.items() for node in inside}
        self._hidden = {node: GROUP + name for node, name in self._group_of.items() if workflow.groups[name].collapsed}
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        for fault in faults:
            if fault.node is not None:
                self._faults[fault.node].append(fault)
        self._edges = {node.id: self._wires.into(node) for node in workflow.nodes}
        self._read: dict[str, dict[str, None]] = defaultdict(dict)
        for edges in self._edges.values():
            for edge in edges:
                self._read[edge.source][edge.output] = None

    def nodes(self) -> Iterator[NodeElement]:
        """A box for each node that no collapsed group hides."""
        for node in self._workflow.nodes:
            if node.id not in self._hidden:
                yield self._node(node)

    def groups(self) -> Iterator[NodeElement]:
        """A frame or box for each group that has nodes."""
        for name, group in self._workflow.groups.items():
            inside = self._members[name]
            shown = NodeData(
                id=GROUP + name,
                kind="group",
                label=group.label or name,
                icon="group",
                members=tuple(inside),
                collapsed=group.collapsed,
            )
            if not group.collapsed:
                yield NodeElement(data=shown)
                continue
            ports = self._border(frozenset(inside))
            faults = [f"{node}: {text}" for node in inside for text in self._node_faults(self._workflow.by_id[node])]
            boxed = shown.model_copy(update={"inputs": ports[0], "outputs": ports[1], "faults": tuple(faults)})
            yield NodeElement(data=boxed, position=middle(self._workflow, inside))

    def comments(self) -> Iterator[NodeElement]:
        """The notes."""
        for name, comment in self._workflow.comments.items():
            data = NodeData(id=COMMENT + name, kind="comment", label=comment.text, icon="comment")
            yield NodeElement(data=data, position=comment.position)

    def edges(self) -> Iterator[EdgeElement]:
        """Those with data, then those without, each once."""
        for node in self._workflow.nodes:
            for wire, references in self._edges[node.id].items():
                if edge := self._edge(wire, "data", self._edge_faults(wire, references)):
                    yield edge
            for parent in dict.fromkeys(node.after):
                wire = Wire(parent, "", node.id, "", "")
                if parent in self._workflow.by_id and (edge := self._edge(wire, "after", ())):
                    yield edge

    def _node(self, node: Node) -> NodeElement:
        component = self._workflow.component_of(node)
        group = self._group_of.get(node.id)
        return NodeElement(
            data=NodeData(
                id=node.id,
                label=node.id,
                component=_named(node.component, component),
                icon=icon(component),
                inputs=input_ports(node, self._wires.declaration(node.id)),
                outputs=output_ports(self._wires.outputs(node.id), self._read.get(node.id, ())),
                faults=tuple(self._node_faults(node)),
                parent=GROUP + group if group else None,
                opaque=node.id in self._opaque,
                description=node.description,
            ),
            position=self._workflow.layout.get(node.id),
        )

    def _node_faults(self, node: Node) -> list[str]:
        found = [_message(fault) for fault in self._faults.get(node.id, ())]
        if node.id in self._opaque:
            return found
        told = " ".join(found)  # whoever checks the code as well has said it already
        component = node.component
        said = self._wires.declaration(node.id)
        unsaid = said is None and node.id not in self._wires.unread and not _NEAR_LINE.search(told)
        if isinstance(component, Source) and unsaid and (flaw := cell_fault(component)):
            found.append(flaw)
        if said:
            found += [
                f"needs {name!r}: draw an edge to it, or set it"
                for name, slot in said.inputs.items()
                if slot.required and name not in node.inputs and repr(name) not in told
            ]
            takes = ", ".join(said.inputs) or "nothing"
            found += [
                f"takes no {name!r}; it takes {takes}"
                for name in node.inputs
                if not said.takes_more and name not in said.inputs and repr(name) not in told
            ]
        return found

    def _edge_faults(self, wire: Wire, references: Sequence[Reference]) -> tuple[str, ...]:
        found = []
        if wire.target in self._faults:
            at = {each.at for each in references}
            found = [each.message for each in self._faults[wire.target] if _place(each) in at]
        slot = self._wires.slot(wire.target, wire.input)
        if slot and slot.type != ANY.type and is_plain(self._workflow.by_id[wire.target].inputs[wire.input]):
            gives = output_type(references[0].path, self._wires.outputs(wire.source))
            if not fits(gives, slot.type):
                found.append(misfit(wire.output or wire.source, gives, wire.input, slot.type))
        return tuple(found)

    def _edge(self, wire: Wire, kind: Literal["data", "after"], faults: tuple[str, ...]) -> EdgeElement | None:
        """None for an edge inside of a collapsed group."""
        source, target, output, name = wire.source, wire.target, wire.output, wire.input
        if self._hidden and (source in self._hidden or target in self._hidden):
            source, target = self._hidden.get(source, source), self._hidden.get(target, target)
            if source == target:
                return None
            if kind == "data":
                output = f"{wire.source}.{output}" if source != wire.source else output
                name = f"{wire.target}.{name}" if target != wire.target else name
        return EdgeElement(
            data=EdgeData(id=wire.id, source=source, target=target, kind=kind, output=output, input=name, faults=faults)
        )

    def _border(self, inside: frozenset[str]) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
        """The ports of a collapsed group: where edges cross its border."""
        taken: dict[str, Port] = {}
        gives: dict[str, Port] = {}
        for edges in self._edges.values():
            for edge in edges:
                if edge.target in inside and edge.source not in inside:
                    slot = self._wires.slot(edge.target, edge.input) or ANY
                    name = f"{edge.target}.{edge.input}"
                    taken[name] = port(name, slot)
                if edge.source in inside and edge.target not in inside:
                    slot = self._wires.outputs(edge.source).get(edge.output, ANY)
                    name = f"{edge.source}.{edge.output}"
                    gives[name] = port(name, slot)
        return tuple(taken.values()), tuple(gives.values())


def _message(fault: Fault) -> str:
    where = _NODE_PATH.sub("", fault.path)
    return f"{where}: {fault.message}" if where else fault.message


def _place(fault: Fault) -> str:
    """The place in a node's inputs that a fault is about."""
    return fault.path.partition(".inputs")[2].removeprefix(".")


def _named(written: Component | str, component: Component) -> str:
    """A component in few words."""
    if isinstance(written, str):
        return written
    match component:
        case PythonFunction(ref=ref):
            return ref
        case Source(language=language):
            return language
        case Pickled(name=name) | Builtin(name=name):
            return name
