"""Nodes that only hand values on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twingraph_lab.spec.component import Declaration, declared


@declared(
    Declaration(
        title="Input", description="Hands its inputs on: where a workflow begins.", takes_more=True, hands_on=True
    )
)
def passthrough(**inputs: Any) -> dict[str, Any]:
    """Its inputs, as they are: the entry of a workflow.

    >>> passthrough(user=3)
    {'user': 3}
    """
    return inputs


@declared(
    Declaration(
        title="Output", description="Gathers its inputs: where a workflow ends.", takes_more=True, hands_on=True
    )
)
def collect(**inputs: Any) -> dict[str, Any]:
    """Its inputs, gathered in one object: the exit of a workflow.

    >>> collect(posts=[1, 2], user="ada")
    {'posts': [1, 2], 'user': 'ada'}
    """
    return inputs


def with_defaults(values: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`values`, and the defaults of what they lack: an entry that takes whatever parameters a run is given.

    >>> with_defaults({"user": 3}, {"user": 0, "days": 7})
    {'user': 3, 'days': 7}
    """
    return {**(defaults or {}), **values}
