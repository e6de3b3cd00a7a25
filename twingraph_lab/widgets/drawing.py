"""What a canvas has told the browser of its workflow, and what is still to be told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from twingraph_lab.errors import Fault
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.elements import difference, elements, overall
from twingraph_lab.frontends.canvas.messages import Delta, Element, Frame
from twingraph_lab.spec.workflow import Workflow

ELEMENTS: TypeAdapter[tuple[Element, ...]] = TypeAdapter(tuple[Element, ...])
Json = dict[str, Any]


class Drawing:
    """The elements of a workflow as they were told last. Not safe to share between threads without a lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._catalog = Catalog(folder)
        self._elements: tuple[Element, ...] = ()
        self._faults: tuple[Fault, ...] = ()

    @property
    def elements(self) -> list[Json]:
        """All of them, as JSON."""
        drawn: list[Json] = ELEMENTS.dump_python(self._elements, mode="json")
        return drawn

    @property
    def faults(self) -> list[str]:
        """Those of the workflow as a whole."""
        return list(overall(self._faults))

    def catalog(self, workflow: Workflow) -> Catalog:
        """What there is to make nodes of."""
        if self._catalog.components is not workflow.components:
            self._catalog = Catalog(self.folder, workflow.components)
        return self._catalog

    def become(self, workflow: Workflow, opaque: Collection[str], faults: Iterable[Fault]) -> Delta | None:
        """Draw this workflow, with what is to be told of it; what that changes, None if nothing."""
        before = self._elements, self._faults
        self._faults = tuple(faults)
        self._elements = elements(workflow, self._faults, opaque=opaque, catalog=self.catalog(workflow))
        return difference(before[0], self._elements, self._faults) if before != (self._elements, self._faults) else None


def merged(status: Mapping[str, Any], frame: Frame) -> Json:
    """All that is known of a run after this frame of it."""
    new: Json = frame.model_dump(mode="json")
    if status.get("run_id") != frame.run_id:
        return new
    return {**new, "nodes": {**status["nodes"], **new["nodes"]}, "values": {**status["values"], **new["values"]}}
