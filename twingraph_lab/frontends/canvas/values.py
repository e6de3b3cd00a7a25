"""Values of inputs as a form shows them, and back: what is simple in a field of its own kind, the rest as text.

Text is a template where it holds `{{ … }}`. For inputs that are no text it is JSON else, and for inputs of any type,
text that isn't JSON stands for itself.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import JsonValue

from twingraph_lab.spec.component import Slot
from twingraph_lab.spec.inputs import is_parameter, is_template, literal, lone_path, special_form
from twingraph_lab.spec.validate import value_fault
from twingraph_lab.spec.workflow import Parameter

SIMPLE = {"integer": int, "number": (int, float), "boolean": bool}
CHECKED = frozenset({"integer", "number", "boolean", "object", "array", "string"})


class NoValueError(ValueError):
    """The text is no value of the input's type."""


def is_shown_plainly(tree: JsonValue, slot: Slot) -> bool:
    """Whether the value itself is what its field shows."""
    if slot.choices:
        return tree in slot.choices
    if slot.type == "string":
        return isinstance(tree, str)
    kinds: Any = SIMPLE.get(slot.type)
    return kinds is not None and isinstance(tree, kinds) and isinstance(tree, bool) == (slot.type == "boolean")


def shown(tree: JsonValue, slot: Slot) -> JsonValue:
    """A value as its field shows it.

    >>> number, anything = Slot(type="number"), Slot()
    >>> shown(3, number), shown({"param": "n"}, number), shown("3", anything), shown([1], anything)
    (3, '{{ input.n }}', '"3"', '[1]')
    """
    if is_shown_plainly(tree, slot):
        return tree
    if isinstance(tree, dict) and len(tree) == 1:
        match special_form(tree), tree:
            case "param", {"param": str(name)}:
                return f"{{{{ input.{name} }}}}"
            case "ref", {"ref": str(path)}:
                return f"{{{{ {path} }}}}"
    if isinstance(tree, str) and not _is_json(tree):
        return tree
    return json.dumps(tree, ensure_ascii=False)


def meant(given: JsonValue, slot: Slot) -> JsonValue:
    """The value that a field's content means, as in the document. Raises `NoValueError`.

    >>> meant("{{ input.n }}", Slot(type="number")), meant("[1, 2]", Slot()), meant("[1, 2]", Slot(type="string"))
    ({'param': 'n'}, [1, 2], '[1, 2]')
    """
    if not isinstance(given, str):
        return _checked(literal(given) if is_shown_plainly(given, slot) else given, slot)
    if is_template(given) and not _is_json(given):
        return _expression(given)
    if slot.type == "string" or given in slot.choices:
        form = _parsed(given) if given.lstrip().startswith("{") else None
        return form if isinstance(form, dict) and special_form(form) else _checked(given, slot)
    return _checked(_parsed(given, otherwise=given), slot)


def _expression(text: str) -> JsonValue:
    """A template that is one path and nothing else is a reference."""
    path = lone_path(text)
    if path is None:
        return text
    if not is_parameter(path):
        return {"ref": ".".join(path)}
    return {"param": path[1]} if len(path) == 2 else text


def _checked(value: JsonValue, slot: Slot) -> JsonValue:
    if isinstance(value, dict) and special_form(value):
        return value
    if slot.choices and value not in slot.choices:
        raise NoValueError(f"must be one of {', '.join(map(json.dumps, slot.choices))}")
    if slot.type not in CHECKED:
        return value
    flaw = value_fault(value, Parameter(type=slot.type, required=True))
    if flaw:
        raise NoValueError(flaw)
    return value


def _is_json(text: str) -> bool:
    return _parsed(text, otherwise=_NO) is not _NO


_NO: Any = object()


def _parsed(text: str, otherwise: Any = None) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return otherwise


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
