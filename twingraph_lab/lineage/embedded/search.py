"""Filters right after V() and E() as SQL, so that an index answers them.

Every condition here is exact or too wide, never too narrow; one that is too wide is followed by the filter itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from twingraph_lab.lineage.embedded.codec import encode
from twingraph_lab.lineage.embedded.gremlin import P
from twingraph_lab.lineage.embedded.store import SHORT


class Condition(NamedTuple):
    """SQL over element `x` with its parameters. `indexed`: narrow enough to be the way in."""

    sql: str
    parameters: tuple[Any, ...] = ()
    exact: bool = True
    indexed: bool = False


class _Test(NamedTuple):
    """SQL over the columns `value` and `kind` of a property. `short`: only values that are in the index pass."""

    sql: str
    parameters: tuple[Any, ...]
    exact: bool = True
    short: bool = False


_LABEL = "~label"
_MOST_IDS = 10_000


def where(conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    """A WHERE clause. A label leaves the way in to a property that has an index: it narrows more."""
    if not conditions:
        return "", []
    indexed = any(condition.indexed for condition in conditions)
    parts = [condition.sql.replace(_LABEL, "+x.label" if indexed else "x.label") for condition in conditions]
    return " WHERE " + " AND ".join(parts), [value for condition in conditions for value in condition.parameters]


def by_id(identifiers: Sequence[Any]) -> Condition | None:
    """Elements with one of these ids."""
    known = all(isinstance(value, (str, int)) and not isinstance(value, bool) for value in identifiers)
    if not known or len(identifiers) > _MOST_IDS:
        return None
    marks = ",".join("?" * len(identifiers))
    return Condition(f"x.id IN ({marks})", tuple(identifiers), indexed=True)


def by_label(labels: Sequence[Any]) -> Condition | None:
    """Elements with one of these labels."""
    if not labels or not all(isinstance(label, str) for label in labels):
        return None
    return Condition(f"{_LABEL} IN ({','.join('?' * len(labels))})", tuple(labels))


def by_absence(table: str, key: str) -> Condition:
    """Elements without this property."""
    found = f"SELECT 1 FROM {table}_property WHERE element = x.pk AND key = ?"  # noqa: S608
    return Condition(f"NOT EXISTS ({found})", (key,))


def by_property(table: str, key: str, wanted: Any) -> Condition | None:
    """Elements with a value of this property that is, or passes, `wanted`. None where SQL can't say it."""
    test = _test(wanted)
    if test is None:
        return None
    properties = f"{table}_property WHERE key = ? AND {test.sql}"
    if test.short:
        sql = f"x.pk IN (SELECT element FROM {properties} AND length(value) <= {SHORT})"  # noqa: S608
    else:
        sql = f"EXISTS (SELECT 1 FROM {properties} AND element = x.pk)"  # noqa: S608
    return Condition(sql, (key, *test.parameters), test.exact, test.short)


def by_presence(table: str, key: str) -> Condition:
    """Elements that have this property."""
    found = f"SELECT 1 FROM {table}_property WHERE element = x.pk AND key = ?"  # noqa: S608
    return Condition(f"EXISTS ({found})", (key,))


def _test(wanted: Any) -> _Test | None:
    if not isinstance(wanted, P):
        return _equal(wanted)
    match wanted.operator:
        case "eq":
            return _equal(wanted.value)
        case "within":
            return _any([_equal(value) for value in wanted.value])
        case "gt" | "gte" | "lt" | "lte" as operator:
            return _compared(operator, wanted.value)
        case "between":
            return _all(_compared("gte", wanted.value), _compared("lt", wanted.other))
        case "inside":
            return _all(_compared("gt", wanted.value), _compared("lt", wanted.other))
        case "outside":
            return _any([_compared("lt", wanted.value), _compared("gt", wanted.other)])
        case "startingWith" if isinstance(wanted.value, str):
            return _Test(f"({_TEXT} AND substr(value, 1, ?) = ?)", (len(wanted.value), wanted.value))
        case "containing" if isinstance(wanted.value, str):
            return _Test(f"({_TEXT} AND instr(value, ?) > 0)", (wanted.value,))
        case "and":
            return _all(_test(wanted.value), _test(wanted.other))
        case "or":
            return _any([_test(wanted.value), _test(wanted.other)])
        case _:
            return None


_TEXT = "kind IS NULL AND typeof(value) = 'text'"
_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def _equal(value: Any) -> _Test | None:
    if not isinstance(value, (str, int, float)):
        return None
    stored, kind = encode(value)
    if kind not in (None, "bool"):
        return None
    condition = "(value = ? AND kind IS NULL)" if kind is None else "(value = ? AND kind = 'bool')"
    return _Test(condition, (stored,), short=len(str(stored)) <= SHORT)


def _compared(operator: str, value: Any) -> _Test | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _Test(f"({_TEXT} AND value {_SIGNS[operator]} ?)", (value,))
    if isinstance(value, (int, float)) and encode(value)[1] is None:
        number = f"kind IS NULL AND typeof(value) IN ('integer', 'real') AND value {_SIGNS[operator]} ?"
        return _Test(f"({number} OR kind = 'int')", (value,), exact=False, short=True)  # 'int': too long for SQL
    return None


def _all(*tests: _Test | None) -> _Test | None:
    return _joined(" AND ", tests, short=any)


def _any(tests: Sequence[_Test | None]) -> _Test | None:
    return _joined(" OR ", tests, short=all)


def _joined(word: str, tests: Sequence[_Test | None], *, short: Any) -> _Test | None:
    known = [test for test in tests if test is not None]
    if not known or len(known) < len(tests):
        return None
    parameters = tuple(value for test in known for value in test.parameters)
    sql = f"({word.join(test.sql for test in known)})"
    return _Test(sql, parameters, all(test.exact for test in known), short(test.short for test in known))
