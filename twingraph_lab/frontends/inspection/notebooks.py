"""An executed notebook as text: its code, what it printed, and which pictures it made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from twingraph_lab.frontends.display import size, without_controls


def told(data: bytes) -> str:
    """The cells of a notebook one after the other. What isn't a notebook is told as one without cells.

    >>> told(b'{"cells": [{"cell_type": "code", "execution_count": 1, "source": "1 + 1", "outputs": []}]}')
    '[1] 1 + 1'
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return "not a notebook"
    cells = document.get("cells") if isinstance(document, dict) else None
    return "\n\n".join(filter(None, map(_cell, cells if isinstance(cells, list) else [])))


def _cell(cell: Any) -> str:
    if not isinstance(cell, dict):
        return ""
    source = _joined(cell.get("source"))
    if cell.get("cell_type") != "code":
        return source
    number = cell.get("execution_count")
    lines = [f"[{number if isinstance(number, int) else ' '}] {source}", *_outputs(cell.get("outputs"))]
    return "\n".join(filter(None, lines))


def _outputs(outputs: Any) -> Iterator[str]:
    for output in outputs if isinstance(outputs, list) else []:
        match output:
            case {"output_type": "stream", "text": text}:
                yield _plain(text)
            case {"output_type": "error", "traceback": trace}:
                yield _plain([f"{line}\n" for line in trace] if isinstance(trace, list) else trace)
            case {"data": dict(data)}:
                yield from _rich(data)


def _rich(data: dict[Any, Any]) -> Iterator[str]:
    pictures = [kind for kind in data if isinstance(kind, str) and kind.startswith("image/")]
    if pictures:
        yield f"({pictures[0]}, about {size(len(_joined(data[pictures[0]])) * 3 / 4)})"
    elif "text/plain" in data:
        yield _plain(data["text/plain"])


def _plain(text: Any) -> str:
    return "\n".join(map(without_controls, _joined(text).rstrip("\n").split("\n")))


def _joined(text: Any) -> str:
    """Notebooks keep a text whole or in lines."""
    return "".join(map(str, text)) if isinstance(text, list) else str(text or "")
