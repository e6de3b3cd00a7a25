"""Saved workflows: a name stands for a sequence of versions, each a document that never changes."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.events import Frozen


class SavedWorkflow(Frozen):
    """A version of a saved workflow. `text` is its document; `digest` that of what the workflow does."""

    name: str
    version: int
    digest: str
    saved: datetime
    text: str = Field(repr=False)


def check_name(name: str) -> str:
    """The name, if it can be one: text without slashes and control characters. Raises `WorkflowError`."""
    sound = 0 < len(name) <= 200 and name.isprintable() and not set(name) & set("/\\") and name.strip(" .")
    if not sound:
        raise WorkflowError([Fault(f"{name!r} can't be a name: up to 200 characters without slashes or line breaks")])
    return name
