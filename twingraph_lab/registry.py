"""Names to plugins, imported on first use."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from twingraph_lab.errors import NotFoundError

T = TypeVar("T")


@cache
def _entries(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}


class Registry(Generic[T]):
    """The plugins of one entry-point group, built-ins included.

    >>> Registry("twingraph_lab.platforms").names()
    ['local']
    """

    def __init__(self, group: str) -> None:
        self.group = group

    def names(self) -> list[str]:
        """Every name that `get` takes, sorted."""
        return sorted(_entries(self.group))

    def get(self, name: str) -> T:
        """Import and return the plugin. Raises `NotFoundError`, which lists the known names."""
        try:
            entry = _entries(self.group)[name]
        except KeyError:
            kind = self.group.removeprefix("twingraph_lab.").removesuffix("s")
            raise NotFoundError(f"no {kind} named {name!r}; known: {', '.join(self.names()) or 'none'}") from None
        return cast("T", entry.load())
