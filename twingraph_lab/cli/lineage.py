"""The command `lineage`: a Gremlin traversal, its results as lines, a table or JSON."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import JsonValue

from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import note, print_json, print_rows
from twingraph_lab.frontends.display import clip, printable, without_controls
from twingraph_lab.lineage.embedded.gremlin import Edge, Path, Vertex
from twingraph_lab.lineage.query import evaluate, rows

CELL_WIDTH = 60


def lineage(options: Options, traversal: str, *, as_json: bool) -> None:
    """Evaluate and print. Plain values are printed as they are, one a line; the rest as a table."""
    with options.lab() as lab:
        results = evaluate(lab.g, traversal)
    if as_json:
        print_json([plain(result) for result in results])
        return
    columns, table = rows(results)
    if not results:
        note("nothing found")
    elif columns == ["value"]:
        for (value,) in table:
            sys.stdout.write("\n".join(map(without_controls, _text(value).splitlines())) + "\n")
    else:
        print_rows(columns, [[clip(printable(_text(value)), CELL_WIDTH) for value in row] for row in table])


def plain(value: Any) -> JsonValue:
    """A result as JSON: elements by id and label, paths and sets as arrays, times in ISO form."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Vertex():
            return {"id": str(value.id), "label": value.label}
        case Edge():
            ends = {"out": str(value.outV.id), "in": str(value.inV.id)}
            return {"id": str(value.id), "label": value.label, **ends}
        case Path():
            return [plain(item) for item in value.objects]
        case Mapping():
            return {_key(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, Vertex | Edge):
        return str(key.id)
    return str(getattr(key, "name", key)).rstrip("_")


def _text(value: Any) -> str:
    match value:
        case Vertex() | Edge():
            return f"{value.label} {value.id}"
        case list() | tuple() | set() | frozenset():
            return ", ".join(map(_text, value))
    shown = plain(value)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
