"""The same workflow as workflow.json, in Python: calls of components are nodes, passing results on makes edges."""

from __future__ import annotations

from typing import Any

import flights as steps

from twingraph_lab import component, pipeline

load_flights = component(steps.load_flights)
load_airports = component(steps.load_airports)
flown = component(steps.flown)
share_late = component(steps.share_late)
routes = component(steps.routes)
by_state = component(steps.by_state)
figure = component(steps.figure)
summary = component(steps.summary)


@pipeline
def late_flights(min_flights: int = 365) -> dict[str, Any]:
    """Nothing here waits: the run ends when the last node does, with what is returned as its outputs."""
    arrived = flown(load_flights())
    hours, weekdays, airlines = (share_late(arrived, by, min_flights) for by in ("hour", "weekday", "airline"))
    destinations = routes(arrived, load_airports(), min_flights)
    return {
        "summary": summary(
            flights=arrived,
            hours=hours,
            weekdays=weekdays,
            airlines=airlines,
            states=by_state(destinations),
            routes=destinations,
        ),
        "figure": figure(hours, weekdays, airlines, destinations),
    }


if __name__ == "__main__":
    late_flights()
