"""The document: the only representation of a workflow. Every front end builds one of these and stops.

Inputs are JSON trees. Anywhere in them `{"ref": "node.output.path"}` takes another node's output, `{"param": "name"}` a
parameter, `{"artifact": {…}}` a stored value; a string holding `{{ … }}` is a template (`{{ node.output.a.b }}`,
`{{ input.name }}`), and `{"value": …}` is literal whatever it looks like. References and templates are the edges of the
graph; `after` adds edges without data.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, JsonValue, StrictBool, Tag, model_validator

from twingraph_lab.errors import WorkflowError
from twingraph_lab.events import Frozen
from twingraph_lab.spec.inputs import Mention, Reference, mentions

if TYPE_CHECKING:
    import networkx as nx

NAME = r"^[A-Za-z_][A-Za-z0-9_-]{0,127}$"
Name = Annotated[str, Field(pattern=NAME)]


def _number(value: Any) -> Any:
    if isinstance(value, str | bool | bytes):
        raise ValueError("must be a number")  # noqa: TRY004  (pydantic's way to say so)
    return value


_NUMBER = BeforeValidator(_number)
Number = Annotated[float, Field(allow_inf_nan=False), _NUMBER]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), _NUMBER]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), _NUMBER]
OutputName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]


ParameterType = Literal["any", "string", "integer", "number", "boolean", "object", "array"]


class Derived(Frozen):
    """A model with cached properties: a copy computes its own."""

    def __copy__(self) -> Self:
        copied = super().__copy__()
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class Parameter(Frozen):
    """A value given when a run starts: required if it has no `default`, unless `required` is false; then it is null."""

    type: ParameterType = "any"
    default: JsonValue = None
    required: StrictBool = False
    description: str = ""

    @model_validator(mode="before")
    @classmethod
    def _required_without_default(cls, value: Any) -> Any:
        if isinstance(value, dict) and "default" not in value:
            return {"required": True, **value}
        return value


class PythonFunction(Frozen):
    """A function that workers import: `package.module:qualified.name`."""

    kind: Literal["python"] = "python"
    ref: Annotated[str, Field(pattern=r"^[\w.]+:[\w.]+$")]


class Source(Frozen):
    """Code run as a cell: inputs are bound to names before it, `outputs` are names read after it.

    A last line that is an expression is the output `result`, if `outputs` has that name and the code doesn't bind it.
    `setup` runs before the code, with the inputs bound: imports and definitions that the code uses but doesn't hold.
    """

    kind: Literal["source"] = "source"
    language: str = "python"
    code: str
    setup: str = ""
    outputs: tuple[OutputName, ...] = ()
    filename: str = "<cell>"


class Pickled(Frozen):
    """A function that can't be imported (notebook, lambda): base64 of cloudpickle, and its source for people.

    `digest` stands for what the function does, whatever its pickle looks like: two with the same one are the same code.
    `modules` are those that it imports or refers to, by name.
    """

    kind: Literal["pickled"] = "pickled"
    name: str
    data: str
    source: str = ""
    digest: str = ""
    modules: tuple[str, ...] = ()


class Builtin(Frozen):
    """A component of the entry-point group `twingraph_lab.components`."""

    kind: Literal["builtin"] = "builtin"
    name: str


Component = Annotated[PythonFunction | Source | Pickled | Builtin, Field(discriminator="kind")]


def _component_form(value: Any) -> str:
    return "name" if isinstance(value, str) else "component"


def _component(value: Any) -> Any:
    """`"pkg.mod:name"` is short for a Python function; any other text stays a name (workflow component or built-in)."""
    return {"kind": "python", "ref": value} if isinstance(value, str) and ":" in value else value


def _platform(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def _cache(value: Any) -> Any:
    """`true` and `false` are short for the modes `inputs` and `none`; text is read as `spec.caching` says."""
    if isinstance(value, bool):
        return CachePolicy(mode="inputs" if value else "none")
    if not isinstance(value, str):
        return value
    from twingraph_lab.spec.caching import cache_policy  # noqa: PLC0415  (which makes the policies of this module)

    try:
        return cache_policy(value)
    except WorkflowError as error:
        raise ValueError("; ".join(fault.message for fault in error.faults)) from None


class PlatformSpec(Frozen):
    """Where a node runs; `options` are checked by the platform's own model."""

    kind: str = "local"
    options: dict[str, JsonValue] = Field(default_factory=dict)


class Retry(Frozen):
    """How often, on what and how long to try again, with exponential backoff and jitter.

    `attempts` counts the first one. `on` lists exception class names or failure kinds (`error`, `timeout`, `crashed`);
    empty means all of these. The n-th wait is `min(delay_s * factor**(n-1), max_delay_s)`, shortened at random by up to
    the fraction `jitter`; no attempt begins later than `give_up_after_s` after the first.
    """

    attempts: Annotated[int, Field(ge=1, le=1000), _NUMBER] = 1
    delay_s: NotNegative = 1.0
    factor: Annotated[float, Field(ge=1, allow_inf_nan=False), _NUMBER] = 2.0
    max_delay_s: NotNegative = 60.0
    jitter: Annotated[float, Field(ge=0, le=1), _NUMBER] = 0.1
    on: tuple[str, ...] = ()
    give_up_after_s: Positive | None = None


class CachePolicy(Frozen):
    """When the outputs of an earlier task stand for this one's.

    * `none`: never, the default.
    * `inputs`: it had the same code, input values, parameters, environment and `version`.
    * `source`: the same code, environment and `version`, whatever the inputs were.
    * `version`: the same `version` and input values, whatever the code was.

    What is older than `ttl_s` seconds doesn't count. `scope` says whose outputs do: those of this run, of this project,
    or of everybody who shares the artifact store. With `refresh` the task runs and replaces what was kept.
    """

    mode: Literal["none", "inputs", "source", "version"] = "none"
    version: str = ""
    ttl_s: Positive | None = None
    scope: Literal["run", "project", "shared"] = "project"
    refresh: StrictBool = False


