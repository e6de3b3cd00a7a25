"""What an execution was given: which artifacts, their values as far as events hold them, and a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import JsonValue

from twingraph_lab.events import Artifact, Outputs
from twingraph_lab.lineage.preview import Verbatim, masked
from twingraph_lab.planning.resolve import UnresolvedError, pick
from twingraph_lab.spec.inputs import Reference, is_template, references, special_form
from twingraph_lab.spec.workflow import Node, canonical


class Consumed(NamedTuple):
    """The artifact that the input called `name` reads."""

    digest: str
    name: str


@dataclass(frozen=True, slots=True)
class Given:
    """A node's inputs when it started: `shown` for people, `digest` the same for the same inputs."""

    shown: dict[str, Any]
    digest: str
    consumed: tuple[Consumed, ...]


def given(node: Node, parameters: Mapping[str, JsonValue], outputs: Mapping[str, Outputs]) -> Given:
    """What `node` reads, from literals, parameters and the outputs of nodes before it (by node id)."""
    reader = _Reader(parameters, outputs)
    shown = {name: reader.shown(tree) for name, tree in node.inputs.items()}
    hashed = {name: masked(name, reader.hashed(tree)) for name, tree in node.inputs.items()}
    digest = hashlib.sha256(canonical(hashed).encode("utf-8", "replace")).hexdigest()
    return Given(shown, f"sha256:{digest}", tuple(dict.fromkeys(_consumed(node, outputs))))


def described(artifact: Artifact) -> Any:
    """The value itself if the event holds it as JSON; else what kind of value it is, and where."""
    if artifact.inline and artifact.media_type == "application/json":
        return artifact.data
    return Verbatim(f"<{artifact.media_type}, {artifact.size} bytes, {artifact.digest[:19]}>")


def _consumed(node: Node, outputs: Mapping[str, Outputs]) -> Iterator[Consumed]:
    for name, tree in node.inputs.items():
        if isinstance(tree, (dict, list)) or is_template(tree):
            for reference in references({name: tree}):
                for artifact in _read(reference, outputs):
                    yield Consumed(artifact.digest, name)


def _read(reference: Reference, outputs: Mapping[str, Outputs]) -> list[Artifact]:
    """The artifacts that a reference reads: one output, or all of them."""
    found = outputs.get(reference.node, {})
    first = reference.path[0] if reference.path else ""
    return [found[first]] if first in found else list(found.values())


class _Reader:
    """Walks input trees."""

    def __init__(self, parameters: Mapping[str, JsonValue], outputs: Mapping[str, Outputs]) -> None:
        self._parameters = parameters
        self._outputs = outputs

    def shown(self, tree: JsonValue) -> Any:
        """The tree with values in the place of references, as far as the events hold them."""
        if isinstance(tree, dict):
            match special_form(tree):
                case "ref":
                    node, *path = str(tree["ref"]).split(".")
                    return self._value(node, tuple(path))
                case "param":
                    return masked(str(tree["param"]), self._parameters.get(str(tree["param"])))
                case "value":
                    return tree["value"]
            return {key: self.shown(item) for key, item in tree.items()}
        return [self.shown(item) for item in tree] if isinstance(tree, list) else tree

    def _value(self, node: str, path: tuple[str, ...]) -> Any:
        values = {name: described(artifact) for name, artifact in self._outputs.get(node, {}).items()}
        try:
            return pick(values, path)
        except UnresolvedError:
            return next(iter(values.values()), None)  # a part of a value that only the store holds

    def hashed(self, tree: JsonValue) -> JsonValue:
        """The tree with digests in the place of references."""
        if isinstance(tree, dict):
            match special_form(tree):
                case "ref":
                    node, *path = str(tree["ref"]).split(".")
                    return ["ref", *(f"{name}={value.digest}" for name, value in self._of(node).items()), *path]
                case "param":
                    name = str(tree["param"])
                    return ["param", masked(name, self._parameters.get(name))]
            return {key: masked(key, self.hashed(item)) for key, item in tree.items()}
        if isinstance(tree, list):
            return [self.hashed(item) for item in tree]
        return ["template", tree, *self._mentioned(tree)] if is_template(tree) else tree

    def _mentioned(self, template: str) -> list[JsonValue]:
        return [artifact.digest for mention in references([template]) for artifact in _read(mention, self._outputs)]

    def _of(self, node: str) -> Outputs:
        return self._outputs.get(node, {})
