"""Claims runs, drives them on one thread, renews their leases, and takes over runs whose coordinator is gone."""

from __future__ import annotations

import logging
import os
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from twingraph_lab.errors import ConflictError, FencedError, StoreError, TwinGraphError
from twingraph_lab.events import AnyTaskEvent, Event, RunFinished
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import Plan, plan
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.crash import crash_point
from twingraph_lab.runtime.driver import RunDriver
from twingraph_lab.runtime.job import Job
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.records import RunRecord
from twingraph_lab.runtime.run import way_on
from twingraph_lab.runtime.scheduling import Scheduler
from twingraph_lab.runtime.states import RunState

TICK_S = 0.25
GATHER_S = 0.01
"""While much is under way, how long to gather reports, so that one transaction takes many."""
ADOPT_AT_ONCE = 16
"""How many runs are adopted before the others are looked after again."""
MOST_DRIVEN = 128
"""With so many under way, those that wait go on waiting."""
log = logging.getLogger(__name__)


def identity() -> str:
    """Names this process so that others on the same host can tell whether it lives: `host/pid/start time`."""
    return f"{socket.gethostname()}/{os.getpid()}/{_begun(os.getpid())}"


def _begun(pid: int) -> str:
    """When a process began, by a clock that nobody sets: ticks since boot (proc(5), stat field 22) where known."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return f"{psutil.Process(pid).create_time():.2f}"


def is_dead(coordinator: str) -> bool:
    """Whether a coordinator of this host has ended; of other hosts nothing is known, so its lease has to run out."""
    host, _, rest = coordinator.partition("/")
    pid, _, rest = rest.partition("/")
    started = rest.partition("/")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        process = psutil.Process(int(pid))
        return process.status() == psutil.STATUS_ZOMBIE or _begun(int(pid)) != started
    except psutil.NoSuchProcess:
        return True


@dataclass(frozen=True, slots=True)
class _Message:
    """Something for the coordinator's thread to do, with the run it is about."""

    run_id: str
    act: Callable[[RunDriver], None]


