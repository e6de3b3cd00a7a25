"""Workflow + parameters → Plan: nothing left to resolve but what other nodes will output; nothing run yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.planning.paths import UnresolvedError, descend, listed
from twingraph_lab.spec.data import flaws
from twingraph_lab.spec.graph import children, topological
from twingraph_lab.spec.inputs import ParameterUse, is_parameter, is_template, lone_path, special_form, step
from twingraph_lab.spec.validate import faults, value_fault
from twingraph_lab.spec.wording import Suggestions
from twingraph_lab.spec.workflow import CachePolicy, Component, Node, PlatformSpec, Retry, Workflow


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work. `component` is a key of `Plan.components`; `inputs` hold no `param` any more."""

    id: str
    component: str
    inputs: Mapping[str, JsonValue]
    upstream: tuple[str, ...]
    outputs: tuple[str, ...]
    platform: PlatformSpec
    retry: Retry
    timeout_s: float | None
    cache: CachePolicy
    resources: Mapping[str, float]
    at_most_once: bool


@dataclass(frozen=True)
class Plan:
    """Tasks in topological order, and what they share."""

    workflow: Workflow
    parameters: Mapping[str, JsonValue]
    components: Mapping[str, Component]
    tasks: Mapping[str, Task]

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the tasks that wait for each task itself, in topological order."""
        downstream = children({task_id: task.upstream for task_id, task in self.tasks.items()})
        return {task_id: tuple(waiting) for task_id, waiting in downstream.items()}

    def descendants(self, task_id: str) -> frozenset[str]:
        """Ids of all tasks that wait for a task, directly or not. Takes time in proportion to their number."""
        found: set[str] = set()
        rest = [task_id]
        while rest:
            new = [child for child in self.children[rest.pop()] if child not in found]
            found.update(new)
            rest += new
        return frozenset(found)


def plan(workflow: Workflow, parameters: Mapping[str, JsonValue] | None = None) -> Plan:
    """Check a workflow and the values given for its parameters, and make it ready to run.

    Raises `WorkflowError` with every fault of both.
    """
    from twingraph_lab.planning.tasks import component_key, task_of  # noqa: PLC0415  (needs `Task` from here)

    values, wrong = bound(workflow, parameters or {})
    found = [*faults(workflow), *wrong]
    if found:
        raise WorkflowError(found, source=f"workflow {workflow.name!r}")
    components: dict[str, Component] = {}
    tasks: dict[str, Task] = {}
    for node_id in topological({node.id: node.upstream for node in workflow.nodes}):
        node = workflow.by_id[node_id]
        key = component_key(node)
        components.setdefault(key, workflow.component_of(node))
        tasks[node_id] = task_of(node, key, _with_values(node, values, found))
    if found:
        raise WorkflowError(found, source=f"workflow {workflow.name!r}")
    return Plan(workflow, values, components, tasks)


def bound(workflow: Workflow, given: Mapping[str, JsonValue]) -> tuple[dict[str, JsonValue], list[Fault]]:
    """The value of every parameter, given or default, and what is wrong with those given."""
    declared = workflow.parameters
    suggest = Suggestions(declared)
    found: list[Fault] = []
    values = {name: parameter.default for name, parameter in declared.items()}
    for name, value in given.items():
        path = f"parameters.{name}"
        if name not in declared and not workflow.extra_parameters:
            message = f"there is no parameter {name!r}{suggest(name) or '; known: ' + listed(declared)}"
            found.append(Fault(message))
        elif unsound := flaws(value, path):
            found += unsound
        elif name in declared and (flaw := value_fault(value, declared[name])):
            found.append(Fault(flaw, path=path))
        values[name] = value
    found += [
        Fault(f"parameter {name!r} is required{': ' if parameter.description else ''}{parameter.description}")
        for name, parameter in declared.items()
        if parameter.required and name not in given
    ]
    return values, found


def _with_values(node: Node, values: Mapping[str, JsonValue], found: list[Fault]) -> Mapping[str, JsonValue]:
    """A node's inputs with parameters replaced by their values, marked as literal; other templates stay text."""
    if not any(isinstance(mention, ParameterUse) for mention in node.mentions):
        return node.inputs

    def replaced(tree: JsonValue) -> JsonValue:
        match tree:
            case dict() if form := special_form(tree):
                return {"value": descend(values, (str(tree["param"]),))} if form == "param" else tree
            case dict():
                return {key: replaced(item) for key, item in tree.items()}
            case list():
                return [replaced(item) for item in tree]
            case str() if is_template(tree) and (path := lone_path(tree)) and is_parameter(path):
                return {"value": descend(values, path[1:])}
        return tree

    inputs: dict[str, JsonValue] = {}
    for name, tree in node.inputs.items():
        try:
            inputs[name] = replaced(tree)
        except UnresolvedError as error:
            found.append(Fault(f"reads what no parameter holds: {error}", node=node.id, path=step("inputs", name)))
    return inputs
