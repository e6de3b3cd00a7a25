"""Commands that compare runs: why, replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from twingraph_lab.cli.follow import EXIT_CODES, answering, follow, summarise
from twingraph_lab.cli.history import NEWEST, find
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import console, note, print_json, print_rows
from twingraph_lab.cli.reports import run_report
from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.display import LOOKS, without_controls
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.frontends.replays import Compared, compared, repeated, verdict
from twingraph_lab.frontends.why import Explanation, told_as_json

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab, Run


def why(options: Options, name: str, node: str | None, *, as_json: bool) -> None:
    """Print a line for each node of a run, or all that is known of one."""
    with options.lab() as lab:
        run, node = _named(lab, name, node)
        found = lab.why(run.id, node)
        if as_json:
            print_json({"run_id": run.id, "workflow": run.record.workflow, "nodes": told_as_json(found)})
        elif node is not None:
            _print_one(found[0], run.id)
        else:
            rows = [[_node(each), each.outcome, each.summary] for each in found]
            print_rows(["node", "", "why"], rows, wrap=True)


def _named(lab: Lab, name: str, node: str | None) -> tuple[Run, str | None]:
    """A single word may also be a node of the last run."""
    if node is not None or name in NEWEST:
        return find(lab, name), node
    try:
        return find(lab, name), None
    except NotFoundError as error:
        last = find(lab, NEWEST[0])
        if name in last.tasks:
            return last, name
        raise NotFoundError(f"{error}; and the last run has no node {name!r}") from None


def _node(each: Explanation) -> Text:
    look = LOOKS[each.state]
    return Text.assemble((look.symbol, look.style), " ", each.node)


def _print_one(each: Explanation, run_id: str) -> None:
    out = console()
    versus = f", compared with run {each.compared}" if each.compared else ""
    out.print(Text.assemble(_node(each), f"  {each.outcome} in run {run_id}{versus}"), soft_wrap=True)
    for cause in each.causes:
        out.print(Text(f"  {without_controls(str(cause))}"), soft_wrap=True)
        for line in cause.detail.splitlines():
            style = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "")
            out.print(Text(f"    {without_controls(line)}", style=style), soft_wrap=True)
    if not each.causes:
        out.print(Text(f"  {each.summary}"), soft_wrap=True)


def replay(options: Options, name: str, node: str, *, as_json: bool, quiet: bool) -> None:
    """Run one node again and compare; exits with the code that says how the new run ended."""
    with answering(as_json=as_json) as reports, options.lab() as lab:
        then = find(lab, name)
        now = lab.replay(then.id, node)
        follow(lab, now, RunProgress.of(now.workflow), quiet=quiet)
        before, after = then.tasks[node], repeated(now.tasks)
        found = compared(before, after, lab.artifacts)
        said = verdict(before, after, found)
        reports.append({**run_report(lab, now), "replay_of": f"{then.id}/{node}", "comparison": _report(said, found)})
        code = EXIT_CODES[now.state] if as_json else summarise(lab, now, quiet=quiet)
        if not as_json:
            _print_comparison(f"{node} of run {then.id}: {said}", found)
    raise typer.Exit(code)


def _report(said: str, found: list[Compared]) -> dict[str, Any]:
    return {
        "message": said,
        "outputs": {each.output: {"same": each.same, "before": each.before, "after": each.after} for each in found},
    }


def _print_comparison(title: str, found: list[Compared]) -> None:
    note(title)
    for each in found:
        values = [("=", each.after)] if each.same else [("-", each.before), ("+", each.after)]
        for sign, value in values:
            note(f"  {sign} {each.output}: {without_controls(value) or 'no such output'}")
