"""What kernels ask of the process that hosts their store."""

from __future__ import annotations

from fastapi import status

from twingraph_lab.service.bodies import router
from twingraph_lab.service.hosted import HostedLab

routes = router("hosting")


@routes.post("/adopt", status_code=status.HTTP_204_NO_CONTENT)
def adopt(lab: HostedLab) -> None:
    """Take up the runs that nobody drives, now; it would be done a moment later anyway."""
    lab.look()


@routes.post("/prepare", status_code=status.HTTP_204_NO_CONTENT)
def prepare(lab: HostedLab) -> None:
    """Start the workers, as a run will come soon."""
    lab.prepare()
