"""What can be typed after `%twingraph` and `%%twingraph`."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.cellbook import Cell
from twingraph_lab.frontends.cells import as_code

UNITS_S = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}


class HelpShownError(Exception):
    """Somebody asked for help; it has been printed."""


class Options(argparse.ArgumentParser):
    """An argument parser that never ends the process."""

    def error(self, message: str) -> NoReturn:
        """Raise `WorkflowError` with the usage."""
        raise WorkflowError([Fault(f"{message}\n{self.format_usage().rstrip()}")], source=self.prog)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002  (argparse's signature)
        """Called after `--help` only."""
        raise HelpShownError

    def parse(self, line: str) -> argparse.Namespace:
        """The options typed on a line. Raises `WorkflowError`, or `HelpShownError`."""
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise WorkflowError([Fault(f"{str(error).lower()} in: {line}")], source=self.prog) from None
        return self.parse_args(words)


def names(text: str) -> tuple[str, ...]:
    """`a,b` as names."""
    return tuple(name for name in text.split(",") if name)


def seconds(text: str) -> float:
    """A time such as `30`, `1.5s`, `5m` or `2h`.

    >>> seconds("90"), seconds("1.5m")
    (90.0, 90.0)
    """
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*(s|min|m|h|)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 30, 30s, 5m or 2h")
    return float(match[1]) * UNITS_S[match[2]]


def pair(text: str) -> tuple[str, str]:
    """`name=value` as two texts."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def pairs(text: str) -> list[tuple[str, str]]:
    """`a=b,c=d` as pairs."""
    return [pair(part) for part in names(text)]


def amounts(text: str) -> list[tuple[str, float]]:
    """`gpu=1,memory=2e9` as names and numbers."""
    try:
        return [(name, float(value)) for name, value in pairs(text)]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=NUMBER") from None


def value_of(text: str, declared: str = "any") -> JsonValue:
    """The value typed as `text`: JSON if it can be, else the text itself; always text where that is declared.

    >>> value_of("5"), value_of("five"), value_of("5", "string"), value_of("NaN")
    (5, 'five', '5', 'NaN')
    """
    if declared == "string":
        return text
    try:
        return json.loads(text, parse_constant=_refuse)  # type: ignore[no-any-return]
    except ValueError:
        return text


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def cell_options() -> Options:
    """The options of a cell."""
    parser = Options(
        prog="%%twingraph",
        description="Make this cell a node of the workflow. It is not run now: `%twingraph run` runs the workflow.",
        epilog="Unless told otherwise, a cell takes the names it reads from the cells that bind them.",
    )
    add = parser.add_argument
    add("name", nargs="?", default="", help="the node's name; else that of its first output")
    inputs = add("--in", dest="given", metavar="NAME=NODE.OUTPUT", type=pairs, action="extend", default=[])
    inputs.help = "where an input comes from; may be repeated"
    add(
        "--out", dest="keep", metavar="NAMES", type=names, default=(), help="the names to keep, instead of all it binds"
    )
    add("--platform", metavar="NAME", help="where it runs; local by default")
    add("--option", metavar="NAME=VALUE", type=pair, action="append", default=[], help="an option of the platform")
    add("--retry", metavar="N", type=int, help="try again up to N times")
    add("--timeout", metavar="TIME", type=seconds, help="stop it after this time: 30, 30s, 5m, 2h")
    add("--cache", choices=["none", "inputs"], help="inputs: reuse what the same code gave for the same inputs")
    add("--after", metavar="NODES", type=names, default=(), help="wait for these nodes, too")
    add("--resources", metavar="NAME=NUMBER", type=amounts, action="extend", default=[], help="what it needs, as gpu=1")
    add("--workflow", metavar="NAME", default="", help="the workflow it belongs to, if it isn't the current one")
    return parser


