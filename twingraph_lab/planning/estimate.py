"""How long a workflow will take, from how long its nodes took before. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple


class Span(NamedTuple):
    """Seconds: what to expect, and the least and most there have been."""

    expected: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done. `span` is None if nobody knows how long it takes; with `perhaps`, it may be left out."""

    upstream: Sequence[str]
    span: Span | None
    perhaps: bool = False


def span_of(seconds: Sequence[float]) -> Span | None:
    """Median and range of what there has been; None without any.

    >>> span_of([3.0, 1.0, 2.0])
    Span(expected=2.0, least=1.0, most=3.0)
    """
    return Span(median(seconds), min(seconds), max(seconds)) if seconds else None


def total(jobs: Mapping[str, Job], slots: int) -> Span:
    """The time for all of `jobs` (topologically ordered; others they wait for are done), `slots` at a time.

    Jobs of unknown length count as 0. The least is without those that may be left out.
    """
    expected = {name: job.span.expected if job.span else 0.0 for name, job in jobs.items()}
    least = {name: job.span.least if job.span and not job.perhaps else 0.0 for name, job in jobs.items()}
    most = {name: job.span.most if job.span else 0.0 for name, job in jobs.items()}
    upstream = {name: job.upstream for name, job in jobs.items()}
    return Span(*(makespan(upstream, seconds, slots) for seconds in (expected, least, most)))


def makespan(upstream: Mapping[str, Sequence[str]], seconds: Mapping[str, float], slots: int) -> float:
    """When the last job ends, if each starts as soon as its parents have ended and a slot is free, in their order.

    >>> makespan({"a": (), "b": (), "c": ("a", "b")}, {"a": 2.0, "b": 1.0, "c": 1.0}, slots=1)
    4.0
    """
    place = {name: index for index, name in enumerate(upstream)}
    waiting = {name: sum(parent in place for parent in parents) for name, parents in upstream.items()}
    below: dict[str, list[str]] = {name: [] for name in upstream}
    for name, parents in upstream.items():
        for parent in parents:
            if parent in place:
                below[parent].append(name)
    ready = [place[name] for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    names = list(upstream)
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < slots:
            job = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[names[job]], job))
        now, ended = heapq.heappop(running)
        for child in below[names[ended]]:
            waiting[child] -= 1
            if not waiting[child]:
                heapq.heappush(ready, place[child])
    return now
