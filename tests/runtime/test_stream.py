"""Following the log: at once in this process, soon from others, to the right end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from twingraph_lab.errors import NotFoundError, StoreError
from twingraph_lab.events import Event, RunFinished, RunRequested, TaskFailed, TaskLogged, TaskStarted
from twingraph_lab.runtime import stream as stream_module
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.stream import EventStream
from twingraph_lab.spec.workflow import Node, Workflow

ONE = Workflow(name="one", nodes=(Node(id="a", component="math:sqrt"),))
NEVER_S = 3600.0


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with Ledger(ledger_url) as ledger:
        yield ledger


@pytest.fixture
def stream(ledger: Ledger) -> Iterator[EventStream]:
    stream = EventStream(ledger)
    yield stream
    stream.close()


@pytest.fixture
def run_id(ledger: Ledger) -> str:
    """A claimed run, epoch 1; its log holds events 1 and 2."""
    ledger.accept(ONE, {}, run_id="run-1")
    ledger.claim("me", 60)
    return "run-1"


def log(ledger: Ledger, run_id: str, text: str, epoch: int = 1) -> Event:
    return ledger.record(run_id, epoch, [TaskLogged(run_id=run_id, task_id="a", text=text)])[0]


def finish(ledger: Ledger, run_id: str, epoch: int = 1, status: str = "failed") -> None:
    ledger.record(run_id, epoch, [RunFinished(run_id=run_id, status=status)])


def seqs(events: Iterator[Event]) -> list[int]:
    return [event.seq for event in events]


def listening(ledger: Ledger, count: int) -> None:
    """Return once that many watchers wait."""
    deadline = time.monotonic() + 10
    while len(ledger.bell._listeners) != count:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_reading_answers_with_what_is_there(stream: EventStream, ledger: Ledger, run_id: str):
    log(ledger, run_id, "x")
    assert seqs(stream.read()) == [1, 2, 3]
    assert seqs(stream.read(run_id, after=1, limit=1)) == [2]
    assert seqs(stream.read(run_id, task_id="a", types=("task.logged",))) == [3]


def test_a_finished_run_is_watched_from_its_beginning_to_its_end(stream: EventStream, ledger: Ledger, run_id: str):
    log(ledger, run_id, "x")
    finish(ledger, run_id)
    assert seqs(stream.watch(run_id)) == [1, 2, 3, 4]
    assert seqs(stream.watch(run_id, after=3)) == [4]
    assert seqs(stream.watch(run_id, after=4)) == []
    assert seqs(stream.watch("run-")) == [1, 2, 3, 4]
    assert ledger.bell._listeners == ()


def test_other_runs_are_left_out(stream: EventStream, ledger: Ledger, run_id: str):
    ledger.accept(ONE, {}, run_id="other")
    finish(ledger, run_id)
    assert seqs(stream.watch(run_id)) == [1, 2, 4]


def test_an_unknown_run_is_not_found(stream: EventStream):
    for until_finished in (True, False):
        with pytest.raises(NotFoundError):
            next(stream.watch("nothing", until_finished=until_finished))


def test_a_watcher_wakes_as_soon_as_something_is_committed(stream: EventStream, ledger: Ledger, run_id: str):
    seen: SimpleQueue[Event | None] = SimpleQueue()

    def watch() -> None:
        for event in stream.watch(run_id, poll_s=NEVER_S):
            seen.put(event)
        seen.put(None)

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        assert [seen.get(timeout=10).seq for _ in range(2)] == [1, 2]
        for text in "abc":
            assert log(ledger, run_id, text) == seen.get(timeout=10)
        finish(ledger, run_id)
        assert isinstance(seen.get(timeout=10), RunFinished)
        assert seen.get(timeout=10) is None
        watching.result()


def test_a_watcher_sees_what_another_process_commits(stream: EventStream, ledger: Ledger, run_id: str):
    """Another `Ledger` doesn't ring this one's bell, as another process wouldn't."""
    with Ledger(ledger.url) as other, ThreadPoolExecutor(1) as pool:
        watching = pool.submit(lambda: seqs(stream.watch(run_id, poll_s=0.01)))
        listening(ledger, 1)
        log(other, run_id, "x")
        finish(other, run_id)
        assert watching.result(timeout=10) == [1, 2, 3, 4]


def test_a_resumed_run_is_watched_to_its_last_end(stream: EventStream, ledger: Ledger, run_id: str):
    ledger.record(
        run_id, 1, [TaskFailed(run_id=run_id, task_id="a", failure={"kind": "error", "type": "E", "message": ""})]
    )
    finish(ledger, run_id)
    ledger.reopen(run_id)
    watcher = stream.watch(run_id, poll_s=NEVER_S)
    assert [next(watcher).seq for _ in range(5)] == [1, 2, 3, 4, 5]
    ledger.claim("me", 60)
    finish(ledger, run_id, epoch=2, status="completed")
    assert seqs(watcher) == [6, 7]
    assert seqs(stream.watch(run_id, after=4)) == [5, 6, 7]


def test_an_end_is_no_end_if_somebody_resumes_before_it_is_looked_at(stream: EventStream, ledger: Ledger, run_id: str):
    watcher = stream.watch(run_id, poll_s=NEVER_S)
    assert [next(watcher).seq for _ in range(2)] == [1, 2]
    finish(ledger, run_id)
    assert isinstance(next(watcher), RunFinished)
    ledger.reopen(run_id)
    assert isinstance(next(watcher), RunRequested)
    ledger.claim("me", 60)
    finish(ledger, run_id, epoch=2)
    assert seqs(watcher) == [5, 6]


