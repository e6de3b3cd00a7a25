"""Which outputs of a run somebody means by a name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.cells import FIGURE, RESULT
from twingraph_lab.frontends.missing import known
from twingraph_lab.frontends.providers import gives
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Workflow

ALL = "all"


class Wanted(NamedTuple):
    """`output` of `node`, or all it gave if that is empty, to be called `variable`."""

    variable: str
    node: str
    output: str


def wanted(
    names: Sequence[str],
    workflow: Workflow,
    tasks: Mapping[str, TaskRecord],
    definitions: Mapping[str, str] = MappingProxyType({}),
) -> list[Wanted]:
    """What these names mean: outputs, nodes, `node.output`, or `all`. Raises `NotFoundError` for the first unknown.

    `definitions` are functions, classes and imports, and the cells that define them: they are no outputs.
    """
    if tuple(names) == (ALL,):
        return everything(workflow, tasks)
    return [_one(name, workflow, tasks, definitions) for name in names]


def without(found: Sequence[Wanted], names: Collection[str]) -> list[Wanted]:
    """All but those called so."""
    return [each for each in found if each.variable not in names]


def everything(workflow: Workflow, tasks: Mapping[str, TaskRecord]) -> list[Wanted]:
    """Every output of the nodes that completed; where several have a name, that of the latest node."""
    found: dict[str, Wanted] = {}
    for node in workflow.nodes:
        task = tasks.get(node.id)
        for output in task.outputs if task and task.state is TaskState.COMPLETED else ():
            named = output != RESULT or gives(workflow, node, RESULT)
            variable = output if named else f"{_variable(node.id)}_{RESULT}"
            found.pop(variable, None)
            found[variable] = Wanted(variable, node.id, output)
    return list(found.values())


def _one(name: str, workflow: Workflow, tasks: Mapping[str, TaskRecord], definitions: Mapping[str, str]) -> Wanted:
    node_id, dot, output = name.partition(".")
    if dot and node_id in workflow.by_id:
        return Wanted(_variable(output.rpartition(".")[2]), _completed(node_id, tasks), output)
    figures = {node for node, task in tasks.items() if FIGURE.fullmatch(name) and name in task.outputs}
    givers = [node.id for node in workflow.nodes if node.id in figures or gives(workflow, node, name)]
    done = [node for node in givers if node in tasks and tasks[node].state is TaskState.COMPLETED]
    if done:
        return Wanted(name, done[-1], name)
    if givers:
        return Wanted(name, _completed(givers[-1], tasks), name)
    if name in workflow.by_id:
        return Wanted(_variable(name), _completed(name, tasks), "")
    if name in definitions:
        cell = definitions[name]
        told = f"{name!r} is what {cell!r} defines" if name != cell else f"{name!r} is a cell that only defines"
        raise NotFoundError(
            f"{told}, and no output: it goes along with the nodes that use it; "
            "to have it in the notebook, run the definition in a cell without %%twingraph"
        )
    outputs = [output for node in workflow.nodes for output in workflow.outputs_of(node)]
    raise NotFoundError(known("output", name, dict.fromkeys([*outputs, *workflow.by_id])))


def _completed(node_id: str, tasks: Mapping[str, TaskRecord]) -> str:
    task = tasks.get(node_id)
    if task is None or task.state is not TaskState.COMPLETED:
        state = "not part of that run" if task is None else str(task.state)
        raise NotFoundError(f"{node_id!r} is {state}; it has no outputs to fetch")
    return node_id


def _variable(name: str) -> str:
    return name.replace("-", "_")
