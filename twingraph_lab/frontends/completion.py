"""What can come next on a line of `%twingraph` or `%%twingraph`. Pure."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence

from twingraph_lab.frontends.cell_options import LANGUAGES, cell_options
from twingraph_lab.frontends.cellbook import CellBook
from twingraph_lab.frontends.magic_options import line_options
from twingraph_lab.spec.caching import MODES

RUNS = frozenset({"run", "of"})
NODES = frozenset({"node", "nodes", "start", "only", "after"})
OUTPUTS = frozenset({"fetch", "no_fetch", "names"})


def completions(text: str, book: CellBook, runs: Callable[[], Iterable[str]]) -> list[str]:
    """The words that may stand where `text`, the line up to the cursor, ends: those that begin as its last one does.

    `runs` are the ids of runs. Of `a=b.c,d`, what is completed is the part behind the last `=` or `,`.
    """
    *before, word = text.split(" ")
    part = word.rpartition(",")[2].rpartition("=")[2]
    cell = text.startswith("%%")
    words = [each for each in before[1:] if each]
    parser: argparse.ArgumentParser = cell_options() if cell else line_options()
    if not cell:
        commands = _commands(parser)
        if not words:
            return _matching(commands, part)
        parser = commands.get(words[0], parser)
        words = words[1:]
    if word.startswith("-"):
        return _matching([flag for action in parser._actions for flag in action.option_strings], word)  # noqa: SLF001
    return _matching(_values(parser, words, word, book, runs), part)


def _values(
    parser: argparse.ArgumentParser, words: Sequence[str], word: str, book: CellBook, runs: Callable[[], Iterable[str]]
) -> Iterable[str]:
    """What the option before the cursor, or the next word without one, can be."""
    by_flag = {flag: action for action in parser._actions for flag in action.option_strings}  # noqa: SLF001
    action = by_flag.get(words[-1]) if words else None
    if action is None or action.nargs == 0:
        action = next((each for each in parser._actions if not each.option_strings), None)  # noqa: SLF001
    nodes = list(book.workflow.by_id)
    outputs = [f"{node.id}.{name}" for node in book.workflow.nodes for name in book.workflow.outputs_of(node)]
    match action.dest if action else "":
        case "given" if "=" in word.rpartition(",")[2]:
            return [*nodes, *outputs, *book.workflow.parameters]
        case "given":
            return [f"{each.partition('.')[2]}=" for each in outputs]
        case "language":
            return LANGUAGES
        case "cache":
            return [*MODES, "version=", "ttl=", "scope=", "refresh"]
        case "platform":
            return ["local"]
        case "parameters" | "values":
            return [f"{name}=" for name in book.workflow.parameters]
        case "what":
            return [*nodes, *runs()]
        case "name":
            return book.entries
        case dest if dest in NODES:
            return [*nodes, *(book.entries if dest == "nodes" else ())]
        case dest if dest in OUTPUTS:
            return dict.fromkeys(["all", *(each.partition(".")[2] for each in outputs), *nodes, *outputs])
        case dest if dest in RUNS:
            return ["last", *runs()]
    return ()


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    return {}


def _matching(words: Iterable[str], start: str) -> list[str]:
    return [word for word in dict.fromkeys(words) if word.startswith(start)]
