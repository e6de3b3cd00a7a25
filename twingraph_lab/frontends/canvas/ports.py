"""The ports of a node: what its component declares, what it binds, and what others read of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from pydantic import JsonValue

from twingraph_lab.frontends.canvas.messages import Port
from twingraph_lab.frontends.display import clip
from twingraph_lab.frontends.picture import short
from twingraph_lab.lineage.preview import masked
from twingraph_lab.spec.component import Declaration, Slot
from twingraph_lab.spec.inputs import is_parameter, is_template, lone_path, special_form
from twingraph_lab.spec.workflow import Node, Workflow

ALL = ""
"""The output that is all that a node gives."""
RESULT = "result"
ANY = Slot()
SHOWN = 40
"""Characters of a value beside its port."""


def outputs(workflow: Workflow, node: Node, said: Declaration | None) -> Mapping[str, Slot]:
    """The outputs that a node is known to have, without those that others only hope for."""
    declared = workflow.outputs_of(node)
    slots = said.outputs if said else {}
    if said and said.hands_on and not declared:
        return dict.fromkeys(node.inputs, ANY)
    if declared and declared != tuple(slots):
        only = next(iter(slots.values())) if len(slots) == len(declared) == 1 else ANY
        return {name: slots.get(name, only) for name in declared}
    return slots


def output_of(path: tuple[str, ...], known: Mapping[str, Slot]) -> str:
    """The port that a path begins at. The only output `result` is all that there is, and paths lead into it."""
    if path and path[0] in known:
        return path[0]
    if known.keys() == {RESULT}:
        return RESULT
    return path[0] if path else ALL


def output_type(path: tuple[str, ...], known: Mapping[str, Slot]) -> str:
    """The type of what a path reads, as far as it is declared."""
    name = output_of(path, known)
    inside = path[1:] if path[:1] == (name,) else path
    return known[name].type if name in known and not inside else ANY.type


def input_ports(node: Node, said: Declaration | None) -> tuple[Port, ...]:
    """Declared inputs in order, then whatever else the node binds."""
    slots = said.inputs if said else {}
    names = dict.fromkeys([*slots, *node.inputs])
    return tuple(_input_port(name, slots.get(name, ANY), node) for name in names)


def is_plain(tree: JsonValue) -> bool:
    """Whether an input is an edge and nothing else."""
    if isinstance(tree, dict):
        return special_form(tree) == "ref"
    path = lone_path(tree) if isinstance(tree, str) and is_template(tree) else None
    return path is not None and not is_parameter(path)


def output_ports(known: Mapping[str, Slot], read: Iterable[str]) -> tuple[Port, ...]:
    """Known outputs in order, then those that others `read`; all that a node gives where nothing is known."""
    names = dict.fromkeys([*known, *read]) or {ALL: None}
    return tuple(port(name, known.get(name, ANY)) for name in names)


@lru_cache(4096)
def _port(name: str, kind: str, required: bool, value: str, doc: str) -> Port:  # noqa: FBT001
    """Many nodes have the same ports, and making one takes as long as all else about it."""
    return Port(name=name, type=kind, required=required, value=value, doc=doc)


def port(name: str, said: Slot, value: str = "") -> Port:
    """An input or output as a canvas shows it."""
    return _port(name, said.type, said.required, value, said.description)


def _input_port(name: str, slot: Slot, node: Node) -> Port:
    value = node.inputs.get(name, slot.default)
    unsaid = is_plain(value) if name in node.inputs else value is None
    text = "" if unsaid else clip(short(masked(name, value)), SHOWN)
    return port(name, slot, text)
