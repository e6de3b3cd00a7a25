"""The event log as something to follow: each watcher has its own cursor, a seq, and misses nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import suppress

from twingraph_lab.events import Event, RunFinished
from twingraph_lab.runtime.ledger import Ledger

PAGE = 1000
POLL_S = 0.05


class EventStream:
    """Events in the order of their seqs, from this process as soon as they are committed, from others within `poll_s`.

    Watching one run ends after the event that finished it, unless the run was resumed since; watching all runs (`None`)
    never ends. `close` ends every watcher.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._closed = False

    def close(self) -> None:
        """Let every watcher end after the events it has."""
        self._closed = True
        self._ledger.bell.ring()

    def read(
        self,
        run_id: str | None = None,
        *,
        after: int = 0,
        limit: int = PAGE,
        task_id: str | None = None,
        types: Collection[str] = (),
    ) -> list[Event]:
        """What is in the log now, as `Ledger.events`."""
        return self._ledger.events(run_id, after, limit, task_id=task_id, types=types)

    def last(self, run_id: str, types: Collection[str], *, before: int | None = None) -> Event | None:
        """As `Ledger.last_event`."""
        return self._ledger.last_event(run_id, types, before=before)

    def watch(
        self, run_id: str | None = None, *, after: int = 0, poll_s: float = POLL_S, until_finished: bool = True
    ) -> Iterator[Event]:
        """Wait for events with a seq above `after`; NotFoundError if there is no such run.

        With `until_finished=False` it goes on after the end of the run, for one that may be resumed.
        """
        cursor = _Cursor(self._ledger, run_id, after, until_finished=until_finished)
        rung = threading.Event()
        with self._ledger.bell.listening(rung.set):
            while not (self._closed or cursor.ended):
                rung.clear()  # before the read, so that no ring is missed
                yield from cursor.read()
                while not (cursor.more or self._closed or rung.wait(poll_s)):
                    cursor.look()

    async def subscribe(
        self, run_id: str | None = None, *, after: int = 0, poll_s: float = POLL_S, until_finished: bool = True
    ) -> AsyncIterator[Event]:
        """`watch` for an event loop, which it never blocks."""
        cursor = _Cursor(self._ledger, run_id, after, until_finished=until_finished)
        rung = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop was closed without closing the iterator
                loop.call_soon_threadsafe(rung.set)

        with self._ledger.bell.listening(wake):
            while not (self._closed or cursor.ended):
                rung.clear()
                for event in await asyncio.to_thread(cursor.read):
                    yield event
                while not (cursor.more or self._closed or await _rings(rung, poll_s)):
                    await asyncio.to_thread(cursor.look)


async def _rings(rung: asyncio.Event, timeout_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):  # `wait_for` swallows a cancellation before Python 3.12
            await rung.wait()
    return rung.is_set()


class _Cursor:
    """A place in the log. `more` says that reading on may be worth while; `ended`, that nothing will follow."""

    def __init__(self, ledger: Ledger, run_id: str | None, after: int, *, until_finished: bool) -> None:
        self._ledger = ledger
        self._run_id = run_id
        self._after = after
        self._until_finished = until_finished
        self._may_have_ended = True
        self._token = -1
        self.more = True
        self.ended = False

    def read(self) -> list[Event]:
        """The next events, at most a page."""
        self._token = self._ledger.token()  # taken before the read, like the state: what changes after it is noticed
        final = self._final()
        events = self._ledger.events(self._run_id, self._after, PAGE)
        if events:
            self._after = events[-1].seq
        finished = any(isinstance(event, RunFinished) for event in events)
        self._may_have_ended = final or finished
        self.ended = final and not events
        self.more = len(events) == PAGE or self._may_have_ended
        return events

    def _final(self) -> bool:
        """Whether the run has ended, which a RunFinished alone doesn't tell: it may have been resumed afterwards."""
        if self._run_id is None or not self._may_have_ended:
            return False
        record = self._ledger.run(self._run_id)
        self._run_id = record.run_id
        return self._until_finished and record.state.final

    def look(self) -> None:
        """See whether another process has committed something."""
        self.more = self._ledger.token() != self._token
