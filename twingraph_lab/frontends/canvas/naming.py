"""Ids on a canvas: what those of groups and comments begin with, ids that are free, and what can be one."""

from __future__ import annotations

import re
from collections.abc import Collection

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.spec.validate import RESERVED_IDS
from twingraph_lab.spec.workflow import NAME, Workflow

GROUP, COMMENT = "group:", "comment:"
"""What ids of groups and comments begin with; ids of nodes hold no colon."""

_NUMBERED = re.compile(r"_\d+$")


def free(name: str, taken: Collection[str]) -> str:
    """`name`, or with the first number that makes it free. No `-`: expressions can't read such ids.

    >>> free("load", {"load", "load_2"}), free("load_2", {"load", "load_2"})
    ('load_3', 'load_3')
    """
    if name not in taken:
        return name
    stem = _NUMBERED.sub("", name) or name
    number = 2
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"


def check_id(workflow: Workflow, name: str) -> None:
    """Raise `WorkflowError` unless a node can get this id."""
    if not re.fullmatch(NAME, name):
        shown = name if len(name) <= 60 else f"{name[:60]}…"
        raise refusal(f"{shown!r} is not a name: letters, digits, _ and - after a letter or _, at most 128")
    if name in RESERVED_IDS:
        raise refusal(f"{name!r} is reserved: `{{{{ {name} }}}}` is a value")
    if name in workflow.by_id:
        raise refusal(f"there is a node {name!r} already")


def refusal(message: str, node: str | None = None, path: str = "") -> WorkflowError:
    """The error that says why an edit can't be done."""
    return WorkflowError([Fault(message, node=node, path=path)])
