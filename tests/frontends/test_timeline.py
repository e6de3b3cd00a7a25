"""When nodes waited, ran and tried again."""

from __future__ import annotations

import pytest

from tests.stories import Story, at


def lanes(story, **more):
    return {lane.name: lane for lane in story.told(**more).lanes}


def spans(lane):
    return [(stretch.number, stretch.start, stretch.end, stretch.ending) for stretch in lane.attempts]


def chain():
    return Story(a=[], b=["a"]).begins(0).starts("a", 1).completes("a", 3)


def test_a_node_waits_from_the_end_of_what_it_needs_to_its_start():
    found = lanes(chain().starts("b", 5).completes("b", 6).ends(6))
    assert (found["a"].ready, found["a"].waited_s) == (at(0), 1)
    assert (found["b"].ready, found["b"].waited_s) == (at(3), 2)
    assert spans(found["b"]) == [(1, at(5), at(6), "completed")]


def test_what_waits_and_runs_now_does_so_until_now():
    found = lanes(chain(), now=10)
    assert (found["b"].ready, found["b"].waited_s, found["b"].attempts) == (at(3), 7, ())
    assert spans(lanes(chain().starts("b", 4), now=10)["b"]) == [(1, at(4), at(10), "running")]


def test_a_node_whose_parents_have_not_ended_does_not_wait_yet():
    lane = lanes(Story(a=[], b=["a"]).begins(0).starts("a", 1), now=5)["b"]
    assert (lane.ready, lane.waited_s, lane.began) == (None, 0, None)


def test_every_attempt_is_told_and_the_pauses_between_them():
    story = Story(a=[]).begins(0).starts("a", 1).retries("a", 2).starts("a", 5, attempt=2).completes("a", 6).ends(6)
    (lane,) = story.told().lanes
    assert spans(lane) == [(1, at(1), at(2), "retried"), (2, at(5), at(6), "completed")]
    assert lane.waits == [(at(0), at(1)), (at(2), at(5))]


def test_a_reused_node_neither_waited_nor_ran():
    (lane,) = Story(a=[]).begins(0).completes("a", 1, cached_from="r0/a").ends(1).told().lanes
    assert (lane.cached_at, lane.attempts, lane.waited_s) == (at(1), (), 0)


def test_an_attempt_whose_process_died_is_lost_at_the_last_sign_of_life():
    story = Story(a=[], b=[]).begins(0).starts("a", 1).starts("b", 1).completes("b", 4)
    story.begins(1000, epoch=2).starts("a", 1001).completes("a", 1002).ends(1002)
    assert spans(lanes(story)["a"]) == [(1, at(1), at(4), "lost"), (1, at(1001), at(1002), "completed")]


def test_the_time_between_two_processes_does_not_count():
    whole = chain().begins(1000, epoch=2).starts("b", 1001).completes("b", 1004).ends(1005).told()
    assert (whole.active_s, whole.elapsed_s) == (3 + 5, 1005)
    assert whole.pauses == [(3, 997)]
    assert [whole.at(at(second)) for second in (-5, 0, 2, 500, 1000, 1004, 2000)] == [0, 0, 2, 3, 3, 7, 8]


def test_a_resumed_node_waits_from_the_resume_on():
    whole = chain().ends(3, "failed").begins(1000, epoch=2).starts("b", 1002).completes("b", 1003).ends(1003)
    assert lanes(whole)["b"].waited_s == 2


def test_a_run_that_has_not_begun_takes_no_time():
    whole = Story(a=[]).told()
    assert (whole.active_s, whole.elapsed_s, whole.at(at(5))) == (0, 0, 0)


@pytest.mark.parametrize("now", [None, 9])
def test_a_clock_that_went_back_makes_nothing_negative(now):
    whole = Story(a=[]).begins(5).starts("a", 4).completes("a", 3).told(now=now)
    (lane,) = whole.lanes
    assert lane.waited_s == 0
    assert all(stretch.end >= stretch.start for stretch in lane.attempts)
