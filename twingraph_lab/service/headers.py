"""What tells how a request came: over the socket or not, and a header of our own from Jupyter."""

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
    return Path(os.path.realpath(unquote(value))) if value and on_socket(scope) and "%00" not in value else None


def on_socket(scope: Mapping[str, Any]) -> bool:
    """Whether a request came over the unix socket: by ASGI, `server` is then the socket's path, and no port."""
    path, port = scope.get("server") or ("", None)
    return port is None and str(path).startswith("/")
