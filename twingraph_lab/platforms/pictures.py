"""Figures that a cell leaves open or gives: they are kept as PNG. Does nothing unless Matplotlib has been imported."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from twingraph_lab.runtime.serializers import Image, Png

FIGURE = "figure"
"""The output that holds the figure a cell leaves open; further ones are `figure_2`, …"""


@cache
def without_screen() -> None:
    """Let Matplotlib draw into memory, whatever the submitting process does."""
    os.environ["MPLBACKEND"] = "agg"
    warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive", category=UserWarning)


def with_pictures(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs with pictures of plots in place of figures, axes and what is drawn in them, and of all open figures.

    A figure is named `figure`, or `figure_2`, … unless the name is taken.
    """
    if "matplotlib.figure" not in sys.modules:
        return dict(outputs)
    drawn: dict[int, Image] = {}
    given = {name: _picture_of(value, drawn) for name, value in outputs.items()}
    names = (name for number in range(1, 1000) if (name := _name(number)) not in outputs)
    return {**given, **{name: _drawn(figure, drawn) for name, figure in zip(names, _open(), strict=False)}}


def close_figures() -> None:
    """Close all figures: the process is used again."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


def _open() -> Iterable[Any]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return [pyplot.figure(number) for number in pyplot.get_fignums()] if pyplot else []


def _name(number: int) -> str:
    return FIGURE if number == 1 else f"{FIGURE}_{number}"


def _picture_of(value: Any, drawn: dict[int, Image]) -> Any:
    figure = _figure_of(value)
    return value if figure is None else _drawn(figure, drawn)


def _drawn(figure: Any, drawn: dict[int, Image]) -> Image:
    if id(figure) not in drawn:
        drawn[id(figure)] = Image(Png().encode(figure))
    return drawn[id(figure)]


def _figure_of(value: Any) -> Any:
    """The figure that a plotting library's return value belongs to: a figure, axes, lines, bars, a grid, or several."""
    kind = sys.modules["matplotlib.figure"].Figure
    if isinstance(value, list | tuple) and 0 < len(value) < 1000:
        found = [_figure_of(part) for part in value]
        return found[0] if None not in found else None
    if type(value).__module__ == "numpy" and value.ndim and value.size and value.dtype.hasobject:
        return _figure_of(list(value.flat))
    for candidate in (value, *_attribute(value)):
        if isinstance(candidate, kind):
            return candidate
    return None


def _attribute(value: Any) -> list[Any]:
    """`value.figure`, of what plotting libraries make only: other objects may compute such an attribute."""
    library = type(value).__module__.partition(".")[0]
    return [getattr(value, "figure", None)] if library in ("matplotlib", "seaborn", "mpl_toolkits", "pandas") else []
