"""YAML text → JSON data: YAML 1.2's core schema, and nothing that JSON lacks.

Built from the parser's events, so there is no recursion and no constructor for anything but JSON's types. Anchors,
aliases and tags are refused; so are keys given twice. `on`, `yes`, `1:30` and `2024-01-01` are text, as in YAML 1.2.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.spec.data import DEPTH_LIMIT, flaws
from twingraph_lab.spec.text import decoded

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str | bytes, *, source: str = "") -> JsonValue:
    r"""Read YAML. Raises `WorkflowError` with line and column of what is wrong.

    >>> parse_yaml("a: [1, on, 0x10]\nb: |\n  text")
    {'a': [1, 'on', 16], 'b': 'text'}
    """
    characters = decoded(text, source)
    try:
        value = _built(yaml.parse(characters, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        raise WorkflowError(
            [Fault(f"{error.problem or error.context} ({_place(error.problem_mark)})")], source=source
        ) from None
    except yaml.YAMLError as error:
        raise WorkflowError([Fault(f"is not YAML: {error}")], source=source) from None
    except _RefusedError as error:
        raise WorkflowError([Fault(str(error))], source=source) from None
    found = flaws(value)
    if found:
        raise WorkflowError(found, source=source)
    return value


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, and quotes text that YAML 1.2 would take for a number."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


for _tag, _pattern in (("int", _INTEGER), ("float", _FLOAT)):
    _Dumper.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern.pattern})$"), list("-+.0123456789")
    )


def to_yaml(value: JsonValue) -> str:
    r"""YAML text that `parse_yaml` reads back as the same value, here and with YAML 1.1.

    >>> to_yaml({"a": [1, "1e3", "on"]})
    "a:\n- 1\n- '1e3'\n- 'on'\n"
    """
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120))


class _RefusedError(Exception):
    """YAML that has no counterpart in JSON."""

    def __init__(self, message: str, event: Any) -> None:
        super().__init__(f"{message} ({_place(event.start_mark)})")


def _built(events: Iterator[Any]) -> JsonValue:
    root: list[Any] = []
    open_containers: list[Any] = [root]
    keys: list[Any] = [None]  # of each open container: the key that waits for its value
    for event in events:
        if getattr(event, "anchor", None):
            raise _RefusedError("anchors and aliases are not allowed", event)
        match event:
            case yaml.DocumentStartEvent() if root:
                raise _RefusedError("has more than one document", event)
            case yaml.ScalarEvent():
                _put(open_containers[-1], keys, _scalar(event), event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                _refuse_tag(event)
                if len(open_containers) > DEPTH_LIMIT:
                    raise _RefusedError(f"is nested deeper than {DEPTH_LIMIT}", event)
                container: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
                _put(open_containers[-1], keys, container, event)
                open_containers.append(container)
                keys.append(None)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                open_containers.pop()
                keys.pop()
    return root[0] if root else None


def _put(container: Any, keys: list[Any], value: Any, event: Any) -> None:
    if isinstance(container, list):
        container.append(value)
    elif keys[-1] is not None:
        container[keys[-1]] = value
        keys[-1] = None
    elif not isinstance(value, str):
        raise _RefusedError(f"the key {_shown(value)} is not text", event)
    elif value in container:
        raise _RefusedError(f"has the key {value!r} more than once", event)
    else:
        keys[-1] = value


def _scalar(event: Any) -> JsonValue:
    _refuse_tag(event)
    text = str(event.value)
    if not event.implicit[0]:  # quoted, or a block of text
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _NOT_FINITE.fullmatch(text):
        raise _RefusedError(f"{text} is not a JSON number", event)
    if _INTEGER.fullmatch(text):
        try:
            return int(text, 0 if text[:2] in ("0o", "0x") else 10)
        except ValueError:  # Python converts no more than 4,300 digits
            raise _RefusedError("a number has more than 4300 digits", event) from None
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise _RefusedError(f"{text} is too large a number", event)
        return number
    return text


def _refuse_tag(event: Any) -> None:
    if event.tag is not None:
        raise _RefusedError(f"the tag {event.tag} is not allowed", event)


def _shown(value: JsonValue) -> str:
    return json.dumps(value) if not isinstance(value, dict | list) else "of several parts"


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
