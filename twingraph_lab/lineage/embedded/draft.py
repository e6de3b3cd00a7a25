"""A step while it is being compiled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twingraph_lab.lineage.embedded.chain import Modulator


@dataclass(slots=True)
class Draft:
    """Collects its modulators and labels before it becomes a `Call`."""

    name: str
    arguments: tuple[Any, ...]
    modulators: list[Modulator] = field(default_factory=list)
    labels: tuple[str, ...] = ()
