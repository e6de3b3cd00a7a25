"""What node bodies need of the place their run was submitted from."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from twingraph_lab.events import Frozen


class RunContext(Frozen):
    """Where the user's modules are found. Stored with the run, so a resume imports from the same places.

    `git` holds `commit`, `branch`, `dirty` and `root` where the source is in a repository. Environment variables are
    never taken along: they hold secrets.
    """

    cwd: str
    sys_path: tuple[str, ...] = ()
    source: str = ""
    git: Mapping[str, str | bool] = {}

    @classmethod
    def here(cls, *, source: str = "", extra_path: tuple[str, ...] = ()) -> RunContext:
        """The context of this process: its folder, and its import path beyond the installation's own."""
        own = tuple(os.path.realpath(path) for path in {sys.prefix, sys.base_prefix})
        path = [os.path.realpath(entry or ".") for entry in (*extra_path, *sys.path)]
        mine = tuple(dict.fromkeys(entry for entry in path if not entry.startswith(own) and os.path.isdir(entry)))  # noqa: PTH112
        return cls(cwd=os.getcwd(), sys_path=mine, source=source)  # noqa: PTH109
