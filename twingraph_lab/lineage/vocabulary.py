"""The words of Gremlin that aren't steps: predicates with how many arguments they take, enumerations, constants."""

from __future__ import annotations

from typing import Any

from twingraph_lab.lineage.embedded.compile import supported_steps
from twingraph_lab.lineage.embedded.gremlin import (
    DT,
    Cardinality,
    Column,
    Direction,
    GType,
    Merge,
    Operator,
    Order,
    Pick,
    Pop,
    Scope,
    T,
    WithOptions,
)

_MANY = 1000
PREDICATES: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("eq", "neq", "gt", "gte", "lt", "lte", "not", "typeOf"), (1, 1)),
    **dict.fromkeys(("between", "inside", "outside"), (2, 2)),
    **dict.fromkeys(("within", "without"), (0, _MANY)),
}
TEXT_PREDICATES: dict[str, tuple[int, int]] = dict.fromkeys(
    (
        "startingWith",
        "endingWith",
        "containing",
        "notStartingWith",
        "notEndingWith",
        "notContaining",
        "regex",
        "notRegex",
    ),
    (1, 1),
)


def _camel(name: str) -> str:
    """`has_label` → `hasLabel`, `in_` → `in`."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _members(enumeration: Any) -> dict[str, Any]:
    """Members by their Gremlin names; of two spellings of one thing, the first."""
    found: dict[str, Any] = {}
    for member in enumeration:
        found.setdefault(_camel(member.name), member)
    return found


ENUMERATIONS: dict[str, dict[str, Any]] = {
    "T": _members(T),
    "Order": _members(Order),
    "Scope": _members(Scope),
    "Column": _members(Column),
    "Direction": {**_members(Direction), "from": Direction.OUT, "to": Direction.IN},
    "Cardinality": _members(Cardinality),
    "Merge": _members(Merge),
    "Operator": _members(Operator),
    "Pop": _members(Pop),
    "Pick": _members(Pick),
    "DT": _members(DT),
    "GType": _members(GType),
    "WithOptions": {name: value for name, value in vars(WithOptions).items() if not name.startswith("_")},
}
CONSTANTS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
    "asc": Order.asc,
    "desc": Order.desc,
    "incr": Order.asc,
    "decr": Order.desc,
    "shuffle": Order.shuffle,
    "id": T.id,
    "label": T.label,
    "local": Scope.local,
    "keys": Column.keys,
    "values": Column.values,
    "OUT": Direction.OUT,
    "IN": Direction.IN,
    "BOTH": Direction.BOTH,
    "single": Cardinality.single,
    "list": Cardinality.list_,
    "set": Cardinality.set_,
    "first": Pop.first,
    "last": Pop.last,
    "all": Pop.all_,
    "mixed": Pop.mixed,
    "none": Pick.none,
    "onCreate": Merge.on_create,
    "onMatch": Merge.on_match,
    "sum": Operator.sum_,
}
"""Names that stand alone, as Groovy imports them."""
_EXACT = frozenset({*supported_steps(), *PREDICATES, *TEXT_PREDICATES})


def canonical(name: str) -> str:
    """The Gremlin name of a step or word in any spelling.

    >>> [canonical(name) for name in ("has_label", "in_", "out_e", "hasLabel", "group_count", "id_")]
    ['hasLabel', 'in', 'outE', 'hasLabel', 'groupCount', 'id']
    """
    return name if name in _EXACT else _camel(name)
