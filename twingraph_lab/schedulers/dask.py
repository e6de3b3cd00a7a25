"""Runs tasks on Dask: a whole graph in one submission, each group of tasks one Dask task.

Dask orders and places; it keeps nothing that must last. Events come back through a topic of the scheduler, outcomes are
durable before they are told (`runtime.outcomes`), and a future is let go once the ledger has what it stands for.
"""

from __future__ import annotations

import itertools
import logging
import pickle
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from dask._task_spec import Task as DaskTask
from dask._task_spec import TaskRef
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer
from distributed import Client, Future
from distributed.scheduler import KilledWorker

from twingraph_lab.errors import PlatformError
from twingraph_lab.events import EVENT, Outputs
from twingraph_lab.planning.plan import Task
from twingraph_lab.runtime.job import Job
from twingraph_lab.runtime.scheduling import Reports
from twingraph_lab.schedulers import dask_worker
from twingraph_lab.schedulers.cluster import ClusterSize, LocalCluster
from twingraph_lab.schedulers.group import Group
from twingraph_lab.schedulers.packing import pack
from twingraph_lab.schedulers.resources import sort_out

Placement = tuple[tuple[tuple[str, float], ...], str]
"""Resources asked for, and the worker preferred."""

SWEEP_S = 0.25
PING_S = 5.0
MOST_PINGS_MISSED = 3
CALL_TIMEOUT_S = 10.0
WORKERS_S = 10.0
"""How long the first worker of a cluster may take before tasks are sent anyway."""
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    """A submitted group, until everything of it is committed."""

    run_id: str
    future: Future[bytes]
    remaining: set[str]
    finished_at: float = 0.0


