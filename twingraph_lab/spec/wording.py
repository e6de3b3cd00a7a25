"""How faults are put: pydantic's errors in the document's words, and names that were perhaps meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

COMPARISONS = 5000
"""How many pairs of names are compared in search of similar ones, at some 50 µs each."""

_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be an array",
    "list_type": "must be an array",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "union_tag_not_found": "has no `kind`",
}


class Suggestions:
    """Finds similar names for the first few unknown ones."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = list(known)
        self._left = COMPARISONS

    def __call__(self, name: str) -> str:
        """`; did you mean …?` if one of the known names looks like `name`.

        >>> Suggestions(["load", "clean"])("laod")
        "; did you mean 'load'?"
        """
        self._left -= len(self._known)
        matches = difflib.get_close_matches(name, self._known, n=1) if self._left >= 0 else []
        return f"; did you mean {matches[0]!r}?" if matches else ""


def worded(detail: Mapping[str, Any]) -> str:
    """One of pydantic's error details as a message that follows the place of the fault.

    >>> worded({"type": "less_than", "loc": ("x",), "msg": "Input should be less than 5", "input": 7})
    'must be less than 5'
    """
    match detail["type"]:
        case "string_pattern_mismatch" if detail["loc"][-1] in ("id", "[key]"):
            return f"{_shown(detail['input'])} is not a name: letters, digits, _ and - after a letter or _"
        case "string_pattern_mismatch" if detail["loc"][-1] == "ref":
            return f"{_shown(detail['input'])} is not a Python function: 'package.module:name'"
        case "union_tag_invalid":
            return f"there is no kind {detail['ctx']['tag']!r}; known: {detail['ctx']['expected_tags']}"
        case "value_error":
            return str(detail["ctx"]["error"])
    message = _MESSAGES.get(detail["type"]) or re.sub(r"^\w+ should", "must", str(detail["msg"]))
    return message[:1].lower() + message[1:]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
