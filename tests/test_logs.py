"""Structured logging and progress: from bodies into the run's events, anywhere else into JSON lines."""

from __future__ import annotations

import io
import json
import logging
import math
import threading
import time
from datetime import UTC, datetime

import numpy as np
import pytest

from twingraph_lab import logs
from twingraph_lab.events import TaskLogged, TaskProgressed
from twingraph_lab.frontends import decorators
from twingraph_lab.frontends.decorators import component, pipeline
from twingraph_lab.logs import Progress, configure, get_logger, jsonable, progress


@pytest.fixture
def host(lab):
    """Pipelines run on this lab."""
    before = decorators.use_host(lambda: lab)
    yield lab
    decorators.use_host(before)


@pytest.fixture
def lines():
    """What is logged meanwhile, as JSON lines."""
    stream, root = io.StringIO(), logging.getLogger()
    before = root.level
    handler = configure(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(before)


class Stubborn:
    def __str__(self):
        raise RuntimeError("no")


def events_of(lab, run_id, kind):
    return [event for event in lab.ledger.events(run_id, 0, 10_000) if isinstance(event, kind)]


@component
def talk():
    import logging

    from twingraph_lab import get_logger

    logger = get_logger("mine")
    logger.log_execution(
        component="my_component",
        execution_id="abc123",
        status="success",
        duration=1.23,
        metadata={"records_processed": 1000},
    )
    logger.info("rows: %d", 3, extra={"rows": 3, "name": "taken", "what": object})  # noqa: G101
    logger.log_execution("my_component", status="failed")
    logging.getLogger("theirs").warning("plain")
    return 1


def test_what_a_body_logs_is_an_event_with_fields(host):
    @pipeline
    def talking():
        talk()

    talking()
    run = host.runs(1)[0]
    done, rows, failed, plain = events_of(host, run.run_id, TaskLogged)
    assert done.text == "mine: my_component success in 1.23 s (records_processed=1000)"
    assert (done.stream, done.level) == ("log", "INFO")
    assert done.fields == {
        "logger": "mine",
        "component": "my_component",
        "execution_id": "abc123",
        "status": "success",
        "duration": 1.23,
        "metadata": {"records_processed": 1000},
    }
    assert rows.fields == {"logger": "mine", "rows": 3, "name_": "taken", "what": "<class 'object'>"}
    assert failed.level == "ERROR"
    assert (plain.text, plain.level, plain.fields) == ("theirs: plain", "WARNING", {"logger": "theirs"})
    assert [event.time for event in (done, rows, failed, plain)] == sorted(
        event.time for event in (done, rows, failed, plain)
    )


@component
def count():
    from twingraph_lab import progress

    for done in range(1000):
        progress(done + 1, 1000, f"step {done + 1}")
    return 1


def test_progress_is_thinned_out_and_its_last_report_kept(host):
    @pipeline
    def counting():
        count()

    counting()
    run = host.runs(1)[0]
    said = events_of(host, run.run_id, TaskProgressed)
    assert 1 <= len(said) < 100
    assert (said[-1].done, said[-1].total, said[-1].message) == (1000, 1000, "step 1000")
    assert run.state == "completed"


@component
def misuse():
    from twingraph_lab import get_logger, progress

    class Stubborn:
        def __str__(self):
            raise RuntimeError("no")

        __repr__ = __str__

    progress("much", None, 3)
    progress(float("nan"), float("inf"))
    progress(1, -5, Stubborn())
    logger = get_logger()
    logger.info("%s", Stubborn())
    wrong = {"message": 1, "args": 2, "odd": Stubborn(), "inf": float("inf"), 3: 4, "big": 10**5000}
    logger.info("fine", extra=wrong)
    logger.log_execution(Stubborn(), duration="long", metadata=7, status=["failed"], more={1, 2})
    logger.info("listed", extra=[1])
    import numpy as np

    logger.log_execution("arrays", status=np.arange(3), metadata={"a": np.arange(3)})
    loop = []
    loop.append(loop)
    logger.info("loop", extra={"loop": loop, "deep": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}}})
    return 1


def test_nothing_that_a_log_call_is_given_fails_a_body(host):
    @pipeline
    def misusing():
        return misuse()

    assert misusing() == 1
    run = host.runs(1)[0]
    fine = next(event for event in events_of(host, run.run_id, TaskLogged) if event.text == "root: fine")
    assert fine.fields["message_"] == 1
    assert fine.fields["inf"] == "inf"
    assert "can't be made" in fine.fields["odd"]


