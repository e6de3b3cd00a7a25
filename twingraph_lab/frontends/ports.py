"""What the commands of a notebook need of the Lab and of the notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import JsonValue

from twingraph_lab.frontends.live import Screen
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.frontends.views import View
from twingraph_lab.frontends.why import Explanation
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.run import Run
from twingraph_lab.runtime.stream import EventStream
from twingraph_lab.spec.workflow import Workflow

if TYPE_CHECKING:
    from twingraph_lab.frontends.board import CellBoard


class Laboratory(Protocol):
    """What the commands need of the Lab."""

    @property
    def artifacts(self) -> ArtifactStore:
        """Where values are."""

    @property
    def ledger(self) -> Ledger:
        """What is remembered."""

    @property
    def slots(self) -> int:
        """How many bodies run at a time."""

    @property
    def stream(self) -> EventStream:
        """What happens."""

    @property
    def g(self) -> Any:
        """The lineage, as a Gremlin traversal source."""

    def submit(
        self,
        workflow: Workflow,
        parameters: Mapping[str, JsonValue] | None = None,
        *,
        context: RunContext | None = None,
        drive: bool = True,
        reuse: Mapping[str, TaskRecord] = {},
    ) -> Run:
        """Accept a run, and drive it."""

    def located(self, context: RunContext | None = None) -> RunContext:
        """A context with what the Lab adds to it."""

    def replay(self, run_id: str, node_id: str, *, drive: bool = True) -> Run:
        """Do one node of a run again."""

    def why(self, run_id: str, node: str | None = None) -> list[Explanation]:
        """Why nodes of a run ran."""

    def run(self, run_id: str) -> Run:
        """A run by the beginning of its id."""

    def runs(self, limit: int = 20) -> list[RunRecord]:
        """The newest runs."""

    def resume(self, run_id: str, *, drive: bool = True) -> Run:
        """Go on with a run."""


class Front(Protocol):
    """The notebook, as far as commands touch it."""

    @property
    def namespace(self) -> MutableMapping[str, Any]:
        """The user's variables, to bring values into."""

    @property
    def variables(self) -> Mapping[str, Any]:
        """Those of them that cells may use."""

    @property
    def attended(self) -> bool:
        """Whether somebody sits before it, as far as one can tell."""

    @property
    def history(self) -> Sequence[str]:
        """The code of the cells run so far, in their order."""

    def ends(self) -> bool:
        """Whether an interrupt that has just come is the beginning of the notebook's own end."""

    def show(self, view: View) -> None:
        """Display something."""

    def screen(self, view: Callable[[RunProgress], View]) -> Screen:
        """A new place to show the progress of a run."""


class RunWatcher(Protocol):
    """A canvas, as far as runs that others start are concerned."""

    @property
    def workflow(self) -> Workflow:
        """What is drawn."""

    def follow(self, run: Run) -> None:
        """Show how a run is doing."""


class Easel(Protocol):
    """What shows canvases."""

    def __call__(self, board: CellBoard, run: Run | None) -> RunWatcher:
        """Show a workflow of a notebook, with how its last run is doing if there was one."""
