"""One reader of the event log for all who follow it: a hundred watchers of a run cost what one does.

New events are read once, kept for a while as JSON text without secrets, and handed to everybody. Whoever is too
slow for that reads the log from their own cursor, a page at a time, until they have caught up. So nothing is lost, and
what is held in memory is the recent past plus a page for each who lags.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

from twingraph_lab.errors import NotFoundError, StoreError
from twingraph_lab.events import EVENT, Event
from twingraph_lab.frontends.inspection.events import discreet
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.records import StoredEvent, StoredEvents

POLL_S = 0.05
GATHER_S = 0.1
"""How long news wait for more, so that a reader gets at most ten messages a second."""
RETRY_S = 1.0
RECENT_BYTES = 8 * 1024 * 1024
FINISHED = "run.finished"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """Events of one run or of all, in order; `after` is the cursor to go on from."""

    stored: Sequence[StoredEvent]
    after: int

    @cached_property
    def text(self) -> str:
        """As a JSON array."""
        return f"[{','.join(event.body for event in self.stored)}]"

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """As values."""
        return tuple(EVENT.validate_json(event.body) for event in self.stored)

    @property
    def finished(self) -> bool:
        """Whether a run ended in it, perhaps to be resumed."""
        return any(event.type == FINISHED for event in self.stored)


@dataclass(frozen=True)
class _Page:
    """What was read at once, after the event `after`. Each run's part of it is made once for all its watchers."""

    after: int
    whole: Batch
    parts: dict[str, Batch] = field(default_factory=dict)

    @cached_property
    def size(self) -> int:
        return sum(len(event.body) for event in self.whole.stored)

    def part(self, run_id: str | None) -> Batch:
        if run_id is None:
            return self.whole
        if run_id not in self.parts:
            own = [event for event in self.whole.stored if event.run_id == run_id]
            self.parts[run_id] = Batch(own, self.whole.after)
        return self.parts[run_id]


