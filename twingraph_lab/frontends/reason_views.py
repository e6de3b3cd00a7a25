"""Views for notebooks of what would run, why nodes ran, and how a replay compares."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from twingraph_lab.frontends.display import LOOKS, Look, clip, counted, duration
from twingraph_lab.frontends.outlook import Fate, NodeOutlook, Outlook, steps_of
from twingraph_lab.frontends.replays import Compared
from twingraph_lab.frontends.views import NOTHING, Field, Row, View, card, code, heading, table
from twingraph_lab.frontends.why import Explanation
from twingraph_lab.lineage.preview import masked
from twingraph_lab.planning.estimate import Span
from twingraph_lab.planning.plan import Plan
from twingraph_lab.runtime.states import TaskState

RUNS, REUSED = LOOKS[TaskState.RUNNING], LOOKS[TaskState.COMPLETED]
SPREAD = 1.2
"""Times that differ by no more than this factor are told as one."""


def outlook_view(planned: Plan, seen: Outlook) -> View:
    """What would run, in order, why, and how long it may take."""
    steps = steps_of(planned)
    rows: list[Row] = [
        [str(steps[name]), Field(name, _look(each)), each.text, span_text(each.span)]
        for name, each in sorted(seen.nodes.items(), key=lambda item: steps[item[0]])
    ]
    count, deepest = counted(len(planned.tasks), "node"), counted(max(steps.values(), default=0), "level")
    given = ", ".join(
        f"{name} = {clip(json.dumps(masked(name, value), ensure_ascii=False), 40)}"
        for name, value in planned.parameters.items()
    )
    title = f"{planned.workflow.name}: {count} in {deepest}" + (f", with {given}" if given else "")
    summary = heading(summary_text(seen)) if planned.tasks else NOTHING
    return heading(title) + table(["level", "node", "what will happen", "time"], rows) + summary


def _look(each: NodeOutlook) -> Look:
    return RUNS if each.fate in ("runs", "perhaps") else REUSED


def summary_text(seen: Outlook) -> str:
    """All of it in a line: how many nodes run and how many don't, and the time that takes.

    Times are of bodies that ran before; starting workers comes on top.
    """
    words: dict[Fate, str] = {"runs": "to run", "perhaps": "perhaps", "cached": "cached", "kept": "kept"}
    parts = [", ".join(f"{seen.counts[fate]} {word}" for fate, word in words.items() if fate in seen.counts)]
    if seen.span is not None and not seen.counts.keys().isdisjoint({"runs", "perhaps"}):
        least = "at least " if seen.unknown else ""
        parts.append(f"estimated time {least}{span_text(seen.span)} with {seen.slots} at a time")
    if seen.unknown and seen.slots:
        parts.append(f"no history of {clip(', '.join(seen.unknown), 60)}")
    return "; ".join(parts)


def span_text(span: Span | None) -> str:
    """What to expect, with the range if there is one.

    >>> span_text(Span(2.0, 1.0, 61.0)), span_text(Span(2.0, 2.0, 2.1)), span_text(None)
    ('2.0 s (1.0 s to 1 min 01 s)', '2.0 s', '')
    """
    if span is None:
        return ""
    text = duration(span.expected)
    wide = span.most > span.least * SPREAD and duration(span.most) != duration(span.least)
    return f"{text} ({duration(span.least)} to {duration(span.most)})" if wide else text


def why_view(found: Sequence[Explanation], run_id: str) -> View:
    """A line for each node."""
    rows: list[Row] = [[Field(each.node, LOOKS[each.state]), each.outcome, each.summary] for each in found]
    return heading(f"run {run_id}") + table(["node", "", "why"], rows)


def why_one_view(each: Explanation, run_id: str) -> View:
    """All that is known of one node."""
    facts = [("compared with", f"run {each.compared}" if each.compared else "")]
    facts += [("why" if not number else "and", str(cause)) for number, cause in enumerate(each.causes)]
    if each.outcome != "ran":
        facts.append(("", each.summary))
    shown = card(f"{each.node}: {each.outcome}", f"in run {run_id}", facts, colour=LOOKS[each.state].colour)
    return sum((heading(cause.about) + code(cause.detail) for cause in each.causes if cause.detail), shown)


def replay_view(verdict: str, found: Sequence[Compared], ids: Mapping[str, str]) -> View:
    """How a node's outputs compare. `ids` has the runs `then` and `now`."""
    rows: list[Row] = []
    for each in found:
        rows.append([each.output, "then and now" if each.same else "then", each.before])
        if not each.same:
            rows.append(["", "now", each.after])
    return heading(f"{verdict} (run {ids['then']} then, run {ids['now']} now)") + table(["output", "", "value"], rows)
