"""Paths that come with a request: relative to the service's folder, and never out of it."""

from __future__ import annotations

import os
from pathlib import Path

from twingraph_lab.errors import NotFoundError
from twingraph_lab.service.problems import RequestError


def inside(root: Path, path: str) -> Path:
    """The file or folder that `path` means, its links followed. `root` is a real path.

    Raises RequestError (403) if it isn't below `root`, NotFoundError if there is no such thing.
    """
    if "\0" in path or os.path.isabs(path):  # noqa: PTH117  (a Path can't hold every text)
        raise RequestError(f"{path!r} is not a path relative to the service's folder", 403)
    try:
        real = os.path.realpath(root / path, strict=True)
    except (OSError, ValueError):
        raise NotFoundError(f"there is no {path!r} in the service's folder") from None
    if os.path.commonpath((root, real)) != str(root):
        raise RequestError(f"{path!r} leads out of the service's folder", 403)
    return Path(real)


def folder(root: Path, path: str) -> Path:
    """As `inside`, and it is a folder."""
    found = inside(root, path)
    if not found.is_dir():
        raise NotFoundError(f"{path!r} is no folder")
    return found
