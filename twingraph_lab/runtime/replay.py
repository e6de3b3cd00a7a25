"""A program that is run again: are these the calls it made before? Pure but for values that have to be looked at.

A run's recorded nodes are in the order of the calls. The program makes them again and is given what came of them, so
the k-th call now has to be the k-th call then: the same component at the same place in the code with the same inputs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import ReplayError
from twingraph_lab.events import Artifact
from twingraph_lab.runtime.likeness import alike
from twingraph_lab.spec.inputs import special_form, step
from twingraph_lab.spec.workflow import Node

SHOWN = 120
"""How much of a value a message shows."""
WHY = (
    "A resumed program must make the same calls again, because what is finished is answered from the first time. What"
    " it computes from the time, random numbers, files or the environment may differ, and so may edited code.\n"
    "Put such values into a component, whose result is kept, or start a new run; a component with cache=True reuses"
    " what is finished."
)


@dataclass(frozen=True, slots=True)
class Site:
    """Where a program calls a component. `call` (function and source text) is the same after edits elsewhere."""

    call: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{place(self.file, self.line)}: {self.call.partition(': ')[2] or self.call}"


def place(file: str, line: int) -> str:
    """A line as a person would name it; the files that kernels make of cells have names that nobody knows.

    >>> place("/home/ada/search.py", 3), place("/tmp/ipykernel_71/202828211.py", 3)
    ('search.py, line 3', 'a cell, line 3')
    """
    path = PurePath(file)
    return f"{'a cell' if path.parent.name.startswith('ipykernel_') else path.name}, line {line}"


class Replay:
    """The recorded calls of a run, in order, and how many of them were made again."""

    def __init__(
        self,
        run_id: str,
        nodes: Sequence[Node] = (),
        sites: Mapping[str, str] | None = None,
        load: Callable[[Artifact], Any] = lambda artifact: artifact,
    ) -> None:
        self._run_id = run_id
        self._nodes = nodes
        self._sites = sites or {}
        self._load = load
        self.made = 0

    def take(self, node: Node, site: Site | None) -> Node | None:
        """The recorded node that the next call stands for; None after the last. Raises `ReplayError`."""
        if self.made >= len(self._nodes):
            self.made += 1
            return None
        then = self._nodes[self.made]
        if difference := self._difference(then, node, site):
            place = f" ({site})" if site else ""
            raise ReplayError(
                f"call {self.made + 1} of run {self._run_id}{place} isn't the call that was recorded:\n"
                f"  then: {self._shown(then)}\n  now:  {_shown(node, site.call if site else '')}\n  {difference}\n{WHY}"
            )
        self.made += 1
        return then

    def end(self) -> None:
        """The program makes no more calls. Raises `ReplayError` if it made more before."""
        missing = self._nodes[self.made :]
        if missing:
            raise ReplayError(
                f"the program of run {self._run_id} ended after {self.made} of the {len(self._nodes)} calls that were"
                f" recorded; the next was call {self.made + 1}:\n"
                f"  then: {self._shown(missing[0])}\n  now:  no call\n{WHY}"
            )

    def _shown(self, node: Node) -> str:
        return _shown(node, self._sites.get(node.id, ""))

    def _difference(self, then: Node, now: Node, site: Site | None) -> str:
        if (before := component_name(then)) != (after := component_name(now)):
            return f"it was {before}, and is {after}"
        call = self._sites.get(then.id, "")
        if site is not None and call and call != site.call:
            return f"it was called by\n    {call}\n  and is called by\n    {site.call}"
        if then.id != now.id:
            return f"its node was {then.id!r}, and is {now.id!r}"
        if different := self._different(then.inputs, now.inputs, ""):
            at, before, after = different
            return f"first difference: {at} was {before}, and is {after}"
        if then.after != now.after:
            return (
                f"it waited for {', '.join(then.after) or 'nothing'}, and waits for {', '.join(now.after) or 'nothing'}"
            )
        return ""

    def _different(self, then: JsonValue, now: JsonValue, at: str) -> tuple[str, str, str] | None:
        """Where two input trees differ first, and what is there in each."""
        if _text(then) == _text(now):
            return None
        if isinstance(then, dict) and isinstance(now, dict):
            forms = special_form(then), special_form(now)
            if forms == ("artifact", "artifact"):
                return None if self._equal(then["artifact"], now["artifact"]) else (at, _brief(then), _brief(now))
            if forms == (None, None):
                for key in dict.fromkeys([*then, *now]):
                    if key not in then or key not in now:
                        return (
                            step(at, key),
                            _brief(then[key]) if key in then else "absent",
                            _brief(now[key]) if key in now else "absent",
                        )
                    if found := self._different(then[key], now[key], step(at, key)):
                        return found
                return None
        if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
            pairs = (self._different(a, b, step(at, i)) for i, (a, b) in enumerate(zip(then, now, strict=True)))
            return next(filter(None, pairs), None)
        return at, _brief(then), _brief(now)

    def _equal(self, then: JsonValue, now: JsonValue) -> bool:
        """Whether two stored values are the same. Sets are pickled in another order in each process, for example."""
        before, after = Artifact.model_validate(then), Artifact.model_validate(now)
        if before.digest == after.digest:
            return True
        if before.media_type != after.media_type:
            return False
        return alike(self._load(before), self._load(after))


def component_name(node: Node) -> str:
    """What messages call the component of a call."""
    return node.component if isinstance(node.component, str) else getattr(node.component, "name", node.component.kind)


def _shown(node: Node, call: str) -> str:
    inputs = ", ".join(f"{name}={_brief(tree)}" for name, tree in node.inputs.items())
    text = f"{component_name(node)}({inputs})"
    where = f" by {call}" if call else ""
    return (text if len(text) <= SHOWN else text[:SHOWN] + "…)") + where


def _brief(tree: JsonValue) -> str:
    if isinstance(tree, dict):
        match special_form(tree), tree:
            case "ref", {"ref": str(reference)}:
                return f"the result of {reference}"
            case "artifact", {"artifact": dict(artifact)}:
                return f"a stored value ({artifact.get('media_type')}, {str(artifact.get('digest'))[7:15]})"
            case "value", {"value": value}:
                tree = value
    text = json.dumps(tree, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _text(tree: JsonValue) -> str:
    return json.dumps(tree, sort_keys=True)
