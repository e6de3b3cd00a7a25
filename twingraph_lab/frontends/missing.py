"""Why a cell can't have a name it reads, and what to do about it, in one sentence."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from twingraph_lab.frontends.cells import can_cross
from twingraph_lab.frontends.providers import cell_names, descendants, gives
from twingraph_lab.spec.workflow import Workflow

CAPTURE_LIMIT_BYTES = 64 * 1024
"""Notebook variables larger than this as JSON don't become parameters."""


def is_plain(value: Any) -> bool:
    """Whether a value is exactly what JSON gives back, finite, with text as keys, and small."""
    if not _is_json(value, depth=32):
        return False
    return len(json.dumps(value)) <= CAPTURE_LIMIT_BYTES


def _is_json(value: Any, depth: int) -> bool:
    if depth < 0:
        return False
    kind = type(value)
    if kind is list:
        return all(_is_json(item, depth - 1) for item in value)
    if kind is dict:
        return all(type(key) is str and _is_json(item, depth - 1) for key, item in value.items())
    return kind in (str, int, bool, type(None)) or (kind is float and math.isfinite(value))


def a_kind(value: Any) -> str:
    """What sort of value this is, with an article.

    >>> a_kind((1, 2)), a_kind(json), a_kind([float("nan")])
    ('a tuple', 'a module', 'a list that JSON cannot hold')
    """
    name = type(value).__name__
    article = "an" if name[0] in "AEIOUaeiou" else "a"
    return f"{article} {name}{' that JSON cannot hold' if type(value) in (list, dict, float, str, int) else ''}"


def known(what: str, name: str, names: Iterable[str]) -> str:
    """That there is no such thing, and what there is.

    >>> known("node", "laod", ["load", "clean"])
    "there is no node 'laod'; did you mean 'load'? There are load, clean"
    """
    names = list(names)
    close = get_close_matches(name, names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ";"
    return f"there is no {what} {name!r}{hint} There {'are' if len(names) > 1 else 'is'} {', '.join(names) or 'none'}"


def why_missing(name: str, workflow: Workflow, node_id: str, namespace: Mapping[str, Any]) -> str:
    """Why the cell `node_id` can't have `name`."""
    if name in ("display", "get_ipython"):
        return f"{name!r} belongs to the notebook; a node runs elsewhere: end the cell with the value to keep"
    return (
        _in_other_cells(name, workflow, node_id)
        or _in_namespace(name, namespace)
        or f"nothing gives {name!r}: no cell binds it, and no parameter or plain variable has that name"
        + _close(name, workflow, node_id, namespace)
    )


def _in_other_cells(name: str, workflow: Workflow, node_id: str) -> str:
    below = descendants(workflow, node_id)
    for node in reversed(workflow.nodes):
        names = cell_names(workflow, node) if node.id != node_id else None
        kinds = names.kinds.get(name, frozenset()) if names else frozenset()
        if node.id in below and (kinds or gives(workflow, node, name)):
            return f"{name!r} comes from {node.id!r}, which itself waits for {node_id!r}"
        if names and "import" in kinds:
            return (
                f"{name!r} is imported in {node.id!r}; put the import into the cell that uses it: {names.imports[name]}"
            )
        if "definition" in kinds:
            return f"{name!r} is defined in {node.id!r}; put the definition into the cell that uses it"
        if kinds and not can_cross(name):
            return f"{name!r} can't be passed between nodes: names of outputs are plain ASCII, at most 128 characters"
        if kinds:
            return (
                f"{node.id!r} binds {name!r} but doesn't keep it; give that cell `--out {name}`, and its other outputs"
            )
    return ""


def _in_namespace(name: str, namespace: Mapping[str, Any]) -> str:
    if name not in namespace:
        return ""
    value = namespace[name]
    if inspect.ismodule(value):
        line = f"import {value.__name__}" + (f" as {name}" if value.__name__ != name else "")
        return f"{name!r} is imported in the notebook; put the import into the cell that uses it: {line}"
    if callable(value):
        module = getattr(value, "__module__", None) or "__main__"
        if module in ("__main__", "builtins"):
            return f"{name!r} is defined in the notebook; put the definition into the cell that uses it"
        line = f"from {module} import {name}"
        return f"{name!r} is imported in the notebook; put the import into the cell that uses it: {line}"
    if _is_json(value, depth=32):
        return (
            f"{name!r} is too large for a parameter ({CAPTURE_LIMIT_BYTES // 1024} KiB); make it in a %%twingraph cell"
        )
    return f"{name!r} is {a_kind(value)} in the notebook, which can't be a parameter; make it in a %%twingraph cell"


def _close(name: str, workflow: Workflow, node_id: str, namespace: Mapping[str, Any]) -> str:
    given = [output for node in workflow.nodes if node.id != node_id for output in workflow.outputs_of(node)]
    plain = [variable for variable, value in namespace.items() if is_plain(value)]
    close = get_close_matches(name, [*given, *workflow.parameters, *plain], n=3)
    return f"; did you mean {' or '.join(map(repr, dict.fromkeys(close)))}?" if close else ""
