"""What a pickled value is, in a few words, told when it is stored: later only its own code could read it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID

PLAIN = (complex, date, Decimal, float, Fraction, int, PurePath, time, timedelta, UUID)
"""Values that are as short in words as their type is; NumPy's scalars have no dimensions and are told, too."""
WIDTH = 60


def summary(value: Any) -> str:
    """The type, and the value if it is plain, else its shape and element type, or its length. Never raises.

    >>> summary((1, 2)), summary(1j), summary({"a": {1}})
    ('tuple of 2', 'complex 1j', 'dict of 1')
    """
    name = type(value).__name__
    with suppress(Exception):  # another's `shape` or `__len__` may do anything
        shape = getattr(value, "shape", None)
        if isinstance(value, PLAIN) or shape == ():
            return f"{name} {value}"[:WIDTH]
        if isinstance(shape, tuple):
            return f"{name} {' × '.join(map(str, shape))} {getattr(value, 'dtype', '')}".rstrip()[:WIDTH]  # noqa: RUF001
        if hasattr(value, "__len__"):
            return f"{name} of {len(value)}"
    return name
