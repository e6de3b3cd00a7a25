"""Starting runs of a workflow that is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from twingraph_lab.frontends.earlier import select
from twingraph_lab.frontends.partial import Selection
from twingraph_lab.lab import Lab
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.run import Run
from twingraph_lab.spec.workflow import Workflow
from twingraph_lab.widgets.questions import driver_of


def begun(
    lab: Lab,
    workflow: Workflow,
    parameters: Mapping[str, JsonValue],
    context: RunContext,
    selection: Selection,
    *,
    attended: bool,
) -> Run:
    """A run of the workflow, or the selected part of it, which somebody drives. Raises `WorkflowError`.

    `attended` says that a person is there, who may close the notebook before it ends.
    """
    made = select(lab, workflow, parameters, selection)
    context = selection.over(context)

    def start(drive: bool) -> Run:  # noqa: FBT001  (what a `Driver` calls)
        return lab.submit(made.workflow, made.parameters, context=context, drive=drive, reuse=made.reuse)

    return driver_of(lab).begin(start, attended=attended)


def attended() -> bool:
    """Whether the cell that runs now was run by a person: only front ends with people before them tell which it is."""
    from IPython import get_ipython  # noqa: PLC0415

    shell: Any = get_ipython()
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)()
    return bool(parent.get("metadata", {}).get("cellId"))
