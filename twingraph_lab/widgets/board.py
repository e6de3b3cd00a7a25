"""What a canvas edits: a workflow, by itself or as the cells of a notebook."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from threading import RLock
from typing import Protocol

from pydantic import JsonValue

from twingraph_lab.errors import Fault
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.editing import edited
from twingraph_lab.frontends.canvas.messages import Edit
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import Workflow

Heard = Callable[[Workflow], None]
"""Told of a change, with the workflow after it."""


class Board(Protocol):
    """A workflow that may be changed from several sides. Each method may be called by any thread."""

    @property
    def workflow(self) -> Workflow:
        """The workflow as it is now."""

    @property
    def opaque(self) -> Collection[str]:
        """Nodes whose code isn't understood, so that nobody rewrites it."""

    @property
    def faults(self) -> Sequence[Fault]:
        """All that is to be told of it: what keeps it from running, and what its cells don't say yet."""

    def ready(self, nodes: Sequence[str] = ()) -> tuple[Workflow, dict[str, JsonValue]]:
        """The workflow to run, and values of its parameters.

        Raises `WorkflowError` with all that keeps it, or these nodes and what they need, from running.
        """

    def apply(self, edits: Sequence[Edit]) -> Workflow:
        """Make these edits, all or none; the workflow after them. Raises `WorkflowError` with every fault."""

    def put(self, workflow: Workflow) -> Workflow:
        """Become this workflow, as for undoing; what it is then. Raises `WorkflowError` if it can't be."""

    def subscribe(self, heard: Heard) -> Callable[[], None]:
        """Call `heard` after each change, whoever made it, until what this returns is called."""


class Plain:
    """A board that is a workflow and nothing else."""

    opaque: Collection[str] = frozenset()

    def __init__(self, workflow: Workflow, catalog: Callable[[Workflow], Catalog]) -> None:
        self._workflow = workflow
        self._catalog = catalog
        self._heard: list[Heard] = []
        self._lock = RLock()

    @property
    def workflow(self) -> Workflow:
        """See `Board`."""
        return self._workflow

    @property
    def faults(self) -> Sequence[Fault]:
        """See `Board`."""
        return faults(self._workflow)

    def ready(self, nodes: Sequence[str] = ()) -> tuple[Workflow, dict[str, JsonValue]]:
        """See `Board`; the plan tells what is wrong."""
        del nodes
        return self._workflow, {}

    def apply(self, edits: Sequence[Edit]) -> Workflow:
        """See `Board`."""
        with self._lock:
            return self.put(edited(self._workflow, edits, self._catalog(self._workflow)))

    def put(self, workflow: Workflow) -> Workflow:
        """See `Board`."""
        with self._lock:
            self._workflow = workflow
            for heard in list(self._heard):
                heard(workflow)
            return workflow

    def subscribe(self, heard: Heard) -> Callable[[], None]:
        """See `Board`."""
        self._heard.append(heard)
        return lambda: self._heard.remove(heard)
