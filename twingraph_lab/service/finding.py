"""Finding the service of a store, and starting it where there is none: one for each store, whoever asks first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from twingraph_lab.errors import ConflictError, PlatformError
from twingraph_lab.lineage.locking import FileLock
from twingraph_lab.service import endpoint
from twingraph_lab.service.endpoint import Endpoint
from twingraph_lab.settings import Settings

START_S = 60.0
"""How long a service may take to answer: machines are slow when everything starts at once."""
STOP_S = 20.0
LOOK_S = 0.02
IDLE_S = 900.0
"""A service that nobody started by hand stops when nothing was asked of it for so long."""
TAIL_BYTES = 4000
DETACH = "import subprocess as s,sys;print(s.Popen(sys.argv[1:],stdout=2,start_new_session=True).pid)"
"""A process that is nobody's child: ending Jupyter or a kernel, with all below it, must not end it."""


def find(settings: Settings) -> Endpoint | None:
    """The service of this store, if there is one that answers. Raises `PlatformError` if there is one that hangs."""
    found = endpoint.read(_home(settings))
    return found if found is not None and found.alive and found.answers else None


def ensure(settings: Settings, *, idle_s: float = IDLE_S) -> Endpoint:
    """The service of this store, started if there is none; any number of processes may ask at once.

    Raises `PlatformError` with the end of its log if it doesn't start, or if the one there is hangs, and
    `ConflictError` if that has another version or uses another ledger or other artifacts.
    """
    if found := find(settings):
        return checked(found, settings)
    home = _home(settings)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(home / endpoint.STARTING)
    deadline = time.monotonic() + START_S
    while not lock.acquire():
        if time.monotonic() > deadline:
            raise PlatformError(f"another process has been starting the service of {home} for {START_S:g} s")
        time.sleep(LOOK_S)
    try:
        return checked(find(settings) or _started(settings, home, idle_s), settings)
    finally:
        lock.release()


def checked(found: Endpoint, settings: Settings) -> Endpoint:
    """The same, if it does for this store what the settings ask for. Raises `ConflictError`."""
    if found.version != endpoint.version():
        raise ConflictError(
            f"the service of {settings.home} is twingraph-lab {found.version}, this is {endpoint.version()}; "
            "stop it with `twingraph serve --stop`: its runs go on with the next one"
        )
    if wrong := {"ledger", "artifacts"} & differences(found, settings):
        raise ConflictError(
            f"the service of {settings.home} keeps another {' and other '.join(sorted(wrong, reverse=True))}: "
            "stop it with `twingraph serve --stop`, or set the same TWINGRAPH_… here"
        )
    return found


def differences(found: Endpoint, settings: Settings) -> set[str]:
    """The settings that the service has otherwise."""
    ours = endpoint.digests(settings)
    return {name for name in ours.keys() | found.settings.keys() if ours.get(name) != found.settings.get(name)}


def stop(settings: Settings) -> Endpoint | None:
    """End the service of this store, and wait until it has; None if there is none. Its runs go on with the next one.

    Raises `PlatformError` if it doesn't end.
    """
    found = endpoint.read(_home(settings))
    if found is None or not found.alive:
        return None
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while found.alive:
        if time.monotonic() > deadline:
            raise PlatformError(
                f"the service, process {found.pid}, doesn't end; `kill -KILL {found.pid}` ends it, and its runs go on "
                f"with the next one; its log: {log_of(_home(settings))}"
            )
        time.sleep(LOOK_S)
    return found


def log_of(home: Path) -> Path:
    """Where a service started on demand tells what it does."""
    return home / "logs" / "service.log"


def _started(settings: Settings, home: Path, idle_s: float) -> Endpoint:
    path = log_of(home)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    begin = path.stat().st_size
    command = [sys.executable, "-m", "twingraph_lab.cli", "serve", "--idle-s", f"{idle_s:g}", "--on-demand"]
    with path.open("ab") as log:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", DETACH, *command],
            env=_environment(settings, home),
            cwd=home,  # not the asker's folder, which may have modules that shadow others
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            check=True,
            text=True,
        )
    pid = int(done.stdout)
    deadline = time.monotonic() + START_S
    while _runs(pid):
        if found := find(settings):
            return found
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            raise PlatformError(f"the service didn't answer within {START_S:g} s{_tail(path, begin)}")
        time.sleep(LOOK_S)
    raise PlatformError(f"the service didn't start{_tail(path, begin)}")


def _home(settings: Settings) -> Path:
    return settings.home.expanduser().absolute()


def _environment(settings: Settings, home: Path) -> dict[str, str]:
    """The environment that gives the service these settings. Not its arguments: URLs can hold passwords."""
    values = {**settings.model_dump(mode="json", exclude_defaults=True), "home": str(home)}
    given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TWINGRAPH_")}
    return {**kept, **{f"TWINGRAPH_{name.upper()}": value for name, value in given.items()}}


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _tail(log: Path, begin: int) -> str:
    """What the log says from `begin` on, the end of it, below a line that names the file."""
    with log.open("rb") as file:
        file.seek(max(begin, log.stat().st_size - TAIL_BYTES))
        text = file.read().decode("utf-8", "replace").strip()
    return f"; its log, {log}, ends with:\n{text}" if text else f"; its log, {log}, says nothing"
