"""Text of a document → the workflow that a canvas shows, also while it is half done."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.spec.document import load, parse, parse_yaml
from twingraph_lab.spec.structure import structural_faults
from twingraph_lab.spec.workflow import Workflow

UNTITLED = "untitled"
KEPT = 4
"""Texts whose workflows are kept: an editor sends the same text with each of its questions."""


@lru_cache(KEPT)
def opened(text: str, *, name: str = UNTITLED) -> Workflow:
    """The workflow of a document, JSON or YAML, of our form or a dialect. Nothing at all is an empty one called `name`.

    Only what can't be drawn is refused: text of another structure, and ids given twice. What else is wrong,
    `spec.validate.faults` tells. Raises `WorkflowError` with every fault.
    """
    plain = text.lstrip("\ufeff \t\r\n")
    data: Any = (parse(text) if plain[:1] in ("{", "[") else parse_yaml(text)) if plain else {}
    if not isinstance(data, dict):
        raise WorkflowError([Fault("a workflow is an object with `name` and `nodes`")])
    if data and "nodes" not in data and "version" not in data and data.keys() - Workflow.model_fields.keys():
        return load(data)  # a dialect, or what is wrong with it
    try:
        workflow = Workflow.model_validate({"name": name, **data})
    except ValidationError as error:
        raise WorkflowError(structural_faults(data, error)) from None
    if faults := _repeated(workflow):
        raise WorkflowError(faults)
    return workflow


def _repeated(workflow: Workflow) -> list[Fault]:
    counts = Counter(node.id for node in workflow.nodes)
    return [
        Fault(f"the id {name!r} is that of {count} nodes: each needs its own", node=name)
        for name, count in counts.items()
        if count > 1
    ]
