"""A task's inputs → values, on the worker, once the nodes it reads from have finished."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import JsonValue

from twingraph_lab.events import Artifact
from twingraph_lab.planning.paths import UnresolvedError, descend, listed
from twingraph_lab.planning.template import interpolate
from twingraph_lab.spec.inputs import is_parameter, is_template, special_form

__all__ = ["UnresolvedError", "pick", "resolve"]

ValueOf = Callable[[str, tuple[str, ...]], Any]
"""Takes a node's id and a path into its outputs, as written: a leading `output` is still there."""


def pick(outputs: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What `path` reads of a node's outputs; values are fetched only if needed. Raises `UnresolvedError`.

    A leading `output` is dropped unless an output has that name. Without more, it is the value of the single output
    `result`, else all outputs. With more, the output of that name; if `result` is the only one, the path leads into it.

    >>> pick({"rows": [1, 2], "n": 2}, ("rows", "0")), pick({"result": {"n": 2}}, ("output", "n"))
    (1, 2)
    """
    if path and path[0] == "output" and "output" not in outputs:
        path = path[1:]
    if path and path[0] in outputs:
        return descend(outputs[path[0]], path[1:])
    if len(outputs) == 1 and "result" in outputs:
        return descend(outputs["result"], path)
    if path:
        raise UnresolvedError(f"there is no output {path[0]!r}; known: {listed(outputs)}")
    return dict(outputs)


Load = Callable[[Artifact], Any]
"""Takes an artifact and returns its value."""


def resolve(
    tree: Mapping[str, JsonValue], value_of: ValueOf, parameters: Mapping[str, JsonValue], load: Load | None = None
) -> dict[str, Any]:
    """The values of a mapping of names to input trees. Raises `TemplateError` and whatever `value_of` and `load` raise.

    A rendered value is never looked into again, so nothing a node outputs can act as a template or reference.

    >>> outputs = {"load": {"rows": [1, 2], "n": 2}}
    >>> value_of = lambda node, path: pick(outputs[node], path)
    >>> resolve({"x": {"ref": "load.rows"}, "y": "{{ load.n }} of {{ input.all }}"}, value_of, {"all": 5})
    {'x': [1, 2], 'y': '2 of 5'}
    """

    def lookup(path: tuple[str, ...]) -> Any:
        if is_parameter(path):
            return _parameter(parameters, path[1:])
        return _read(value_of, path[0], path[1:])

    def built(value: JsonValue) -> Any:
        if isinstance(value, dict):
            match special_form(value):
                case "ref":
                    node, *path = str(value["ref"]).split(".")
                    return _read(value_of, node, tuple(path))
                case "param":
                    return _parameter(parameters, (str(value["param"]),))
                case "value":
                    return copy.deepcopy(value["value"])
                case "artifact" if load is not None:
                    return load(Artifact.model_validate(value["artifact"]))
            return {key: built(item) for key, item in value.items()}
        if isinstance(value, list):
            return [built(item) for item in value]
        return interpolate(value, lookup) if is_template(value) else value

    return {name: built(value) for name, value in tree.items()}


def _read(value_of: ValueOf, node: str, path: tuple[str, ...]) -> Any:
    try:
        return value_of(node, path)
    except UnresolvedError as error:
        raise UnresolvedError(f"{'.'.join([node, *path])!r}: {error}") from None


def _parameter(parameters: Mapping[str, JsonValue], path: tuple[str, ...]) -> Any:
    if path and path[0] not in parameters:
        raise UnresolvedError(f"there is no parameter {path[0]!r}; known: {listed(parameters)}")
    return copy.deepcopy(descend(dict(parameters), path))
