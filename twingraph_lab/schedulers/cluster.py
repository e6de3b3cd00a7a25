"""A local Dask cluster in a process of its own: scheduler and nannies here, workers below.

It isn't in the submitting process, so that neither waits for the other's interpreter lock, and so that a cluster that
hangs or dies can be replaced. It ends when the process that started it does, however that happens: their pipe closes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

import psutil

from twingraph_lab.errors import PlatformError

CONFIG = {
    "distributed.scheduler.worker-ttl": "30s",  # bodies are elsewhere, so a worker that says nothing is gone
    "distributed.admin.low-level-log-length": 1000,
    "distributed.admin.event-loop": "asyncio",
    "distributed.worker.daemon": True,
    "distributed.worker.profile.enabled": False,
    "distributed.logging.distributed": "error",
}


@dataclass(frozen=True, slots=True)
class ClusterSize:
    """`workers` processes, in each of which `threads` tasks run at a time; `resources` are what each offers."""

    workers: int
    threads: int
    resources: dict[str, float]


class LocalCluster:
    """The cluster process. Loopback only, with TLS and certificates made for it alone."""

    def __init__(self, size: ClusterSize) -> None:
        from distributed.security import Security  # noqa: PLC0415

        self.security = Security.temporary()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "twingraph_lab.schedulers.cluster"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the submitting process to handle
            text=True,
        )
        keys = {name: getattr(self.security, name) for name in _TLS}
        request = {"workers": size.workers, "threads": size.threads, "resources": size.resources, "security": keys}
        try:
            self._stdin.write(json.dumps(request) + "\n")
            self._stdin.flush()
            self.address: str = json.loads(self._stdout.readline())["address"]
        except (OSError, ValueError) as error:
            self.close()
            raise PlatformError("the local Dask cluster didn't start; its messages are above") from error

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def close(self) -> None:
        """End scheduler, workers and bodies."""
        kill_tree(self._process.pid)
        self._process.wait()
        self._stdin.close()
        self._stdout.close()

    @property
    def _stdin(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _stdout(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout


_TLS = (
    "tls_ca_file",
    *(f"tls_{role}_{part}" for role in ("client", "scheduler", "worker") for part in ("cert", "key")),
)


def kill_tree(pid: int) -> None:
    """SIGKILL a process and everything below it."""
    try:
        root = psutil.Process(pid)
        if pid != os.getpid():
            root.suspend()  # or its nannies would start workers anew, and say what they think of it
        family = [*sorted(root.children(recursive=True), key=_talks_last), root]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def _talks_last(process: psutil.Process) -> bool:
    """False, and so first, for what would complain about the death of the others."""
    with suppress(psutil.Error):
        return "resource_tracker" not in " ".join(process.cmdline())
    return True


def serve(request: dict[str, Any]) -> None:
    """Host the cluster until the other side is gone."""
    import dask  # noqa: PLC0415
    import distributed  # noqa: PLC0415
    from distributed.security import Security  # noqa: PLC0415

    with dask.config.set(CONFIG):
        cluster = distributed.LocalCluster(
            n_workers=request["workers"],
            threads_per_worker=request["threads"],
            processes=True,
            host="127.0.0.1",
            protocol="tls://",
            security=Security(require_encryption=True, **request["security"]),
            dashboard_address="127.0.0.1:0",
            memory_limit=0,  # a worker only supervises; memory is used in the bodies
            resources={
                "cpu": request["threads"],
                "memory": psutil.virtual_memory().total // request["workers"],
                **request["resources"],
            },
        )
        with suppress(BrokenPipeError):  # the other side may be gone already
            sys.stdout.write(json.dumps({"address": cluster.scheduler_address}) + "\n")
            sys.stdout.flush()
            sys.stdin.read()
    kill_tree(os.getpid())  # itself last


if __name__ == "__main__":
    serve(json.loads(sys.stdin.readline()))
