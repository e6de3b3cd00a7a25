"""Where values came from: part of the lineage graph, and questions to all of it."""

from __future__ import annotations

from typing import Annotated

import anyio
from anyio.to_thread import run_sync
from fastapi import Query
from pydantic import Field, JsonValue

from twingraph_lab.events import Frozen
from twingraph_lab.frontends.inspection.lineage import DEEPEST, DEPTH, Direction, lineage_graph
from twingraph_lab.frontends.inspection.models import LineageGraph
from twingraph_lab.lab import Lab
from twingraph_lab.lineage.plain import plain
from twingraph_lab.lineage.query import evaluate, rows
from twingraph_lab.service.bodies import router
from twingraph_lab.service.hosted import HostedLab
from twingraph_lab.service.problems import RequestError

routes = router("lineage")

QUESTION_S = 30.0
MOST_ROWS = 10_000
_AT_ONCE = anyio.CapacityLimiter(2)
"""A question may take long, and its thread goes on when nobody waits any more: others must not be kept from theirs."""


class Question(Frozen):
    """A traversal that only reads, such as `g.V().has('status', 'failed').values('node')`."""

    gremlin: str = Field(min_length=1, max_length=10_000)


class Answer(Frozen):
    """Results as a table: of maps by their keys, of elements by id and label. `truncated` says that there are more."""

    columns: tuple[str, ...]
    rows: tuple[tuple[JsonValue, ...], ...]
    truncated: bool = False


@routes.get("/lineage")
def read_lineage(
    lab: HostedLab,
    *,
    run: str | None = None,
    node: str | None = None,
    artifact: str | None = None,
    direction: Direction = "both",
    depth: Annotated[int, Query(ge=0, le=DEEPEST)] = DEPTH,
) -> LineageGraph:
    """What is around a run, a node of it, or the value with a digest."""
    return lineage_graph(lab, run_id=run, node=node, artifact=artifact, direction=direction, depth=depth)


@routes.post("/lineage/query")
async def ask(lab: HostedLab, question: Question) -> Answer:
    """Evaluate a Gremlin traversal."""
    try:
        with anyio.fail_after(QUESTION_S):
            return await run_sync(_answered, lab, question.gremlin, abandon_on_cancel=True, limiter=_AT_ONCE)
    except TimeoutError:
        raise RequestError(f"this takes longer than {QUESTION_S:g} s; ask for less: `.limit(100)`", 503) from None


def _answered(lab: Lab, gremlin: str) -> Answer:
    columns, table = rows(evaluate(lab.g, gremlin))
    shown = tuple(tuple(plain(value) for value in row) for row in table[:MOST_ROWS])
    return Answer(columns=tuple(columns), rows=shown, truncated=len(table) > MOST_ROWS)