class Coordinator:
    """Drives runs given to `take`, and with `adopt` every run that nobody drives. Thread-safe."""

    def __init__(
        self,
        ledger: Ledger,
        store: ArtifactStore,
        scheduler: Scheduler,
        *,
        lease_s: float = 15.0,
        adopt: bool = False,
    ) -> None:
        self.id = f"{identity()}/{uuid.uuid4().hex[:8]}"  # a process may have several
        self._ledger = ledger
        self._store = store
        self._scheduler = scheduler
        self._lease_s = lease_s
        self._adopt = adopt
        self._inbox: queue.SimpleQueue[_Message | RunRecord | None] = queue.SimpleQueue()
        self._drivers: dict[str, RunDriver] = {}
        self._plans: dict[str, Plan] = {}
        self._watchers: dict[str, Callable[[Sequence[Event]], None]] = {}
        self._renewed = time.monotonic()
        self._epochs: dict[str, int] = {}
        self._failing: dict[str, tuple[int, RunFinished]] = {}
        self._handling: _Message | RunRecord | None = None
        self._later: list[_Message | RunRecord] = []
        self._ticked = threading.Event()
        self._asked_to_look = False
        self._listening = ExitStack()
        self._tidier = ThreadPoolExecutor(1, thread_name_prefix="twingraph-tidy")
        self._thread = threading.Thread(target=self._loop, name="twingraph-coordinator", daemon=True)

    def start(self) -> None:
        """Begin; the scheduler's workers may still be starting."""
        self._scheduler.start(self)
        self._thread.start()
        if self._adopt:
            self._listening.enter_context(self._ledger.bell.listening(self.look))

    def take(
        self, run_id: str, known: Plan | None = None, watcher: Callable[[Sequence[Event]], None] | None = None
    ) -> None:
        """Claim this run and drive it. Raises `ConflictError` if a living coordinator has it.

        `watcher` is told each committed batch of events, on the coordinator's thread. A run that a program builds can't
        be driven without one.
        """
        record = self._claim(run_id, attended=watcher is not None)
        if record is None:
            current = self._ledger.run(run_id)
            raise ConflictError(f"run {run_id} is {current.state}, driven by {current.coordinator or 'nobody'}")
        if known is not None:
            self._plans[run_id] = known
        if watcher is not None:
            self._watchers[run_id] = watcher
        self._inbox.put(record)

    def tell(self, run_id: str, act: Callable[[RunDriver], None]) -> None:
        """Do something with a run's driver, if it is still driven here, and commit."""
        self._inbox.put(_Message(run_id, act))

    def report(self, run_id: str, execution: str, events: Sequence[AnyTaskEvent]) -> None:
        """See `Reports.report`."""
        self.tell(run_id, lambda driver: driver.report(execution, events))

    def lost(self, run_id: str, tasks: Collection[str], cause: str, *, fatal: bool) -> None:
        """See `Reports.lost`."""
        self.tell(run_id, lambda driver: driver.lost(tasks, cause, fatal=fatal))

    def refused(self, run_id: str, error: Exception) -> None:
        """See `Reports.refused`."""

        def end(_: RunDriver) -> None:
            raise error

        self.tell(run_id, end)

    def wait(self, *, until_idle: bool) -> None:
        """Wait until nothing is left to drive, or for ever."""
        while self._thread.is_alive():
            self._ticked.clear()
            self._ticked.wait()
            if until_idle and self.idle:
                return

    def look(self) -> None:
        """Look for runs to adopt now, not only with the next tick."""
        if not self._asked_to_look:
            self._asked_to_look = True
            self.tell("", lambda _: None)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to drive."""
        return not (self._drivers or self._later or self._handling) and self._inbox.empty()

    def close(self) -> None:
        """Stop driving. Unfinished runs are given up at once, so that another coordinator can take them."""
        self._listening.close()
        if self._thread.is_alive():
            self._inbox.put(None)
            self._thread.join()
        try:
            for run_id in self._drivers:  # first, so that nobody else starts what still runs here
                self._scheduler.cancel(run_id)
            self._scheduler.close()
            self._tidier.shutdown()
            for run_id, driver in self._drivers.items():
                self._ledger.release(run_id, driver.job.epoch)
        finally:
            for run_id in list(self._watchers):
                self._tell_watcher(RunFinished(run_id=run_id, status="failed", error="its Lab was closed"))

    def _loop(self) -> None:
        next_tick = time.monotonic()
        while True:
            try:
                messages = [self._inbox.get(timeout=max(0.0, next_tick - time.monotonic()))]
                if any(driver.crowded for driver in self._drivers.values()):
                    time.sleep(GATHER_S)
                while not self._inbox.empty():
                    messages.append(self._inbox.get())
            except queue.Empty:
                messages = []
            if None in messages:
                self._ticked.set()
                return
            touched = {self._deliver(message): None for message in messages if message is not None}
            if self._asked_to_look:
                self._asked_to_look = False  # before the look, so that no ring is missed
                known = set(self._drivers)
                self._guard("", self._adopt_waiting)
                touched |= dict.fromkeys(self._drivers.keys() - known)
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + TICK_S
                self._guard("", self._tick)
                touched |= dict.fromkeys(self._drivers)
                self._ticked.set()
            for run_id in touched:
                self._guard(run_id, partial(self._commit, run_id))

    def _deliver(self, message: _Message | RunRecord) -> str:
        if any(later.run_id == message.run_id for later in self._later):
            self._later.append(message)  # a program's calls before its end, for example
            return message.run_id
        self._handling = message
        if isinstance(message, RunRecord):
            self._guard(message.run_id, partial(self._begin, message))
        elif driver := self._drivers.get(message.run_id):
            self._guard(message.run_id, partial(message.act, driver))
        self._handling = None
        return message.run_id

    def _begin(self, record: RunRecord) -> None:
        run_id = record.run_id
        self._epochs[run_id] = record.epoch
        planned = self._plans.pop(run_id, None) or plan(self._ledger.workflow(run_id), record.parameters)
        job = Job(
            run_id=run_id,
            epoch=record.epoch,
            parameters=planned.parameters,
            components=planned.components,
            context=RunContext.model_validate(record.context),
            store_url=self._store.url,
            workflow=record.workflow,
        )
        driver = RunDriver(
            job,
            planned.tasks,
            ledger=self._ledger,
            scheduler=self._scheduler,
            store=self._store,
            records=self._ledger.tasks(run_id),
            cancelling=record.cancel_requested,
            dynamic=record.dynamic,
            watcher=self._watchers.get(run_id, lambda _: None),
            tidy=self._tidy,
        )
        self._drivers[run_id] = driver
        driver.begin(self.id)

    def _tidy(self, act: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the interpreter is ending; a file or two stay
            self._tidier.submit(act)

    def _commit(self, run_id: str) -> None:
        driver = self._drivers.get(run_id)
        if driver is None:
            return
        driver.commit()
        if driver.settled:
            del self._drivers[run_id]
            self._watchers.pop(run_id, None)
            self._epochs.pop(run_id, None)

    def _claim(self, run_id: str | None, *, attended: bool = False) -> RunRecord | None:
        if run_id is not None:
            current = self._ledger.run(run_id)
            if current.dynamic and not attended:
                raise ConflictError(f"run {run_id} goes on only with its program: {way_on(current)}")
            if current.state is RunState.RUNNING and is_dead(current.coordinator):
                self._ledger.release(run_id, current.epoch)
        record = self._ledger.claim(self.id, self._lease_s, run_id=run_id)
        crash_point("after_claim")
        return record

    def _tick(self) -> None:
        later, self._later = self._later, []
        for message in later:
            self._deliver(message)
        self._record_failures()
        self._keep()
        if self._drivers:
            for run_id, (_, cancel_requested) in self._ledger.states(list(self._drivers)).items():
                if cancel_requested:
                    self._drivers[run_id].cancel()
        if self._adopt:
            for run_id, epoch, coordinator in self._ledger.owners():
                if run_id not in self._drivers and is_dead(coordinator):
                    self._ledger.release(run_id, epoch)
            self._adopt_waiting()

    def _keep(self) -> None:
        """Renew the leases, late if need be: a scheduler may keep this thread waiting for longer than they last."""
        now = time.monotonic()
        if self._drivers and now - self._renewed >= self._lease_s / 3:
            self._renewed = now
            for run_id in set(self._drivers) - self._ledger.renew(self.id, self._lease_s):
                self._abandon(run_id)

    def _adopt_waiting(self) -> None:
        """Some of the runs that wait; the next ones once those that are driven have been looked after."""
        for _ in range(min(ADOPT_AT_ONCE, MOST_DRIVEN - len(self._drivers)) if self._adopt else 0):
            self._keep()  # else what ran out meanwhile would look as if nobody drove it
            record = self._claim(None)
            if record is None:
                return
            self._deliver(record)
        if self._adopt and len(self._drivers) < MOST_DRIVEN:
            self.look()

    def _guard(self, run_id: str, act: Callable[[], None]) -> None:
        """One run's trouble must not stop the others, nor this thread."""
        try:
            try:
                act()
            except FencedError:
                self._abandon(run_id)
            except StoreError as error:  # it may work again: see `_deliver` and `RunDriver.commit`
                log.warning("run %s: the ledger can't be used now: %s", run_id or "(none)", error)
                raise
            except Exception as error:
                if not isinstance(error, TwinGraphError):  # whose message the run's end carries
                    log.exception("run %s can't be driven on", run_id or "(none)")
                if run_id:
                    self._fail(run_id, error)
        except StoreError:
            if self._handling is not None:
                self._later.append(self._handling)
        except Exception:
            log.exception("run %s: and it can't be given up either", run_id or "(none)")

    def _fail(self, run_id: str, error: Exception) -> None:
        message = str(error) if isinstance(error, TwinGraphError) else f"internal error: {error!r}"
        driver = self._drivers.pop(run_id, None)
        finished = RunFinished(run_id=run_id, status="failed", error=message)
        self._failing[run_id] = self._epochs.pop(run_id), finished
        self._tell_watcher(finished)
        if driver is not None:
            self._scheduler.cancel(run_id)
        self._record_failures()

    def _record_failures(self) -> None:
        """Runs that were given up end in the ledger as soon as it can be written."""
        for run_id, (epoch, finished) in list(self._failing.items()):
            try:
                self._ledger.record(run_id, epoch, [finished])
            except StoreError as error:
                log.warning("run %s: can't record its end now, will try again: %s", run_id, error)
                return
            except TwinGraphError:
                log.exception("run %s: can't record its end", run_id)
            del self._failing[run_id]

    def _abandon(self, run_id: str) -> None:
        """Another coordinator has it: stop what runs for us; its results would be fenced anyway."""
        log.warning("run %s was taken over by another coordinator", run_id)
        self._epochs.pop(run_id, None)
        if self._drivers.pop(run_id, None):
            self._scheduler.cancel(run_id)
        self._tell_watcher(RunFinished(run_id=run_id, status="failed", error="another coordinator has taken it over"))

    def _tell_watcher(self, finished: RunFinished) -> None:
        if watcher := self._watchers.pop(finished.run_id, None):
            watcher([finished])
