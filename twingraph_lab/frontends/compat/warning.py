"""What a TwinGraph program asks for and gets in another way is said once."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

from twingraph_lab.frontends.sites import user_frame


class TwinGraphWarning(UserWarning):
    """A TwinGraph program asks for something that is done in another way here; the message says how."""


_said: set[str] = set()


def say_once(kind: str, message: str) -> None:
    """Warn, at the line of the user's code that leads here, unless something of this kind was said before."""
    if kind not in _said:
        _said.add(kind)
        warnings.warn(message, TwinGraphWarning, stacklevel=_outside())


def forget() -> None:
    """Say everything again."""
    _said.clear()


def _outside() -> int:
    """The `stacklevel` with which the caller's `warnings.warn` names the first line outside of this package."""
    theirs = user_frame()
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  (the documented way to the caller's line)
    level = 1
    while frame is not None and frame is not theirs:
        frame, level = frame.f_back, level + 1
    return level
