"""Every command: what can be typed, and which function does it. Those are imported when their command is called."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from twingraph_lab.cli.app import app, command
from twingraph_lab.cli.options import Options

RUNS, DOCUMENTS, STORE = "Runs", "Documents", "The store"

File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, show_default=False)]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Id, beginning of an id, or last.", show_default=False)]
Parameters = Annotated[
    list[str] | None,
    typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter's value; may be repeated."),
]
ParametersFile = Annotated[
    Path | None,
    typer.Option("--params", metavar="FILE", exists=True, dir_okay=False, help="Parameters as JSON or YAML; -p wins."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]
Detach = Annotated[bool, typer.Option("--detach", "-d", help="Leave the run to a background process; print its id.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; only the result.")]


def _work(module: str, function: str) -> Callable[..., Any]:
    return getattr(import_module(f"twingraph_lab.cli.{module}"), function)  # type: ignore[no-any-return]


@command(RUNS, example="twingraph run flights.twg.json -p year=2020 --json")
def run(
    options: Options,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Workflow (.json, .yaml), notebook (.ipynb) or script (.py).",
            show_default=False,
        ),
    ],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGUMENTS", help="After --: arguments for a script.")
    ] = None,
    *,
    parameter: Parameters = None,
    params: ParametersFile = None,
    as_json: Json = False,
    detach: Detach = False,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="KEY", help="Idempotency key: the same key and workflow never run twice."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Run a workflow file, a notebook or a script, and show its progress.

    Ctrl-C asks the run to stop and waits; a second Ctrl-C leaves at once, and the run can be resumed.
    """
    _work("run", "run")(
        options,
        file,
        tuple(arguments or ()),
        given=tuple(parameter or ()),
        params=params,
        as_json=as_json,
        detach=detach,
        key=key,
        quiet=quiet,
    )


@command(RUNS, example="twingraph resume last")
def resume(
    options: Options, run: RunName, *, as_json: Json = False, detach: Detach = False, quiet: Quiet = False
) -> None:
    """Take up a run that failed, was cancelled or lost its process. What completed is not run again."""
    _work("run", "resume")(options, run, as_json=as_json, detach=detach, quiet=quiet)


@command(RUNS, example="twingraph cancel last")
def cancel(options: Options, run: RunName) -> None:
    """Ask a run to stop, wherever it runs. What completed stays; it can be resumed."""
    _work("history", "cancel")(options, run)


@command(RUNS, example="twingraph runs --state failed")
def runs(
    options: Options,
    *,
    state: Annotated[
        Literal["requested", "running", "completed", "failed", "cancelled"] | None,
        typer.Option("--state", help="Only runs in this state."),
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="How many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List runs, newest first."""
    _work("history", "runs")(options, state=state, limit=limit, as_json=as_json)


@command(RUNS, example="twingraph show last")
def show(options: Options, run: RunName, *, as_json: Json = False) -> None:
    """Show a run: its nodes, what they took and gave, and why they failed."""
    _work("history", "show")(options, run, as_json=as_json)


@command(RUNS, example="twingraph logs last clean -f")
def logs(
    options: Options,
    run: RunName,
    node: Annotated[str | None, typer.Argument(metavar="NODE", help="Only this node's.", show_default=False)] = None,
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the run ends.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print what the nodes of a run wrote."""
    _work("logs", "logs")(options, run, node, follow=follow, as_json=as_json)


@command(DOCUMENTS, example="twingraph plan flights.twg.json -p year=2020")
def plan(
    options: Options,
    file: File,
    *,
    parameter: Parameters = None,
    params: ParametersFile = None,
    as_json: Json = False,
) -> None:
    """Show what would run, in which order and where, without running it."""
    _work("documents", "plan")(options, file, given=tuple(parameter or ()), params=params, as_json=as_json)


@command(DOCUMENTS, example="twingraph validate *.twg.json")
def validate(
    options: Options,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, show_default=False)],
    *,
    as_json: Json = False,
) -> None:
    """Check documents and name every fault, with its node and place."""
    _work("documents", "validate")(options, files, as_json=as_json)


@command(DOCUMENTS, example="twingraph export last -o flights.twg.json")
def export(
    options: Options,
    what: Annotated[
        str, typer.Argument(metavar="RUN|FILE", help="A run, or a file in any form.", show_default=False)
    ] = "",
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", dir_okay=False, help="Where to; else stdout.")
    ] = None,
    form: Annotated[
        Literal["json", "yaml"] | None, typer.Option("--format", help="Else as the name of the output file says.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="The JSON Schema of workflow documents instead.")] = False,
) -> None:
    """Write the workflow document of a run or a file, in native form."""
    _work("documents", "export")(options, what, output=output, form=form, schema=schema)


@command(STORE, example="""twingraph lineage "g.V().has('name', 'plot').in_().values('name')" """)
def lineage(
    options: Options,
    traversal: Annotated[str, typer.Argument(metavar="TRAVERSAL", help="Gremlin, from g.", show_default=False)],
    *,
    as_json: Json = False,
) -> None:
    """Ask the lineage where something came from, in Gremlin."""
    _work("lineage", "lineage")(options, traversal, as_json=as_json)


@command(STORE, example="twingraph doctor --repair")
def doctor(
    options: Options,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Repair what can be; makes a backup first.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Read every stored value, not a sample.")] = False,
    as_json: Json = False,
) -> None:
    """Check the installation and the store, and say what to do about what is wrong."""
    _work("doctor", "doctor")(options, repair=repair, full=full, as_json=as_json)


@command(STORE, example="twingraph coordinate --until-idle")
def coordinate(
    options: Options,
    *,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only this run.")] = None,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when there is nothing left to do.")] = False,
) -> None:
    """Drive runs in this process: waiting ones, and those whose process died."""
    _work("background", "coordinate")(options, run, until_idle=until_idle)


@command(STORE, example="twingraph version")
def version(options: Options, *, as_json: Json = False) -> None:
    """Print the version."""
    _work("doctor", "version")(options, as_json=as_json)


def main() -> None:
    """Run the command line; exits the process."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # what a terminal can't show becomes a ?
    app(prog_name="twingraph")
