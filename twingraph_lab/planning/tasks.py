"""One node → one task: what is left once parameters are known."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from twingraph_lab.planning.plan import Task
from twingraph_lab.spec.workflow import Node, digest_of


def component_key(node: Node) -> str:
    """Under which key of `Plan.components` a node's component is found: its name, or a digest of its definition."""
    if isinstance(node.component, str):
        return node.component
    return digest_of(json.loads(node.component.model_dump_json()))[7:23]


def task_of(node: Node, key: str, inputs: Mapping[str, JsonValue] | None = None) -> Task:
    """The task of `node`; `inputs` are its own with parameters bound."""
    return Task(
        id=node.id,
        component=key,
        inputs=node.inputs if inputs is None else inputs,
        upstream=node.upstream,
        outputs=node.outputs,
        platform=node.platform,
        retry=node.retry,
        timeout_s=node.timeout_s,
        cache=node.cache,
        resources=node.resources,
        at_most_once=node.at_most_once,
    )
