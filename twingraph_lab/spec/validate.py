"""Everything that is wrong with a workflow, at once. Each rule looks for one kind of fault; none raises or recurses."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from pydantic import BaseModel, JsonValue, ValidationError

from twingraph_lab.errors import Fault, TwinGraphError
from twingraph_lab.registry import Registry
from twingraph_lab.spec.data import DEPTH_LIMIT, flaws
from twingraph_lab.spec.graph import cycles, topological
from twingraph_lab.spec.inputs import Malformed, Mention, ParameterUse, Reference, mentions, step
from twingraph_lab.spec.text import SIZE_LIMIT_BYTES
from twingraph_lab.spec.wording import Suggestions, worded
from twingraph_lab.spec.workflow import Builtin, Component, Node, Parameter, PlatformSpec, Source, Workflow

NODES_LIMIT = 20_000
RESERVED_IDS = frozenset(("true", "false", "none", "True", "False", "None"))
"""What expressions read as values."""
LANGUAGES = ("python",)
CYCLE_SHOWN = 12


class WithOptions(Protocol):
    """What validation needs of a platform."""

    Options: type[BaseModel]


def faults(workflow: Workflow, *, sound: bool = False) -> list[Fault]:
    """Every fault of `workflow`; empty if it is valid. Paths are those of its JSON document.

    `sound` says that it was read from text of a legal size. The answer is kept with the workflow, like its cached
    properties, since a workflow is checked when it is read and again when it is planned.
    """
    kept: list[Fault] | None = vars(workflow).get(_KEPT)
    if kept is None:
        kept = vars(workflow)[_KEPT] = _faults(workflow, sound)
    return list(kept)


_KEPT = "_faults"


def _faults(workflow: Workflow, sound: bool) -> list[Fault]:  # noqa: FBT001
    if len(workflow.nodes) > NODES_LIMIT:
        return [Fault(f"has {len(workflow.nodes)} nodes; the limit is {NODES_LIMIT}", path="nodes")]
    unsound = [] if sound else _unsound(workflow)
    return unsound or [fault for rule in RULES for fault in rule(workflow)]


def value_fault(value: JsonValue, parameter: Parameter) -> str:
    """Why `value` isn't one for this parameter, else an empty string. A boolean is no number, an integer is one.

    >>> value_fault(3, Parameter(type="number")), value_fault(True, Parameter(type="integer"))
    ('', 'is true, but must be an integer')
    """
    declared = parameter.type
    if declared == "any" or (value is None and parameter.default is None and not parameter.required):
        return ""
    if isinstance(value, _TYPES[declared]) and isinstance(value, bool) == (declared == "boolean"):
        return ""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    article = "an" if declared[0] in "aio" else "a"
    return f"is {text if len(text) <= 60 else text[:60] + '…'}, but must be {article} {declared}"


_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
}


def _unsound(workflow: Workflow) -> list[Fault]:
    """What can't be written as JSON, or only as too much of it; nothing else can be told then."""
    try:
        found = flaws(workflow.model_dump(exclude_defaults=True))
    except (ValueError, RecursionError):  # pydantic's own limit
        return [Fault(f"is nested deeper than {DEPTH_LIMIT}")]
    if found:
        ids = [node.id for node in workflow.nodes]
        places = [re.match(r"nodes\[(\d+)\]", flaw.path) for flaw in found]
        return [
            Fault(flaw.message, node=ids[int(place[1])] if place else None, path=flaw.path)
            for flaw, place in zip(found, places, strict=True)
        ]
    size = len(workflow.model_dump_json(exclude_defaults=True).encode())
    if size > SIZE_LIMIT_BYTES:
        return [Fault(f"is {size} bytes long as JSON; the limit is {SIZE_LIMIT_BYTES}")]
    return []


def _ids(workflow: Workflow) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for index, node in enumerate(workflow.nodes):
        path = f"nodes[{index}].id"
        if node.id in first:
            yield Fault(f"the id is that of nodes[{first[node.id]}], too", node=node.id, path=path)
        if node.id in RESERVED_IDS:
            yield Fault(f"the id is reserved: `{{{{ {node.id} }}}}` is a value", node=node.id, path=path)
        first.setdefault(node.id, index)


def _parameters(workflow: Workflow) -> Iterator[Fault]:
    for name, parameter in workflow.parameters.items():
        path = f"parameters.{name}"
        if name == "output":
            message = "the name is reserved: `{{ input.output }}` is the output of the node called input"
            yield Fault(message, path=path)
        if parameter.default is not None:
            flaw = value_fault(parameter.default, parameter)
            if flaw:
                yield Fault(f"the default {flaw}", path=f"{path}.default")
            if parameter.required:
                yield Fault("is required, and so can't have a default", path=f"{path}.required")


def _components(workflow: Workflow) -> Iterator[Fault]:
    given = [*workflow.components.values(), *(node.component for node in workflow.nodes)]
    named = any(isinstance(component, str | Builtin) for component in given)
    built_in = Registry[object]("twingraph_lab.components").names() if named else []  # reads what is installed
    suggest = Suggestions([*workflow.components, *built_in])

    def fault_of(component: Component | str) -> str:
        match component:
            case str() if component not in workflow.components and component not in built_in:
                known = ", ".join([*workflow.components, *built_in]) or "none"
                hint = suggest(component) or f"; known: {known}; a Python function is written 'module:name'"
                return f"there is no component {component!r}{hint}"
            case Builtin(name=name) if name not in built_in:
                return f"there is no built-in component {name!r}{suggest(name) or '; known: ' + ', '.join(built_in)}"
            case Source(language=language) if language not in LANGUAGES:
                return f"source in {language!r} can't be run; languages: {', '.join(LANGUAGES)}"
        return ""

    for name, component in workflow.components.items():
        if flaw := fault_of(component):
            yield Fault(flaw, path=f"components.{name}")
    for index, node in enumerate(workflow.nodes):
        if flaw := fault_of(node.component):
            yield Fault(flaw, node=node.id, path=f"nodes[{index}].component")