class Tail:
    """Follows a ledger for the watchers of one event loop, from the first who comes to the last who goes.

    `watchers` are those there are now, `held_bytes` what is kept of the recent past.
    """

    def __init__(self, ledger: Ledger, *, recent_bytes: int = RECENT_BYTES) -> None:
        self._ledger = ledger
        self._recent_bytes = recent_bytes
        self._recent: deque[_Page] = deque()
        self._start = self._end = 0  # what is recent begins after the one and ends with the other
        self.watchers = self.held_bytes = 0
        self._closed = False
        self._reader: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._moved = asyncio.Event()

    async def follow(
        self, run_id: str | None = None, *, after: int = 0, until_finished: bool = True
    ) -> AsyncGenerator[Batch, None]:
        """Batches of the events after a cursor, past and future, of one run or all.

        Following a run ends with it, unless it was resumed since; following all never ends. Raises NotFoundError if
        there is no such run, or no event of the cursor's number yet.
        """
        if run_id is not None:
            run_id = (await asyncio.to_thread(self._ledger.run, run_id)).run_id
        with self._watching():
            await self._until(self._begun)
            if after > self._end and after > (last := await asyncio.to_thread(self._ledger.last_seq)):
                raise NotFoundError(f"there is no event {after}: the log ends with {last}; give the last that you have")
            final = await self._final(run_id, until_finished=until_finished)
            while not self._closed:
                moved = self._moved
                recent = after >= self._start
                batch = self._ahead(run_id, after) if recent else await self._behind(run_id, after)
                if final and not batch.stored and batch.after >= self._end:
                    batch = await self._behind(run_id, after)  # the end was seen; so is all that came before it now
                    if not batch.stored:
                        return
                after = max(after, batch.after)
                if batch.stored:
                    yield batch
                    if final or batch.finished:
                        final = await self._final(run_id, until_finished=until_finished)
                elif after >= self._end:
                    await self._until(moved)

    def close(self) -> None:
        """Let everybody end after what they have."""
        self._closed = True
        self._wake()

    async def _final(self, run_id: str | None, *, until_finished: bool) -> bool:
        if run_id is None or not until_finished:
            return False
        states = await asyncio.to_thread(self._ledger.states, [run_id])
        return states[run_id][0].final

    async def _until(self, told: asyncio.Event) -> None:
        """Wait for the reader; what ends it ends its followers."""
        await told.wait()
        if self._reader is not None and self._reader.done():
            self._reader.result()

    def _ahead(self, run_id: str | None, after: int) -> Batch:
        """The next recent events, from memory; at the end of them none."""
        following = None
        for page in reversed(self._recent):
            if page.whole.after <= after:
                break
            following = page
        if following is None:
            return Batch((), self._end)
        part = following.part(run_id)
        if following.after >= after or not part.stored or part.stored[0].seq > after:
            return part
        return Batch([event for event in part.stored if event.seq > after], part.after)

    async def _behind(self, run_id: str | None, after: int) -> Batch:
        """The next events, from the log."""
        end = self._end  # taken before the read, which sees at least as far
        page = await asyncio.to_thread(self._stored, run_id, after)
        reached = page.events[-1].seq if page.events else after
        return Batch(page.events, max(reached, end) if page.complete else reached)

    def _stored(self, run_id: str | None, after: int) -> StoredEvents:
        page = self._ledger.stored_events(run_id, after)
        return replace(page, events=[*map(discreet, page.events)])

    @contextmanager
    def _watching(self) -> Iterator[None]:
        self.watchers += 1
        if self._reader is None:
            self._begun = begun = asyncio.Event()
            self._reader = asyncio.create_task(self._read(begun))
            self._reader.add_done_callback(lambda _: self._wake(begun))
        try:
            yield
        finally:
            self.watchers -= 1
            if not self.watchers:
                self._reader.cancel()
                self._reader = None
                self._recent.clear()
                self.held_bytes = 0

    async def _read(self, begun: asyncio.Event) -> None:
        rung = _Rung()
        with self._ledger.bell.listening(rung.ring):
            self._start = self._end = await asyncio.to_thread(self._ledger.last_seq)
            begun.set()
            while not self._closed:
                try:
                    await self._read_on(rung)
                except StoreError as error:
                    log.warning("the event log can't be read now, will try again: %s", error)
                    await asyncio.sleep(RETRY_S)

    async def _read_on(self, rung: _Rung) -> None:
        """Read a page, and wait until there is more to read."""
        rung.clear()
        token = await asyncio.to_thread(self._ledger.token)  # before the read, so that nothing after it is missed
        page = await asyncio.to_thread(self._stored, None, self._end)
        if page.events:
            self._keep(_Page(self._end, Batch(page.events, page.events[-1].seq)))
        if page.events and page.complete:
            await asyncio.sleep(GATHER_S)
        while page.complete and not (self._closed or await rung.heard(POLL_S)):
            if token != await asyncio.to_thread(self._ledger.token):
                return

    def _keep(self, page: _Page) -> None:
        self._recent.append(page)
        self.held_bytes += page.size
        while self.held_bytes > self._recent_bytes:
            oldest = self._recent.popleft()
            self.held_bytes -= oldest.size
            self._start = oldest.whole.after
        self._end = page.whole.after
        self._wake()

    def _wake(self, *more: asyncio.Event) -> None:
        for event in (self._moved, *more):
            event.set()
        self._moved = asyncio.Event()


class _Rung:
    """A bell heard by an event loop, which is woken once however often it rings."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._ringing = False

    def ring(self) -> None:
        """In any thread."""
        if not self._ringing:
            self._ringing = True
            with suppress(RuntimeError):  # the loop was closed
                self._loop.call_soon_threadsafe(self._event.set)

    def clear(self) -> None:
        self._event.clear()
        self._ringing = False

    async def heard(self, timeout_s: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):  # `wait_for` swallows a cancellation before Python 3.12
                await self._event.wait()
        return self._event.is_set()
