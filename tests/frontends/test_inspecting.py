"""Looking at runs in the ledger: whether somebody drives them, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.stories import Story, record
from twingraph_lab.frontends.inspecting import abandoned, active_s
from twingraph_lab.runtime.states import RunState


class Log:
    """The events of a story, as the ledger numbers them."""

    def __init__(self, told):
        self.events = [event.model_copy(update={"seq": number}) for number, event in enumerate(told.events, 1)]

    def read(self, run_id, *, after=0, types=()):
        return [event for event in self.events if event.seq > after and event.type in types][:1]

    def last(self, run_id, types, *, before=None):
        found = [event for event in self.events if event.type in types and event.seq < (before or 10**9)]
        return found[-1] if found else None


DRIVEN = {"finished": None, "lease_until": datetime.now(UTC) + timedelta(days=1), "coordinator": "elsewhere:1"}
LEFT = {"finished": None, "lease_until": None}


def test_a_finished_run_was_under_way_from_its_start_to_its_end():
    assert active_s(record(), Log(Story(a=[]))) == 2.0


def test_a_run_that_nobody_drives_any_more_was_under_way_until_its_last_sign_of_life():
    left = record(RunState.RUNNING, **LEFT)
    assert abandoned(left)
    assert active_s(left, Log(Story(a=[]).begins(0).starts("a", 1).completes("a", 4))) == 4.0


def test_a_run_that_goes_on_is_under_way_until_now():
    started = datetime.now(UTC) - timedelta(seconds=30)
    going = record(RunState.RUNNING, started=started, **DRIVEN)
    assert active_s(going, Log(Story(a=[]))) == pytest.approx(30, abs=5)


def test_the_time_between_a_crash_and_a_resume_does_not_count():
    told = Story(a=[]).begins(0).starts("a", 1).begins(100, epoch=2).starts("a", 101, attempt=2).completes("a", 102)
    assert active_s(record(epoch=2), Log(told.ends(103))) == 4.0


def test_a_run_that_never_began_took_no_time():
    assert active_s(record(RunState.REQUESTED, started=None, finished=None), Log(Story(a=[]))) == 0.0
