"""What differs between two computations of a node: code, parameters, inputs, environment. Pure."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from twingraph_lab.errors import StoreError
from twingraph_lab.events import Artifact, Basis, Outputs
from twingraph_lab.frontends.definitions import definitions_of
from twingraph_lab.frontends.display import clip, printable
from twingraph_lab.lineage.preview import masked, secret_name, without_literals
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.keys import exact
from twingraph_lab.runtime.artifacts import ArtifactStore, preview
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.schedulers.cache import text_of
from twingraph_lab.schedulers.modules import read
from twingraph_lab.spec.inputs import ParameterUse, Reference, mentions, special_form
from twingraph_lab.spec.workflow import Builtin, Component, Node, Pickled, PythonFunction, Source

Kind = Literal[
    "first", "failed", "forced", "replay",  # why it ran at all
    "code", "version", "parameter", "input", "outputs", "environment", "platform",  # what has changed
    "uncached", "policy", "scope", "expired", "gone",  # why what was kept doesn't count
    "unknown",
]  # fmt: skip
WIDTH = 72
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for which a node runs again. `about` is what has changed; `detail` may be many lines, as of a diff."""

    kind: Kind
    about: str = ""
    before: str = ""
    after: str = ""
    text: str = ""
    detail: str = ""

    def __str__(self) -> str:
        change = f"{self.before} → {self.after}" if self.before or self.after else ""
        subject = {"input": "input ", "parameter": "parameter "}.get(self.kind, "") + self.about
        separator = ": " if change else " " if subject else ""
        return " ".join(filter(None, [subject, change])) + (separator + self.text if self.text else "")


@dataclass(frozen=True, slots=True)
class Computation:
    """A node as it was computed in a run, or would be in the next one.

    `outputs` are those of the nodes it reads from, by node, as far as they are known: a node in `pending` is going to
    run first. `ran` are the nodes that ran rather than being reused. `basis` is what was recorded of it; `task` how it
    went. `at` is when it was computed.
    """

    run_id: str
    node: Node
    component: Component
    parameters: Mapping[str, JsonValue]
    context: RunContext
    outputs: Mapping[str, Outputs] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()
    ran: frozenset[str] = frozenset()
    basis: Basis | None = None
    task: TaskRecord | None = None
    at: datetime | None = None


def code_changes(before: Computation, after: Computation, store: ArtifactStore | None) -> Iterator[Cause]:
    """What has changed in the code, from the documents, and from the digests where they were recorded.

    `store` has the texts of modules.
    """
    told = list(_component_changes(before, after))
    yield from told
    if before.basis is None or after.basis is None:
        return
    then, now = before.basis.code, after.basis.code
    for name in dict.fromkeys([*then, *now]):
        if (
            then.get(name) == now.get(name)
            or any(cause.about == name for cause in told)
            or (told and not _is_file(name))
        ):
            continue
        if name not in then or name not in now:
            yield Cause("code", name, text="isn't used any more" if name in then else "is used now")
        else:
            detail = _module_diff(then[name], now[name], store) if store and _is_file(name) else ""
            yield Cause("code", name, _short(then[name]), _short(now[name]), text="has changed", detail=detail)


def _module_diff(then: str, now: str, store: ArtifactStore) -> str:
    old, new = text_of(store, then), text_of(store, now)
    return "" if old is None or new is None else diff(old, new)


def _is_file(name: str) -> bool:
    return "." in name or "/" in name


def _component_changes(before: Computation, after: Computation) -> Iterator[Cause]:
    match before.component, after.component:
        case Source() as then, Source() as now:
            if _other_code(then.code, now.code, now.language):
                yield Cause("code", "cell", text="has changed", detail=diff(then.code, now.code))
            if _other_code(then.setup, now.setup, now.language):
                helpers = list(_helper_changes(then.setup, now.setup))
                yield from helpers or [Cause("code", "setup", text="has changed", detail=diff(then.setup, now.setup))]
            if then.language != now.language:
                yield Cause("code", "language", then.language, now.language)
        case Pickled() as then, Pickled() as now:
            if then.source != now.source:
                yield Cause("code", now.name, text="has changed", detail=diff(then.source, now.source))
            elif then.digest != now.digest and (before.basis is None or after.basis is None):
                yield Cause("code", now.name, text="uses other helpers or values than then")
        case then, now if type(then) is not type(now) or _named(then) != _named(now):
            yield Cause("code", "component", _named(then), _named(now))


