"""Run a task in a process of its own on this machine, so that any body can be stopped and none can harm another."""

from __future__ import annotations

import os
import selectors
import signal
import threading
import time
from collections import defaultdict
from dataclasses import replace
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from twingraph_lab.events import Failure, FailureKind, Metrics, Outputs, TaskLogged
from twingraph_lab.platforms.base import AttemptError, Call, Tell
from twingraph_lab.platforms.body import STALE
from twingraph_lab.platforms.hearing import GarbledError, Lines, Stream, event, heard
from twingraph_lab.platforms.saying import Logged, Progressed
from twingraph_lab.platforms.zygote import Body, Zygote

MAX_IDLE = 16
Reply = tuple[Outputs | Failure, Metrics]


class LocalOptions(BaseModel):
    """`environment` are variables that a body finds in its environment, beside those of the worker."""

    model_config = ConfigDict(extra="forbid")

    environment: dict[str, str] = {}


class LocalPlatform:
    """One instance a process. `run` is called from many threads; each call has a body process to itself."""

    Options: ClassVar[type[BaseModel]] = LocalOptions

    def __init__(self) -> None:
        self._zygote = Zygote()
        self._lock = threading.Lock()
        self._idle: list[_Running] = []
        self._busy: dict[str, set[_Running]] = defaultdict(set)

    def run(self, call: Call, tell: Tell) -> tuple[Outputs, Metrics]:
        """Run one attempt; see `Platform.run`."""
        try:
            running = self._take(call.job.run_id)
        except OSError as error:
            raise _failed("platform", "NoProcess", f"no process could be started for it: {error}", Metrics()) from error
        if call.stopping.is_set():
            running.stop()
        try:
            result, metrics = self._exchange(running, call, tell)
        except BaseException:
            self._drop(call.job.run_id, running)
            raise
        self._give_back(call.job.run_id, running)
        if isinstance(result, Failure):
            raise AttemptError(result, metrics)
        return result, metrics

    def stop(self, run_id: str) -> None:
        """Kill the bodies of a run."""
        with self._lock:
            for running in self._busy.get(run_id, ()):
                running.stop()

    def warm(self) -> None:
        """Start the first body process before it is needed."""
        running = _Running(self._zygote.fork())
        with self._lock:
            self._idle.append(running)

    def close(self) -> None:
        """End every body process."""
        self._zygote.close()

    def _take(self, run_id: str) -> _Running:
        with self._lock:
            dead = [running for running in self._idle if running.ended]
            self._idle = [running for running in self._idle if running not in dead]
            preferred = [running for running in self._idle if running.job_of == run_id] or self._idle
            running = preferred[-1] if preferred else None
            if running is not None:
                self._idle.remove(running)
        for gone in dead:
            gone.end(self._zygote)
        running = running or _Running(self._zygote.fork())
        with self._lock:
            self._busy[run_id].add(running)
        return running

    def _give_back(self, run_id: str, running: _Running) -> None:
        with self._lock:
            self._forget(run_id, running)
            self._idle.append(running)
            surplus = self._idle.pop(0) if len(self._idle) > MAX_IDLE else None
        if surplus is not None:
            surplus.end(self._zygote)

    def _drop(self, run_id: str, running: _Running) -> None:
        with self._lock:
            self._forget(run_id, running)
        running.end(self._zygote)

    def _forget(self, run_id: str, running: _Running) -> None:
        self._busy[run_id].discard(running)
        if not self._busy[run_id]:
            del self._busy[run_id]

    def _exchange(self, running: _Running, call: Call, tell: Tell) -> Reply:
        started = time.monotonic()
        deadline = started + call.task.timeout_s if call.task.timeout_s else None
        try:
            running.send(call)
            reply = running.follow(call, tell, deadline)
            if reply == STALE:
                running.replace(self._zygote)
                if call.stopping.is_set():
                    running.stop()
                running.send(call)
                reply = running.follow(call, tell, deadline)
        except TimeoutError:
            used = Metrics(wall_s=time.monotonic() - started)
            message = f"stopped after its timeout of {call.task.timeout_s:g} s"
            raise _failed("timeout", "TimeoutError", message, used) from None
        except (EOFError, OSError, GarbledError) as error:
            running.body.kill()
            status = self._zygote.status(running.body.pid)
            running.reaped = True
            used = Metrics(wall_s=time.monotonic() - started)
            if running.stopped:
                raise _failed("cancelled", "Cancelled", "stopped because the run was cancelled", used) from None
            cause = str(error) if isinstance(error, GarbledError) else _cause(status)
            raise _failed("crashed", "BodyCrashed", cause, used) from None
        return reply  # type: ignore[return-value]


