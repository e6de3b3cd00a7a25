"""Steps on points in time: asDate, dateAdd, dateDiff."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from twingraph_lab.lineage.embedded.chain import Call, Frame, mapping
from twingraph_lab.lineage.embedded.steps.mutate import evaluated
from twingraph_lab.lineage.embedded.traverser import Traverser
from twingraph_lab.lineage.errors import QueryError


def _date(name: str, value: Any) -> datetime:
    match value:
        case datetime():
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        case int() if not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        case str():
            try:
                return _date(name, datetime.fromisoformat(value))
            except ValueError as error:
                raise QueryError(f"{name}(): {error}") from error
        case _:
            raise QueryError(
                f"{name}() needs a date, ISO text or milliseconds since 1970, not a {type(value).__name__}"
            )


@mapping("asDate")
def as_date(_frame: Frame, _call: Call, traverser: Traverser) -> datetime:
    """ISO 8601 text, or milliseconds since 1970, as a point in time (UTC unless it says otherwise)."""
    return _date("asDate", traverser.value)


@mapping("dateAdd")
def date_add(_frame: Frame, call: Call, traverser: Traverser) -> datetime:
    """The date, so many seconds, minutes, hours or days later."""
    unit, amount = call.arguments
    return _date("dateAdd", traverser.value) + timedelta(**{f"{unit.name}s": amount})


@mapping("dateDiff")
def date_diff(frame: Frame, call: Call, traverser: Traverser) -> int:
    """How many milliseconds the date is after another one."""
    other = evaluated(frame, traverser, call.arguments[0], "dateDiff()")
    return int((_date("dateDiff", traverser.value) - _date("dateDiff", other)).total_seconds() * 1000)
