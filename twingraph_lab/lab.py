"""The composition root: settings → ledger, artifacts, scheduler, lineage. The only module that knows every part."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pydantic import JsonValue

from twingraph_lab.errors import ConflictError, PlatformError, StoreError
from twingraph_lab.frontends import decorators
from twingraph_lab.lineage.provenance import git_state
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import plan
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.coordinator import Coordinator, is_dead
from twingraph_lab.runtime.crash import crash_point
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.program import OpenRun
from twingraph_lab.runtime.records import RunRecord
from twingraph_lab.runtime.run import Run
from twingraph_lab.runtime.scheduling import Scheduler
from twingraph_lab.runtime.states import RunState
from twingraph_lab.runtime.stream import EventStream
from twingraph_lab.settings import Settings
from twingraph_lab.spec.workflow import Workflow

if TYPE_CHECKING:
    from gremlin_python.process.graph_traversal import GraphTraversalSource

    from twingraph_lab.lineage.recorder import Recorder


GIT_STATE_S = 2.0
"""How long what git says of a folder is taken to hold, for those who submit many runs."""


class Lab:
    """Runs workflows and remembers them. Cheap to make: cluster and coordinator start with the first run.

    A `Lab` drives the runs that it submitted or resumed, for as long as it is open. Threads may share it.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        _check_scheduler(self.settings.scheduler)
        self.home = _private_folder(self.settings.home)
        self.ledger = Ledger(self.settings.ledger or f"sqlite:///{self.home / 'ledger.db'}")
        self.artifacts = ArtifactStore(self.settings.artifacts or str(self.home / "artifacts"))
        self.stream = EventStream(self.ledger)
        self.started: list[str] = []
        self._lock = threading.Lock()
        self._coordinator: Coordinator | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(
        self,
        workflow: Workflow,
        parameters: Mapping[str, JsonValue] | None = None,
        *,
        idempotency_key: str | None = None,
        context: RunContext | None = None,
        drive: bool = True,
    ) -> Run:
        """Accept a run durably and drive it; with `drive=False` leave it for another coordinator.

        Raises `WorkflowError` with every fault, before anything is kept. The same `idempotency_key` returns the first
        run, and goes on with it if its process is gone; `ConflictError` if that had another workflow or parameters.
        """
        planned = plan(workflow, parameters)
        record, _ = self.ledger.accept(
            workflow,
            planned.parameters,
            context=_located(context).model_dump(mode="json"),
            idempotency_key=idempotency_key,
        )
        crash_point("after_accept")
        self.started.append(record.run_id)
        left = record.state is RunState.RUNNING and is_dead(record.coordinator)
        if drive and (record.state is RunState.REQUESTED or left):
            self._record_lineage()
            with suppress(ConflictError):  # a coordinator that adopts runs was faster
                self.coordinator.take(record.run_id, planned)
        return Run(self.ledger, self.artifacts, self.stream, record.run_id)

    def open(
        self, name: str, *, parameters: Mapping[str, JsonValue] | None = None, context: RunContext | None = None
    ) -> OpenRun:
        """Begin a run that a program builds while it runs."""
        self._record_lineage()
        coordinator = self.coordinator
        workflow = Workflow(name=name, extra_parameters=True)
        record, _ = self.ledger.accept(
            workflow,
            parameters or {},
            context=_located(context).model_dump(mode="json"),
            dynamic=True,
        )
        self.started.append(record.run_id)
        run = OpenRun(self.run(record.run_id), coordinator, self.ledger, self.artifacts)
        coordinator.take(record.run_id, watcher=run.committed)
        return run

    def run(self, run_id: str) -> Run:
        """A run by its id or a unique beginning of it. Raises `NotFoundError`."""
        return Run(self.ledger, self.artifacts, self.stream, self.ledger.run(run_id).run_id)

    def runs(self, limit: int = 20, state: RunState | None = None) -> list[RunRecord]:
        """The newest runs, newest first."""
        return self.ledger.runs(limit, state=state)

    def resume(self, run_id: str, *, drive: bool = True) -> Run:
        """Go on with a run that failed, was cancelled, or whose process is gone. What is completed isn't run again.

        Raises `ConflictError` if it is completed, or somebody alive drives it.
        """
        record = self.ledger.run(run_id)
        if record.dynamic:
            raise ConflictError(f"run {record.run_id} was built by a program as it ran; run the program again")
        if record.state is RunState.RUNNING and is_dead(record.coordinator):
            self.ledger.release(record.run_id, record.epoch)
        self.ledger.reopen(record.run_id)
        self.started.append(record.run_id)
        if drive:
            self._record_lineage()
            self.coordinator.take(record.run_id)
        return self.run(record.run_id)

    def cancel(self, run_id: str) -> bool:
        """Ask for a run to stop, wherever it is driven; False if it had ended or was asked before."""
        return self.ledger.request_cancel(self.ledger.run(run_id).run_id)

    def coordinate(self, *, until_idle: bool, run_id: str | None = None) -> None:
        """Host a coordinator in this process: drive `run_id`, or every run that nobody drives.

        Returns when there is nothing left to do, with `until_idle`; else only by an exception such as Ctrl-C.
        """
        self._record_lineage()
        coordinator = self._start(adopt=run_id is None)
        try:
            if run_id is not None:
                coordinator.take(self.ledger.run(run_id).run_id)
            coordinator.wait(until_idle=until_idle)
        finally:
            coordinator.close()

    @property
    def coordinator(self) -> Coordinator:
        """The coordinator of this process, started on first use."""
        with self._lock:
            if self._coordinator is None:
                self._coordinator = self._start(adopt=False)
            return self._coordinator

    @property
    def g(self) -> GraphTraversalSource:
        """Gremlin traversal source of the lineage of every run, read-only. Waits until it has caught up."""
        from twingraph_lab.lineage.embedded.connection import open_graph  # noqa: PLC0415

        self.lineage.catch_up()
        return open_graph(self.lineage.store, read_only=True)

    @cached_property
    def lineage(self) -> Recorder:
        """What follows the stream and writes the lineage graph."""
        from twingraph_lab.lineage.recorder import Recorder  # noqa: PLC0415

        return Recorder(self.ledger, self.stream, self.home / "lineage.db")

    def close(self) -> None:
        """Stop driving and let everything go. Runs that haven't ended can be resumed."""
        with self._lock:
            coordinator, self._coordinator = self._coordinator, None
        if coordinator is not None:
            coordinator.close()
        self.stream.close()
        if "lineage" in self.__dict__:
            self.lineage.close()
        self.ledger.close()

    def _record_lineage(self) -> None:
        if self.settings.lineage:
            self.lineage.start()

    def _start(self, *, adopt: bool) -> Coordinator:
        coordinator = Coordinator(
            self.ledger, self.artifacts, scheduler_of(self.settings), lease_s=self.settings.lease_s, adopt=adopt
        )
        coordinator.start()
        return coordinator