def cell_of(options: argparse.Namespace, body: str, identity: str) -> Cell:
    """The cell that these options and this body make."""
    fields: dict[str, Any] = {}
    if options.platform or options.option:
        platform_options = {name: value_of(value) for name, value in options.option}
        fields["platform"] = {"kind": options.platform or "local", "options": platform_options}
    if options.retry is not None:
        fields["retry"] = {"attempts": options.retry + 1}
    if options.timeout is not None:
        fields["timeout_s"] = options.timeout
    if options.cache:
        fields["cache"] = {"mode": options.cache}
    if options.after:
        fields["after"] = options.after
    if options.resources:
        fields["resources"] = dict(options.resources)
    return Cell(
        code=as_code(body),
        name=options.name,
        given=dict(options.given),
        keep=options.keep,
        options=fields,
        identity=identity,
    )


def line_options() -> Options:
    """The commands of `%twingraph`."""
    parser = Options(
        prog="%twingraph",
        description="Run and look at the workflow that the %%twingraph cells of this notebook make.",
        epilog="`%twingraph COMMAND --help` says more about a command, `%twingraph help cell` about cells.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Options)

    def command(name: str, text: str, *, workflow: bool = False) -> Options:
        made = commands.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
        if workflow:
            made.add_argument("--workflow", metavar="NAME", default="", help="another workflow than the current one")
        return made

    run = command("run", "run the workflow, or only these nodes and what they need, and wait", workflow=True)
    _nodes(run)
    _parameters(run)
    run.add_argument(
        "--fetch", metavar="NAMES", type=names, default=(), help="outputs to bring into the notebook, or all"
    )
    run.add_argument("--no-fetch", metavar="NAMES", type=names, default=(), help="with --fetch all: but not these")
    plan = command("plan", "check the workflow and show what would run", workflow=True)
    _nodes(plan)
    _parameters(plan)
    show = command("show", "show the workflow, a node or a run", workflow=True)
    show.add_argument("what", nargs="?", default="", metavar="NODE|RUN")
    _run(command("status", "show how a run is doing"))
    logs = command("logs", "show what nodes printed and logged")
    logs.add_argument("what", nargs="*", metavar="RUN NODE", help="a run, a node, or both; the last run by default")
    _run(command("cancel", "ask a run to stop"))
    _run(command("resume", "go on with a run that failed, was cancelled, or lost its process"))
    runs = command("runs", "list the newest runs")
    runs.add_argument("-n", dest="limit", type=int, default=20, help="how many")
    fetch = command("fetch", "bring outputs into the notebook's namespace")
    fetch.add_argument("names", nargs="+", metavar="NAME", help="an output, a node, NODE.OUTPUT, or all")
    fetch.add_argument("--from", dest="run", metavar="RUN", default="", help="the run; the last one by default")
    param = command("param", "declare parameters of the workflow, or list them", workflow=True)
    param.add_argument("values", nargs="*", type=pair, metavar="NAME=VALUE")
    delete = command("delete", "take nodes out of the workflow", workflow=True)
    delete.add_argument("nodes", nargs="+", metavar="NODE")
    command("clear", "take all nodes and parameters out of the workflow", workflow=True)
    command("new", "go on with a workflow of this name; it is empty if there is none").add_argument("name")
    command("save", "write the workflow to a file", workflow=True).add_argument("file", metavar="FILE.twg.json")
    command("load", "read a workflow from a file; cells add to it").add_argument("file", metavar="FILE")
    command("help", "show this").add_argument(
        "topic", nargs="?", default="", help="cell: what can be typed after %%%%twingraph"
    )
    return parser


def _nodes(parser: Options) -> None:
    parser.add_argument("nodes", nargs="*", metavar="NODE", help="only these nodes and those they need")


def _parameters(parser: Options) -> None:
    given = parser.add_argument("-p", dest="parameters", metavar="NAME=VALUE", type=pair, action="append", default=[])
    given.help = "a parameter's value; may be repeated"


def _run(parser: Options) -> None:
    parser.add_argument(
        "run", nargs="?", default="", metavar="RUN", help="a run's id or its beginning; else the last one"
    )


def typed(given: Iterable[tuple[str, str]], types: Mapping[str, str]) -> dict[str, JsonValue]:
    """Parameters as typed, by the types declared."""
    return {name: value_of(text, types.get(name, "any")) for name, text in given}
