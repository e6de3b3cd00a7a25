"""What happens inside a body process: resolve inputs, call the user's code, store its outputs.

The process serves one call at a time over a pipe. It is reused for the calls of one run, and for other runs as long as
it has imported none of the user's own modules (they may have changed).
"""

from __future__ import annotations

import asyncio
import inspect
import io
import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from twingraph_lab import logs
from twingraph_lab.errors import SerializationError, TwinGraphError
from twingraph_lab.events import Artifact, Failure, FailureKind, Metrics, Outputs
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.resolve import pick, resolve
from twingraph_lab.platforms import inside, stand_ins
from twingraph_lab.platforms.base import Call
from twingraph_lab.platforms.cells import NamedOutputs
from twingraph_lab.platforms.loading import Function, load
from twingraph_lab.platforms.saying import PipeHandler, storable
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.job import Job
from twingraph_lab.runtime.raised import described
from twingraph_lab.runtime.values import Values
from twingraph_lab.spec.workflow import Component

STALE = "stale"
"""Reply of a process that must not serve another run."""


def preload() -> None:
    """Import what bodies are likely to need and what is safe to have before a fork."""
    stand_ins.install()


def main(connection_fd: int, stdout: int, stderr: int) -> None:
    """Serve calls until the other side closes the pipe."""
    os.set_inheritable(connection_fd, False)
    connection = Connection(connection_fd)
    _redirect(stdout, stderr)
    handler = PipeHandler(connection)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    progress = logs.report_to(handler.progress)
    job: Job | None = None
    components: dict[str, Component] = {}
    while True:
        try:
            new_job, component, task, number, given = connection.recv()
        except EOFError:
            return
        if new_job is not None:
            if job is not None and job.run_id != new_job.run_id and _user_modules():
                connection.send(STALE)
                return
            components.clear()
            job = replace(new_job, components=components)
            _enter(job.context)
        if component is not None:
            components[task.component] = component
        assert job is not None
        reply = attempt(Call(job, task, number, given))
        progress.flush()
        sys.stdout.flush()
        sys.stderr.flush()
        handler.send(reply)


def attempt(call: Call) -> tuple[Outputs | Failure, Metrics]:
    """Run one call here. Whatever the user's code raises, `SystemExit` too, becomes a `Failure`."""
    store = ArtifactStore(call.job.store_url)
    os.environ.update(
        TWINGRAPH_RUN_ID=call.job.run_id,
        TWINGRAPH_NODE=call.task.id,
        TWINGRAPH_ATTEMPT=str(call.attempt),
        TWINGRAPH_IDEMPOTENCY_KEY=f"{call.job.run_id}-{call.task.id}",
    )

    def value_of(node: str, path: tuple[str, ...]) -> Any:
        return pick(Values(call.given[node], store), path)

    result: Outputs | Failure
    _reset_peak_memory()
    wall, cpu = time.perf_counter(), time.process_time()
    kind: FailureKind = "input"
    try:
        with _environment(call), inside.loading():
            function = undecorated(load(call.job.components[call.task.component], call.task))
            inputs = resolve(call.task.inputs, value_of, call.job.parameters, store.get)
        kind = "error"
        with _environment(call), inside.running():
            value = function(**inputs)
            if inspect.iscoroutine(value):
                value = asyncio.run(value)
        if getattr(function, inside.KEYS_ARE_OUTPUTS, False):
            value = by_key(value)
        kind = "serialization"
        result = {name: _stored(store, name, item) for name, item in named(value, call.task.outputs)}
    except BaseException as error:  # noqa: BLE001  (a body may raise anything; the process must go on)
        result = failure_of(error, kind)
    metrics = Metrics(
        wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu, peak_memory_bytes=_peak_memory()
    )
    return result, metrics


def undecorated(function: Function) -> Function:
    """What is behind a name may be a component, which outside of a pipeline is more than a function."""
    inner: Any = getattr(function, "function", None)
    decorated = inner is not None and inner is getattr(function, "__wrapped__", None)
    return inner if decorated else function


