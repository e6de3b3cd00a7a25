"""Running a part of a workflow on what the rest of it gave in an earlier run. Pure; `earlier` finds that run."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.events import Artifact
from twingraph_lab.frontends.display import clip
from twingraph_lab.lineage.preview import masked
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.keys import exact
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.graph import children
from twingraph_lab.spec.inputs import ParameterUse, Reference, mentions
from twingraph_lab.spec.validate import upstream_of
from twingraph_lab.spec.wording import Suggestions
from twingraph_lab.spec.workflow import Node, Workflow

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Selection:
    """Which nodes are to run: those in `start` with all below them, and those in `only` without; neither means all.

    `of` names the run whose outputs the others keep. With `force`, nothing is taken from the cache.
    """

    start: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    of: str = ""
    force: bool = False

    @property
    def partial(self) -> bool:
        """Whether some nodes are not to run."""
        return bool(self.start or self.only)

    @property
    def asked(self) -> str:
        """As options, the way people type them."""
        named = [f"--from {name}" for name in self.start] + [f"--only {name}" for name in self.only]
        return " ".join(named)

    def over(self, context: RunContext) -> RunContext:
        """`context` for a run of this selection: whatever is asked for by name runs, whether it is cached or not."""
        return context.model_copy(update={"asked": self.asked, "refresh": self.partial or self.force})

    def faults(self, workflow: Workflow) -> list[Fault]:
        """Nodes that aren't there, and options that say nothing without others."""
        suggest = Suggestions(workflow.by_id)
        known = ", ".join(list(workflow.by_id)[:20]) or "none"
        found = [
            Fault(f"{option} {name}: there is no such node{suggest(name) or f'; known: {known}'}")
            for option, names in (("--from", self.start), ("--only", self.only))
            for name in names
            if name not in workflow.by_id
        ]
        if self.of and not self.partial:
            found.append(Fault(f"--of {self.of} says whose outputs to keep, but every node runs; add --from or --only"))
        return found


@dataclass(frozen=True, slots=True)
class Past:
    """A run as far as another may build on it.

    `parameters` are the values it had, `origins` by run id those of runs from which it had outputs of its own.
    """

    run_id: str
    workflow: Workflow
    parameters: Mapping[str, JsonValue]
    tasks: Mapping[str, TaskRecord]
    origins: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)

    def parameters_of(self, node: str) -> Mapping[str, JsonValue]:
        """Those with which the node's outputs were computed."""
        return self.origins.get(self.tasks[node].cached_from.partition("/")[0], self.parameters)

    def state_of(self, node: str) -> str:
        """Why a node has no outputs there."""
        task = self.tasks.get(node)
        return f"it is {task.state} there" if task else "it isn't in it"


@dataclass(frozen=True, slots=True)
class PartialRun:
    """What to submit, and what people should know of it."""

    workflow: Workflow
    parameters: Mapping[str, JsonValue]
    reuse: Mapping[str, TaskRecord] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def chosen(workflow: Workflow, selection: Selection) -> frozenset[str]:
    """The nodes that are to run."""
    if not selection.partial:
        return frozenset(workflow.by_id)
    below = children(upstream_of(workflow))
    found, rest = set(selection.start), list(selection.start)
    while rest:
        new = [child for child in below[rest.pop()] if child not in found]
        found.update(new)
        rest += new
    return frozenset(found.union(selection.only))


def gaps(workflow: Workflow, running: frozenset[str], past: Past) -> list[str]:
    """The nodes without outputs in `past` that those to run read from."""
    parents = {parent for name in running for parent in workflow.by_id[name].upstream} - running
    return [name for name in workflow.by_id if name in parents and not _has_outputs(past, name)]


def built_on(
    past: Past,
    workflow: Workflow,
    given: Mapping[str, JsonValue],
    selection: Selection,
    *,
    exists: Callable[[Artifact], bool],
) -> PartialRun:
    """The run of the selected nodes on the outputs that the others have in `past`. Raises `WorkflowError`.

    Parameters that aren't given keep the values they had. `exists` tells whether a value is still in the store.
    """
    running = chosen(workflow, selection)
    whole = workflow if selection.start else around(workflow, running)
    kept = {name: past.tasks[name] for name in whole.by_id if name not in running and _has_outputs(past, name)}
    left_out = whole.by_id.keys() - running - kept.keys()
    faults = [*_missing(whole, running, left_out, past), *_gone(whole, running, kept, exists, past)]
    if faults:
        raise WorkflowError(faults, source=f"{selection.asked} of run {past.run_id}")
    declared = whole.parameters
    before = {name: value for name, value in past.parameters.items() if name in declared or whole.extra_parameters}
    parameters = {**before, **given}
    notes = [
        *_inherited(whole, before, given, past.run_id),
        *_stale(whole, kept, parameters, past),
        *(f"{name} has no outputs in run {past.run_id} and is left out" for name in whole.by_id if name in left_out),
    ]
    return PartialRun(_without(whole, left_out), parameters, kept, tuple(notes))


