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
from twingraph_lab.frontends.checks import checked
from twingraph_lab.frontends.earlier import past_of
from twingraph_lab.frontends.replays import computed, replayed
from twingraph_lab.frontends.why import Explanation, explain
from twingraph_lab.lineage.provenance import git_state
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import Plan
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.coordinator import Coordinator, is_dead
from twingraph_lab.runtime.crash import crash_point
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.program import EndedRun, OpenRun, attach, check_program
from twingraph_lab.runtime.records import RunRecord, TaskRecord
from twingraph_lab.runtime.run import Run
from twingraph_lab.runtime.scheduling import Scheduler
from twingraph_lab.runtime.states import RunState
from twingraph_lab.runtime.stream import EventStream
from twingraph_lab.schedulers.code import written
from twingraph_lab.schedulers.standby import Standby
from twingraph_lab.settings import Settings
from twingraph_lab.spec.workflow import Workflow

if TYPE_CHECKING:
    from gremlin_python.process.graph_traversal import GraphTraversalSource

    from twingraph_lab.lineage.recorder import Recorder


GIT_STATE_S = 2.0
"""How long what git says of a folder is taken to hold, for those who submit many runs."""
_GIT = threading.Lock()


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
        self._standby: Standby | None = None

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
        reuse: Mapping[str, TaskRecord] = {},
    ) -> Run:
        """Accept a run durably and drive it; with `drive=False` leave it for another coordinator.

        Nodes in `reuse` don't run: they begin completed, with the outputs of these tasks of earlier runs.

        Raises `WorkflowError` with every fault, before anything is kept. The same `idempotency_key` returns the first
        run, and goes on with it if its process is gone; `ConflictError` if that had another workflow or parameters, or
        reused other outputs.
        """
        record, planned = self._accept(
            workflow, parameters, context=context, idempotency_key=idempotency_key, reuse=reuse
        )
        self.started.append(record.run_id)
        left = record.state is RunState.RUNNING and is_dead(record.coordinator)
        if drive and (record.state is RunState.REQUESTED or left):
            self._record_lineage()
            with suppress(ConflictError):  # a coordinator that adopts runs was faster
                self.coordinator.take(record.run_id, planned)
        return Run(self.ledger, self.artifacts, self.stream, record.run_id)

    def accept(
        self,
        workflow: Workflow,
        parameters: Mapping[str, JsonValue] | None = None,
        *,
        idempotency_key: str | None = None,
        context: RunContext | None = None,
        run_id: str | None = None,
        reuse: Mapping[str, TaskRecord] = {},
    ) -> RunRecord:
        """As `submit`, but leave the run for a coordinator that adopts runs, such as this Lab's after `adopt`.

        `run_id` may be chosen; it is a `ConflictError` if there is such a run.
        """
        record, _ = self._accept(
            workflow, parameters, context=context, idempotency_key=idempotency_key, reuse=reuse, run_id=run_id
        )
        return record

    def _accept(
        self,
        workflow: Workflow,
        parameters: Mapping[str, JsonValue] | None,
        *,
        context: RunContext | None,
        idempotency_key: str | None,
        reuse: Mapping[str, TaskRecord],
        run_id: str | None = None,
    ) -> tuple[RunRecord, Plan]:
        located = self.located(context)
        planned = checked(workflow, parameters, located, reuse)
        record, _ = self.ledger.accept(
            workflow,
            planned.parameters,
            context=located.model_dump(mode="json"),
            idempotency_key=idempotency_key,
            run_id=run_id,
            reuse=reuse,
        )
        crash_point("after_accept")
        return record, planned

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
            context=self.located(context).model_dump(mode="json"),
            dynamic=True,
        )
        self.started.append(record.run_id)
        run = OpenRun(self.run(record.run_id), coordinator, self.ledger, self.artifacts)
        coordinator.take(record.run_id, watcher=run.committed)
        return run

    def attach(
        self, run_id: str, name: str, *, parameters: Mapping[str, JsonValue] | None = None, ended: bool = False
    ) -> OpenRun | EndedRun:
        """Take up a run of the pipeline `name` that was begun before, for its program run again.

        With `ended` the run stays as it is, and the program is only told again what came of it. Raises `ConflictError`
        if it was another pipeline or had other parameters, or is completed or driven by somebody alive.
        """
        run = self.run(run_id)
        check_program(run.record, name, parameters or {})
        if ended:
            return EndedRun(run, self.ledger, self.artifacts)
        self._record_lineage()
        opened = attach(run, self.coordinator, self.ledger, self.artifacts, written)
        self.started.append(run.id)
        return opened

    def located(self, context: RunContext | None = None) -> RunContext:
        """A context as runs of this Lab keep it: with the state of its git repository, and its project's name."""
        context = context or RunContext.here()
        with _GIT:  # one asks, the others have the answer
            git = _git_state(context.cwd, int(time.monotonic() / GIT_STATE_S))
        folder = str(git.get("root") or context.cwd)
        project = context.project or self.settings.project or Path(folder).name
        return context.model_copy(update={"git": git, "project": project})

    def run(self, run_id: str) -> Run:
        """A run by its id or a unique beginning of it. Raises `NotFoundError`."""
        return Run(self.ledger, self.artifacts, self.stream, self.ledger.run(run_id).run_id)

    def runs(self, limit: int = 20, state: RunState | None = None) -> list[RunRecord]:
        """The newest runs, newest first."""
        return self.ledger.runs(limit, state=state)

    def resume(self, run_id: str, *, drive: bool = True) -> Run:
        """Go on with a run that failed, was cancelled, or whose process is gone. What is completed isn't run again.

        Raises `ConflictError` if it is completed, if somebody alive drives it, or if it takes its program to go on.
        """
        record = self.ledger.run(run_id)
        if record.dynamic:
            raise ConflictError(
                f"run {record.run_id} goes on only with its program: `twingraph resume {record.run_id}` runs a script"
                f" again, and in Python or a notebook the pipeline does: {record.workflow}.resume({record.run_id!r})"
            )
        if record.state is RunState.RUNNING and is_dead(record.coordinator):
            self.ledger.release(record.run_id, record.epoch)
        self.ledger.reopen(record.run_id)
        self.started.append(record.run_id)
        if drive:
            self.drive(record.run_id)
        return self.run(record.run_id)

    def replay(self, run_id: str, node_id: str, *, drive: bool = True) -> Run:
        """A new run of one node as it was in this run: its definition, its parameters and what it was given.

        Of a node that was kept it is as in the run that computed it. It isn't taken from the cache, nor kept in it.
        Raises `NotFoundError`, and `ConflictError` if there is nothing to give it any more.
        """
        past, node_id = computed(self, past_of(self, run_id), node_id)
        made = replayed(past, node_id, exists=self.artifacts.exists)
        origin = f"{past.run_id}/{node_id}/{past.tasks[node_id].attempt}"
        context = RunContext.model_validate(self.ledger.run(past.run_id).context)
        context = context.model_copy(update={"replay_of": origin, "asked": "", "program": "", "call": 0})
        return self.submit(made.workflow, made.parameters, context=context, drive=drive, reuse=made.reuse)

    def rerun(self, run_id: str, *, drive: bool = True) -> Run:
        """A new run of what this run ran, with its parameters, in its place; of a partial run, of all its nodes.

        Raises `ConflictError` if it takes its program to do that again.
        """
        record = self.ledger.run(run_id)
        if record.dynamic:
            raise ConflictError(f"run {record.run_id} was built by a program; run that again")
        context = RunContext.model_validate(record.context).model_copy(update={"asked": "", "replay_of": ""})
        return self.submit(self.ledger.workflow(record.run_id), record.parameters, context=context, drive=drive)

    def why(self, run_id: str, node: str | None = None) -> list[Explanation]:
        """For each node of a run, or for one, why it ran or where its outputs were taken from."""
        return explain(self.ledger, self.artifacts, run_id, node)

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

    def adopt(self) -> None:
        """From now on also drive every run that nobody drives. To be called before the first run; returns at once."""
        self._record_lineage()
        with self._lock:
            self._coordinator = self._coordinator or self._start(adopt=True)

    def drive(self, run_id: str) -> None:
        """Drive a run that waits; nothing happens if somebody else was faster."""
        self._record_lineage()
        with suppress(ConflictError):
            self.coordinator.take(run_id)

    def look(self) -> None:
        """Somebody has left a run to those who adopt: take it up at once."""
        self.coordinator.look()

    def prepare(self) -> None:
        """Start the workers before the first run needs them."""
        _ = self.coordinator
        if self._standby is not None:
            self._standby.prepare()

    @property
    def busy(self) -> bool:
        """Whether this process drives a run."""
        coordinator = self._coordinator
        return coordinator is not None and not coordinator.idle

    @property
    def coordinator(self) -> Coordinator:
        """The coordinator of this process, started on first use."""
        with self._lock:
            if self._coordinator is None:
                self._coordinator = self._start(adopt=False)
            return self._coordinator

    @property
    def slots(self) -> int:
        """How many bodies run at a time, as far as the settings tell: a cluster of others may be larger."""
        workers, threads = _size(self.settings)
        return workers * threads

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
        scheduler: Scheduler
        if adopt:  # there may be nothing to do for long
            scheduler = self._standby = Standby(lambda: scheduler_of(self.settings))
        else:
            scheduler = scheduler_of(self.settings)
        coordinator = Coordinator(self.ledger, self.artifacts, scheduler, lease_s=self.settings.lease_s, adopt=adopt)
        coordinator.start()
        return coordinator


