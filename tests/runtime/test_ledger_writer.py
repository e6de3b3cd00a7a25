"""Many threads, many processes, one log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

import pytest
from sqlalchemy import text

from twingraph_lab.errors import FencedError, StoreError
from twingraph_lab.events import TaskCompleted
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Node, Workflow

ONE = Workflow(name="one", nodes=(Node(id="a", component="math:sqrt"),))


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with Ledger(ledger_url) as ledger:
        yield ledger


def together(ledger: Ledger, *calls: Callable[[], object]) -> list[object]:
    """Results, or errors, of calls that wait in the writer's queue at the same time."""
    gate = threading.Event()

    def outcome(call: Callable[[], object]) -> object:
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls) + 1) as pool:
        first = pool.submit(ledger._writer.call, lambda _: gate.wait())
        while ledger._writer._queue.qsize():  # until the writer is at the gate
            os.sched_yield()
        results = []
        for waiting, call in enumerate(calls, 1):
            results.append(pool.submit(outcome, call))
            while ledger._writer._queue.qsize() < waiting:
                os.sched_yield()
        gate.set()
        first.result()
        return [result.result() for result in results]


@contextmanager
def commits(ledger: Ledger) -> Iterator[list[int]]:
    rings: list[int] = []
    with ledger.bell.listening(lambda: rings.append(1)):
        yield rings


def test_what_waits_together_is_committed_together(ledger: Ledger):
    with commits(ledger) as rings:
        results = together(ledger, *[lambda: ledger.accept(ONE, {})[1]] * 20)
    assert results == [True] * 20
    assert len(rings) == 1
    assert [event.seq for event in ledger.events(None)] == list(range(1, 21))


def test_an_operation_that_is_refused_fails_alone(ledger: Ledger):
    ledger.accept(ONE, {}, run_id="r")
    ledger.claim("me", 10)
    done = [TaskCompleted(run_id="r", task_id="a")]
    with commits(ledger) as rings:
        results = together(
            ledger,
            lambda: ledger.accept(ONE, {}, run_id="s")[1],
            lambda: ledger.record("r", 7, done),
            lambda: ledger.record("r", 1, done)[0].seq,
            lambda: ledger.accept(ONE, {}, run_id="t")[1],
        )
    assert isinstance(results.pop(1), FencedError)
    assert results == [True, 4, True]
    assert len(rings) == 1
    assert [event.seq for event in ledger.events(None)] == [1, 2, 3, 4, 5]


def test_an_operation_that_breaks_the_transaction_breaks_only_its_own(ledger: Ledger):
    results = together(
        ledger,
        lambda: ledger.accept(ONE, {}, run_id="one")[1],
        lambda: ledger._writer.call(lambda transaction: transaction.connection.execute(text("SELECT * FROM nothing"))),
        lambda: ledger.accept(ONE, {}, run_id="two")[1],
    )
    assert isinstance(results.pop(1), StoreError)
    assert results == [True, True]
    assert [event.seq for event in ledger.events(None)] == [1, 2]


