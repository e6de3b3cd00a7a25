"""Amounts as TwinGraph's platforms write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

UNITS = {
    "": 1,
    **{unit: 1000**power for power, unit in enumerate("kMGT", 1)},
    **{unit: 1024**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti"), 1)},
    **{unit: 1024**power for power, unit in enumerate("bkmgt")},  # as Docker reads them
}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")


def cores(value: Any) -> float:
    """A number of cores. Raises `ValueError`.

    >>> cores(2), cores("500m")
    (2.0, 0.5)
    """
    if isinstance(value, str) and value.endswith("m"):
        return float(value[:-1]) / 1000
    return float(value)


def memory_bytes(value: Any) -> float:
    """Memory in bytes: numbers are MiB, as everywhere in TwinGraph; text has a unit. Raises `ValueError`.

    >>> memory_bytes(2), memory_bytes("4Gi"), memory_bytes("2g")
    (2097152.0, 4294967296.0, 2147483648.0)
    """
    found = _AMOUNT.fullmatch(str(value).strip())
    if found is None or found[2].removesuffix("B") not in UNITS:
        raise ValueError(f"{value!r} is no amount of memory such as 512 (MiB) or '4Gi'")
    if not found[2]:
        return float(found[1]) * 1024**2
    return float(found[1]) * float(UNITS[found[2].removesuffix("B")])


def amounts(asked: Mapping[str, Any]) -> dict[str, float]:
    """What a local process asks of its worker: cores, bytes of memory, devices. Raises `ValueError`."""
    asked = {**asked, **asked.get("requests", {})}
    read: dict[str, Callable[[Any], float]] = {"cpu": cores, "memory": memory_bytes}
    skipped = ("requests", "limits")
    return {name: read.get(name, float)(value) for name, value in asked.items() if name not in skipped}
