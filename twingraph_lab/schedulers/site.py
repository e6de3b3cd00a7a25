"""What all groups that run in one process share: its platforms, and which runs are being stopped."""

from __future__ import annotations

import os
import socket
import threading
from weakref import WeakValueDictionary

from twingraph_lab.platforms.base import Platform
from twingraph_lab.registry import Registry
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.job import Job
from twingraph_lab.schedulers.cache import Cache
from twingraph_lab.schedulers.execute import Executor


class Site:
    """Thread-safe. One for each Dask worker process, and one for each inline scheduler."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._lock = threading.Lock()
        self._platforms: dict[str, Platform] = {}
        self._stopping: WeakValueDictionary[tuple[str, int], threading.Event] = WeakValueDictionary()
        # an entry lives as long as an executor of that run does

    def executor(self, job: Job) -> Executor:
        """What runs the tasks of `job` here."""
        return Executor(
            job=job,
            platform=self.platform,
            cache=Cache(ArtifactStore(job.store_url)),
            worker=self.name,
            stopping=self.stopping(job),
        )

    def platform(self, kind: str) -> Platform:
        """The instance of a platform in this process, made on first use."""
        with self._lock:
            if kind not in self._platforms:
                self._platforms[kind] = Registry[type[Platform]]("twingraph_lab.platforms").get(kind)()
            return self._platforms[kind]

    def stopping(self, job: Job) -> threading.Event:
        """Set while the run is being stopped here."""
        with self._lock:
            event = self._stopping.get((job.run_id, job.epoch))
            if event is None:
                event = self._stopping[job.run_id, job.epoch] = threading.Event()
            return event

    def stop(self, run_id: str) -> None:
        """Stop every body of a run and begin no other of those that are waiting here."""
        with self._lock:
            events = [event for (run, _), event in self._stopping.items() if run == run_id]
            platforms = list(self._platforms.values())
        for event in events:
            event.set()
        for platform in platforms:
            platform.stop(run_id)

    def close(self) -> None:
        """End what the platforms hold."""
        for platform in list(self._platforms.values()):
            platform.close()