def _other_code(old: str, new: str, language: str) -> bool:
    return old != new and (language != "python" or read(old).digest != read(new).digest)


def _helper_changes(old: str, new: str) -> Iterator[Cause]:
    """What a cell uses of other cells, by name."""
    then, now = definitions_of(old), definitions_of(new)
    for name in dict.fromkeys([*then, *now]):
        if name not in then or name not in now:
            yield Cause("code", name, text="isn't used any more" if name in then else "is used now")
        elif _other_code(then[name].text, now[name].text, "python"):
            yield Cause("code", name, text="has changed", detail=diff(then[name].text, now[name].text))


def _named(component: Component) -> str:
    match component:
        case PythonFunction(ref=ref):
            return ref
        case Pickled(name=name) | Builtin(name=name):
            return name
        case Source():
            return "a cell"


def diff(old: str, new: str) -> str:
    """A short unified diff, with the values of secrets hidden."""
    then, now = (without_literals(text).strip("\n").splitlines() for text in (old, new))
    return "\n".join(list(difflib.unified_diff(then, now, lineterm="", n=1))[2:])


def input_changes(before: Computation, after: Computation, store: ArtifactStore | None) -> Iterator[Cause]:
    """Parameters and inputs that have other values, and inputs that come from elsewhere.

    `store` lets previews look into large values.
    """
    told: set[str] = set()
    for name in dict.fromkeys([*before.node.inputs, *after.node.inputs]):
        then, now = _Input(before, name), _Input(after, name)
        if _recorded_equal(before, after, name) or then.signature == now.signature or now.waits:
            continue
        causes = list(_parameter_changes(then, now)) + list(_reference_changes(then, now, store))
        for cause in causes or [_other_source(then, now)]:
            if cause.kind != "parameter" or cause.about not in told:
                yield cause
            if cause.kind == "parameter":
                told.add(cause.about)


class _Input:
    """An input of a computation: its tree, and what it reads."""

    def __init__(self, computation: Computation, name: str) -> None:
        self.name = name
        self.of = computation
        self.there = name in computation.node.inputs
        self.tree = computation.node.inputs.get(name)
        found = mentions({name: self.tree})
        self.references = [mention for mention in found if isinstance(mention, Reference)]
        uses = {mention.name for mention in found if isinstance(mention, ParameterUse)}
        self.parameters = {key: value for key, value in computation.parameters.items() if None in uses or key in uses}
        self.waits = [mention.node for mention in self.references if mention.node in computation.pending]

    @property
    def signature(self) -> str:
        """Equal for two inputs that have the same value for certain."""
        read: list[JsonValue] = [
            [[a.digest for a in _read(self.of, each)], list(each.path)] for each in self.references
        ]
        return exact([self.there, _anonymous(self.tree), dict(self.parameters), read])

    @property
    def shown(self) -> str:
        """What it is, or where it comes from."""
        if not self.there:
            return "no such input"
        if isinstance(self.tree, dict) and special_form(self.tree) in ("ref", "param"):
            return str(next(iter(self.tree.values())))
        return _value(
            self.name, self.tree["value"] if isinstance(self.tree, dict) and "value" in self.tree else self.tree
        )


def _recorded_equal(before: Computation, after: Computation, name: str) -> bool:
    """Whether what was recorded of both says that the input had the same value. Templates read parameters, too."""
    if before.basis is None or after.basis is None:
        return False
    then, now = before.basis, after.basis
    same = name in then.inputs and name in now.inputs and exact(then.inputs[name]) == exact(now.inputs[name])
    return same and exact(dict(then.parameters)) == exact(dict(now.parameters))


