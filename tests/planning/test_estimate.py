from __future__ import annotations

import random

import pytest

from twingraph_lab.planning.estimate import Job, Span, makespan, span_of, total

DIAMOND = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def test_jobs_side_by_side_take_as_long_as_the_longest():
    assert makespan(DIAMOND, {"a": 1.0, "b": 2.0, "c": 5.0, "d": 1.0}, slots=2) == 7.0


def test_with_one_slot_everything_takes_its_turn():
    assert makespan(DIAMOND, {"a": 1.0, "b": 2.0, "c": 5.0, "d": 1.0}, slots=1) == 9.0


def test_what_is_waited_for_outside_is_done_already():
    assert makespan({"d": ("b", "c")}, {"d": 3.0}, slots=4) == 3.0


def test_nothing_takes_no_time():
    assert makespan({}, {}, slots=1) == 0.0
    assert total({}, 4) == Span(0.0, 0.0, 0.0)


@pytest.mark.parametrize("slots", [1, 2, 3, 8])
def test_a_schedule_is_within_grahams_bounds(slots):
    """R. L. Graham, Bounds on Multiprocessing Timing Anomalies (1969): at most 2 - 1/m times the optimum."""
    chance = random.Random(slots)
    names = [f"n{i}" for i in range(60)]
    upstream = {name: tuple(chance.sample(names[:i], min(i, chance.randrange(3)))) for i, name in enumerate(names)}
    seconds = {name: chance.uniform(0.1, 2.0) for name in names}
    longest: dict[str, float] = {}
    for name, parents in upstream.items():
        longest[name] = seconds[name] + max((longest[parent] for parent in parents), default=0.0)
    at_least = max(*longest.values(), sum(seconds.values()) / slots)
    assert at_least - 1e-9 <= makespan(upstream, seconds, slots) <= (2 - 1 / slots) * at_least + 1e-9


def test_a_span_is_median_and_range():
    assert span_of([5.0, 1.0, 2.0]) == Span(2.0, 1.0, 5.0)
    assert span_of([]) is None


def test_what_may_be_left_out_is_not_in_the_least_and_unknown_lengths_count_as_nothing():
    jobs = {
        "a": Job((), Span(2.0, 1.0, 4.0)),
        "b": Job(("a",), Span(10.0, 8.0, 12.0), perhaps=True),
        "c": Job(("b",), None),
    }
    assert total(jobs, 4) == Span(12.0, 1.0, 16.0)
