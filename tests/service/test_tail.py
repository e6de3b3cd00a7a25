"""The event log for many at once: one read serves all, nobody misses anything, and who is slow costs nothing."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import NotFoundError
from twingraph_lab.events import RunFinished, TaskLogged
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.service.tail import Tail

WAIT_S = 30


class Counted(Ledger):
    """A ledger that knows how often its log was read."""

    reads = 0

    def stored_events(self, run_id, after=0, **limits):
        self.reads += 1
        return super().stored_events(run_id, after, **limits)


@pytest.fixture
def ledger(tmp_path):
    with Counted(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield ledger


@pytest.fixture
def run_id(ledger):
    """A run that the test drives."""
    record, _ = ledger.accept(workflow(cell("a")), {})
    ledger.claim("me", 600, run_id=record.run_id)
    return record.run_id


def say(ledger, run_id, *texts):
    ledger.record(run_id, 1, [TaskLogged(run_id=run_id, task_id="a", text=text) for text in texts])


def end(ledger, run_id, status="completed"):
    ledger.record(run_id, 1, [RunFinished(run_id=run_id, status=status)])


def seqs(ledger, run_id, after=0):
    found = []
    while page := ledger.events(run_id, after):
        found += [event.seq for event in page]
        after = page[-1].seq
    return found


async def read(tail, run_id, **options):
    """The seqs that a follower sees until its end."""
    found = []
    async with aclosing(tail.follow(run_id, **options)) as batches:
        async for batch in batches:
            found += [event.seq for event in batch.stored]
    return found


async def until(happened):
    for _ in range(3000):
        if happened():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it didn't happen")


def within(seconds, coroutine):
    async def limited():
        async with asyncio.timeout(seconds):
            return await coroutine

    return asyncio.run(limited())


def test_a_run_that_has_ended_is_read_from_any_cursor_to_its_end(ledger, run_id):
    say(ledger, run_id, *(f"line {n}" for n in range(2500)))
    end(ledger, run_id)
    everything = seqs(ledger, run_id)
    assert within(WAIT_S, read(Tail(ledger), run_id)) == everything
    assert within(WAIT_S, read(Tail(ledger), run_id, after=everything[1700])) == everything[1701:]
    assert within(WAIT_S, read(Tail(ledger), run_id, after=everything[-1])) == []


def test_the_beginning_of_an_id_will_do_and_an_unknown_one_is_told(ledger, run_id):
    end(ledger, run_id)
    assert within(WAIT_S, read(Tail(ledger), run_id[:8])) == seqs(ledger, run_id)
    with pytest.raises(NotFoundError):
        within(WAIT_S, read(Tail(ledger), "nothing-like-it"))


def test_a_cursor_beyond_the_log_is_told_and_not_waited_for(ledger, run_id):
    last = ledger.last_seq()
    for run in (run_id, None):
        with pytest.raises(NotFoundError, match=f"no event {last + 1}: the log ends with {last}"):
            within(WAIT_S, read(Tail(ledger), run, after=last + 1))


def test_a_cursor_that_is_newer_than_what_was_read_so_far_is_none_too_far(ledger, run_id):
    tail = Tail(ledger)

    async def both():
        first = asyncio.create_task(read(tail, run_id))
        await until(lambda: tail.watchers)
        await asyncio.to_thread(say, ledger, run_id, "one")
        later = asyncio.create_task(read(tail, run_id, after=ledger.last_seq()))
        await asyncio.to_thread(end, ledger, run_id)
        await first
        return await later

    assert within(WAIT_S, both()) == [ledger.last_seq()]


def test_a_hundred_followers_of_a_live_run_cost_one_reader(ledger, run_id):
    tail = Tail(ledger)

    async def follow_while_it_is_written():
        readers = [asyncio.create_task(read(tail, run_id)) for _ in range(100)]
        await until(lambda: tail.watchers == 100)
        before = ledger.reads
        for n in range(50):
            await asyncio.to_thread(say, ledger, run_id, f"line {n}")
        await asyncio.to_thread(end, ledger, run_id)
        return await asyncio.gather(*readers), ledger.reads - before

    seen, reads = within(WAIT_S, follow_while_it_is_written())
    assert all(each == seqs(ledger, run_id) for each in seen)
    assert reads < 300  # each looks once for what came before, and once whether that was the end


def test_who_falls_behind_what_is_kept_reads_on_from_their_cursor(ledger, run_id):
    tail = Tail(ledger, recent_bytes=20_000)

    async def read_slowly():
        found = []
        async with aclosing(tail.follow(run_id)) as batches:
            async for batch in batches:
                found += [event.seq for event in batch.stored]
                await asyncio.sleep(0.2)
        return found

    async def both():
        slow, fast = asyncio.create_task(read_slowly()), asyncio.create_task(read(tail, run_id))
        for n in range(40):
            await asyncio.to_thread(say, ledger, run_id, *(f"{n} {m} {'x' * 100}" for m in range(50)))
        await asyncio.to_thread(end, ledger, run_id)
        return await slow, await fast, tail.held_bytes

    slow, fast, held = within(WAIT_S, both())
    assert slow == fast == seqs(ledger, run_id)
    assert held <= 20_000


def test_all_runs_are_followed_in_the_order_of_the_log_and_for_ever(ledger, run_id):
    other = ledger.accept(workflow(cell("a")), {})[0].run_id
    tail = Tail(ledger)

    async def follow():
        found = []
        async with aclosing(tail.follow(None)) as batches:
            async for batch in batches:
                found += batch.stored
                if len(found) == 3:
                    await asyncio.to_thread(say, ledger, run_id, "one")
                    await asyncio.to_thread(ledger.request_cancel, other)
                if len(found) == 5:
                    break
        return found

    found = within(WAIT_S, follow())
    assert [event.seq for event in found] == [1, 2, 3, 4, 5]
    assert {event.run_id for event in found} == {run_id, other}


def test_a_run_that_was_resumed_goes_on_after_its_first_end(ledger, run_id):
    end(ledger, run_id, "failed")
    ledger.reopen(run_id)
    ledger.claim("me", 600, run_id=run_id)
    tail = Tail(ledger)

    async def follow():
        reader = asyncio.create_task(read(tail, run_id))
        await until(lambda: tail.watchers)
        await asyncio.to_thread(ledger.record, run_id, 2, [RunFinished(run_id=run_id, status="completed")])
        return await reader

    assert within(WAIT_S, follow()) == seqs(ledger, run_id)


def test_what_another_process_writes_is_noticed(ledger, run_id):
    tail = Tail(ledger)

    async def follow():
        reader = asyncio.create_task(read(tail, run_id))
        await until(lambda: tail.watchers)
        with Ledger(ledger.url) as elsewhere:
            await asyncio.to_thread(end, elsewhere, run_id)
        return await reader

    assert within(WAIT_S, follow()) == seqs(ledger, run_id)


def test_nothing_is_read_when_nobody_follows(ledger, run_id):
    tail = Tail(ledger)

    async def come_and_go():
        async with aclosing(tail.follow(run_id)) as batches:
            await anext(batches)
        await asyncio.sleep(0.2)
        before = ledger.reads
        await asyncio.to_thread(say, ledger, run_id, "unheard")
        await asyncio.sleep(0.3)
        return ledger.reads - before, tail.held_bytes

    assert within(WAIT_S, come_and_go()) == (0, 0)


def test_who_leaves_while_the_bell_rings_takes_the_reader_along(ledger, run_id):
    tail = Tail(ledger)

    async def leave(batches, moment):
        for _ in range(moment):
            await asyncio.sleep(0)
        await batches.aclose()

    async def leave_at_every_moment():
        for moment in range(10):
            batches = tail.follow(run_id)
            await anext(batches)
            await asyncio.sleep(0.2)  # now its reader listens
            leaving = asyncio.create_task(leave(batches, moment))
            asyncio.get_running_loop().call_soon(ledger.bell.ring)
            await leaving
        await asyncio.sleep(0.1)
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert within(WAIT_S, leave_at_every_moment()) == set()


def test_closing_lets_everybody_end(ledger, run_id):
    tail = Tail(ledger)

    async def follow_and_close():
        readers = [asyncio.create_task(read(tail, each)) for each in (run_id, None)]
        await until(lambda: tail.watchers == 2)
        tail.close()
        await asyncio.gather(*readers)

    within(WAIT_S, follow_and_close())
