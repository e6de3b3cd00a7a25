"""Templates, rendered once where the node's body runs: strict, sandboxed, limited.

Plain paths (`{{ node.output.a }}`) are looked up without Jinja; one that is the whole template keeps its value's type.
Everything else is Jinja without statements that define or load anything. Text goes in as it is, any other value as its
JSON text. What comes out is never rendered again. The sandbox keeps mistakes small; it is no security boundary, and it
is meant to run in a process that can be killed.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twingraph_lab.planning.paths import UnresolvedError, descend, described
from twingraph_lab.spec.inputs import TemplateError, lone_path, pieces

__all__ = ["OUTPUT_LIMIT", "Lookup", "TemplateError", "as_text", "interpolate", "limits", "plain", "render"]

OUTPUT_LIMIT = 1024 * 1024
"""Characters a template may render."""
MEMORY_HEADROOM_BYTES = 512 * 1024 * 1024
"""Address space that rendering may take beyond what the process has."""
DEPTH_LIMIT = 64

Lookup = Callable[[tuple[str, ...]], Any]
"""Takes a path such as `("node", "output", "a")`; raises `LookupError` if there is nothing."""


def render(text: str, context: Mapping[str, Any]) -> Any:
    """Render `text` with the values of `context`, which paths descend into. Raises `TemplateError`.

    >>> render("{{ a.n }}", {"a": {"n": 3}}), render("{{ a.n }} of {{ a.all | max }}", {"a": {"n": 3, "all": [5]}})
    (3, '3 of 5')
    """

    def lookup(path: tuple[str, ...]) -> Any:
        return descend(context, path)

    return interpolate(text, lookup)


def interpolate(text: str, lookup: Lookup) -> Any:
    """Render `text`, asking `lookup` once for each path it reads. Raises `TemplateError`."""
    lone = lone_path(text)
    try:
        if lone is not None:
            return lookup(lone)
        parts = pieces(text)
        if parts is not None:
            return _capped(text, [part if isinstance(part, str) else as_text(lookup(part)) for part in parts])
    except (UnresolvedError, ValueError) as error:
        raise TemplateError(f"template {_shown(text)}: {error}") from error
    from twingraph_lab.planning.sandbox import evaluate  # noqa: PLC0415  (Jinja, only where a template needs it)

    with limits():
        try:
            return _capped(text, evaluate(text, lookup))
        except MemoryError:
            raise TemplateError(f"template {_shown(text)} takes more than {MEMORY_HEADROOM_BYTES >> 20} MiB") from None


def as_text(value: Any) -> str:
    """What a value looks like within text: itself if it is text, else JSON. Raises `ValueError` if it isn't JSON data.

    >>> as_text("a"), as_text(1.5), as_text(None), as_text({"a": [True]})
    ('a', '1.5', 'null', '{"a": [true]}')
    """
    return value if type(value) is str else _json(plain(value))


def plain(value: Any, depth: int = 0) -> Any:
    """A copy of `value` in JSON's types; namedtuples become objects, NumPy's scalars numbers. Raises `ValueError`."""
    if depth > DEPTH_LIMIT:
        raise ValueError(f"a value in a template is nested deeper than {DEPTH_LIMIT}")
    match value:
        case None | bool() | int() | float() | str() if type(value) in _EXACT:
            return value
        case str():
            return str.__str__(value)
        case int():
            return int(value)
        case float():
            return float(value)
        case Mapping():
            return {_key(key): plain(item, depth + 1) for key, item in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            return plain(value._asdict(), depth)
        case list() | tuple():
            return [plain(item, depth + 1) for item in value]
        case _ if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
            return plain(value.item(), depth)
    raise ValueError(f"only JSON data can be written into text, not {described(value)}")


_EXACT = (type(None), bool, int, float, str)


def _key(key: object) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    raise ValueError(f"only JSON data can be written into text, not an object with the key {key!r}")


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _capped(text: str, chunks: Any) -> str:
    kept, length = [], 0
    for chunk in chunks:
        length += len(chunk)
        if length > OUTPUT_LIMIT:
            raise TemplateError(f"template {_shown(text)} renders more than {OUTPUT_LIMIT} characters")
        kept.append(chunk)
    return "".join(kept)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 100 else f"{text[:100]}…")


_LIMITING = threading.Lock()


@contextmanager
def limits() -> Iterator[None]:
    """Let the process take no more than `MEMORY_HEADROOM_BYTES` beyond what it has; beyond that, `MemoryError`.

    Linux only; elsewhere nothing is limited. One thread at a time, since the limit is the whole process's.
    """
    if sys.platform != "linux":
        yield
        return
    import resource  # noqa: PLC0415  (not on every system)

    with _LIMITING:
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        wanted = pages * resource.getpagesize() + MEMORY_HEADROOM_BYTES
        bounds = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_AS, (min([wanted, *bounds]), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
