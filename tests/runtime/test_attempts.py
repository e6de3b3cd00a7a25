from __future__ import annotations

from twingraph_lab.events import TaskCompleted, TaskLogged, TaskRetried, TaskStarted
from twingraph_lab.runtime.attempts import Attempts


def started(attempt=1):
    return TaskStarted(run_id="r", task_id="a", attempt=attempt)


def completed(attempt=1):
    return TaskCompleted(run_id="r", task_id="a", attempt=attempt)


def kinds(events):
    return [(type(event).__name__, event.attempt) for event in events]


def test_the_first_attempt_keeps_its_number():
    attempts = Attempts()
    attempts.dispatched("a", 1)
    assert kinds(attempts.normalise("x", started())) == [("TaskStarted", 1)]
    assert kinds(attempts.normalise("x", completed())) == [("TaskCompleted", 1)]


def test_a_start_elsewhere_is_the_next_attempt_after_a_loss():
    attempts = Attempts()
    attempts.dispatched("a", 1)
    list(attempts.normalise("x", started()))
    events = list(attempts.normalise("y", started()))
    assert kinds(events) == [("TaskRetried", 1), ("TaskStarted", 2)]
    assert isinstance(events[0], TaskRetried)
    assert events[0].failure.kind == "lost"
    assert kinds(attempts.normalise("y", completed())) == [("TaskCompleted", 2)]


def test_what_a_superseded_worker_reports_is_fenced():
    attempts = Attempts()
    attempts.dispatched("a", 1)
    list(attempts.normalise("x", started()))
    list(attempts.normalise("y", started()))
    assert list(attempts.normalise("x", completed())) == []
    assert list(attempts.normalise("x", TaskLogged(run_id="r", task_id="a", text="late"))) == []


def test_a_worker_that_only_found_the_outcome_may_report_it():
    attempts = Attempts()
    attempts.dispatched("a", 1)
    list(attempts.normalise("x", started()))
    assert kinds(attempts.normalise("y", completed())) == [("TaskCompleted", 1)]


def test_retries_on_the_worker_count_on_from_the_attempt_it_was_given():
    attempts = Attempts()
    attempts.dispatched("a", 4)
    assert kinds(attempts.normalise("x", started(4))) == [("TaskStarted", 4)]
    assert kinds(attempts.normalise("x", started(5))) == [("TaskStarted", 5)]
    assert kinds(attempts.normalise("y", started(4))) == [("TaskRetried", 5), ("TaskStarted", 6)]
    assert attempts.number("a") == 6
