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
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="Id or beginning of an id; else the last run.", show_default=False)
]
NodeName = Annotated[str | None, typer.Argument(metavar="NODE", help="Only this node.", show_default=False)]
Parameters = Annotated[
    list[str] | None,
    typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter's value; may be repeated."),
]
ParametersFile = Annotated[
    Path | None,
    typer.Option("--params", metavar="FILE", exists=True, dir_okay=False, help="Parameters as JSON or YAML; -p wins."),
]
From = Annotated[
    list[str] | None,
    typer.Option("--from", metavar="NODE", help="Run it and all below; the others keep their outputs. Repeatable."),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="NODE", help="Run just this node, on what the others gave. Repeatable."),
]
Of = Annotated[str, typer.Option("--of", metavar="RUN", help="The run whose outputs are kept; else the last.")]
Force = Annotated[bool, typer.Option("--force", help="Run whatever is cached, and keep the results anew.")]
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
    start: From = None,
    only: Only = None,
    of: Of = "",
    force: Force = False,
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
        selected=(tuple(start or ()), tuple(only or ()), of, force),
        as_json=as_json,
        detach=detach,
        key=key,
        quiet=quiet,
    )


@command(RUNS, example="twingraph resume last")
def resume(
    options: Options, run: RunName = "last", *, as_json: Json = False, detach: Detach = False, quiet: Quiet = False
) -> None:
    """Take up a run that failed, was cancelled or lost its process. What completed is not run again."""
    _work("run", "resume")(options, run, as_json=as_json, detach=detach, quiet=quiet)


@command(RUNS, example="twingraph cancel last")
def cancel(options: Options, run: RunName = "last") -> None:
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
def show(
    options: Options,
    run: RunName = "last",
    *,
    gantt: Annotated[bool, typer.Option("--gantt", help="Its nodes over time, too, as wide as the terminal.")] = False,
    as_json: Json = False,
) -> None:
    """Show a run: its nodes, what they took and gave, and why they failed."""
    _work("history", "show")(options, run, gantt=gantt, as_json=as_json)


@command(RUNS, example="twingraph logs last clean -f")
def logs(
    options: Options,
    run: RunName = "last",
    node: Annotated[str | None, typer.Argument(metavar="NODE", help="Only this node's.", show_default=False)] = None,
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the run ends.")] = False,
    tail: Annotated[int | None, typer.Option("-n", "--tail", min=0, metavar="N", help="Only the last N.")] = None,
    level: Annotated[
        str | None, typer.Option("--level", metavar="LEVEL", help="Only log records of this level or above.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only from then on: 10m ago, or 2026-01-31T12:00.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with time and place.")] = False,
) -> None:
    """Print what the nodes of a run wrote."""
    _work("logs", "logs")(options, run, node, follow=follow, tail=tail, level=level, since=since, as_json=as_json)


@command(RUNS, example="twingraph why last clean")
def why(options: Options, run: RunName = "last", node: NodeName = None, *, as_json: Json = False) -> None:
    """Say why the nodes of a run ran, with what had changed since the last time, or where they were taken from."""
    _work("why", "why")(options, run, node, as_json=as_json)


@command(RUNS, example="twingraph replay last clean")
def replay(
    options: Options,
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id, beginning of an id, or last.", show_default=False)],
    node: Annotated[str, typer.Argument(metavar="NODE", show_default=False)],
    *,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run one node of a run again with what it was given, and say whether it gives the same."""
    _work("why", "replay")(options, run, node, as_json=as_json, quiet=quiet)


@command(DOCUMENTS, example="twingraph plan flights.twg.json -p year=2020")
def plan(
    options: Options,
    file: File,
    *,
    parameter: Parameters = None,
    params: ParametersFile = None,
    start: From = None,
    only: Only = None,
    of: Of = "",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show what would run, in which order and why, what is cached, and how long it may take, without running it."""
    _work("documents", "plan")(
        options,
        file,
        given=tuple(parameter or ()),
        params=params,
        selected=(tuple(start or ()), tuple(only or ()), of, force),
        as_json=as_json,
    )


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
        Literal["json", "yaml", "script", "notebook"] | None,
        typer.Option("--format", help="Else as the name of the output file says: .json, .yaml, .py or .ipynb."),
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="The JSON Schema of workflow documents instead.")] = False,
    overwrite: Annotated[bool, typer.Option("-f", "--overwrite", help="Replace the file if there is one.")] = False,
) -> None:
    """Write the workflow of a run or a file as a document, a script or a notebook that runs to the same result."""
    _work("export", "export")(options, what, output=output, form=form, schema=schema, overwrite=overwrite)


@command(STORE, example="""twingraph lineage "g.V().has('name', 'plot').in_().values('name')" """)
def lineage(
    options: Options,
    traversal: Annotated[str, typer.Argument(metavar="TRAVERSAL", help="Gremlin, from g.", show_default=False)],
    *,
    as_json: Json = False,
) -> None:
    """Ask the lineage where something came from, in Gremlin."""
    _work("lineage", "lineage")(options, traversal, as_json=as_json)


@command(STORE, example="twingraph cache prune --older-than 7d")
def cache(
    options: Options,
    action: Annotated[Literal["ls", "prune"], typer.Argument(metavar="ls|prune", show_default=False)],
    *,
    node: Annotated[str, typer.Option("--node", metavar="NAME", help="Only what this node computed.")] = "",
    workflow: Annotated[str, typer.Option("--workflow", metavar="NAME", help="Only what this workflow computed.")] = "",
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="TIME", help="Only what was computed before: 30m, 12h, 7d.")
    ] = "",
    expired: Annotated[bool, typer.Option("--expired", help="Only what is older than its policy's ttl.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="prune: all there is.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="prune: only say how many.")] = False,
    as_json: Json = False,
) -> None:
    """List what is kept for reuse, or forget some of it. The values themselves stay: runs refer to them."""
    older_than_s = _work("cache", "seconds")(older_than) if older_than else 0.0
    selection = _work("cache", "Selection")(node, workflow, older_than_s, expired)
    _work("cache", "cache")(options, action, selection, everything=everything, dry_run=dry_run, as_json=as_json)


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


@command(STORE, example="twingraph serve --port 8000")
def serve(
    options: Options,
    *,
    socket: Annotated[
        Path | None,
        typer.Option("--socket", metavar="PATH", dir_okay=False, help="Unix socket; else service.sock in the store."),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="A port of this machine, too; asks for a token.")
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Its loopback address.")] = "127.0.0.1",
    idle_s: Annotated[
        float,
        typer.Option("--idle-s", min=0, metavar="S", help="Stop when nobody has needed it for so long; 0: never."),
    ] = 0,
    stop: Annotated[bool, typer.Option("--stop", help="End the service of this store instead.")] = False,
    on_demand: Annotated[bool, typer.Option("--on-demand", hidden=True)] = False,
) -> None:
    """Host the service of the store: REST, WebSocket and GraphQL, and a coordinator that drives its runs.

    There is one for each store. JupyterLab and notebooks start it when they need it, and find this one.
    """
    if stop:
        _work("serve", "stop")(options)
    else:
        _work("serve", "serve")(options, socket=socket, port=port, host=host, idle_s=idle_s, on_demand=on_demand)


@command(STORE, example="twingraph version")
def version(options: Options, *, as_json: Json = False) -> None:
    """Print the version."""
    _work("doctor", "version")(options, as_json=as_json)


def main() -> None:
    """Run the command line; exits the process."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # what a terminal can't show becomes a ?
    app(prog_name="twingraph")