def scheduler_of(settings: Settings) -> Scheduler:
    """The scheduler that the settings ask for, not started yet."""
    workers = settings.workers or min(os.cpu_count() or 1, 4)
    threads = settings.threads or max(1, -(-4 // workers))
    if settings.scheduler == "inline":
        from twingraph_lab.schedulers.inline import InlineScheduler  # noqa: PLC0415

        return InlineScheduler(workers * threads, settings.resources)
    from twingraph_lab.schedulers.cluster import ClusterSize  # noqa: PLC0415
    from twingraph_lab.schedulers.dask import DaskScheduler  # noqa: PLC0415

    address = "" if settings.scheduler == "dask" else settings.scheduler
    return DaskScheduler(ClusterSize(workers, threads, settings.resources), address)


def _located(context: RunContext | None) -> RunContext:
    context = context or RunContext.here()
    return context.model_copy(update={"git": _git_state(context.cwd, int(time.monotonic() / GIT_STATE_S))})


@lru_cache(maxsize=8)
def _git_state(folder: str, _moment: int) -> dict[str, str | bool]:
    return git_state(folder)


def _private_folder(path: Path) -> Path:
    path = path.expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"the store's folder {path} can't be made ({error.strerror}); set TWINGRAPH_HOME") from error
    return path


def _check_scheduler(name: str) -> None:
    if name not in {"dask", "inline"} and not name.startswith(("tcp://", "tls://")):
        raise PlatformError(f"there is no scheduler {name!r}; say dask, inline, or an address such as tcp://host:8786")


_current: Lab | None = None


def current() -> Lab:
    """The Lab of this process, made from the environment on first use and closed at exit."""
    global _current  # noqa: PLW0603
    if _current is None:
        _current = Lab()
        atexit.register(_current.close)
    return _current


def use(lab: Lab | None) -> None:
    """Make `lab` this process's; None forgets it."""
    global _current  # noqa: PLW0603
    _current = lab


decorators.use_host(current)

__all__ = ["Lab", "Run", "current", "scheduler_of", "use"]
