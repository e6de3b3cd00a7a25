"""What those who look at runs need of the Lab."""

from __future__ import annotations

from typing import Protocol

from twingraph_lab.frontends.why import Explanation
from twingraph_lab.lineage.recorder import Recorder
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.stream import EventStream


class Viewed(Protocol):
    """A Lab, as far as it is looked at."""

    @property
    def ledger(self) -> Ledger:
        """What is remembered."""

    @property
    def artifacts(self) -> ArtifactStore:
        """Where values are."""

    @property
    def stream(self) -> EventStream:
        """What happens."""

    @property
    def lineage(self) -> Recorder:
        """What writes the lineage graph."""

    def why(self, run_id: str, node: str | None = None) -> list[Explanation]:
        """Why nodes of a run ran."""
