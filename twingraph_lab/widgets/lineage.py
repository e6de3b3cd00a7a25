"""Where values came from and what was made of them."""

from __future__ import annotations

from typing import Any, Literal

from ipywidgets import register
from traitlets import Enum, Int, Unicode

from twingraph_lab.lab import Lab
from twingraph_lab.runtime.run import Run
from twingraph_lab.widgets.static import bundle, lineage_forms
from twingraph_lab.widgets.subject import RunWidget


@register
class LineageView(RunWidget):
    """What is around a run, one node of it, or the artifact with a digest, within `depth` executions.

    >>> LineageView("8c1f", "clean", direction="ancestors")  # doctest: +SKIP
    """

    _model_name = Unicode("LineageModel").tag(sync=True)
    _view_name = Unicode("LineageWidgetView").tag(sync=True)

    artifact = Unicode("").tag(sync=True)
    depth = Int(5).tag(sync=True)
    direction = Enum(("both", "ancestors", "descendants"), "both").tag(sync=True)

    def __init__(
        self,
        run: Run | str = "",
        node: str = "",
        *,
        artifact: str = "",
        depth: int = 5,
        direction: Literal["both", "ancestors", "descendants"] = "both",
        lab: Lab | None = None,
        **kwargs: Any,
    ) -> None:
        """As `RunWidget`; `artifact` is a digest."""
        super().__init__(run, node, artifact=artifact, depth=depth, direction=direction, lab=lab, **kwargs)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """With what there is to see now, for where no widget can be shown."""
        return bundle(super()._repr_mimebundle_(**kwargs), lineage_forms(self.lab, self))