def test_what_may_have_been_committed_is_not_written_again(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    def lost(seq: int) -> None:
        if seq:
            raise OSError("the server went away before it answered")

    with monkeypatch.context() as patched:
        patched.setattr(ledger._database, "committed", lost)
        results = together(ledger, lambda: ledger.accept(ONE, {}), lambda: ledger.accept(ONE, {}))
    assert [type(result) for result in results] == [StoreError, StoreError]
    assert [event.seq for event in ledger.events(None)] == [1, 2]


def test_one_key_makes_one_run_however_many_ask(ledger_url: str):
    with Ledger(ledger_url) as one, Ledger(ledger_url) as other, ThreadPoolExecutor(10) as pool:
        asked = [
            pool.submit((one, other)[n % 2].accept, ONE, {}, idempotency_key="the one and only") for n in range(50)
        ]
        answers = [answer.result() for answer in asked]
        assert len({record.run_id for record, _ in answers}) == 1
        assert [created for _, created in answers].count(True) == 1
        assert len(one.runs()) == len(one.events(None)) == 1


def test_a_run_has_one_owner_however_many_threads_claim(ledger_url: str):
    with Ledger(ledger_url) as one, Ledger(ledger_url) as other, ThreadPoolExecutor(8) as pool:
        runs = {one.accept(ONE, {})[0].run_id for _ in range(20)}

        def claim_all(name: str) -> list[str]:
            ledger = one if name < "e" else other
            claimed = []
            while (record := ledger.claim(name, 60)) is not None:
                assert (record.coordinator, record.epoch) == (name, 1)
                claimed.append(record.run_id)
            return claimed

        claimed = [run_id for names in pool.map(claim_all, "abcdefgh") for run_id in names]
    assert sorted(claimed) == sorted(runs)


def test_closing_finishes_what_was_begun(ledger_url: str):
    ledger = Ledger(ledger_url)
    accepted: list[str] = []

    def accept_until_closed() -> None:
        with pytest.raises(StoreError, match="is closed"):
            accepted.extend(ledger.accept(ONE, {})[0].run_id for _ in count())

    with ThreadPoolExecutor(4) as pool:
        threads = [pool.submit(accept_until_closed) for _ in range(4)]
        while len(accepted) < 20:
            os.sched_yield()
        ledger.close()
        for thread in threads:
            thread.result()
    with Ledger(ledger_url) as again:
        assert {record.run_id for record in again.runs(limit=100_000)} == set(accepted)


# processes

WORKER = """
import sys
from twingraph_lab.events import TaskLogged
from twingraph_lab.runtime.ledger import Ledger
url, mine = sys.argv[1:]
with Ledger(url) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    while (record := ledger.claim(mine, 60)) is not None:
        print(record.run_id, flush=True)
    for number in range(100):
        ledger.record(mine, 1, [TaskLogged(run_id=mine, task_id="a", text=str(number))] * 3)
"""

RECORDER = """
import sys
from itertools import count
from twingraph_lab.events import TaskLogged
from twingraph_lab.runtime.ledger import Ledger
url, run_id = sys.argv[1:]
ledger = Ledger(url)
for number in count():
    (event, *_) = ledger.record(run_id, 1, [TaskLogged(run_id=run_id, task_id="a", text=str(number))] * 3)
    print(event.seq, event.text, flush=True)
"""


@contextmanager
def child(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_processes_share_the_runs_and_a_cursor_misses_nothing_that_they_write(ledger: Ledger):
    for run_id in ("p", "q"):
        ledger.accept(ONE, {}, run_id=run_id)
        ledger.claim("me", 60)
    runs = [ledger.accept(ONE, {})[0].run_id for _ in range(40)]
    with child(WORKER, ledger.url, "p") as p, child(WORKER, ledger.url, "q") as q:
        for process in (p, q):
            assert process.stdout.readline() == "ready\n"
        for process in (p, q):
            process.stdin.write("go\n")
            process.stdin.flush()
        seen = 44
        while seen < 84 + 600:
            page = [event.seq for event in ledger.events(None, seen, 50)]
            assert page == list(range(seen + 1, seen + 1 + len(page)))
            assert page or not (p.poll() or q.poll())
            seen += len(page)
        claimed = {process: process.stdout.read().split() for process in (p, q)}
    assert sorted(claimed[p] + claimed[q]) == sorted(runs)
    owners = {record.run_id: record.coordinator for record in ledger.runs(limit=40)}
    assert owners == dict.fromkeys(claimed[p], "p") | dict.fromkeys(claimed[q], "q")
    for run_id in ("p", "q"):
        logged = [event.text for event in ledger.events(run_id, types=("task.logged",))]
        assert logged == [str(number) for number in range(100) for _ in range(3)]


def test_what_was_acknowledged_before_a_kill_is_there_after_it(ledger_url: str):
    with Ledger(ledger_url) as ledger:
        ledger.accept(ONE, {}, run_id="r")
        ledger.claim("me", 60)
    with child(RECORDER, ledger_url, "r") as process:
        told = [process.stdout.readline() for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()
    with Ledger(ledger_url) as ledger:
        stored = [(event.seq, event.text) for event in ledger.events("r", 2, 1_000_000)]
        assert [seq for seq, _ in stored] == list(range(3, 3 + len(stored)))
        assert len(stored) % 3 == 0  # whole transactions
        for line in told:
            if line.endswith("\n"):
                seq, number = line.split()
                assert stored[int(seq) - 3] == (int(seq), number)
        ledger.record("r", 1, [TaskCompleted(run_id="r", task_id="a")])  # no lock survives its holder
        assert ledger.tasks("r")["a"].state is TaskState.COMPLETED
        assert ledger.check() == []
