"""Gremlin as people type it → steps and arguments. Nothing is ever evaluated as Python.

Takes the spellings of Groovy (`in`, `hasLabel`, `desc`, `10L`, `[a: 1]`) and of Python (`in_`, `has_label`,
`Order.desc`, `{"a": 1}`). A traversal within another one may begin with `__.` or with its first step.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeVar

from twingraph_lab.lineage.errors import QueryError

X = TypeVar("X")
_TOKEN = re.compile(
    r"""(?P<space>(?:\s+|//[^\n]*)+)
    |(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)[lLdDfFmM]?\b
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign>[.,:()\[\]{}=-])""",
    re.VERBOSE | re.DOTALL,
)
_LONGEST = 100_000
_DEEPEST = 50


class Token(NamedTuple):
    """`kind` is text, number, name, sign or end."""

    kind: str
    text: str
    place: int


class Word(NamedTuple):
    """A name that stands alone, or behind a dot (`T.label`)."""

    names: tuple[str, ...]
    place: int


class Step(NamedTuple):
    """`name(arguments)`."""

    name: str
    arguments: tuple[Any, ...]
    place: int


class Steps(NamedTuple):
    """Steps joined by dots; `owner` is the name before the first dot (`g`, `__`, `P`), empty if there is none."""

    owner: str
    steps: tuple[Step, ...]
    place: int


class Faults:
    """Makes errors that show the place."""

    def __init__(self, query: str) -> None:
        self._query = query

    def at(self, place: int, message: str, known: Iterable[str] = ()) -> QueryError:
        """The error, with the line and a mark below it, and what is known there."""
        before = self._query[:place]
        line = before.count("\n")
        column = place - (before.rfind("\n") + 1)
        where = f"line {line + 1}, column {column + 1}" if "\n" in self._query else f"column {column + 1}"
        shown = self._query.split("\n")[line]
        names = ", ".join(known)
        return QueryError(f"{where}: {message}\n  {shown}\n  {' ' * column}^" + (f"\nKnown: {names}" if names else ""))


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` if something known looks like it."""
    close = get_close_matches(name, list(known), n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def parse(query: str) -> Steps:
    """The traversal, its arguments nested. Raises `QueryError` that shows the place."""
    faults = Faults(query)
    if len(query) > _LONGEST:
        raise QueryError(f"a query has at most {_LONGEST} characters")
    parser = _Parser(_tokens(query, faults), faults)
    found = parser.value()
    parser.expect("end", "", "the end of the query")
    if not isinstance(found, Steps) or found.owner != "g":
        raise faults.at(0, "a query begins with g, like g.V().hasLabel('Execution').count()")
    return found


def _tokens(query: str, faults: Faults) -> list[Token]:
    tokens, place = [], 0
    while place < len(query):
        found = _TOKEN.match(query, place)
        if found is None:
            raise faults.at(
                place,
                f"{query[place]!r} is not Gremlin" + (" (a text that doesn't end?)" if query[place] in "'\"" else ""),
            )
        kind = found.lastgroup or ""
        if kind != "space":
            tokens.append(Token(kind, found[kind], place))
        place = found.end()
    return [*tokens, Token("end", "", len(query))]


class _Parser:
    def __init__(self, tokens: Sequence[Token], faults: Faults) -> None:
        self._tokens = tokens
        self._faults = faults
        self._next = 0
        self._depth = 0

    def value(self) -> Any:
        """Text, a number, a list, a map, a word, or steps."""
        token = self._take()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._faults.at(token.place, f"nested more than {_DEEPEST} deep")
        found = self._value(token)
        self._depth -= 1
        return found

    def _value(self, token: Token) -> Any:
        match token:
            case Token("text", text):
                return _unquoted(text)
            case Token("number", text):
                return _number(text)
            case Token("sign", "-") if self._peek().kind == "number":
                return -_number(self._take().text)
            case Token("sign", "["):
                return self._brackets()
            case Token("sign", "{"):
                return dict(self._until("}", self._pair))
            case Token("sign", "("):
                inner = self.value()
                self.expect("sign", ")", "')'")
                return inner
            case Token("name", name, place):
                return self._named(name, place)
            case Token("end", _, place):
                raise self._faults.at(place, "the query ends too early")
            case _:
                raise self._faults.at(token.place, f"{token.text!r} can't be here")

    def _named(self, name: str, place: int) -> Any:
        """A word, or steps: `g.V()`, `__.out()`, `P.gt(1)`, `out().in()`, `T.label`."""
        if self._is("("):
            self._next -= 1
            return Steps("", self._steps(), place)
        if not self._is("."):
            return Word((name,), place)
        self._take()
        second = self._peek()
        if second.kind == "name" and self._tokens[self._next + 1].text != "(":
            self._take()
            return Word((name, second.text), place)
        return Steps(name, self._steps(), place)

    def _steps(self) -> tuple[Step, ...]:
        steps = []
        while True:
            token = self.expect("name", "", "a step")
            self.expect("sign", "(", f"'(' after {token.text}")
            steps.append(Step(token.text, tuple(self._until(")", self.value)), token.place))
            if not self._is("."):
                return tuple(steps)
            self._take()

    def _brackets(self) -> Any:
        """A list `[1, 2]` or a map `[a: 1]`, as Groovy writes them."""
        if self._is(":"):
            self._take()
            self.expect("sign", "]", "']'")
            return {}
        items = self._until("]", self._item)
        pairs = [item for item in items if isinstance(item, _Pair)]
        if pairs and len(pairs) < len(items):
            raise self._faults.at(self._tokens[self._next - 1].place, "a list can't have pairs and single values")
        return dict(pairs) if pairs else items

    def _item(self) -> Any:
        bare = self._peek().kind == "name"  # `[a: 1]` has the key 'a', `[(a): 1]` what a stands for
        found = self.value()
        if not self._is(":"):
            return found
        self._take()
        key = found.names[0] if bare and isinstance(found, Word) else found
        return _Pair(key, self.value())

    def _pair(self) -> tuple[Any, Any]:
        key = self.value()
        self.expect("sign", ":", "':'")
        return key, self.value()

    def _until(self, end: str, read: Callable[[], X]) -> list[X]:
        found: list[X] = []
        while not self._is(end):
            found.append(read())
            if self._is(","):
                self._take()
            elif not self._is(end):
                raise self._faults.at(self._peek().place, f"expected ',' or {end!r}, not {self._shown()}")
        self._take()
        return found

    def expect(self, kind: str, text: str, what: str) -> Token:
        """The next token, which must be this."""
        token = self._peek()
        if token.kind != kind or (text and token.text != text):
            raise self._faults.at(token.place, f"expected {what}, not {self._shown()}")
        return self._take()

    def _is(self, sign: str) -> bool:
        return self._peek()[:2] == ("sign", sign)

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _shown(self) -> str:
        return repr(self._peek().text) if self._peek().text else "the end of the query"


class _Pair(NamedTuple):
    key: Any
    value: Any


def _number(text: str) -> int | float:
    return int(text) if text.isdigit() else float(text)


def _unquoted(text: str) -> str:
    return str(ast.literal_eval(text.replace("\n", "\\n")))


def converted(value: Any, convert: Callable[[Word | Steps], Any]) -> Any:
    """A parsed value with words and steps replaced, at any depth."""
    match value:
        case Word() | Steps():
            return convert(value)
        case list():
            return [converted(item, convert) for item in value]
        case Mapping():
            return {converted(key, convert): converted(item, convert) for key, item in value.items()}
        case _:
            return value