def _input_names(workflow: Workflow) -> Iterator[Fault]:
    for index, node in enumerate(workflow.nodes):
        if isinstance(workflow.component_of(node), Source):
            for name in node.inputs:
                if not name.isidentifier() or keyword.iskeyword(name):
                    path = step(f"nodes[{index}].inputs", name)
                    yield Fault(f"{name!r} can't be a name in the code", node=node.id, path=path)


def _platforms(workflow: Workflow) -> Iterator[Fault]:
    known: dict[str, list[Fault]] = {}
    for index, node in enumerate(workflow.nodes):
        spec = node.platform
        key = json.dumps([spec.kind, spec.options], sort_keys=True)
        if key not in known:
            known[key] = _platform_faults(spec)
        for fault in known[key]:
            yield Fault(fault.message, node=node.id, path=f"nodes[{index}].platform.{fault.path}")


def _platform_faults(spec: PlatformSpec) -> list[Fault]:
    if spec == PlatformSpec():
        return []  # what every node has unless it says otherwise: nothing to import a platform for
    platforms = Registry[WithOptions]("twingraph_lab.platforms")
    try:
        platforms.get(spec.kind).Options.model_validate(spec.options)
    except ValidationError as error:
        return [
            Fault(worded(detail), path=_joined("options", detail["loc"])) for detail in error.errors(include_url=False)
        ]
    except TwinGraphError as error:
        return [Fault(str(error), path="kind")]
    except ImportError as error:
        return [Fault(f"platform {spec.kind!r} can't be used here: {error}", path="kind")]
    return []


def _mentions(workflow: Workflow) -> Iterator[Fault]:
    judge = _Judge(workflow)
    for index, node in enumerate(workflow.nodes):
        for mention in node.mentions:
            if flaw := judge(mention):
                yield Fault(flaw, node=node.id, path=f"nodes[{index}].{_below('inputs', mention.at)}")
        for place, parent in enumerate(node.after):
            if flaw := judge.node_fault(parent, "waits for"):
                yield Fault(flaw, node=node.id, path=f"nodes[{index}].after[{place}]")
    for mention in mentions(workflow.outputs):
        if flaw := judge(mention):
            yield Fault(flaw, path=_below("outputs", mention.at))


class _Judge:
    """Says what is wrong with a mention; an empty string if nothing is."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._similar_node = Suggestions(workflow.by_id)
        self._similar_parameter = Suggestions(workflow.parameters)

    def __call__(self, mention: Mention) -> str:
        match mention:
            case Malformed(message=message):
                return message
            case ParameterUse(name=str(name)) if name not in self._workflow.parameters:
                return "" if self._workflow.extra_parameters else self._unknown_parameter(name)
            case Reference(node=node, path=path):
                return self.node_fault(node, "reads from") or self._output_fault(self._workflow.by_id[node], path)
        return ""

    def node_fault(self, name: str, verb: str) -> str:
        """What is wrong with `name` as a node."""
        if name in self._workflow.by_id:
            return ""
        hint = self._similar_node(name)
        if name == "input" and self._workflow.parameters:
            hint = "; a parameter is `{{ input.name }}`"
        elif any(known.startswith(f"{name}-") for known in self._workflow.by_id):
            hint = "; an id with '-' can be read only by a plain path `{{ my-node.output }}`"
        return f"{verb} {name!r}, which does not exist{hint}"

    def _unknown_parameter(self, name: str) -> str:
        if "input" in self._workflow.by_id:
            hint = f"; the output of the node 'input' is `{{{{ input.output.{name} }}}}`"
        else:
            hint = self._similar_parameter(name) or f"; known: {', '.join(self._workflow.parameters) or 'none'}"
        return f"there is no parameter {name!r}{hint}"

    def _output_fault(self, node: Node, path: tuple[str, ...]) -> str:
        declared = self._workflow.outputs_of(node)
        if not path or not declared or path[0] in declared or declared == ("result",) or "output" in declared:
            return ""
        return f"reads {path[0]!r} of {node.id!r}, whose outputs are {', '.join(declared)}"


def _cycles(workflow: Workflow) -> Iterator[Fault]:
    upstream = upstream_of(workflow)
    if len(topological(upstream)) == len(upstream):
        return
    ids = [node.id for node in workflow.nodes]
    for loop in cycles(upstream):
        shown = loop if len(loop) <= CYCLE_SHOWN else [*loop[:CYCLE_SHOWN], f"… ({len(loop)} nodes)"]
        message = f"waits for itself: {' → '.join([*shown, loop[0]])}"
        yield Fault(message, node=loop[0], path=f"nodes[{ids.index(loop[0])}]")


def upstream_of(workflow: Workflow) -> dict[str, list[str]]:
    """For each node the existing ones that it waits for."""
    known: dict[str, Node] = {}
    for node in workflow.nodes:
        known.setdefault(node.id, node)  # the first of an id given twice
    return {name: [parent for parent in node.upstream if parent in known] for name, node in known.items()}


RULES: tuple[Callable[[Workflow], Iterator[Fault]], ...] = (
    _ids,
    _parameters,
    _components,
    _input_names,
    _platforms,
    _mentions,
    _cycles,
)


def _below(field: str, at: str) -> str:
    return f"{field}{at}" if at.startswith("[") else f"{field}.{at}"


def _joined(at: str, location: Iterable[str | int]) -> str:
    for key in location:
        at = step(at, key)
    return at
