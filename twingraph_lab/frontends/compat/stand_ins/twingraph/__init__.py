"""TwinGraph's names, for programs written for it. What they do is in `twingraph_lab.frontends.compat`."""

from __future__ import annotations

from twingraph_lab.frontends.compat import STAND_IN
from twingraph_lab.frontends.compat.api import async_component, component, pipeline
from twingraph_lab.platforms.stand_ins import missing

__all__ = ["async_component", "component", "pipeline"]


def __getattr__(name: str) -> object:
    raise AttributeError(missing("twingraph", STAND_IN, name))