class _Running:
    """A body process and what it has been told so far."""

    def __init__(self, body: Body) -> None:
        self.stopped = False
        self._adopt(body)

    def _adopt(self, body: Body) -> None:
        self.body = body
        self.job_of = ""
        self.reaped = False
        self._components: set[str] = set()
        self._streams: dict[int, Stream] = {body.stdout: "stdout", body.stderr: "stderr"}
        self._selector = selectors.DefaultSelector()
        self._process = os.pidfd_open(body.pid) if hasattr(os, "pidfd_open") else -1
        for fd in (body.connection.fileno(), *self._streams, *([self._process] if self._process >= 0 else [])):
            self._selector.register(fd, selectors.EVENT_READ)

    @property
    def ended(self) -> bool:
        """Whether the process is gone, or has something to say that nobody asked for."""
        return self.body.connection.poll()

    def send(self, call: Call) -> None:
        """Send a call; of the job only what this process hasn't been told yet."""
        job, key = None, call.task.component
        if self.job_of != call.job.run_id:
            job = replace(call.job, components={})
            self.job_of, self._components = call.job.run_id, set()
        component = None if key in self._components else call.job.components[key]
        self.body.connection.send((job, component, call.task, call.attempt, call.given))
        self._components.add(key)

    def follow(self, call: Call, tell: Tell, deadline: float | None) -> object:
        """Pass on what the body prints, logs and says of its progress until it replies."""
        connection = self.body.connection
        place = {"run_id": call.job.run_id, "task_id": call.task.id, "attempt": call.attempt}

        def printed(stream: Stream, text: str) -> None:
            tell(TaskLogged(**place, stream=stream, text=text))

        lines = {fd: Lines(fd, stream, printed) for fd, stream in self._streams.items()}
        try:
            while True:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    self.body.kill()  # now, or what it prints would never end
                    raise TimeoutError
                for key, _ in self._selector.select(left):
                    if key.fd in lines:
                        if not lines[key.fd].read():
                            self._selector.unregister(key.fd)
                        continue
                    if key.fd == self._process and not connection.poll():
                        raise EOFError  # it died; a child of it may hold the other end open
                    message = heard(connection)
                    if not isinstance(message, Logged | Progressed):
                        return message
                    tell(event(message, place))
        finally:  # the body has flushed before it replied, and may have printed before it died
            for rest in lines.values():
                rest.finish()

    def stop(self) -> None:
        """Kill the process; whoever follows it notices."""
        self.stopped = True
        self.body.kill()

    def replace(self, zygote: Zygote) -> None:
        """Go on with a fresh process."""
        self.end(zygote)
        self._adopt(zygote.fork())

    def end(self, zygote: Zygote) -> None:
        """Kill and reap the process, with whatever it started."""
        if not self.reaped:
            self.body.kill()
            zygote.status(self.body.pid)
            self.reaped = True
        self._selector.close()
        if self._process >= 0:
            os.close(self._process)
        self.body.close()


def _failed(kind: FailureKind, error_type: str, message: str, metrics: Metrics) -> AttemptError:
    return AttemptError(Failure(kind=kind, type=error_type, message=message), metrics)


def _cause(status: int) -> str:
    if status >= 0:
        return f"the body's process ended by itself with exit code {status} (os._exit, or a library that does that)"
    name = signal.Signals(-status).name
    hint = {
        "SIGKILL": "killed from outside, most often by the operating system for want of memory",
        "SIGSEGV": "a segmentation fault in native code",
        "SIGABRT": "aborted by native code",
    }.get(name, "ended by a signal")
    return f"the body's process died of {name}: {hint}"
