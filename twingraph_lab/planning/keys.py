"""What a task's outputs depend on, as one digest: the key under which they may be used again."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from twingraph_lab.planning.plan import Task
from twingraph_lab.spec.inputs import ParameterUse, Reference, mentions, special_form
from twingraph_lab.spec.workflow import Component, digest_of

FORMAT = 1
"""Part of every key: raise it when equal keys no longer mean equal outputs."""


def cache_key(
    task: Task,
    component: Component,
    input_digests: Mapping[str, str],
    parameters: Mapping[str, JsonValue],
    *,
    code: str,
) -> str:
    """`sha256:<hex>` of everything that decides what `task` outputs: code, values read, platform, policy version.

    `code` is the source text that the component's behaviour depends on (for an imported function that of its module,
    which the document doesn't hold). `input_digests` are those of the artifacts the task may read, by
    `node.output` name, or by `node` alone for all of a node's outputs. Names of nodes count in templates only, and
    parameters if a template reads them; those bound as inputs are part of the inputs.
    """
    found = mentions(task.inputs)
    reads: list[JsonValue] = [
        [mention.at, list(mention.path), _digests(mention, input_digests)]
        for mention in found
        if isinstance(mention, Reference)
    ]
    used = {mention.name for mention in found if isinstance(mention, ParameterUse)}
    kept = parameters if None in used else {name: value for name, value in parameters.items() if name in used}
    return digest_of(
        {
            "format": FORMAT,
            "component": component.model_dump(mode="json", exclude={"filename"}),
            "code": code,
            "inputs": {name: _anonymous(tree) for name, tree in task.inputs.items()},
            "reads": reads,
            "parameters": dict(kept),
            "outputs": list(task.outputs),
            "platform": task.platform.model_dump(mode="json"),
            "version": task.cache.version,
        }
    )


def _digests(reference: Reference, known: Mapping[str, str]) -> JsonValue:
    """The digest of the one output that a reference reads, if that is certain; else those of all its node's outputs."""
    node = reference.node
    one = ".".join([node, *reference.path[:1]])
    if one in known and f"{node}.output" not in known:  # else `node.output.x` may be a part of the output `output`
        return known[one]
    if node in known:
        return known[node]
    prefix = f"{node}."
    return {name.removeprefix(prefix): digest for name, digest in known.items() if name.startswith(prefix)}


def _anonymous(tree: JsonValue) -> JsonValue:
    """The tree without the names of the nodes it refers to, which `reads` stands for."""
    if isinstance(tree, dict):
        form = special_form(tree)
        if form == "ref":
            return {"ref": ""}
        return tree if form else {key: _anonymous(item) for key, item in tree.items()}
    return [_anonymous(item) for item in tree] if isinstance(tree, list) else tree