_LOCAL = PlatformSpec()


def _local() -> PlatformSpec:
    """One for all: pydantic would copy a default that it can't hash, which takes a third of reading a document."""
    return _LOCAL


class Node(Derived):
    """One step. `component` is a component, or the name of one in `Workflow.components` or of a built-in."""

    id: Name
    component: Annotated[
        Annotated[str, Tag("name")] | Annotated[Component, Tag("component")],
        Discriminator(_component_form),
        BeforeValidator(_component),
    ]
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    outputs: tuple[OutputName, ...] = ()
    after: tuple[str, ...] = ()
    platform: Annotated[PlatformSpec, BeforeValidator(_platform, json_schema_input_type=str | PlatformSpec)] = Field(
        default_factory=_local
    )
    retry: Retry = Retry()
    timeout_s: Positive | None = None
    cache: Annotated[CachePolicy, BeforeValidator(_cache, json_schema_input_type=bool | str | CachePolicy)] = (
        CachePolicy()
    )
    resources: dict[str, Positive] = Field(default_factory=dict)
    at_most_once: StrictBool = False
    description: str = ""
    attributes: dict[str, JsonValue] = Field(default_factory=dict)
    """What else is to be known of the node's executions: the lineage shows it, nothing else depends on it."""

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """What `inputs` refer to: nodes' outputs and parameters, and what can't be read as such."""
        return tuple(mentions(self.inputs))

    @cached_property
    def upstream(self) -> tuple[str, ...]:
        """Ids of the nodes this one waits for, each once, in order of mention."""
        mentioned = [mention.node for mention in self.mentions if isinstance(mention, Reference)]
        return tuple(dict.fromkeys([*mentioned, *self.after]))


Place = tuple[Number, Number]
"""Where a canvas draws the centre of something: pixels to the right and downwards."""


class Group(Frozen):
    """Nodes that a canvas frames together; a collapsed group is drawn as one box. A node is in one group at most."""

    label: str = ""
    nodes: tuple[str, ...] = ()
    collapsed: StrictBool = False


class Comment(Frozen):
    """A note on a canvas."""

    text: str
    position: Place


class Workflow(Derived):
    """A graph of nodes with parameters. `outputs` are the run's outputs; without any, those of its last nodes are.

    With `extra_parameters`, values for parameters that aren't declared are taken too; `{{ input }}` is all of them.
    `layout`, `groups` and `comments` are for canvases: no run depends on them, so nothing in them is a fault, either.
    """

    version: Literal["twingraph/1"] = "twingraph/1"
    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: str = ""
    parameters: dict[OutputName, Parameter] = Field(default_factory=dict)
    extra_parameters: StrictBool = False
    components: dict[
        Name, Annotated[Component, BeforeValidator(_component, json_schema_input_type=str | Component)]
    ] = Field(default_factory=dict)
    nodes: tuple[Node, ...] = ()
    outputs: dict[str, JsonValue] = Field(default_factory=dict)
    layout: dict[str, Place] = Field(default_factory=dict)
    groups: dict[Name, Group] = Field(default_factory=dict)
    comments: dict[Name, Comment] = Field(default_factory=dict)

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """Nodes by id, in document order."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def graph(self) -> nx.DiGraph[str]:
        """Node ids and edges parent → child; edges to nodes that don't exist are left out."""
        import networkx as nx  # noqa: PLC0415  (a third of the package's import time)

        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.by_id)
        graph.add_edges_from((up, node.id) for node in self.nodes for up in node.upstream if up in self.by_id)
        return graph

    @cached_property
    def digest(self) -> str:
        """`sha256:<hex>` of what makes runs differ: two workflows with the same one do the same.

        It is the canonical JSON without defaults, descriptions and what is drawn, and with nodes sorted by id: moving
        a box, reordering the file or spelling out a default changes nothing, and neither does a new optional field.
        """
        content = self.model_dump(mode="json", exclude=_NOT_IN_DIGEST, exclude_defaults=True)
        content["nodes"] = sorted(content.get("nodes", []), key=_id)
        return digest_of(content)

    @cached_property
    def text(self) -> str:
        """The whole document as JSON, defaults included: what a run keeps of it."""
        return self.model_dump_json()

    def outputs_of(self, node: Node) -> tuple[str, ...]:
        """The outputs that a node is declared to have; empty if that is known only once it has run."""
        component = self.component_of(node)
        return node.outputs or (component.outputs if isinstance(component, Source) else ())

    def component_of(self, node: Node) -> Component:
        """The component a node's `component` field stands for."""
        if not isinstance(node.component, str):
            return node.component
        return self.components.get(node.component) or Builtin(name=node.component)


_NOT_IN_DIGEST: Any = {
    "layout": True,
    "groups": True,
    "comments": True,
    "description": True,
    "parameters": {"__all__": {"description"}},
    "nodes": {"__all__": {"description", "attributes"}},
}


def _id(node: dict[str, Any]) -> str:
    return str(node["id"])


def canonical(value: JsonValue) -> str:
    """The one JSON text of a value: sorted keys, no spaces, no NaN (RFC 8785 but for number formatting)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(value: JsonValue) -> str:
    """`sha256:<hex>` of `canonical(value)` in UTF-8."""
    return f"sha256:{hashlib.sha256(canonical(value).encode()).hexdigest()}"
