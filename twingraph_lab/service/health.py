"""Whether the service works."""

from __future__ import annotations

from importlib import metadata

from twingraph_lab.events import Frozen
from twingraph_lab.service.bodies import router
from twingraph_lab.service.hosted import HostedLab

routes = router("health")


class Health(Frozen):
    """`seq` is the last event in the log: the cursor from which news are news."""

    status: str
    version: str
    seq: int


@routes.get("/health")
def read_health(lab: HostedLab) -> Health:
    """That it answers and can read its ledger."""
    return Health(status="ok", version=metadata.version("twingraph-lab"), seq=lab.ledger.last_seq())
