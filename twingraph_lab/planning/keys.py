"""What a task's outputs depend on, and which of it makes the key under which they may be used again. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from pydantic import JsonValue

from twingraph_lab.events import Basis
from twingraph_lab.planning.plan import Task
from twingraph_lab.spec.inputs import Malformed, ParameterUse, Reference, mentions, special_form
from twingraph_lab.spec.workflow import Builtin, CachePolicy, Component, Pickled, PythonFunction, digest_of

FORMAT = 3
"""Part of every key: raise it when equal keys no longer mean equal outputs."""
LITERAL_CHARACTERS = 200
"""Values up to this length, as JSON, are kept as they are; of longer ones there is the digest."""
DIGEST = "sha256:"
Digests = Mapping[str, Mapping[str, str]]
"""Of artifacts, by node and output."""

COUNTED: Mapping[str, tuple[str, ...]] = {
    "inputs": ("code", "inputs", "parameters", "environment", "version", "outputs"),
    "source": ("code", "environment", "version", "outputs"),
    "version": ("component", "version", "inputs", "parameters", "outputs"),
}
"""The parts of a basis that each policy's key is made of."""


def key_of(basis: Basis, policy: CachePolicy, *, run_id: str, project: str) -> str:
    """`sha256:<hex>` of the parts of `basis` that `policy` counts, and of whose outputs may be used; "" for `none`."""
    if policy.mode == "none":
        return ""
    parts = basis.model_dump(mode="json", include=set(COUNTED[policy.mode]))
    for part in {"inputs", "parameters"} & parts.keys():
        parts[part] = {name: exact(value) for name, value in parts[part].items()}
    owner = {"run": run_id, "project": project, "shared": ""}[policy.scope]
    return digest_of({"format": FORMAT, "mode": policy.mode, "scope": [policy.scope, owner], **parts})


def exact(value: JsonValue) -> str:
    """The JSON text of a value with keys as they are: code sees their order, and `1`, `1.0` and `true` apart."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def basis_of(
    task: Task,
    component: Component,
    input_digests: Digests,
    parameters: Mapping[str, JsonValue],
    *,
    code: Mapping[str, str],
    environment: Mapping[str, str],
) -> Basis:
    """Everything that decides what `task` outputs, without a key.

    `input_digests` are those of the artifacts the task may read, by node and output. Names of nodes count in templates
    only, and parameters if a template reads them; those bound as inputs are part of the inputs.
    """
    used: set[str | None] = set()
    inputs = {name: _input(name, tree, input_digests, used) for name, tree in task.inputs.items()}
    kept = parameters if None in used else {name: value for name, value in parameters.items() if name in used}
    return Basis(
        component=_identity(task, component),
        outputs=task.outputs or getattr(component, "outputs", ()),
        code=dict(code),
        inputs=inputs,
        parameters={name: _shown(value) for name, value in kept.items()},
        environment=dict(environment),
        version=task.cache.version,
    )


def _identity(task: Task, component: Component) -> str:
    """What people call the code, whatever it says: a function's name; a cell has only that of its node."""
    match component:
        case PythonFunction(ref=ref):
            return f"python:{ref}"
        case Pickled(name=name):
            return f"pickled:{name}"
        case Builtin(name=name):
            return f"builtin:{name}"
    return f"cell:{task.id}"


def _input(name: str, tree: JsonValue, known: Digests, used: set[str | None]) -> JsonValue:
    """A literal's value; the digest of what a lone reference reads; else a digest of the tree and all it reads."""
    found = mentions({name: tree})
    used.update(mention.name for mention in found if isinstance(mention, ParameterUse))
    if not found:
        return _shown(_literal(tree))
    first = found[0]
    if isinstance(first, Reference) and isinstance(tree, dict) and special_form(tree) == "ref":
        digest = _read(first, known)
        return digest if isinstance(digest, str) else _digest(digest)
    reads: list[JsonValue] = [
        [mention.at, mention.message if isinstance(mention, Malformed) else _read(mention, known)]
        for mention in found
        if not isinstance(mention, ParameterUse)
    ]
    return _digest([_anonymous(tree), reads])


def _literal(tree: JsonValue) -> JsonValue:
    """The value that a tree without references stands for."""
    if isinstance(tree, dict):
        match special_form(tree):
            case "value":
                return tree["value"]
            case "artifact" if isinstance(artifact := tree["artifact"], dict):
                return DIGEST + digest_of([artifact.get("digest"), artifact.get("media_type")])
        return {key: _literal(item) for key, item in tree.items()}
    return [_literal(item) for item in tree] if isinstance(tree, list) else tree


def _shown(value: JsonValue) -> JsonValue:
    """A small value itself; else its digest, which no value kept as it is can look like."""
    text = exact(value)
    return value if len(text) <= LITERAL_CHARACTERS and DIGEST not in text else _digest(value)


def _digest(value: JsonValue) -> str:
    return f"{DIGEST}{hashlib.sha256(exact(value).encode()).hexdigest()}"


def _read(reference: Reference, known: Digests) -> JsonValue:
    """The digest of the one output that a reference reads, if that is certain; else those of all its node's outputs.

    With the path into it.
    """
    digests, path = known.get(reference.node, {}), reference.path
    if path and path[0] in digests and "output" not in digests:  # else `node.output.x` may be a part of `output`
        return ".".join([digests[path[0]], *path[1:]])
    if not path and list(digests) == ["result"]:
        return digests["result"]
    return [dict(digests), *path]


def _anonymous(tree: JsonValue) -> JsonValue:
    """The tree without the names of the nodes it refers to, which the digests stand for."""
    if isinstance(tree, dict):
        form = special_form(tree)
        if form == "ref":
            return {"ref": ""}
        return tree if form else {key: _anonymous(item) for key, item in tree.items()}
    return [_anonymous(item) for item in tree] if isinstance(tree, list) else tree
