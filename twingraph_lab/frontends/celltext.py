"""The text of a `%%twingraph` cell, changed only where something is to be said otherwise. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from twingraph_lab.frontends.cell_options import cell_options

MAGIC = "%%twingraph"
TEXT = re.compile(r"(?P<head>(?:[ \t]*\r?\n)*[ \t]*%%twingraph)(?P<line>(?![^\s])[^\r\n]*)(?P<body>.*)", re.DOTALL)
WORD = re.compile(r"""(?:[^ \t"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""")
"""A word as a shell sees it, quotes and all."""
LISTS = frozenset({"--in", "--out", "--after", "--resources"})
"""Options that say several things with commas between them."""
KEYED = frozenset({"--in", "--option", "--resources"})
"""Options that say something of a name, `NAME=…`, in any order."""


class Word(NamedTuple):
    """What stands from `start` up to `end` of a line: an option's value, or the node's name where `flag` is empty.

    The flag stands before it or, with `=`, in the same word.
    """

    flag: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CellText:
    """A cell's text in three: up to the magic's name, the line behind that, and what follows with its line break."""

    head: str
    line: str
    body: str

    @classmethod
    def read(cls, text: str) -> CellText | None:
        """The text of a cell that begins with the magic; `None` for others, and for lines that no shell could read."""
        match = TEXT.fullmatch(text)
        return cls(match["head"], match["line"], match["body"]) if match and _is_legible(match["line"]) else None

    @classmethod
    def new(cls, name: str, code: str) -> CellText:
        """The text of a new cell."""
        return cls(MAGIC, f" {shlex.quote(name)}", "").coded(code)

    def __str__(self) -> str:
        return f"{self.head}{self.line}{self.body}"

    @property
    def code(self) -> str:
        """What stands below the line."""
        return self.body.removeprefix("\r").removeprefix("\n")

    @property
    def name(self) -> str:
        """The node's name, if the line says one."""
        return next((word.value for word in self.words if not word.flag), "")

    @property
    def words(self) -> list[Word]:
        """What the line says, in its order."""
        return list(_words(self.line))

    def coded(self, code: str) -> CellText:
        """The text with another code below the line."""
        return replace(self, body=f"\n{code.rstrip()}" if code.strip() else "")

    def named(self, name: str) -> CellText:
        """The text with the node's name on its line."""
        said = next((word for word in self.words if not word.flag), None)
        if said is None:
            return replace(self, line=f" {shlex.quote(name)}{self.line}")
        return self if said.value == name else replace(self, line=_with(self.line, said, name))

    def parts(self, flag: str) -> list[str]:
        """What an option says: `a=b.c,d=e` and each further one as parts."""
        return [part for word in self.words if word.flag == flag for part in _parts(word)]

    def saying(self, flag: str, wanted: Sequence[str]) -> CellText:
        """The text whose option says these parts, and nothing else; what it says already stays where it is."""
        parts = self.parts(flag)
        if parts == [*wanted]:
            return self
        words = [word for word in self.words if word.flag == flag]
        if flag in KEYED:
            left = {_name(part): part for part in wanted}
            shares = [[left.pop(_name(part)) for part in _parts(word) if _name(part) in left] for word in words]
            more = list(left.values())
        elif words:
            rest = iter(wanted)
            same = len(parts) == len(wanted)
            shares = [[*islice(rest, len(_parts(word)) if same else None)] for word in words]
            more = []
        else:
            shares, more = [], [",".join(wanted)]
        line = self.line
        for word, share in reversed([*zip(words, shares, strict=True)]):
            if not share:
                line = _without(line, word)
            elif share != _parts(word):
                line = _with(line, word, ",".join(share))
        for part in more:
            line = _plus(line, flag, part)
        return replace(self, line=line)


def _is_legible(line: str) -> bool:
    try:
        return shlex.split(line) == [text for raw in WORD.findall(line) for text in shlex.split(raw)]
    except ValueError:
        return False


def _plus(line: str, flag: str, value: str) -> str:
    """With an option more, behind the others."""
    said = line.rstrip()
    return f"{said} {flag} {shlex.quote(value)}{line[len(said) :]}"


def _with(line: str, word: Word, value: str) -> str:
    """With another value in the place of a word's."""
    raw = line[word.start : word.end]
    flag = raw.partition("=")[0] + "=" if word.flag and raw.startswith("-") else ""
    return f"{line[: word.start]}{flag}{shlex.quote(value)}{line[word.end :]}"


def _without(line: str, word: Word) -> str:
    """Without an option."""
    start = word.start
    if not line[start:].startswith("-"):
        start = max(found.start() for found in WORD.finditer(line[:start]))
    return line[:start].rstrip() + line[word.end :]


def _words(line: str) -> Iterator[Word]:
    flag = ""
    for found in WORD.finditer(line):
        text = "".join(shlex.split(found[0]))
        if flag:
            yield Word(flag, text, found.start(), found.end())
            flag = ""
        elif not text.startswith("-"):
            yield Word("", text, found.start(), found.end())
        else:
            typed, equals, value = text.partition("=")
            flag = _flag(typed)
            if equals:
                yield Word(flag, value, found.start(), found.end())
                flag = ""


def _flag(typed: str) -> str:
    """The option meant: its beginning is enough, as long as no other begins so."""
    flags = {flag for action in cell_options()._actions for flag in action.option_strings}  # noqa: SLF001
    found = [flag for flag in flags if flag.startswith(typed)]
    return typed if typed in flags or len(found) != 1 else found[0]


def _parts(word: Word) -> list[str]:
    return [part for part in word.value.split(",") if part] if word.flag in LISTS else [word.value]


def _name(part: str) -> str:
    return part.partition("=")[0]
