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

    `project` names whose cached outputs the run may use; with `refresh` it uses none, and all it computes is kept anew.

    A run that a program builds knows how to run it again: `program` stands for one execution of it, `call` is the n-th
    call of a pipeline in that, `script` what was executed (a file, or `-m module`; empty if it was no script) and
    `arguments` its `sys.argv`.
    """

    cwd: str
    sys_path: tuple[str, ...] = ()
    source: str = ""
    git: Mapping[str, str | bool] = {}
    project: str = ""
    refresh: bool = False
    program: str = ""
    call: int = 0
    script: str = ""
    arguments: tuple[str, ...] = ()
    asked: str = ""
    """The nodes that were asked to run in a partial run, as options: `--from clean`."""
    replay_of: str = ""
    """The `run/node/attempt` that this run repeats; the attempt is 0 if the node never began."""

    @classmethod
    def here(cls, *, source: str = "", extra_path: tuple[str, ...] = ()) -> RunContext:
        """The context of this process: its folder, and its import path beyond the installation's own."""
        own = tuple(os.path.realpath(path) for path in {sys.prefix, sys.base_prefix})
        path = [os.path.realpath(entry or ".") for entry in (*extra_path, *sys.path)]
        mine = tuple(dict.fromkeys(entry for entry in path if not entry.startswith(own) and os.path.isdir(entry)))  # noqa: PTH112
        return cls(cwd=os.getcwd(), sys_path=mine, source=source)  # noqa: PTH109
