"""Widgets for notebooks: the canvas, a run, a node of a run, lineage. Imported when first used; they need an extra."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from twingraph_lab.errors import MissingExtraError

if TYPE_CHECKING:
    from twingraph_lab.widgets.board import Board
    from twingraph_lab.widgets.canvas import Canvas
    from twingraph_lab.widgets.inspector import Inspector
    from twingraph_lab.widgets.lineage import LineageView
    from twingraph_lab.widgets.run import RunView

__all__ = ["Board", "Canvas", "Inspector", "LineageView", "RunView"]

_HOMES = {
    "Board": "twingraph_lab.widgets.board",
    "Canvas": "twingraph_lab.widgets.canvas",
    "Inspector": "twingraph_lab.widgets.inspector",
    "LineageView": "twingraph_lab.widgets.lineage",
    "RunView": "twingraph_lab.widgets.run",
}
_NEEDED = ("ipywidgets", "ipycytoscape", "IPython", "traitlets", "spectate")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ImportError as error:
        if (error.name or "").split(".")[0] not in _NEEDED:
            raise
        raise MissingExtraError("showing widgets", "notebook") from error


def __dir__() -> list[str]:
    return __all__
