"""An edge drawn on the canvas: its ports are found, it is refused where it can't work, and the target gets it."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from twingraph_lab.frontends.canvas.messages import AddEdge
from twingraph_lab.frontends.canvas.naming import GROUP, free, refusal
from twingraph_lab.frontends.canvas.ports import ALL, ANY, RESULT, is_plain, output_type
from twingraph_lab.frontends.canvas.wires import Declarations, Wires, misfit, way
from twingraph_lab.spec.component import Declaration, fits
from twingraph_lab.spec.inputs import references
from twingraph_lab.spec.workflow import Node, Source, Workflow


def connected(workflow: Workflow, edit: AddEdge, catalog: Declarations) -> Workflow:
    """With the edge. An input that had another edge or a value gets this one instead; a list with edges gets one more.

    Raises `WorkflowError` for a cycle, an unknown port, types that don't fit, and where ports can't be chosen for sure.
    """
    source, output = _end(workflow, edit.source, edit.output)
    target, name = _end(workflow, edit.target, edit.input)
    _refuse_cycle(workflow, source.id, target.id)
    if edit.after:
        after = tuple(dict.fromkeys([*target.after, source.id]))
        return replaced(workflow, {target.id: target.model_copy(update={"after": after})})
    wires = Wires(workflow, catalog)
    drawn = _Drawn(workflow, wires, source, target)
    output = drawn.output(output, name)
    name = drawn.input(name, output)
    tree = drawn.tree(name, {"ref": f"{source.id}.{output}" if output not in (ALL, RESULT) else source.id})
    inputs = {**target.inputs, name: tree}
    return replaced(workflow, {target.id: target.model_copy(update={"inputs": inputs})})


def _refuse_cycle(workflow: Workflow, source: str, target: str) -> None:
    """Raise `WorkflowError` if an edge from `source` to `target` would close a cycle, in words."""
    if source == target:
        raise refusal(f"{source} can't wait for itself", node=target)
    if found := way(workflow, target, source):
        path = " → ".join(found if len(found) <= 12 else [*found[:6], "…", *found[-5:]])
        raise refusal(f"{target} can't wait for {source}, which waits for {target}: {path}", node=target)


def replaced(workflow: Workflow, nodes: Mapping[str, Node], **fields: Any) -> Workflow:
    """The workflow with other nodes in place of those of the same ids, and with other fields."""
    changed = tuple(nodes.get(node.id, node) for node in workflow.nodes)
    return workflow.model_copy(update={"nodes": changed, **fields})


def _end(workflow: Workflow, name: str, port: str) -> tuple[Node, str]:
    """The node and port that an edge ends at: those of a collapsed group are called `node.port`."""
    if name.startswith(GROUP):
        if not port:
            raise refusal("an edge ends at a node: open the group, or use one of its ports")
        name, _, port = port.partition(".")
    node = workflow.by_id.get(name)
    if node is None:
        raise refusal(f"there is no node {name!r}")
    return node, port


class _Drawn:
    """Finds the ports of an edge from `source` to `target`."""

    def __init__(self, workflow: Workflow, wires: Wires, source: Node, target: Node) -> None:
        self._workflow = workflow
        self._source = source
        self._target = target
        self._outputs = wires.outputs(source.id)
        self._said = wires.declaration(target.id) or Declaration(takes_more=True)

    def output(self, asked: str, name: str) -> str:
        """The output asked for, else the only one, the one called like the input, or the only one that fits it."""
        known = self._outputs
        if asked:
            if known and asked not in known and known.keys() != {RESULT}:
                raise refusal(f"{self._source.id} has no output {asked!r}; it has {', '.join(known)}")
            return asked
        if len(known) <= 1:
            return next(iter(known), ALL)
        if name in known:
            return name
        taken = self._said.inputs.get(name, ANY).type
        fitting = [each for each, slot in known.items() if fits(slot.type, taken)]
        if len(fitting) == 1:
            return fitting[0]
        raise refusal(f"which output of {self._source.id}? It has {', '.join(known)}: draw the edge from one of them")

    def input(self, asked: str, output: str) -> str:
        """The input asked for, else one that is free: called like the output, needed, or the only one that fits."""
        said, target = self._said, self._target
        gives = output_type((output,) if output else (), self._outputs)
        if asked:
            self._check(asked, output, gives)
            return asked
        free_ones = {
            name: slot for name, slot in said.inputs.items() if name not in target.inputs and fits(gives, slot.type)
        }
        called = [name for name in (output, self._source.id) if name in free_ones]
        needed = [name for name, slot in free_ones.items() if slot.required]
        for choice in (called[:1], needed, list(free_ones)):
            if len(choice) == 1:
                return choice[0]
        if not free_ones and said.takes_more:
            return self._new(output)
        if free_ones:
            raise refusal(f"which input of {target.id}? It takes {', '.join(free_ones)}: draw the edge to one of them")
        raise refusal(self._none_free(output, gives), node=target.id)

    def tree(self, name: str, reference: JsonValue) -> JsonValue:
        """What the input becomes. Raises `WorkflowError` if it is put together from more than an edge."""
        before = self._target.inputs.get(name)
        if before is None or is_plain(before) or not references({name: before}):
            return reference
        if isinstance(before, list):
            return before if reference in before else [*before, reference]
        kind = f"the template {before!r}" if isinstance(before, str) else "an object of several parts"
        message = (
            f"{name} of {self._target.id} is {kind}, which has edges of its own: clear it first, or change it there"
        )
        raise refusal(message, node=self._target.id)

    def _check(self, name: str, output: str, gives: str) -> None:
        target, slot = self._target, self._said.inputs.get(name)
        if slot is None and name not in target.inputs:
            if not self._said.takes_more:
                takes = ", ".join(self._said.inputs) or "nothing"
                raise refusal(f"{target.id} takes no {name!r}; it takes {takes}", node=target.id)
            if isinstance(self._workflow.component_of(target), Source) and not _variable(name):
                raise refusal(f"{name!r} can't be a name in the code of {target.id}", node=target.id)
        appended = isinstance(target.inputs.get(name), list)
        if slot is not None and not appended and not fits(gives, slot.type):
            raise refusal(misfit(output or self._source.id, gives, name, slot.type), node=target.id)

    def _new(self, output: str) -> str:
        """A new input, called like the output, or like the source if that says nothing."""
        wanted = self._source.id if output in (ALL, RESULT) else output
        name = "".join(character if character.isalnum() and character.isascii() else "_" for character in wanted)
        return free(name if _variable(name) else f"{name}_", self._target.inputs)

    def _none_free(self, output: str, gives: str) -> str:
        target, inputs = self._target.id, self._said.inputs
        if not inputs:
            return f"{target} takes no inputs"
        unfit = {name: slot for name, slot in inputs.items() if name not in self._target.inputs}
        if unfit:
            return "; ".join(misfit(output or self._source.id, gives, name, slot.type) for name, slot in unfit.items())
        return f"every input of {target} has a value: draw the edge to the one to replace ({', '.join(inputs)})"


def _variable(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)
