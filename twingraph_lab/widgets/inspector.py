"""A node of a run: what it was given and gave, its attempts, its log, where and why it ran."""

from __future__ import annotations

from typing import Any

from ipywidgets import register
from traitlets import Unicode

from twingraph_lab.widgets.static import bundle, node_forms
from twingraph_lab.widgets.subject import RunWidget


@register
class Inspector(RunWidget):
    """All that is known of a node in a run.

    >>> Inspector("8c1f", "clean")  # doctest: +SKIP
    """

    _model_name = Unicode("InspectorModel").tag(sync=True)
    _view_name = Unicode("InspectorWidgetView").tag(sync=True)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """With what there is to see now, for where no widget can be shown."""
        return bundle(super()._repr_mimebundle_(**kwargs), node_forms(self.lab, self.run_id, self.node))