@contextmanager
def _environment(call: Call) -> Iterator[None]:
    """The variables that the node asks for, as long as its code runs."""
    asked: Any = call.task.platform.options.get("environment")
    if not asked:
        yield
        return
    before = {name: os.environ.get(name) for name in asked}
    os.environ.update(asked)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _stored(store: ArtifactStore, name: str, value: Any) -> Artifact:
    try:
        return store.put(value)
    except SerializationError as error:
        raise SerializationError(f"output {name!r}: {error}") from None


def named(value: Any, declared: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """A body's return value as named outputs.

    >>> dict(named(3, ()))
    {'result': 3}
    >>> dict(named((1, 2), ("x", "y")))
    {'x': 1, 'y': 2}
    """
    if len(declared) == 1 and not (isinstance(value, NamedOutputs) or _is_namedtuple(value)):
        yield declared[0], value
    elif _is_namedtuple(value):
        yield from value._asdict().items()
    elif isinstance(value, NamedOutputs):
        yield from value.items()
    elif not declared:
        yield "result", value
    elif isinstance(value, Mapping) and set(declared) <= set(value):
        yield from ((name, value[name]) for name in declared)
    elif isinstance(value, tuple | list) and len(value) == len(declared):
        yield from zip(declared, value, strict=True)
    else:
        msg = f"returned {type(value).__name__}, but declares the outputs {', '.join(declared)}"
        raise SerializationError(msg)


def by_key(value: Any) -> Any:
    """A dict as outputs by name if all its keys are text; anything else as it is."""
    return NamedOutputs(value) if type(value) is dict and all(type(key) is str for key in value) else value


def failure_of(error: BaseException, kind: FailureKind) -> Failure:
    """Describe an exception with the user's frames only: those below the engine's call."""
    if isinstance(error, TwinGraphError):  # ours, raised before or after the body: the message says it all
        return Failure(kind=kind, type=type(error).__name__, message=storable(str(error)))
    frames = traceback.TracebackException.from_exception(error)
    _trim(frames)
    text = storable("".join(frames.format()))
    return Failure(
        kind=kind,
        type=type(error).__name__,
        message=storable(_text(error)),
        traceback=text,
        raised=described(error) if kind == "error" else None,
    )


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  (the user's code, once more)
        return "(its text can't be made)"


def _trim(frames: traceback.TracebackException) -> None:
    ours = os.path.dirname(__file__)  # noqa: PTH120
    while frames.stack and os.path.dirname(frames.stack[0].filename) == ours:  # noqa: PTH120
        del frames.stack[0]
    for linked in (frames.__cause__, frames.__context__):
        if linked is not None:
            _trim(linked)


def _is_namedtuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_asdict")


def _enter(context: RunContext) -> None:
    """Make the submitter's modules importable, as they were where the run was submitted."""
    sys.path[:0] = [entry for entry in context.sys_path if entry not in sys.path]
    if os.path.isdir(context.cwd):  # noqa: PTH112
        os.chdir(context.cwd)


def _user_modules() -> bool:
    """Whether a module has been imported that somebody may be editing: all but what is installed, and ourselves."""
    installed = (sys.prefix, sys.base_prefix, os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120
    files = (getattr(module, "__file__", None) or "" for module in list(sys.modules.values()))
    return any(os.path.isabs(file) and not file.startswith(installed) for file in files)  # noqa: PTH117


def _redirect(stdout: int, stderr: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nowhere, 0), (stdout, 1), (stderr, 2)):
        os.dup2(source, target)
        os.close(source)
    sys.stdin = io.TextIOWrapper(io.FileIO(0))
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), encoding="utf-8", errors="backslashreplace", line_buffering=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _reset_peak_memory() -> None:
    try:
        with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123
            file.write("5")  # proc(5): resets the peak resident set size
    except OSError:
        return


def _peak_memory() -> int:
    try:
        with open("/proc/self/status", "rb") as file:  # noqa: PTH123
            for line in file:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource  # noqa: PLC0415

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
