"""Documents of TwinGraph's visual designer: `nodes[]` with `type`, `position` and `data`, and `edges[]` between them.

A component's code runs as a cell: its inputs are bound to names before it, its outputs are names read after it. An
input node hands parameters on, an output node gathers what comes in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, JsonValue, ValidationError

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.events import Frozen
from twingraph_lab.spec.data import flaws
from twingraph_lab.spec.inputs import literal
from twingraph_lab.spec.structure import structural_faults
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.wording import worded
from twingraph_lab.spec.workflow import (
    Builtin,
    Name,
    Node,
    Parameter,
    ParameterType,
    PlatformSpec,
    Retry,
    Source,
    Workflow,
)

RESULT = "result"


class Tolerant(Frozen):
    """What else the designer keeps with a thing is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Place(Tolerant):
    """Pixels from the upper left."""

    x: float = 0
    y: float = 0


class DesignPort(Tolerant):
    """A named place for an edge."""

    name: Name
    type: ParameterType = "any"
    default: JsonValue = None
    required: bool = True


class Config(Tolerant):
    """How a node is to run; a retry is a number of further tries or an object that names the tries in all."""

    compute: str | dict[str, JsonValue] | None = None
    retry: int | dict[str, JsonValue] | None = None
    timeout: float | None = None


class Data(Tolerant):
    """What a node is."""

    label: str = ""
    component_type: str = ""
    code: str = ""
    language: str = "python"
    inputs: tuple[DesignPort, ...] = ()
    outputs: tuple[DesignPort, ...] = ()
    config: Config = Config()


class DesignNode(Tolerant):
    """A box of the designer."""

    id: Name
    type: Literal["component", "input", "output"] = "component"
    position: Place = Place()
    data: Data = Data()


class DesignEdge(Tolerant):
    """Handles are names of ports; an edge without them connects the only ones, else it only orders."""

    source: str
    target: str
    source_handle: str | None = None
    target_handle: str | None = None


class Design(Tolerant):
    """The whole document."""

    name: str = Field(min_length=1, max_length=200)
    description: str | None = ""
    nodes: tuple[DesignNode, ...]
    edges: tuple[DesignEdge, ...]


def is_dialect(value: Any) -> bool:
    """Whether data is of this form."""
    return isinstance(value, Mapping) and "edges" in value and "nodes" in value and "version" not in value


def from_dialect(value: Any, *, source: str = "") -> Workflow:
    """The workflow that a design stands for. Raises `WorkflowError` with every fault.

    >>> port = {"name": "n", "type": "integer"}
    >>> workflow = from_dialect({"name": "w", "edges": [{"source": "given", "target": "twice"}], "nodes": [
    ...     {"id": "given", "type": "input", "data": {"outputs": [port]}},
    ...     {"id": "twice", "data": {"code": "m = 2 * n", "inputs": [port], "outputs": [{"name": "m"}]}}]})
    >>> workflow.by_id["twice"].inputs, workflow.parameters["n"].type
    ({'n': {'ref': 'given.n'}}, 'integer')
    """
    if found := flaws(value):
        raise WorkflowError(found, source=source)
    try:
        design = Design.model_validate(value)
    except ValidationError as error:
        raise WorkflowError(structural_faults(value, error), source=source) from None
    by_id = {node.id: node for node in design.nodes}
    lost = [
        Fault(f"there is no node {end!r}", path=f"edges[{number}].{side}")
        for number, edge in enumerate(design.edges)
        for side, end in (("source", edge.source), ("target", edge.target))
        if end not in by_id
    ]
    empty = [
        Fault("has no code", node=node.id, path=f"nodes[{number}].data.code")
        for number, node in enumerate(design.nodes)
        if node.type == "component" and not node.data.code.strip()
    ]
    if lost or empty:
        raise WorkflowError([*lost, *empty], source=source)
    given = [port for node in design.nodes if node.type == "input" for port in node.data.outputs]
    workflow = Workflow(
        name=design.name,
        description=design.description or "",
        parameters={port.name: _parameter(port) for port in given},
        nodes=_nodes(design, by_id, source),
        layout={node.id: (node.position.x, node.position.y) for node in design.nodes},
    )
    if found := faults(workflow):
        raise WorkflowError(found, source=source)
    return workflow


def _nodes(design: Design, by_id: Mapping[str, DesignNode], source: str) -> tuple[Node, ...]:
    """All nodes. Raises `WorkflowError` with what ours can't be, such as a negative timeout."""
    made, found = [], []
    for node in design.nodes:
        try:
            made.append(_node(node, [edge for edge in design.edges if edge.target == node.id], by_id))
        except ValidationError as error:
            found += [Fault(worded(detail), node=node.id, path=str(detail["loc"][-1])) for detail in error.errors()]
    if found:
        raise WorkflowError(found, source=source)
    return tuple(made)


def _node(node: DesignNode, edges: Iterable[DesignEdge], by_id: Mapping[str, DesignNode]) -> Node:
    data = node.data
    inputs: dict[str, JsonValue] = {
        port.name: literal(port.default) for port in data.inputs if port.default is not None
    }
    after = []
    for edge in edges:
        name, value = _connection(edge, by_id[edge.source], node)
        if name:
            inputs[name] = value
        else:
            after.append(edge.source)
    if node.type == "input":
        inputs |= {port.name: {"param": port.name} for port in data.outputs}
    outputs = tuple(port.name for port in data.outputs)
    code = Source(
        language=data.language, code=data.code, outputs=outputs or (RESULT,), filename=f"<{data.label or node.id}>"
    )
    return Node(
        id=node.id,
        component=code if node.type == "component" else Builtin(name=node.type),
        inputs=inputs,
        after=tuple(dict.fromkeys(after)),
        platform=_platform(data.config.compute),
        retry=_retry(data.config.retry),
        timeout_s=data.config.timeout or None,
        description=data.label if data.label != node.id else "",
    )


def _connection(edge: DesignEdge, source: DesignNode, target: DesignNode) -> tuple[str, JsonValue]:
    """The input that an edge fills and with what; no name if it only orders."""
    outputs = [port.name for port in source.data.outputs]
    inputs = [port.name for port in target.data.inputs]
    output = edge.source_handle or (outputs[0] if len(outputs) == 1 else "")
    if target.type == "output":
        return edge.target_handle or source.id, {"ref": f"{source.id}.{output}" if output else source.id}
    name = edge.target_handle or (inputs[0] if len(inputs) == 1 else output if output in inputs else "")
    return name, {"ref": f"{source.id}.{output}" if output else source.id}


def _parameter(port: DesignPort) -> Parameter:
    if port.default is None and port.required:
        return Parameter(type=port.type, required=True)
    return Parameter(type=port.type, default=port.default)


def _platform(compute: str | dict[str, JsonValue] | None) -> PlatformSpec:
    if isinstance(compute, dict):
        kind = compute.get("platform") or compute.get("type") or "local"
        options = {name: value for name, value in compute.items() if name not in {"platform", "type"}}
        return PlatformSpec(kind=str(kind), options=options)
    return PlatformSpec(kind=compute or "local")


def _retry(retry: int | dict[str, JsonValue] | None) -> Retry:
    attempts = retry.get("max_attempts", 1) if isinstance(retry, dict) else 1 + (retry or 0)
    return Retry.model_validate({"attempts": attempts})