def scheduler_of(settings: Settings) -> Scheduler:
    """The scheduler that the settings ask for, not started yet."""
    workers, threads = _size(settings)
    if settings.scheduler == "inline":
        from twingraph_lab.schedulers.inline import InlineScheduler  # noqa: PLC0415

        return InlineScheduler(workers * threads, settings.resources)
    from twingraph_lab.schedulers.cluster import ClusterSize  # noqa: PLC0415
    from twingraph_lab.schedulers.dask import DaskScheduler  # noqa: PLC0415

    address = "" if settings.scheduler == "dask" else settings.scheduler
    return DaskScheduler(ClusterSize(workers, threads, settings.resources), address)


def _size(settings: Settings) -> tuple[int, int]:
    """Worker processes, and how many bodies each runs at a time."""
    workers = settings.workers or min(os.cpu_count() or 1, 4)
    return workers, settings.threads or max(1, -(-4 // workers))


def has_store(settings: Settings) -> bool:
    """Whether there is a store already, so that looking into it makes none."""
    return bool(settings.ledger) or (settings.home.expanduser() / "ledger.db").exists()


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


def remembers() -> bool:
    """Whether this process has a Lab, or there is a store for one."""
    return _current is not None or has_store(Settings())


def settings() -> Settings:
    """Of this process's Lab, or of the one that would be made."""
    return Settings() if _current is None else _current.settings


def use(lab: Lab | None) -> None:
    """Make `lab` this process's; None forgets it."""
    global _current  # noqa: PLW0603
    _current = lab


decorators.use_host(current)

__all__ = ["Lab", "Run", "current", "scheduler_of", "use"]
