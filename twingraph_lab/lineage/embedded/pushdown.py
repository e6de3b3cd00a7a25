"""`has`, `hasLabel`, `hasId` and `hasNot` right after `V()` or `E()` become conditions of the search itself."""

from __future__ import annotations

from collections.abc import Sequence

from twingraph_lab.lineage.embedded import search
from twingraph_lab.lineage.embedded.chain import Modulator
from twingraph_lab.lineage.embedded.draft import Draft
from twingraph_lab.lineage.embedded.gremlin import P, T

WHERE = "~where"
"""The modulator of V() and E() that carries the conditions."""
_TABLES = {"V": "vertex", "E": "edge"}


def pushed_down(drafts: Sequence[Draft]) -> list[Draft]:
    """The same steps, with filters that SQL decides exactly folded into the search before them."""
    result: list[Draft] = []
    searching: Draft | None = None
    for draft in drafts:
        conditions = _conditions(_TABLES[searching.name], draft) if searching else None
        if searching is None or conditions is None:
            result.append(draft)
        else:
            searching.modulators.append(Modulator(WHERE, tuple(conditions)))
            if all(condition.exact for condition in conditions):
                searching.labels += draft.labels
            else:
                result.append(draft)
        if draft.name in _TABLES and not draft.arguments:
            searching = draft
        elif conditions is None or draft.labels:
            searching = None
    return result


def _conditions(table: str, draft: Draft) -> list[search.Condition] | None:
    """What the filter `draft` asks of an element, as SQL; None where it isn't a filter, or not one for SQL."""
    found: list[search.Condition | None]
    match draft.name, draft.arguments:
        case "hasLabel", labels:
            found = [search.by_label(labels)]
        case "hasId", identifiers if not any(isinstance(value, (list, tuple, set, P)) for value in identifiers):
            found = [search.by_id(identifiers)]
        case "hasNot", (str() as key,):
            found = [search.by_absence(table, key)]
        case "has", (str() as key,):
            found = [search.by_presence(table, key)]
        case "has", (T() as token, str() as value):
            found = [{"label": search.by_label, "id": search.by_id}.get(token.name.rstrip("_"), _none)((value,))]
        case "has", (str() as key, wanted):
            found = [search.by_property(table, key, wanted)]
        case "has", (str() as label, str() as key, wanted):
            found = [search.by_label((label,)), search.by_property(table, key, wanted)]
        case _:
            return None
    conditions = [condition for condition in found if condition is not None]
    return conditions if len(conditions) == len(found) else None


def _none(_values: Sequence[object]) -> None:
    return None