@component
def crowd():
    import os
    import threading

    from twingraph_lab import get_logger, progress

    logger = get_logger("crowd")

    def talk(who):
        for number in range(50):
            logger.info("%s %d %s", who, number, "x" * 100_000)
            progress(number)

    def child(who):
        pid = os.fork()
        if pid == 0:
            talk(who)
            os._exit(0)
        return pid

    children = [child(f"child-{n}") for n in range(3)]
    threads = [threading.Thread(target=talk, args=[f"thread-{n}"]) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for pid in children:
        os.waitpid(pid, 0)
    return 1


def test_threads_and_forked_processes_of_a_body_may_log_at_once(host):
    @pipeline
    def crowded():
        return crowd()

    assert crowded() == 1
    said = [event.text.split() for event in events_of(host, host.runs(1)[0].run_id, TaskLogged)]
    speakers = ["child-0", "child-1", "child-2", "thread-0", "thread-1"]
    for speaker in speakers:
        assert [int(words[2]) for words in said if words[1] == speaker] == list(range(50))
    assert {len(words[3]) for words in said} == {100_000}


def test_outside_of_a_body_progress_does_nothing():
    assert progress(1, 2, "nobody listens") is None


def test_a_line_of_json_has_time_place_and_fields(lines, monkeypatch):
    monkeypatch.setenv("TWINGRAPH_RUN_ID", "r1")
    monkeypatch.setenv("TWINGRAPH_NODE", "clean")
    monkeypatch.setenv("TWINGRAPH_ATTEMPT", "2")
    before = datetime.now(UTC)
    get_logger("a.b").warning("careful: %s", "hot", extra={"rows": np.int64(3), "run": "mine", "when": before})
    (line,) = lines()
    moment = datetime.fromisoformat(line.pop("time"))
    assert before <= moment <= datetime.now(UTC)
    assert line == {
        "level": "WARNING",
        "logger": "a.b",
        "message": "careful: hot",
        "run": "r1",
        "node": "clean",
        "attempt": 2,
        "rows": 3,
        "run_": "mine",
        "when": str(before),
    }


def test_times_have_microseconds_and_errors_their_traceback(lines):
    try:
        raise ValueError("boom")
    except ValueError:
        get_logger("x").exception("went wrong")
    (line,) = lines()
    assert len(line["time"]) == len("2026-01-31T12:00:00.000000+00:00")
    assert "ValueError: boom" in line["message"]
    assert "run" not in line


def test_a_file_gets_lines_too_and_configuring_twice_writes_once(tmp_path):
    path, root = tmp_path / "log.jsonl", logging.getLogger()
    before = root.level
    configure(path)
    handler = configure(path, level="WARNING")
    try:
        get_logger("x").warning("once")
        get_logger("x").info("not at all")
    finally:
        root.removeHandler(handler)
        handler.close()
        root.setLevel(before)
    assert [json.loads(line)["message"] for line in path.read_text().splitlines()] == ["once"]


def test_a_logger_is_the_one_of_logging():
    logger = get_logger("same")
    assert logger.name == "same"
    assert logger.handlers == logging.getLogger("same").handlers
    assert not logger.isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (math.nan, "nan"),
        (np.float32(0.5), 0.5),
        ((1, "a", None), [1, "a", None]),
        ({(1, 2): {"x"}}, {"(1, 2)": ["x"]}),
        (b"a", "b'a'"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_json_cant_hold_becomes_text(value, told):
    assert jsonable(value) == told


def test_long_things_are_cut_and_that_is_seen():
    assert len(jsonable("x" * 10**6)) == logs.LONGEST_TEXT
    assert jsonable(list(range(10**6))) == [*range(logs.MOST_ITEMS), logs.CUT]
    assert jsonable({n: n for n in range(10**6)})[logs.CUT] == logs.CUT
    assert len(json.dumps(jsonable([[list(range(1000))] * 1000] * 1000))) < 100_000
    assert "can't be made" in jsonable(Stubborn())


def test_integers_that_no_parser_reads_become_text():
    assert jsonable([2**4095, 2**4096]) == [2**4095, "<integer of 4097 bits>"]
    assert jsonable(-(10**100_000)) == "<integer of 332193 bits>"


def test_a_report_that_waits_is_passed_on_though_no_other_follows():
    told, passed = [], threading.Event()

    def sink(done, total, message):
        told.append(done)
        if len(told) == 2:
            passed.set()

    reports = Progress(sink)
    begun = time.monotonic()
    for done in range(5):
        reports.report(done, 5, "")
    assert passed.wait(5)
    assert told == [0, 4]
    assert time.monotonic() - begun >= logs.INTERVAL_S * 0.9
