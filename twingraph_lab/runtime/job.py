"""What the tasks of one run share, wherever they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from twingraph_lab.planning.context import RunContext
from twingraph_lab.spec.workflow import Component


@dataclass(frozen=True, slots=True)
class Job:
    """Sent once to each process that runs tasks of the run. `store_url` is the artifact store's, `workflow` a name."""

    run_id: str
    epoch: int
    parameters: Mapping[str, JsonValue]
    components: Mapping[str, Component]
    context: RunContext
    store_url: str
    workflow: str = ""
