"""Comms of a kernel that may be spoken over by several of its threads."""

from __future__ import annotations

from typing import Any


def listen_where_asked(comm: Any) -> None:
    """Let a page say by which of the kernel's threads it wants to be heard, so that it is while a cell runs.

    Since 7.4, ipykernel rather takes the thread that spoke over the comm last: mostly the one of the cells, or that of
    a page which is gone, and then nobody hears.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, asked: asked  # noqa: SLF001
