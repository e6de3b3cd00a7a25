"""What can be typed after `%twingraph`."""

from __future__ import annotations

import argparse
import shlex
from typing import NoReturn

from twingraph_lab.errors import Fault, WorkflowError


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
        return self.parse_args(self.words(line))

    def words(self, line: str) -> list[str]:
        """The words of a line, as in a shell. Raises `WorkflowError`."""
        try:
            return shlex.split(line)
        except ValueError as error:
            raise WorkflowError([Fault(f"{str(error).lower()} in: {line}")], source=self.prog) from None


def names(text: str) -> tuple[str, ...]:
    """`a,b` as names."""
    return tuple(name for name in text.split(",") if name)


def pair(text: str) -> tuple[str, str]:
    """`name=value` as two texts."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def number(text: str) -> int:
    """How many of something; at least one."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number like 20")
    return int(text)


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
    _selection(run)
    run.add_argument(
        "--fetch", metavar="NAMES", type=names, default=(), help="outputs to bring into the notebook, or all"
    )
    run.add_argument("--no-fetch", metavar="NAMES", type=names, default=(), help="with --fetch all: but not these")
    plan = command("plan", "check the workflow and show what would run, why, and how long it may take", workflow=True)
    _nodes(plan)
    _parameters(plan)
    _selection(plan)
    why = command("why", "say why nodes of a run ran, or where their outputs were taken from")
    why.add_argument("node", nargs="?", default="", metavar="NODE", help="only this node, with all details")
    _of(why)
    replay = command("replay", "run one node again with what it was given, and compare what it gives")
    replay.add_argument("node", metavar="NODE")
    _of(replay)
    show = command("show", "show the workflow, a node, or a run: figures and times of its nodes", workflow=True)
    show.add_argument("what", nargs="?", default="", metavar="NODE|RUN")
    command("canvas", "show the workflow on a canvas, to edit it there and in its cells at once", workflow=True)
    _run(command("status", "show how a run is doing, a line for each node"))
    logs = command("logs", "show what nodes printed and logged")
    logs.add_argument("what", nargs="*", metavar="RUN NODE", help="a run, a node, or both; the last run by default")
    _run(command("cancel", "ask a run to stop"))
    _run(command("resume", "go on with a run that failed, was cancelled, or lost its process"))
    history = command("history", "list the newest runs")
    history.add_argument("-n", dest="limit", type=number, default=20, help="how many")
    fetch = command("fetch", "bring outputs into the notebook's namespace")
    fetch.add_argument("names", nargs="+", metavar="NAME", help="an output, a node, NODE.OUTPUT, or all")
    fetch.add_argument("--from", dest="run", metavar="RUN", default="", help="the run; the last one by default")
    param = command("param", "declare parameters of the workflow, or list them", workflow=True)
    param.add_argument("values", nargs="*", type=pair, metavar="NAME=VALUE")
    delete = command("delete", "take nodes out of the workflow", workflow=True)
    delete.add_argument("nodes", nargs="+", metavar="NODE")
    command("clear", "take all nodes and parameters out of the workflow", workflow=True)
    command("new", "go on with a workflow of this name; it is empty if there is none").add_argument("name")
    export = command("export", "write the workflow as a document, a script or a notebook", workflow=True)
    export.add_argument("file", metavar="FILE", help="name.twg.json, .json, .yaml, .py or .ipynb")
    export.add_argument("-f", "--overwrite", action="store_true", help="replace the file if there is one")
    command("load", "read a workflow from a file; cells add to it").add_argument("file", metavar="FILE")
    command("help", "show this").add_argument(
        "topic", nargs="?", default="", help="cell: what can be typed after %%%%twingraph"
    )
    return parser


def _nodes(parser: Options) -> None:
    parser.add_argument("nodes", nargs="*", metavar="NODE", help="only these nodes and those they need")


def _selection(parser: Options) -> None:
    start = parser.add_argument("--from", dest="start", metavar="NODES", type=names, action="extend", default=[])
    start.help = "run these nodes and all below them; the others keep what they gave"
    only = parser.add_argument("--only", metavar="NODES", type=names, action="extend", default=[])
    only.help = "run just these nodes, on what the others gave"
    parser.add_argument("--of", metavar="RUN", default="", help="the run whose outputs are kept; else the last")
    parser.add_argument("--force", action="store_true", help="run whatever is cached, and keep the results anew")


def _of(parser: Options) -> None:
    parser.add_argument("--of", dest="run", metavar="RUN", default="", help="the run; the last one by default")


def _parameters(parser: Options) -> None:
    given = parser.add_argument("-p", dest="parameters", metavar="NAME=VALUE", type=pair, action="append", default=[])
    given.help = "a parameter's value; may be repeated"


def _run(parser: Options) -> None:
    parser.add_argument(
        "run", nargs="?", default="", metavar="RUN", help="a run's id or its beginning; else the last one"
    )