def _parameter_changes(then: _Input, now: _Input) -> Iterator[Cause]:
    for name in dict.fromkeys([*then.parameters, *now.parameters]):
        if name not in then.parameters or name not in now.parameters:
            continue
        was, is_now = then.parameters[name], now.parameters[name]
        if exact(was) != exact(is_now):
            old, new = _value(name, was), _value(name, is_now)
            yield Cause("parameter", name, old, new)


def _reference_changes(then: _Input, now: _Input, store: ArtifactStore | None) -> Iterator[Cause]:
    """Only where the input still reads the same outputs."""
    if [(each.node, each.path) for each in then.references] != [(each.node, each.path) for each in now.references]:
        return
    for reference in now.references:
        old, new = _read(then.of, reference), _read(now.of, reference)
        if [artifact.digest for artifact in old] != [artifact.digest for artifact in new]:
            why = "ran again and gave" if reference.node in now.of.ran else "gave"
            label = ".".join([reference.node, *reference.path])
            yield Cause(
                "input",
                now.name,
                _previews(now.name, old, store),
                _previews(now.name, new, store),
                text=f"{label} {why} something else",
            )


def _other_source(then: _Input, now: _Input) -> Cause:
    if then.there and not now.there:
        return Cause("input", then.name, text="isn't given any more")
    if now.there and not then.there:
        return Cause("input", now.name, text=f"is given now: {now.shown}")
    return Cause("input", now.name, then.shown, now.shown)


def environment_changes(before: Computation, after: Computation) -> Iterator[Cause]:
    """Python, packages, platform and its options."""
    then, now = before.node.platform, after.node.platform
    if then.kind != now.kind:
        yield Cause("platform", "platform", then.kind, now.kind)
    for name in dict.fromkeys([*then.options, *now.options]):
        if then.options.get(name) != now.options.get(name):
            old, new = _value(name, then.options.get(name)), _value(name, now.options.get(name))
            yield Cause("platform", name, old, new)
    if before.basis is None or after.basis is None:
        return
    old_versions, new_versions = before.basis.environment, after.basis.environment
    for name in dict.fromkeys([*old_versions, *new_versions]):
        if old_versions.get(name) != new_versions.get(name) and not (then != now and name in ("platform", "image")):
            yield Cause(
                "environment", name, _short(old_versions.get(name, "absent")), _short(new_versions.get(name, "absent"))
            )


def _read(computation: Computation, reference: Reference) -> list[Artifact]:
    """The artifacts that a reference reads: one output, or all of them."""
    found = computation.outputs.get(reference.node, {})
    first = reference.path[0] if reference.path else ""
    return [found[first]] if first in found else list(found.values())


def _anonymous(tree: JsonValue) -> JsonValue:
    """The tree without the names of nodes and parameters, whose values stand for them."""
    if isinstance(tree, dict):
        form = special_form(tree)
        if form in ("ref", "param"):
            return {form: ""}
        return {key: _anonymous(item) for key, item in tree.items()}
    return [_anonymous(item) for item in tree] if isinstance(tree, list) else tree


def _previews(name: str, artifacts: list[Artifact], store: ArtifactStore | None) -> str:
    return ", ".join(_preview(name, artifact, store) for artifact in artifacts) or "nothing"


def _preview(name: str, artifact: Artifact, store: ArtifactStore | None) -> str:
    if secret_name(name):
        return str(masked(name, artifact.digest))
    try:
        shown = preview(artifact, store)
    except StoreError:
        shown = artifact.media_type
    return shown if artifact.inline else f"{shown} ({_short(artifact.digest)})"


def _value(name: str, value: JsonValue) -> str:
    return clip(printable(json.dumps(masked(name, value), ensure_ascii=False)), WIDTH)


def _short(text: str) -> str:
    """A digest as people compare it; anything else as it is."""
    return text[7:19] if text.startswith("sha256:") else text
