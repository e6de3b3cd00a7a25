"""TwinGraph's decorators."""

from __future__ import annotations

from twingraph_lab.frontends.compat.api import async_component, component, pipeline

__all__ = ["async_component", "component", "pipeline"]
