"""Where the code that asks is running: in a process of the user's own, or in a body's.

A body's process imports the user's modules to find the node's function. What they do on import, such as starting a run
in a script without `if __name__ == "__main__"`, is the submitting process's business and not done again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Phase = Literal["outside", "loading", "running"]

KEYS_ARE_OUTPUTS = "__twingraph_keys_are_outputs__"
"""Attribute of functions: the keys of a dict that they return are names of outputs."""

_phase: Phase = "outside"


def phase() -> Phase:
    """`outside` of bodies, `loading` a body's function, or `running` it."""
    return _phase


@contextmanager
def loading() -> Iterator[None]:
    """The node's function is being imported or unpickled."""
    with _in("loading"):
        yield


@contextmanager
def running() -> Iterator[None]:
    """The node's function is being called."""
    with _in("running"):
        yield


@contextmanager
def _in(phase: Phase) -> Iterator[None]:
    global _phase  # noqa: PLW0603  (a body's process does one thing at a time)
    before, _phase = _phase, phase
    try:
        yield
    finally:
        _phase = before
