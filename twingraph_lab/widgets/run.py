"""A run: its progress, its nodes over time, and what they write."""

from __future__ import annotations

from typing import Any

from ipywidgets import register
from traitlets import Unicode

from twingraph_lab.widgets.static import bundle, run_forms
from twingraph_lab.widgets.subject import RunWidget


@register
class RunView(RunWidget):
    """A run, live while it goes on.

    >>> RunView("8c1f")  # doctest: +SKIP
    """

    _model_name = Unicode("RunModel").tag(sync=True)
    _view_name = Unicode("RunWidgetView").tag(sync=True)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """With what there is to see now, for where no widget can be shown."""
        return bundle(super()._repr_mimebundle_(**kwargs), run_forms(self.lab, self.run_id))
