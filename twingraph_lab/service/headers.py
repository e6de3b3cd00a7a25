"""A header of our own, between Jupyter and the service."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

ROOT = "X-TwinGraph-Root"
"""The folder that the paths of a request are relative to: one service may have several Jupyter servers before it."""


def of_root(root: Path) -> str:
    """A folder as the header's value."""
    return quote(str(root))


def root(value: str | None, scope: Mapping[str, Any]) -> Path | None:
    """The folder that the header names, if the request came over the socket: its owner may read what we may."""
    server = scope.get("server")
    on_socket = server is not None and server[1] is None and str(server[0]).startswith("/")
    return Path(os.path.realpath(unquote(value))) if value and on_socket and "%00" not in value else None
