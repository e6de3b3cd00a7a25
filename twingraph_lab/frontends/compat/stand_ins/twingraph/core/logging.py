"""TwinGraph's structured loggers."""

from __future__ import annotations

import logging

from twingraph_lab.logs import JsonLines, Logger
from twingraph_lab.logs import get_logger as ours

__all__ = ["get_logger"]


def get_logger(name: str) -> Logger:
    """The logger of this name. If nobody has said where records go, its go to stderr from INFO on, as JSON lines."""
    logger = ours(name)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    return logger