def test_watching_on_after_the_end_sees_the_resume(stream: EventStream, ledger: Ledger, run_id: str):
    finish(ledger, run_id)
    watcher = stream.watch(run_id, until_finished=False)
    assert [next(watcher).seq for _ in range(3)] == [1, 2, 3]
    ledger.reopen(run_id)
    assert isinstance(next(watcher), RunRequested)
    watcher.close()


def test_watching_all_runs_never_ends_by_itself(stream: EventStream, ledger: Ledger, run_id: str):
    finish(ledger, run_id)
    watcher = stream.watch(after=1, poll_s=NEVER_S)
    assert [next(watcher).seq for _ in range(2)] == [2, 3]
    ledger.accept(ONE, {}, run_id="another")
    assert next(watcher).run_id == "another"
    watcher.close()
    assert ledger.bell._listeners == ()


def test_long_logs_come_page_by_page(stream: EventStream, ledger: Ledger, run_id: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stream_module, "PAGE", 4)
    ledger.record(run_id, 1, [TaskStarted(run_id=run_id, task_id="a")] * 5)
    finish(ledger, run_id)
    ledger.reopen(run_id)  # 8 of 10 events are a whole number of pages, and the eighth is an end
    ledger.claim("me", 60)
    finish(ledger, run_id, epoch=2)
    assert seqs(stream.watch(run_id)) == list(range(1, 12))


@pytest.mark.parametrize("run", [None, "run-1"])
def test_closing_the_stream_ends_every_watcher(ledger: Ledger, run_id: str, run: str | None):
    stream = EventStream(ledger)

    async def subscribe() -> list[int]:
        return [event.seq async for event in stream.subscribe(run, poll_s=NEVER_S)]

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(lambda: seqs(stream.watch(run, poll_s=NEVER_S))), pool.submit(asyncio.run, subscribe())]
        listening(ledger, 2)
        stream.close()
        for watching in waiting:
            assert watching.result(timeout=10) in ([], [1, 2])
    assert seqs(stream.watch(run)) == []


def test_a_ledger_closed_under_a_watcher_is_an_error(ledger_url: str):
    ledger = Ledger(ledger_url)
    ledger.accept(ONE, {}, run_id="run-1")
    watcher = EventStream(ledger).watch()
    next(watcher)
    ledger.close()
    with pytest.raises(StoreError, match="is closed"):
        next(watcher)


def test_an_event_loop_subscribes(stream: EventStream, ledger: Ledger, run_id: str):
    async def follow() -> list[int]:
        seen = []
        async for event in stream.subscribe(run_id, poll_s=NEVER_S):
            seen.append(event.seq)
            if event.seq < 5:
                await asyncio.to_thread(log, ledger, run_id, "x")
            if event.seq == 5:
                await asyncio.to_thread(finish, ledger, run_id)
        return seen

    seen = asyncio.run(asyncio.wait_for(follow(), 10))
    assert seen == list(range(1, len(seen) + 1))
    assert ledger.bell._listeners == ()


def test_subscribers_see_what_another_process_commits(stream: EventStream, ledger: Ledger, run_id: str):
    async def follow() -> list[int]:
        return [event.seq async for event in stream.subscribe(run_id, poll_s=0.01)]

    async def follow_twice(other: Ledger) -> list[list[int]]:
        followers = [asyncio.ensure_future(follow()) for _ in range(2)]
        await asyncio.to_thread(listening, ledger, 2)
        await asyncio.to_thread(finish, other, run_id)
        return await asyncio.wait_for(asyncio.gather(*followers), 10)

    with Ledger(ledger.url) as other:
        assert asyncio.run(follow_twice(other)) == [[1, 2, 3]] * 2


def test_a_subscriber_that_leaves_is_forgotten(stream: EventStream, ledger: Ledger, run_id: str):
    async def leave() -> None:
        follower = stream.subscribe(poll_s=NEVER_S)
        assert (await anext(follower)).seq == 1
        await follower.aclose()
        waiting = asyncio.ensure_future(anext(stream.subscribe(after=2, poll_s=NEVER_S)))
        await asyncio.to_thread(listening, ledger, 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(asyncio.wait_for(leave(), 10))
    assert ledger.bell._listeners == ()


def test_an_idle_watcher_costs_a_look_at_shared_memory(sqlite_url: str):
    with Ledger(sqlite_url) as ledger:
        ledger.accept(ONE, {}, run_id="run-1")
        token = ledger.token()
        begin = time.perf_counter()
        assert {ledger.token() for _ in range(1000)} == {token}
        assert time.perf_counter() - begin < 0.5
        ledger.claim("me", 60)
        assert ledger.token() != token


def test_the_bell_reaches_whoever_listens_at_the_time(ledger: Ledger, run_id: str):
    heard = threading.Event()
    with ledger.bell.listening(heard.set):
        ledger.renew("me", 60)
        assert not heard.is_set()  # no events, no ring
        log(ledger, run_id, "x")
        assert heard.is_set()
    heard.clear()
    log(ledger, run_id, "y")
    assert not heard.is_set()
