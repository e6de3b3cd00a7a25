"""Documents of two other workflow engines: `dag.nodes[]` with `id`, `handler`, `dependencies` and `config`.

One reads them over Kafka, the other over Redis streams; they differ in the name of one handler. A node's dependencies
become edges, its config the inputs of a built-in component. A run may be given any parameters, and must be given those
that a plain `{{ input.name }}` reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from pydantic import Field, JsonValue, ValidationError

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.events import Frozen
from twingraph_lab.spec.data import flaws
from twingraph_lab.spec.inputs import is_parameter, is_template, literal, lone_path, pieces, special_form, step
from twingraph_lab.spec.structure import structural_faults
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.wording import Suggestions
from twingraph_lab.spec.workflow import Builtin, Component, Name, Node, Parameter, PythonFunction, Retry, Workflow

Config = dict[str, JsonValue]


class SeedNode(Frozen):
    """One task of the foreign form."""

    id: Name
    handler: Literal["input", "output", "call_external_service", "call_llm_service", "llm_service"]
    dependencies: tuple[str, ...] | None = None
    config: Config | None = None


class SeedDag(Frozen):
    """The graph of the foreign form."""

    nodes: tuple[SeedNode, ...]


class SeedWorkflow(Frozen):
    """The whole foreign document."""

    name: str = Field(min_length=1, max_length=200)
    description: str = ""
    dag: SeedDag


class Service(NamedTuple):
    """How a handler that calls something maps to a component: `inputs` by the names its config may use for them."""

    component: Component
    required: str
    inputs: Mapping[str, str]
    outputs: tuple[str, ...]


HTTP = Service(
    Builtin(name="http"),
    "url",
    {
        **{name: name for name in ("url", "method", "headers", "params", "json", "timeout_s")},
        "body": "json",
        "timeout": "timeout_s",
    },
    ("status", "headers", "data", "response"),
)
LLM = Service(
    Builtin(name="llm"),
    "prompt",
    {name: name for name in ("prompt", "model", "temperature", "max_tokens", "system")},
    ("result", "response", "model", "usage"),
)
SERVICES = {"call_external_service": HTTP, "call_llm_service": LLM, "llm_service": LLM}
RETRY = Retry(attempts=4, delay_s=1.0, max_delay_s=60.0, on=("RequestError", "ServerError", "timeout", "crashed"))
"""Three retries, the first after a second: the default of both engines. A request refused is refused again."""


def is_dialect(value: Any) -> bool:
    """Whether data is of this form."""
    return isinstance(value, Mapping) and "dag" in value and "nodes" not in value


def from_dialect(value: Any, *, source: str = "") -> Workflow:
    """The workflow that a foreign document stands for. Raises `WorkflowError` with every fault, at its paths there.

    >>> document = {"name": "w", "dag": {"nodes": [{"id": "a", "handler": "input"},
    ...     {"id": "b", "handler": "call_external_service", "config": {"url": "http://x/{{ input.user }}"}}]}}
    >>> workflow = from_dialect(document)
    >>> workflow.parameters, workflow.by_id["b"].component.name
    ({'user': Parameter(type='any', default=None, required=True, description='')}, 'http')
    """
    found = flaws(value)
    if found:
        raise WorkflowError(found, source=source)
    try:
        document = SeedWorkflow.model_validate(value)
    except ValidationError as error:
        raise WorkflowError(structural_faults(value, error), source=source) from None
    read = [_Reading(index, node) for index, node in enumerate(document.dag.nodes)]
    workflow = Workflow(
        name=document.name,
        description=document.description,
        nodes=tuple(reading.node() for reading in read),
        parameters={name: Parameter() for node in document.dag.nodes for name in _required(node.config or {})},
        extra_parameters=True,
    )
    places = {new: old for reading in read for new, old in reading.places.items()}
    found = [fault for reading in read for fault in reading.faults]
    found += [Fault(fault.message, node=fault.node, path=_original(fault.path, places)) for fault in faults(workflow)]
    if found:
        raise WorkflowError(found, source=source)
    return workflow


class _Reading:
    """One foreign node on its way to ours: its faults, and where the parts of our node were in the foreign document."""

    def __init__(self, index: int, seed: SeedNode) -> None:
        self.faults: list[Fault] = []
        self.places = {f"nodes[{index}].after": f"dag.nodes[{index}].dependencies"}
        self._seed = seed
        self._config = seed.config or {}
        self._new = f"nodes[{index}].inputs"
        self._old = f"dag.nodes[{index}].config"

    def node(self) -> Node:
        """Our node."""
        seed, dependencies = self._seed, tuple(dict.fromkeys(self._seed.dependencies or ()))
        service = SERVICES.get(seed.handler)
        if service is not None:
            return Node(
                id=seed.id,
                component=service.component,
                inputs=self._inputs(service),
                outputs=service.outputs,
                after=dependencies,
                retry=RETRY,
            )
        if seed.handler == "input":
            component: Component = PythonFunction(ref="twingraph_lab.components.control:with_defaults")
            inputs: Config = {"values": "{{ input }}"}
            if self._config:
                inputs["defaults"] = self._tree("", self._config)
            self.places[f"{self._new}.defaults"] = self._old
            return Node(id=seed.id, component=component, inputs=inputs, after=dependencies)
        for number, name in enumerate(dependencies):
            self.places[step(self._new, name)] = f"{self._old.removesuffix('config')}dependencies[{number}]"
        references: Config = {name: {"ref": name} for name in dependencies}
        own = {name: self._tree(name, tree) for name, tree in self._config.items()}
        return Node(id=seed.id, component=Builtin(name="output"), inputs={**references, **own})

    def _inputs(self, service: Service) -> Config:
        inputs: Config = {}
        suggest = Suggestions(service.inputs)
        for name, tree in self._config.items():
            if name in service.inputs:
                self.places[f"{self._new}.{service.inputs[name]}"] = f"{self._old}.{name}"
                inputs[service.inputs[name]] = self._tree(name, tree)
            else:
                hint = suggest(name) or f"; known: {', '.join(service.inputs)}"
                self._fault(f"{self._seed.handler} has no {name!r}{hint}", step(self._old, name))
        if service.required not in inputs:
            self._fault(f"{self._seed.handler} needs {service.required!r}", self._old)
        return inputs

    def _tree(self, name: str, tree: JsonValue) -> JsonValue:
        """A config value as an input tree: templates are the same; objects that mean something to us are marked."""
        if not any(isinstance(part, dict) and special_form(part) for part in _parts(tree)):
            return tree
        if any(is_template(part) for part in _parts(tree)):
            message = (
                "an object whose only key is 'ref', 'param', 'value' or 'artifact' can't go together with templates"
            )
            self._fault(message, step(self._old, name) if name else self._old)
        return literal(tree)

    def _fault(self, message: str, path: str) -> None:
        self.faults.append(Fault(message, node=self._seed.id, path=path))


def _required(config: Config) -> Iterator[str]:
    """Names of the parameters that plain paths read; `{{ input.x | default(1) }}` may do without."""
    for part in _parts(config):
        if is_template(part):
            lone = lone_path(part)
            for path in [lone] if lone else pieces(part) or []:
                if isinstance(path, tuple) and len(path) > 1 and is_parameter(path):
                    yield path[1]


def _parts(tree: JsonValue) -> Iterator[JsonValue]:
    """The tree and everything in it."""
    rest = [tree]
    while rest:
        part = rest.pop()
        yield part
        if isinstance(part, dict):
            rest += reversed(part.values())
        elif isinstance(part, list):
            rest += reversed(part)


def _original(path: str, places: Mapping[str, str]) -> str:
    """A path of our document as one of the foreign document."""
    for new in sorted(places, key=len, reverse=True):
        if path == new or path.startswith((f"{new}.", f"{new}[")):
            return places[new] + path.removeprefix(new)
    return f"dag.{path}" if path.startswith("nodes") else path
