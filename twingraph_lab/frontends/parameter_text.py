"""Values as people type them, `name=value`: the same on the command line and in notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.spec.document import parse


def value_of(text: str, declared: str = "any") -> JsonValue:
    """The value typed as `text` for a parameter of the type `declared`. Raises `ValueError` if it can't be one.

    Text stays text where that is declared; anything else is read as JSON, or where nothing is declared is text.

    >>> value_of("2020", "string"), value_of("2020", "integer"), value_of("2020"), value_of("2020-01"), value_of("NaN")
    ('2020', 2020, 2020, '2020-01', 'NaN')
    """
    if declared == "string":
        return text
    if declared == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return parse(text)
    except WorkflowError:
        if declared == "any":
            return text
        article = "an" if declared[0] in "aio" else "a"
        raise ValueError(f"{text!r} is not {article} {declared} as JSON") from None


def values_of(given: Iterable[tuple[str, str]], types: Mapping[str, str], *, source: str) -> dict[str, JsonValue]:
    """Parameters as typed, by the types declared. Raises `WorkflowError` with every fault, also names given twice."""
    values: dict[str, JsonValue] = {}
    texts: dict[str, str] = {}
    faults = []
    for name, text in given:
        if name in texts:
            faults.append(Fault(f"parameter {name!r} is given twice: {texts[name]} and {text}"))
            continue
        texts[name] = text
        try:
            values[name] = value_of(text, types.get(name, "any"))
        except ValueError as error:
            faults.append(Fault(f"parameter {name!r}: {error}"))
    if faults:
        raise WorkflowError(faults, source=source)
    return values
