"""Where in the user's code a component is called, in a form that survives edits elsewhere."""

from __future__ import annotations

import ast
import itertools
import linecache
import re
import sys
from types import CodeType, FrameType

from twingraph_lab.runtime.replay import Site

_PACKAGE = __name__.partition(".")[0]
_COMPREHENSION = re.compile(r"\.<locals>\.<(?:list|dict|set)comp>")
_known: dict[tuple[int, int], tuple[CodeType, Site]] = {}
"""By code object and instruction: finding the source takes a hundred times as long as a call. The code is kept, so its
id stays its own."""


def call_site() -> Site:
    """The call that the nearest frame outside of this package is making."""
    frame = user_frame()
    code, instruction = frame.f_code, frame.f_lasti
    found = _known.get((id(code), instruction))
    if found is None:
        found = _known[id(code), instruction] = code, _site(frame)
    return found[1]


def user_frame() -> FrameType:
    """The nearest frame outside of this package."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  (the documented way to the caller)
    while frame is not None and frame.f_back is not None and _ours(frame):
        frame = frame.f_back
    assert frame is not None
    return frame


def _ours(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return isinstance(name, str) and (name == _PACKAGE or name.startswith(_PACKAGE + "."))


def _site(frame: FrameType) -> Site:
    code = frame.f_code
    function = _COMPREHENSION.sub("", code.co_qualname)  # from Python 3.12 on they have no frame of their own
    text = _source(frame) or f"line {frame.f_lineno - code.co_firstlineno} of the function"
    return Site(f"{function}: {text}", code.co_filename, frame.f_lineno)


def _source(frame: FrameType) -> str:
    """The text of the expression a frame is evaluating, whatever its layout; empty if the source can't be read."""
    positions = next(itertools.islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), (None,) * 4)
    first, last, start, end = positions
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    if first is None or last is None or start is None or end is None or last > len(lines):
        return ""
    text = [line.encode() for line in lines[first - 1 : last]]  # columns count bytes
    text[-1] = text[-1][:end]
    text[0] = text[0][start:]
    source = b"".join(text).decode(errors="replace")
    try:
        return ast.unparse(ast.parse(source.strip(), mode="eval"))
    except (SyntaxError, ValueError):
        return " ".join(source.split())
