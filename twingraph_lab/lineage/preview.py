"""Values as text for people: bounded in size, and without secrets."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import JsonValue

LIMIT = 4096
"""Characters of a preview."""
HIDDEN = "***"
REFERENCE = "secret://"
"""A reference to a secret is no secret."""

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SECRET_WORDS = frozenset(
    {"password", "passwd", "passphrase", "pwd", "secret", "secrets", "token"}
    | {"apikey", "credential", "credentials", "authorization", "bearer"}
)
_SECRET_PAIRS = frozenset({"api key", "access key", "private key", "signing key", "auth key", "client key"})
_TELLING = re.compile("|".join(_SECRET_WORDS | {pair.split()[1] for pair in _SECRET_PAIRS}), re.IGNORECASE)
_HARMLESS_WORDS = frozenset(["count", "counts", "limit", "max", "min", "length", "size", "number"])
_SHORTEST = 4
"""Shorter values would be found everywhere."""
_ASSIGNED = re.compile(r"""(\b\w+)(["']?\s*[:=]\s*)(["'])((?:\\.|(?!\3).)+)\3""")
_MOST_BITS = 10_000


@lru_cache(4096)
def secret_name(name: str) -> bool:
    """Whether a parameter or input of this name probably holds a secret.

    >>> [secret_name(name) for name in ("db_password", "apiKey", "max_tokens", "token_count", "monkey")]
    [True, True, False, False, False]
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    pairs = {f"{first} {second}" for first, second in pairwise(words)}
    return bool(_SECRET_WORDS.intersection(words) or _SECRET_PAIRS & pairs) and not _HARMLESS_WORDS.intersection(words)


def may_name_secrets(text: str) -> bool:
    """Whether a text could have the name of a secret in it: a quick look before a slow one.

    >>> may_name_secrets('{"dbPassword": 1}'), may_name_secrets('{"rows": 1}')
    (True, False)
    """
    return _TELLING.search(text) is not None


def masked(name: str, value: Any) -> Any:
    """`value`, or stars if it is a secret by its name."""
    return HIDDEN if secret_name(name) and not _harmless(value) else value


def without_secrets(name: str, value: JsonValue) -> JsonValue:
    """`value` with stars for all that is a secret by its name, however deep in it.

    >>> without_secrets("service", {"url": "http://here", "token": "abc", "more": [{"password": "xyz"}]})
    {'url': 'http://here', 'token': '***', 'more': [{'password': '***'}]}
    """
    shown: JsonValue = masked(name, value)
    if isinstance(shown, dict):
        left: dict[str, JsonValue] = {}
        for key, item in shown.items():  # no comprehension: deep values need the stack
            left[key] = without_secrets(key, item)
        return left
    if isinstance(shown, list):
        items: list[JsonValue] = []
        for item in shown:
            items.append(without_secrets("", item) if isinstance(item, (dict, list)) else item)  # noqa: PERF401
        return items
    return shown


class Verbatim(str):
    """Text that is a preview already."""

    __slots__ = ()


class Secrets:
    """The secret values that are known of a run, to be hidden wherever they turn up. Immutable."""

    def __init__(self, forms: frozenset[str] = frozenset()) -> None:
        self._forms = forms
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None
        self._margin = len(longest_first[0]) if forms else 0

    def also(self, trees: Iterable[Mapping[str, Any]]) -> Secrets:
        """With the texts under names that look secret in these trees, in all the forms in which they travel."""
        forms = {form for tree in trees for value in _secret_texts(tree) for form in _forms(value)}
        return self if forms <= self._forms else Secrets(self._forms | forms)

    def hide(self, text: str) -> str:
        """`text` without them, and such that any database takes it."""
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        return text if text.isascii() else text.encode("utf-8", "replace").decode()

    def text(self, text: str, limit: int = LIMIT) -> str:
        """`text` without secrets, with at most `limit` characters."""
        return shortened(self.hide(text), limit)

    def preview(self, value: Any, limit: int = LIMIT) -> str:
        """`value` like `repr`, without secrets, with at most `limit` characters."""
        return self.text(bounded(value, limit + self._margin), limit)  # no secret is cut in two before it is hidden


def bounded(value: Any, limit: int = LIMIT) -> str:
    """`value` like `repr`, cut off at `limit` characters; values under secret names are hidden.

    >>> bounded({"user": "a", "password": "b", "key": {"token": "secret://t"}})
    "{'user': 'a', 'password': '***', 'key': {'token': 'secret://t'}}"
    """
    pieces: list[str] = []
    left = limit
    for piece in _pieces(value, limit):
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            return shortened("".join(pieces), limit)
    return "".join(pieces)


def shortened(text: str, limit: int) -> str:
    """`text`, cut off at `limit` characters with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def without_literals(code: str) -> str:
    """Source code with string literals hidden that are assigned to names that look secret.

    >>> without_literals("api_key = 'abc'; user = 'me'")
    "api_key = '***'; user = 'me'"
    """

    def replace(found: re.Match[str]) -> str:
        name, sign, mark, value = found.groups()
        hidden = secret_name(name) and not value.startswith(REFERENCE)
        return f"{name}{sign}{mark}{HIDDEN if hidden else value}{mark}"

    return _ASSIGNED.sub(replace, code)


def _pieces(value: Any, limit: int) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for place, (key, item) in enumerate(value.items()):
            yield f"{', ' if place else ''}{key!r}: "
            shown = masked(key, item) if isinstance(key, str) else item
            if isinstance(shown, (dict, list, tuple)):
                yield from _pieces(shown, limit)
            else:
                yield _atom(shown, limit)
        yield "}"
    elif isinstance(value, (list, tuple)):
        yield "["
        for place, item in enumerate(value):
            if place:
                yield ", "
            yield from _pieces(item, limit)
        yield "]"
    else:
        yield _atom(value, limit)


def _atom(value: Any, limit: int) -> str:
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, str):
        return repr(value if len(value) <= limit else value[:limit] + "…")
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"<integer of {value.bit_length()} bits>"
    return repr(value)


def _harmless(value: Any) -> bool:
    return value is None or isinstance(value, bool) or (isinstance(value, str) and value.startswith(REFERENCE))


def _secret_texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            if isinstance(key, str) and secret_name(key) and not _harmless(value):
                yield from _texts(value)
            elif isinstance(value, (Mapping, list)):
                yield from _secret_texts(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from _secret_texts(item)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str() if len(value) >= _SHORTEST and "{{" not in value:
            yield value
        case {"value": inner}:
            yield from _texts(inner)


def _forms(value: str) -> set[str]:
    encoded = base64.b64encode(value.encode("utf-8", "replace")).decode().rstrip("=")
    quoted = {quote(value, safe=safe, errors="replace") for safe in ("", "/")}
    return {value, repr(value)[1:-1], json.dumps(value)[1:-1], quote_plus(value, errors="replace"), encoded, *quoted}
