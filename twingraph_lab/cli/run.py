"""The commands that make something run: run and resume."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from twingraph_lab.cli import background, parameters, scripts
from twingraph_lab.cli.documents import SCRIPT, Selected, context_of, selection_of, workflow_in
from twingraph_lab.cli.follow import EXIT_CODES, answering, follow, summarise
from twingraph_lab.cli.history import find
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import note
from twingraph_lab.cli.reports import empty_report, run_report
from twingraph_lab.errors import ConflictError
from twingraph_lab.frontends.earlier import select
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.runtime.coordinator import is_dead
from twingraph_lab.runtime.states import RunState, TaskState

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab, Run


def run(
    options: Options,
    file: Path,
    arguments: tuple[str, ...],
    *,
    given: Sequence[str],
    params: Path | None,
    selected: Selected,
    as_json: bool,
    detach: bool,
    key: str | None,
    quiet: bool,
) -> None:
    """Run what a file holds; exits with the code that says how it ended."""
    if file.suffix == SCRIPT:
        if given or params or detach or key or any(selected):
            hint = "a script takes its arguments after --, and runs here: not -p, --params, --detach, --key or --from"
            raise typer.BadParameter(hint, param_hint="FILE")
        raise typer.Exit(scripts.run(options, file, arguments, as_json=as_json, quiet=quiet))
    if arguments:
        raise typer.BadParameter("only scripts take arguments; parameters are given with -p", param_hint="ARGUMENTS")
    with answering(as_json=as_json) as reports:
        workflow = workflow_in(file)
        values = parameters.read(workflow, given, params)
        with options.lab() as lab:
            selection = selection_of(lab, selected)
            made = select(lab, workflow, values, selection)
            if not quiet:
                for text in made.notes:
                    note(text)
            started = lab.submit(
                made.workflow,
                made.parameters,
                idempotency_key=key,
                context=selection.over(context_of(file)),
                drive=not detach,
                reuse=made.reuse,
            )
            if key and not detach:
                _drive_if_nobody_does(lab, started)
            progress = RunProgress.of(made.workflow)
            code = _attend(options, lab, started, progress, reports, detach=detach, as_json=as_json, quiet=quiet)
    raise typer.Exit(code)


def resume(options: Options, name: str, *, as_json: bool, detach: bool, quiet: bool) -> None:
    """Go on with a run; exits with the code that says how it ended."""
    with answering(as_json=as_json) as reports, options.lab() as lab:
        found = find(lab, name)
        if found.record.dynamic:
            raise typer.Exit(scripts.resume(lab, found, reports, as_json=as_json, detach=detach, quiet=quiet))
        after, tasks = _last_seq(lab, found), found.tasks
        resumed = lab.resume(found.id, drive=not detach)
        completed = {task.task_id: task for task in tasks.values() if task.state is TaskState.COMPLETED}
        if not quiet:
            note(f"run {found.id}: {len(completed)} of {len(tasks)} nodes are done and will not run again")
        progress = RunProgress.of(resumed.workflow, completed)
        code = _attend(
            options, lab, resumed, progress, reports, after=after, detach=detach, as_json=as_json, quiet=quiet
        )
    raise typer.Exit(code)


def _attend(
    options: Options,
    lab: Lab,
    run: Run,
    progress: RunProgress,
    reports: list[dict[str, object]],
    *,
    after: int = 0,
    detach: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Watch a run to its end, or leave it to a process in the background; returns the exit code."""
    if detach:
        if not run.state.final:
            log = background.start(options, run.id)
            if not quiet:
                note(f"runs in the background; its log: {log}\n  twingraph show {run.id} · twingraph logs {run.id} -f")
        reports.append(empty_report(str(run.state), run.record.error, run.id))
        if not as_json:
            typer.echo(run.id)
        return 0
    follow(lab, run, progress, after=after, quiet=quiet)
    reports.append(run_report(lab, run))
    return EXIT_CODES[run.state] if as_json else summarise(lab, run, quiet=quiet)


def _drive_if_nobody_does(lab: Lab, run: Run) -> None:
    """For the second use of an idempotency key: the first process may be gone."""
    record = run.record
    if record.state is RunState.REQUESTED or (record.state is RunState.RUNNING and is_dead(record.coordinator)):
        try:
            lab.resume(run.id)
        except ConflictError:
            return  # somebody was faster; watching is all there is to do


def _last_seq(lab: Lab, run: Run) -> int:
    after = 0
    while page := lab.ledger.events(run.id, after):
        after = page[-1].seq
    return after
