"""What can be typed after `%%twingraph`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.cells import as_code
from twingraph_lab.frontends.entries import Cell
from twingraph_lab.frontends.magic_options import Options, names, pair
from twingraph_lab.frontends.parameter_text import value_of
from twingraph_lab.spec.caching import FORM, cache_policy, duration_s

PROG = "%%twingraph"
LANGUAGES = ("python",)


class CellOptions(Options):
    """The options of a cell: all that is wrong with them is told at once."""

    def parse(self, line: str) -> argparse.Namespace:
        """The options typed on a line, each as a value. Raises `WorkflowError`, or `HelpShownError`."""
        options, unknown = self.parse_known_args(self.words(line))
        told = [f"unrecognized arguments: {' '.join(unknown)}"] if unknown else []
        for name, convert in CONVERSIONS.items():
            typed = getattr(options, name)
            texts = typed if isinstance(typed, list) else [] if typed is None else [typed]
            values = []
            for text in texts:
                try:
                    values.append(convert(text))
                except ValueError as error:
                    told.append(f"{FLAGS.get(name, f'--{name}')}: {error}")
                except WorkflowError as error:
                    told += [f"{FLAGS.get(name, f'--{name}')}: {fault}" for fault in error.faults]
            setattr(options, name, values if isinstance(typed, list) else next(iter(values), None))
        if told:
            *others, last = told
            raise WorkflowError(map(Fault, [*others, f"{last}\n{self.format_usage().rstrip()}"]), source=PROG)
        return options


def language(text: str) -> str:
    """The language of a cell."""
    if text.lower() not in LANGUAGES:
        raise ValueError(f"cells in {text!r} aren't available yet in this version; only python is")
    return text.lower()


def whole(text: str) -> int:
    """A number of times."""
    if not text.isdecimal():
        raise ValueError(f"{text!r} is not a whole number like 3")
    return int(text)


def pairs(text: str) -> list[tuple[str, str]]:
    """`a=b,c=d` as pairs."""
    return [found for part in names(text) for found in single(part)]


def single(text: str) -> list[tuple[str, str]]:
    """One `name=value`, whose value may hold commas."""
    try:
        return [pair(text)]
    except argparse.ArgumentTypeError as error:
        raise ValueError(str(error)) from None


def amounts(text: str) -> list[tuple[str, float]]:
    """`gpu=1,memory=2e9` as names and numbers."""
    try:
        return [(name, float(value)) for name, value in pairs(text)]
    except ValueError:
        raise ValueError(f"{text!r} is not of the form NAME=NUMBER") from None


CONVERSIONS: dict[str, Callable[[str], Any]] = {
    "given": pairs,
    "keep": names,
    "option": single,
    "language": language,
    "retry": whole,
    "timeout": duration_s,
    "cache": cache_policy,
    "after": names,
    "resources": amounts,
}
FLAGS = {"given": "--in", "keep": "--out", "language": "--lang"}


@cache
def cell_options() -> CellOptions:
    """The options of a cell."""
    parser = CellOptions(
        prog=PROG,
        description="Make this cell a node of the workflow. It is not run now: `%twingraph run` runs the workflow.",
        epilog="Unless told otherwise, a cell takes the names it reads from the cells that bind them. What it uses of "
        "functions, classes and imports of other cells and of the notebook goes along.",
    )

    def add(flag: str, metavar: str, text: str, *, dest: str | None = None, many: bool = False) -> None:
        action = {"action": "append", "default": []} if many else {}
        parser.add_argument(flag, metavar=metavar, help=text, **({"dest": dest} if dest else {}), **action)  # type: ignore[arg-type]

    parser.add_argument("name", nargs="?", default="", help="the node's name; else that of its first output")
    add("--in", "NAME=NODE.OUTPUT", "where an input comes from; may be repeated", dest="given", many=True)
    add("--out", "NAMES", "the names to keep, instead of all it binds", dest="keep", many=True)
    add("--platform", "NAME", "where it runs; local by default")
    add("--option", "NAME=VALUE", "an option of the platform; may be repeated", many=True)
    add("--lang", "NAME", "the language of the cell; python is the only one yet", dest="language")
    add("--retry", "N", "try again up to N times")
    add("--timeout", "TIME", "stop it after this time: 30, 30s, 5m, 2h")
    add("--cache", "POLICY", f"reuse what it gave before: {FORM}")
    add("--after", "NODES", "wait for these nodes, too", many=True)
    add("--resources", "NAME=NUMBER", "what it needs, as gpu=1; may be repeated", many=True)
    add("--workflow", "NAME", "the workflow it belongs to, if it isn't the current one")
    return parser


def cell_of(options: argparse.Namespace, body: str, identity: str) -> Cell:
    """The cell that these options and this body make."""
    fields: dict[str, Any] = {}
    if options.platform or options.option:
        platform_options = {name: value_of(value) for name, value in _flat(options.option)}
        fields["platform"] = {"kind": options.platform or "local", "options": platform_options}
    if options.retry is not None:
        fields["retry"] = {"attempts": options.retry + 1}
    if options.timeout is not None:
        fields["timeout_s"] = options.timeout
    if options.cache:
        fields["cache"] = options.cache
    if options.after:
        fields["after"] = tuple(_flat(options.after))
    if options.resources:
        fields["resources"] = dict(_flat(options.resources))
    return Cell(
        code=as_code(body),
        name=options.name,
        given=dict(_flat(options.given)),
        keep=tuple(_flat(options.keep)),
        options=fields,
        identity=identity,
    )


def _flat(lists: list[Any]) -> Iterator[Any]:
    for each in lists:
        yield from each
