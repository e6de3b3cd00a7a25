"""The command `lineage`: a Gremlin traversal, its results as lines, a table or JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import note, print_json, print_rows
from twingraph_lab.frontends.display import clip, printable, without_controls
from twingraph_lab.lineage.embedded.gremlin import Edge, Vertex
from twingraph_lab.lineage.plain import plain
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


def _text(value: Any) -> str:
    match value:
        case Vertex() | Edge():
            return f"{value.label} {value.id}"
        case list() | tuple() | set() | frozenset():
            return ", ".join(map(_text, value))
    shown = plain(value)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
