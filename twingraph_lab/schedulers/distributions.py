"""Which installed distributions provide what is imported, and their versions.

As `importlib.metadata` says, but without reading every distribution's list of files where names speak for themselves.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

ENDINGS = (".dist-info", ".egg-info")
_SEPARATORS = re.compile(r"[-_.]+")


class Distribution(NamedTuple):
    """As its folder is called."""

    name: str
    version: str
    folder: str


def versions(names: Collection[str], places: Collection[str] = ()) -> Mapping[str, str]:
    """Versions, by distribution, of what provides the packages `names`: in `places`, or this process's import path.

    What no distribution provides is left out. An answer holds until one of the folders changes, as `pip` changes them.
    """
    folders = tuple((place, _changed(place)) for place in dict.fromkeys([*places, *sys.path]) if place)
    return _versions(frozenset(names), folders)


@lru_cache(256)
def _versions(names: frozenset[str], folders: tuple[tuple[str, int], ...]) -> Mapping[str, str]:
    known = _installed(folders)
    found: dict[str, str] = {}
    for name in sorted(names):
        own = known.get(_normal(name))
        if own is not None and _provides(own.folder, name):
            found[own.name] = own.version
            continue
        others = [each for each in known.values() if _provides(each.folder, name)]
        for each in others or ([own] if own else []):  # one that is installed editable provides no files
            found[each.name] = each.version
    return found


@lru_cache(8)
def _installed(folders: tuple[tuple[str, int], ...]) -> Mapping[str, Distribution]:
    """By normalised name; the first on the path is the one that is imported."""
    known: dict[str, Distribution] = {}
    for place, _ in folders:
        try:
            entries = sorted(os.listdir(place))  # noqa: PTH208
        except OSError:
            continue
        for entry in entries:
            if entry.endswith(ENDINGS):
                name, _, rest = entry.rpartition(".")[0].partition("-")
                version = re.sub(r"-py\d.*$", "", rest)
                known.setdefault(_normal(name), Distribution(_normal(name), version, f"{place}/{entry}"))
    return known


@lru_cache(8192)
def _provides(folder: str, name: str) -> bool:
    """Whether a distribution's files include a module or package of this name."""
    for record, pattern in (("RECORD", rf"^{re.escape(name)}[/.]"), ("top_level.txt", rf"^{re.escape(name)}$")):
        try:
            with open(f"{folder}/{record}", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                return re.search(pattern, file.read(), re.MULTILINE) is not None
        except OSError:
            continue
    return False


def _normal(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()


def _changed(place: str) -> int:
    try:
        return os.stat(place).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0
