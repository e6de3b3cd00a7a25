"""Text → JSON data, strictly: what two readers might understand differently is a fault."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.spec.data import DEPTH_LIMIT, Repeated, flaws

SIZE_LIMIT_BYTES = 8 * 1024 * 1024

_LONG_NUMBER = re.compile(r'(?<![\d"])\d{4301,}')


def parse(text: str | bytes, *, source: str = "") -> JsonValue:
    """Read JSON (RFC 8259). Raises `WorkflowError` with the position or JSON path of what is wrong.

    Refused: NaN and Infinity, numbers beyond a float's range, keys given twice, lone surrogates, nesting beyond 64,
    more than 8 MiB, and text that isn't UTF-8.

    >>> parse('{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    """
    characters = decoded(text, source)
    try:
        value = json.loads(characters, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        told = f"{error.msg[0].lower()}{error.msg[1:]} ({_place(characters, error.pos)})"
        raise WorkflowError([Fault(f"is not JSON: {told}")], source=source) from None
    except RecursionError:
        raise WorkflowError([Fault(f"is nested deeper than {DEPTH_LIMIT}")], source=source) from None
    except ValueError:  # Python converts no more than 4,300 digits
        long = _LONG_NUMBER.search(characters)
        where = f" ({_place(characters, long.start())})" if long else ""
        raise WorkflowError([Fault(f"a number has more than 4300 digits{where}")], source=source) from None
    found = flaws(value)
    if found:
        raise WorkflowError(found, source=source)
    return cast("JsonValue", value)


def decoded(text: str | bytes, source: str) -> str:
    """Text of a legal size, from UTF-8 with or without a byte order mark. Raises `WorkflowError`."""
    size = len(text) if isinstance(text, bytes) or text.isascii() else len(text.encode(errors="replace"))
    if size > SIZE_LIMIT_BYTES:
        fault = Fault(f"is {size} bytes long; the limit is {SIZE_LIMIT_BYTES}")
        raise WorkflowError([fault], source=source)
    try:
        if isinstance(text, bytes):
            return text.decode("utf-8-sig")
        if not text.isascii():
            text.encode()
    except UnicodeDecodeError as error:
        raise WorkflowError([Fault(f"is not UTF-8: {error.reason} at byte {error.start}")], source=source) from None
    except UnicodeEncodeError as error:
        where = _place(str(text), error.start)
        raise WorkflowError(
            [Fault(f"holds a lone surrogate, which is no character ({where})")], source=source
        ) from None
    return text.removeprefix("\ufeff")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else Repeated(pairs)


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}"
