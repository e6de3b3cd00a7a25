"""The values a component is called with → input trees."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import Fault
from twingraph_lab.events import INLINE_LIMIT_BYTES, Artifact
from twingraph_lab.frontends.handles import Result, plain
from twingraph_lab.runtime.serializers import JSON
from twingraph_lab.spec.inputs import literal, special_form
from twingraph_lab.spec.validate import value_fault
from twingraph_lab.spec.workflow import Parameter, ParameterType

Refer = Callable[[Result], JsonValue | None]
"""What stands for a result in an input tree; None if its value has to."""
Put = Callable[[Any], Artifact]

TYPES: Mapping[str, ParameterType] = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "dict": "object",
    "list": "array",
}

_SCALARS = (bool, int, type(None))


def input_tree(value: Any, refer: Refer, put: Put) -> JsonValue:
    """JSON as it is, results as references, anything else (also large JSON) stored and passed as an artifact.

    Results are found in lists, tuples and dicts with text as keys. A tuple that holds one arrives as a list. In any
    other container they are replaced by their values, which waits. Raises `SerializationError`.
    """
    kind = type(value)
    if kind in _SCALARS:
        return value  # type: ignore[no-any-return]
    if kind is Result:
        reference = refer(value)
        return _stored(plain(value), put) if reference is None else reference
    if (kind is list or kind is tuple) and _holds_result(value):
        return [input_tree(item, refer, put) for item in value]
    if kind is dict and _holds_result(value):
        if all(type(key) is str for key in value) and special_form(value) is None:
            return {key: input_tree(item, refer, put) for key, item in value.items()}
        value = {key: plain(item) for key, item in value.items()}
    return _stored(value, put)


def json_tree(value: Any) -> JsonValue | None:
    """`value` as a literal in an input tree if it is small JSON; None if it isn't, so for `None` too."""
    if not JSON.accepts(value) or (not isinstance(value, _SCALARS) and len(json.dumps(value)) > INLINE_LIMIT_BYTES):
        return None
    return literal(value)


def declared_type(annotation: Any) -> ParameterType:
    """The type that a document would declare for a parameter with this annotation.

    >>> declared_type(list[int]), declared_type("int"), declared_type(int | None)
    ('array', 'integer', 'any')
    """
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return TYPES.get(text.partition("[")[0], "any")


def wrong_types(signature: inspect.Signature, values: Mapping[str, JsonValue]) -> list[Fault]:
    """The values that aren't what their parameter is annotated with. None and whole floats pass for anything simple."""
    found = []
    for name, value in values.items():
        parameter = signature.parameters[name]
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            continue
        declared = declared_type(parameter.annotation)
        if declared == "integer" and isinstance(value, float) and value.is_integer():
            continue
        if fault := value_fault(value, Parameter(type=declared, required=False, default=None)):
            found.append(Fault(f"parameter {name!r} {fault}"))
    return found


def _stored(value: Any, put: Put) -> JsonValue:
    if value is None:
        return None
    tree = json_tree(value)
    return {"artifact": put(value).model_dump(mode="json")} if tree is None else tree


def _holds_result(value: Any, depth: int = 64) -> bool:
    kind = type(value)
    if kind is Result:
        return True
    if depth and (kind is list or kind is tuple):
        return any(_holds_result(item, depth - 1) for item in value)
    if depth and kind is dict:
        return any(_holds_result(item, depth - 1) for item in value.values())
    return False
