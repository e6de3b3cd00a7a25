"""What the widgets about one run have in common."""

from __future__ import annotations

from typing import Any

from ipywidgets import DOMWidget, register
from traitlets import Unicode, observe, validate

from twingraph_lab.lab import Lab, current
from twingraph_lab.runtime.run import Run
from twingraph_lab.widgets.answers import MODULE, VERSION, answer, plain
from twingraph_lab.widgets.following import Follower
from twingraph_lab.widgets.questions import AboutRuns


@register
class RunWidget(DOMWidget):  # type: ignore[misc]
    """A widget about a run, told by `run_id`, and perhaps one `node` of it; setting them shows another.

    It follows the run in a thread as long as that is under way. `lab` is the Lab that has the run; this process's by
    default.
    """

    _model_module = Unicode(MODULE).tag(sync=True)
    _model_module_version = Unicode(VERSION).tag(sync=True)
    _view_module = Unicode(MODULE).tag(sync=True)
    _view_module_version = Unicode(VERSION).tag(sync=True)

    run_id = Unicode("").tag(sync=True)
    node = Unicode("").tag(sync=True)

    def __init__(self, run: Run | str = "", node: str = "", *, lab: Lab | None = None, **kwargs: Any) -> None:
        """`run` may be the beginning of an id. Raises `NotFoundError` if there is no such run."""
        self._given_lab = lab
        self._follower: Follower | None = None
        super().__init__(run_id=run.id if isinstance(run, Run) else run, node=node, **kwargs)
        answer(self, AboutRuns(lambda: self.lab, lambda run: self._follow(run.id)).questions)
        self._follow(self.run_id)

    @property
    def lab(self) -> Lab:
        """The Lab that has the run."""
        return self._given_lab or current()

    def __repr__(self) -> str:
        about = " ".join(filter(None, [self.run_id, self.node]))
        return f"<{type(self).__name__} {about}>"

    def close(self) -> None:
        """Stop following, and go away."""
        self._stop()
        super().close()

    @validate("run_id")
    def _found(self, proposal: Any) -> str:
        """The whole id. Raises `NotFoundError` if there is no such run."""
        return self.lab.run(proposal["value"]).id if proposal["value"] else ""

    @observe("run_id")
    def _other_run(self, change: Any) -> None:
        if self.comm is not None:  # else it is being made
            self._follow(change["new"])

    def _follow(self, run_id: str) -> None:
        self._stop()
        if run_id:
            self._follower = Follower(self.lab, run_id, lambda frame: self.send({"op": "frame", "frame": plain(frame)}))
            self._follower.start()

    def _stop(self) -> None:
        if self._follower is not None:
            self._follower.stop()
            self._follower = None
