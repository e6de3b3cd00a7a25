"""TwinGraph's structured loggers."""

from __future__ import annotations

from twingraph_lab.logs import get_logger

__all__ = ["get_logger"]