class DaskScheduler:
    """See `Scheduler`. With `address` an existing cluster is used, else one of `size` is started on this machine."""

    def __init__(self, size: ClusterSize, address: str = "") -> None:
        self._size = size
        self._address = address
        self._slots = size.workers * size.threads
        self._workers = [""]
        self._topic = f"twingraph-{uuid.uuid4().hex}"
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._ready = threading.Event()
        self._closing = threading.Event()
        self._waiting: list[tuple[Job, Sequence[Task], Mapping[str, Outputs], Mapping[str, int]]] = []
        self._held: dict[str, _Held] = {}
        self._key_of: dict[str, dict[str, str]] = defaultdict(dict)
        self._cluster: LocalCluster | None = None
        self._client: Client | None = None
        self._trouble: Exception | None = None
        self._monitor = threading.Thread(target=self._watch, name="twingraph-dask", daemon=True)

    def start(self, reports: Reports) -> None:
        """See `Scheduler.start`; the cluster comes up in the background."""
        self._reports = reports
        self._monitor.start()

    def submit(
        self, job: Job, tasks: Sequence[Task], *, given: Mapping[str, Outputs], attempts: Mapping[str, int]
    ) -> None:
        """See `Scheduler.submit`. What comes before the cluster is up is kept until then."""
        with self._lock:
            self._waiting.append((job, tasks, given, attempts))
            if self._ready.is_set():
                self._hand_over()

    def release(self, run_id: str, tasks: Collection[str]) -> None:
        """See `Scheduler.release`."""
        with self._lock:
            for task_id in tasks:
                held = self._held.get(key := self._key_of[run_id].pop(task_id, ""))
                if held is not None:
                    held.remaining.discard(task_id)
                    if not held.remaining:
                        self._held.pop(key).future.release()

    def cancel(self, run_id: str) -> None:
        """See `Scheduler.cancel`."""
        with self._lock:
            futures = [held.future for held in self._held.values() if held.run_id == run_id]
        self.forget(run_id)
        if self._client is None or not futures:
            return
        try:
            self._client.sync(self._client._cancel, futures, force=True, callback_timeout=CALL_TIMEOUT_S)  # noqa: SLF001
            self._on_workers(dask_worker.stop, run_id)
        except Exception as error:  # noqa: BLE001  (the run ends all the same; late results are dropped)
            log.warning("run %s: the cluster doesn't answer to a cancel: %r", run_id, error)

    def forget(self, run_id: str) -> None:
        """See `Scheduler.forget`."""
        with self._lock:
            self._waiting = [waiting for waiting in self._waiting if waiting[0].run_id != run_id]
            self._key_of.pop(run_id, None)
            for key in [key for key, held in self._held.items() if held.run_id == run_id]:
                self._held.pop(key).future.release()

    def close(self) -> None:
        """See `Scheduler.close`."""
        self._closing.set()
        self._monitor.join()
        self._disconnect()

    @property
    def client(self) -> Client:
        """The connected client; waits for the cluster. Raises `PlatformError` if there can't be one."""
        self._ready.wait()
        if self._client is None:
            raise PlatformError(f"no Dask cluster: {self._trouble}") from self._trouble
        return self._client

    @property
    def cluster(self) -> LocalCluster | None:
        """The local cluster, if there is one."""
        return self._cluster

    def _hand_over(self) -> None:
        """Everything that waits goes to the cluster, in its order. Called with the lock held."""
        waiting, self._waiting = self._waiting, []
        for job, tasks, given, attempts in waiting:
            try:
                self._place(self.client, job, tasks, given, attempts)
            except Exception as error:  # noqa: BLE001  (the run's end says it)
                self._reports.refused(job.run_id, error)

    def _place(
        self,
        client: Client,
        job: Job,
        tasks: Sequence[Task],
        given: Mapping[str, Outputs],
        attempts: Mapping[str, int],
    ) -> None:
        if any(task.resources for task in tasks):
            offers = [worker["resources"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()]
            if offers:  # a cluster that starts workers when there is work may have none yet
                tasks, failures = sort_out(job, tasks, attempts, offers)
                self._reports.report(job.run_id, "", failures)
        tasks = self._with_parents(job.run_id, tasks, given)
        if not tasks:
            return
        graph, members = self._graph(job, tasks, given, attempts)
        futures = client.get(graph, list(members), sync=False)
        for (key, ids), future in zip(members.items(), futures, strict=True):
            self._held[key] = _Held(job.run_id, future, set(ids))

    def _with_parents(self, run_id: str, tasks: Sequence[Task], given: Mapping[str, Outputs]) -> list[Task]:
        """Those whose parents are here. A parent may have been lost a moment ago, and will be submitted again."""
        here, gone = {*given, *self._key_of[run_id]}, []
        for task in tasks:
            if here.issuperset(task.upstream):
                here.add(task.id)
            else:
                gone.append(task.id)
        if gone:
            self._reports.lost(run_id, gone, "what it waits for was lost", fatal=False)
        return [task for task in tasks if task.id in here and task.id not in gone]

    def _graph(
        self, job: Job, tasks: Sequence[Task], given: Mapping[str, Outputs], attempts: Mapping[str, int]
    ) -> tuple[HighLevelGraph, dict[str, list[str]]]:
        key_of = self._key_of[job.run_id]
        groups = pack(tasks, self._slots)
        keys = [f"{job.run_id}-e{job.epoch}-{next(self._numbers)}" for _ in groups]
        members = {key: [task.id for unit in units for task in unit] for key, units in zip(keys, groups, strict=True)}
        key_of.update((task_id, key) for key, ids in members.items() for task_id in ids)
        layers: dict[Placement, dict[str, DaskTask]] = defaultdict(dict)
        turns = itertools.cycle(self._workers)
        for key, units in zip(keys, groups, strict=True):
            parents = dict.fromkeys(parent for unit in units for task in unit for parent in task.upstream)
            own = {parent: given[parent] for parent in parents if parent in given}
            upstream = {key_of[parent] for parent in parents if parent not in given} - {key}
            used = {task.component: job.components[task.component] for unit in units for task in unit}
            numbers = {task_id: attempts[task_id] for task_id in members[key] if attempts[task_id] != 1}
            group = Group(key, replace(job, components=used), units, own, numbers)
            payload = pickle.dumps((group, self._topic))
            worker = next(turns) if len(units) > 1 else ""  # else Dask has all go where their common input is
            placement = tuple(sorted(units[0][0].resources.items())), worker
            layers[placement][key] = DaskTask(key, dask_worker.run, payload, *(TaskRef(up) for up in sorted(upstream)))
        return _high_level(layers), members

    def _received(self, event: tuple[float, Any]) -> None:
        _, (run_id, execution, texts) = event
        events = [EVENT.validate_json(text) for text in texts]
        self._reports.report(run_id, execution, events)  # type: ignore[arg-type]

    def _watch(self) -> None:
        """Keep a cluster there, and look after groups that won't report themselves."""
        missed, next_ping = 0, 0.0
        self._connect()
        self._open()
        while not self._closing.wait(SWEEP_S):
            try:
                if self._cluster is not None and not self._cluster.alive:
                    self._replace("the Dask scheduler process died")
                    continue
                if time.monotonic() >= next_ping:
                    missed = 0 if self._answers() else missed + 1
                    next_ping = time.monotonic() + PING_S
                if missed >= MOST_PINGS_MISSED:
                    missed = 0
                    self._replace(f"the Dask scheduler didn't answer for {MOST_PINGS_MISSED * PING_S:g} s")
                else:
                    self._sweep()
            except Exception:
                log.exception("while looking after the Dask cluster")

    def _connect(self) -> None:
        try:
            if not self._address:
                self._cluster = LocalCluster(self._size)
            address, security = self._address, None
            if self._cluster is not None:
                address, security = self._cluster.address, self._cluster.security
            self._client = Client(address, security=security, name="twingraph", set_as_default=False)
            self._client.subscribe_topic(self._topic, self._received)
            with suppress(TimeoutError):
                self._client.wait_for_workers(1, timeout=WORKERS_S)
            threads = self._client.nthreads()
            self._workers = list(threads) or [""]
            self._slots = sum(threads.values()) or self._slots
            self._client.run(dask_worker.warm, wait=False, on_error="ignore")
            self._trouble = None
        except Exception as error:  # noqa: BLE001  (told to whoever submits)
            self._trouble = error

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        cluster, self._cluster = self._cluster, None
        if client is not None:
            with suppress(TimeoutError):  # a scheduler that is gone doesn't say good-bye
                client.close(timeout=2)
        if cluster is not None:
            cluster.close()

    def _replace(self, cause: str) -> None:
        """Start over with a new cluster, and have everything that was on the old one taken up again."""
        log.warning("%s; starting again", cause)
        self._ready.clear()
        with self._lock:
            lost: dict[str, set[str]] = defaultdict(set)
            for held in self._held.values():
                lost[held.run_id] |= held.remaining
            self._held.clear()
            self._key_of.clear()
            self._disconnect()
        self._connect()
        for run_id, tasks in lost.items():
            self._reports.lost(run_id, tasks, cause, fatal=False)
        self._open()  # after the reports, so that what is submitted next comes after these tasks

    def _open(self) -> None:
        with self._lock:
            self._ready.set()
            self._hand_over()

    def _answers(self) -> bool:
        client = self._client
        if client is None or client.scheduler is None:
            return False
        try:
            client.sync(client.scheduler.identity, n_workers=0, callback_timeout=PING_S)
        except Exception:  # noqa: BLE001  (any failure counts as no answer)
            return False
        return True

    def _on_workers(self, function: Any, *args: Any) -> None:
        client = self.client
        client.sync(client._run, function, *args, on_error="ignore", callback_timeout=CALL_TIMEOUT_S)  # noqa: SLF001

    def _sweep(self) -> None:
        """Groups that failed as a whole, or finished without their reports arriving."""
        now = time.monotonic()
        with self._lock:
            odd = [(key, held) for key, held in self._held.items() if held.future.status != "pending"]
        for key, held in odd:
            if held.future.status == "finished":
                held.finished_at = held.finished_at or now
                if now - held.finished_at < 2.0:
                    continue
                self._give_up(key, "its worker's reports were lost", fatal=False)
            elif held.future.status == "error":
                error = held.future.exception(timeout=CALL_TIMEOUT_S)
                killed = isinstance(error, KilledWorker)
                cause = f"{error.last_worker.address} and other workers died running it" if killed else repr(error)
                self._give_up(key, cause, fatal=killed and error.task == key)
            else:
                self._give_up(key, f"Dask has it as {held.future.status}", fatal=False)

    def _give_up(self, key: str, cause: str, *, fatal: bool) -> None:
        with self._lock:
            held = self._held.pop(key, None)
            if held is None:
                return
            for task_id in held.remaining:
                self._key_of[held.run_id].pop(task_id, None)
            held.future.release()
        self._reports.lost(held.run_id, held.remaining, cause, fatal=fatal)


def _high_level(layers: Mapping[Placement, dict[str, DaskTask]]) -> HighLevelGraph:
    """One layer for each placement, because Dask takes resources and workers as a layer's annotation."""
    graph = {
        f"layer-{number}": MaterializedLayer(tasks, annotations=_annotations(*placement))
        for number, (placement, tasks) in enumerate(layers.items())
    }
    return HighLevelGraph(graph, {name: set(graph) - {name} for name in graph})


def _annotations(resources: tuple[tuple[str, float], ...], worker: str) -> dict[str, Any]:
    found: dict[str, Any] = {"resources": dict(resources)} if resources else {}
    return found | ({"workers": [worker], "allow_other_workers": True} if worker else {})
