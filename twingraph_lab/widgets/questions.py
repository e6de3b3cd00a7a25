"""What widgets can be asked about runs, and told to do with them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal

from pydantic import JsonValue

from twingraph_lab.frontends.drivers import Driver
from twingraph_lab.frontends.inspection.lineage import DEPTH, lineage_graph
from twingraph_lab.frontends.inspection.logs import log_page
from twingraph_lab.frontends.inspection.models import LineageGraph, LogPage, NodeDetail, Preview, RunDetail
from twingraph_lab.frontends.inspection.models import TimelineView as Timeline
from twingraph_lab.frontends.inspection.nodes import node_detail, output_of
from twingraph_lab.frontends.inspection.previews import preview
from twingraph_lab.frontends.inspection.runs import run_detail
from twingraph_lab.frontends.inspection.timeline import timeline_view
from twingraph_lab.lab import Lab
from twingraph_lab.runtime.run import Run
from twingraph_lab.service.driving import ServiceDriver
from twingraph_lab.widgets.answers import Questions

log = logging.getLogger(__name__)


def driver_of(lab: Lab) -> Driver:
    """Who drives runs that are started from a widget: the service, if the settings say so."""
    return ServiceDriver(lambda: lab, lambda: lab.settings, log.warning)


class AboutRuns:
    """Answers about the runs of a Lab. `follow` is called with each run that is started or taken up again."""

    def __init__(self, lab: Callable[[], Lab], follow: Callable[[Run], None]) -> None:
        self._lab = lab
        self._follow = follow

    @property
    def questions(self) -> Questions:
        """By name."""
        return {
            "run_detail": self.run_detail,
            "node_detail": self.node_detail,
            "log_page": self.log_page,
            "timeline": self.timeline,
            "lineage": self.lineage,
            "preview": self.preview,
            "cancel": self.cancel,
            "resume": self.resume,
            "rerun": self.rerun,
            "replay": self.replay,
        }

    def run_detail(self, run_id: str) -> RunDetail:
        """A run with its nodes."""
        return run_detail(self._lab(), run_id)

    def node_detail(self, run_id: str, node: str) -> NodeDetail:
        """A node of a run."""
        return node_detail(self._lab(), run_id, node)

    def log_page(
        self, run_id: str, node: str | None = None, after: int = 0, limit: int = 1000, level: str | None = None
    ) -> LogPage:
        """What was written."""
        return log_page(self._lab(), run_id, node=node, after=after, limit=limit, level=level)

    def timeline(self, run_id: str) -> Timeline:
        """When its nodes ran."""
        return timeline_view(self._lab(), run_id)

    def lineage(
        self,
        run_id: str | None = None,
        node: str | None = None,
        artifact: str | None = None,
        depth: int = DEPTH,
        direction: Literal["ancestors", "descendants", "both"] = "both",
    ) -> LineageGraph:
        """What is around a run, a node of it or an artifact."""
        return lineage_graph(self._lab(), run_id=run_id, node=node, artifact=artifact, depth=depth, direction=direction)

    def preview(self, run_id: str, node: str, name: str) -> Preview:
        """What an output looks like."""
        lab = self._lab()
        return preview(name, output_of(lab, run_id, node, name), lab.artifacts)

    def cancel(self, run_id: str) -> JsonValue:
        """Ask a run to stop."""
        return {"run_id": run_id, "cancelled": self._lab().run(run_id).cancel()}

    def resume(self, run_id: str) -> JsonValue:
        """Go on with a run."""
        return self.begun(lambda lab, drive: lab.resume(run_id, drive=drive))

    def rerun(self, run_id: str) -> JsonValue:
        """Run the same again."""
        return self.begun(lambda lab, drive: lab.rerun(run_id, drive=drive))

    def replay(self, run_id: str, node: str) -> JsonValue:
        """Run one node again, in a run of its own."""
        return self.begun(lambda lab, drive: lab.replay(run_id, node, drive=drive))

    def begun(self, start: Callable[[Lab, bool], Run], *, attended: bool = True) -> dict[str, Any]:
        """Start a run as somebody asked, and follow it; its id."""
        lab = self._lab()
        run = driver_of(lab).begin(lambda drive: start(lab, drive), attended=attended)
        self._follow(run)
        return {"run_id": run.id}
