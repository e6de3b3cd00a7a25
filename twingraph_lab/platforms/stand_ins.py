"""Packages that others know by another name: they are imported from a folder of ours, unless they are installed.

An entry point of the group `twingraph_lab.stand_ins` has the package's name and leads to a `StandIn`. Import looks here
last, so whatever is installed under the name wins, and what imports without help costs nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from twingraph_lab.registry import Registry


@dataclass(frozen=True, slots=True)
class StandIn:
    """`folder` is that of the package, `instead` says by submodule what to use instead of those that it lacks."""

    folder: Path
    instead: Mapping[str, str] = field(default_factory=dict)


class Finder:
    """Finds stand-ins; the last of `sys.meta_path`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The package's spec. Raises `ModuleNotFoundError` for a submodule that a stand-in doesn't have."""
        del path, target
        top, dot, below = name.partition(".")
        if top not in _names():
            return None
        stand_in = _registry.get(top)
        if not dot:
            folder = stand_in.folder
            return spec_from_file_location(top, folder / "__init__.py", submodule_search_locations=[str(folder)])
        if getattr(sys.modules.get(top), "__file__", None) != str(stand_in.folder / "__init__.py"):
            return None
        raise ModuleNotFoundError(missing(top, stand_in, below))  # with a `name`, `from … import` would hide it


def missing(package: str, stand_in: StandIn, name: str) -> str:
    """That a stand-in hasn't got `name`, and what to use instead."""
    hint = stand_in.instead.get(name) or stand_in.instead.get(name.partition(".")[0])
    return f"TwinGraph Lab stands in for {package!r} and has no {package}.{name}" + (f": {hint}" if hint else "")


def install() -> None:
    """Let this process import stand-ins. Installing twice does nothing."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        _names()  # now rather than in every process that is forked from this one
        sys.meta_path.append(Finder())


_registry = Registry[StandIn]("twingraph_lab.stand_ins")


@cache
def _names() -> frozenset[str]:
    return frozenset(_registry.names())