def around(workflow: Workflow, running: Collection[str]) -> Workflow:
    """These nodes and what they stand on."""
    needed: set[str] = set()
    rest = list(running)
    while rest:
        name = rest.pop()
        if name not in needed:
            needed.add(name)
            rest += workflow.by_id[name].upstream
    nodes = tuple(node for node in workflow.nodes if node.id in needed)
    return workflow.model_copy(update={"nodes": nodes, "outputs": {}})


def _without(workflow: Workflow, left_out: Iterable[str]) -> Workflow:
    gone = set(left_out)
    if not gone:
        return workflow
    outputs = {
        name: tree
        for name, tree in workflow.outputs.items()
        if not any(isinstance(mention, Reference) and mention.node in gone for mention in mentions({name: tree}))
    }
    nodes = tuple(node for node in workflow.nodes if node.id not in gone)
    return workflow.model_copy(update={"nodes": nodes, "outputs": outputs})


def _has_outputs(past: Past, name: str) -> bool:
    task = past.tasks.get(name)
    return task is not None and task.state is TaskState.COMPLETED


def _missing(workflow: Workflow, running: frozenset[str], left_out: Iterable[str], past: Past) -> Iterator[Fault]:
    below = children(upstream_of(workflow))
    absent = set(left_out)
    for name in workflow.by_id:
        readers = [child for child in below[name] if child not in absent] if name in absent else []
        if readers:
            kept = "" if readers[0] in running else ", which is kept,"
            lacks = f"it has no outputs in run {past.run_id}: {past.state_of(name)}"
            hint = f"start --from {name}, or name another run with --of"
            yield Fault(f"{readers[0]!r}{kept} reads from it, but {lacks}; {hint}", node=name)


def _gone(
    workflow: Workflow,
    running: frozenset[str],
    kept: Mapping[str, TaskRecord],
    exists: Callable[[Artifact], bool],
    past: Past,
) -> Iterator[Fault]:
    read = {parent for name in running for parent in workflow.by_id[name].upstream}
    for name, task in kept.items():
        lost = [output for output, artifact in task.outputs.items() if name in read and not exists(artifact)]
        if lost:
            values = ", ".join(lost)
            yield Fault(f"{values} of run {past.run_id} is gone from the store; start --from {name}", node=name)


def _inherited(
    workflow: Workflow, before: Mapping[str, JsonValue], given: Mapping[str, JsonValue], run_id: str
) -> Iterator[str]:
    names = [
        name
        for name, value in before.items()
        if name not in given and name in workflow.parameters and value != workflow.parameters[name].default
    ]
    if names:
        values = ", ".join(f"{name} = {_shown(name, before[name])}" for name in names)
        yield f"as in run {run_id}: {values}"


def _stale(
    workflow: Workflow, kept: Mapping[str, TaskRecord], parameters: Mapping[str, JsonValue], past: Past
) -> Iterator[str]:
    """What is kept though it would be something else today."""
    for name in kept:
        node, then = workflow.by_id[name], past.workflow.by_id.get(name)
        if then is None or definition(node, workflow) != definition(then, past.workflow):
            yield f"{name} has changed since run {past.run_id}; it keeps what it gave then"
        used = {mention.name for mention in node.mentions if isinstance(mention, ParameterUse)}
        then_given = past.parameters_of(name)
        for parameter in parameters if None in used else sorted(filter(None, used)):
            old, new = then_given.get(parameter), parameters.get(parameter)
            if exact(old) != exact(new):
                values = f"{parameter} = {_shown(parameter, old)}, which is {_shown(parameter, new)} now"
                yield f"{name} keeps what it gave for {values}; to renew it: --from {name}"


def definition(node: Node, workflow: Workflow) -> tuple[object, ...]:
    """What decides what a node computes, as far as the document says."""
    return (workflow.component_of(node), exact(dict(node.inputs)), node.outputs, node.platform, node.cache.version)


def _shown(name: str, value: JsonValue) -> str:
    return clip(json.dumps(masked(name, value), ensure_ascii=False), SHOWN)
