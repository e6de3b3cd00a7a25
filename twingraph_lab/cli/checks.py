"""What `doctor` looks at: the installation, and the store. Each check yields findings and changes nothing."""

from __future__ import annotations

import importlib
import platform
import re
import shutil
import socket
import sqlite3
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from twingraph_lab.errors import TwinGraphError
from twingraph_lab.frontends.display import size
from twingraph_lab.frontends.inspecting import abandoned
from twingraph_lab.registry import Registry
from twingraph_lab.runtime.files import TEMPORARY
from twingraph_lab.runtime.run import way_on
from twingraph_lab.runtime.states import RunState

if TYPE_CHECKING:
    from twingraph_lab.events import Artifact
    from twingraph_lab.lab import Lab
    from twingraph_lab.settings import Settings

DISTRIBUTION = "twingraph-lab"
SHOWN_VERSIONS = ("dask", "distributed", "pydantic", "sqlalchemy", "networkx")
NOT_FOR_USERS = ("all", "dev")
SAMPLE_RUNS = 20
SAMPLE_VALUES = 500
EVERY_RUN = 1_000_000
LEAST_FREE_BYTES = 1_000_000_000
UNFINISHED_S = 3600.0
"""A temporary file older than this has no writer any more."""
CONNECT_S = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """`ok`; `note`: works, but something is worth knowing; `bad`: something doesn't work. `repairable` by --repair."""

    subject: str
    status: Literal["ok", "note", "bad"]
    message: str
    advice: str = ""
    repairable: bool = False


def installation(settings: Settings) -> Iterator[Finding]:
    """Python, versions, extras, platforms and the scheduler."""
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.platform(terse=True)}")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in (DISTRIBUTION, *SHOWN_VERSIONS))
    yield Finding("versions", "ok", f"{versions}, SQLite {sqlite3.sqlite_version}")
    yield from _extras()
    yield from _plugins("platform")
    yield _scheduler(settings.scheduler)


def home(settings: Settings) -> Iterator[Finding]:
    """The folder of the embedded store: who can read it, and whether there is room."""
    folder = settings.home.expanduser().absolute()
    if not folder.is_dir():
        yield Finding("home", "note", f"{folder} isn't there yet; the first run makes it")
        return
    if open_to_others(folder):
        advice = f"chmod 700 {folder}"
        yield Finding("home", "bad", f"others can read {folder}", advice, repairable=True)
    free = shutil.disk_usage(folder).free
    advice = "" if free >= LEAST_FREE_BYTES else "runs stop when the disk is full; make room"
    yield Finding("home", "note" if advice else "ok", f"{folder}, {size(free)} free", advice)


def ledger(lab: Lab) -> Iterator[Finding]:
    """Whether the ledger holds together."""
    problems = lab.ledger.check()
    for problem in problems:
        yield Finding("ledger", "bad", problem, "restore a copy from home/backups, or run on a new home")
    if not problems:
        yield Finding("ledger", "ok", f"{len(lab.runs(EVERY_RUN))} runs, undamaged")


def values(lab: Lab, *, full: bool) -> Iterator[Finding]:
    """Whether what completed tasks gave is still there, byte for byte; a sample of the newest unless `full`."""
    broken, seen = [], set[str]()
    for run_id, task_id, name, artifact in _stored(lab, SAMPLE_RUNS if not full else EVERY_RUN):
        if artifact.digest in seen:
            continue
        if not full and len(seen) >= SAMPLE_VALUES:
            break
        seen.add(artifact.digest)
        if not lab.artifacts.verify(artifact):
            broken.append(f"{name} of {run_id}/{task_id} is missing or damaged ({artifact.digest[:19]})")
    for message in broken:
        yield Finding("values", "bad", message, "run the workflow again: what a node gave can't be made up")
    if not broken:
        yield Finding("values", "ok", f"{len(seen)} {'' if full else 'of the newest '}values read, undamaged")


def runs(lab: Lab) -> Iterator[Finding]:
    """Runs that nobody drives any more, or yet."""
    running = lab.runs(EVERY_RUN, RunState.RUNNING)
    dead = [record for record in running if abandoned(record)]
    for record in dead:
        message = f"{record.run_id} ({record.workflow}) is running, but its process {record.coordinator} is gone"
        yield Finding("runs", "note", message, way_on(record), repairable=record.lease_until is not None)
    for record in lab.runs(EVERY_RUN, RunState.REQUESTED):
        advice = "twingraph coordinate --until-idle"
        yield Finding("runs", "note", f"{record.run_id} ({record.workflow}) waits for a coordinator", advice)
    if not dead:
        yield Finding("runs", "ok", f"{len(running)} running, each with a living process")


def lineage(lab: Lab) -> Iterator[Finding]:
    """Whether the lineage is readable and has come as far as the ledger."""
    try:
        behind, damage = lineage_gap(lab)
    except TwinGraphError as error:
        behind, damage = 0, str(error)
    if damage:
        advice = "--repair records it again from the ledger"
        yield Finding("lineage", "bad", damage, advice, repairable=True)
    elif behind:
        advice = "the next run, query or --repair catches up"
        yield Finding("lineage", "note", f"at least {behind} events behind the ledger", advice, repairable=True)
    else:
        yield Finding("lineage", "ok", "has everything that is in the ledger")


def lineage_gap(lab: Lab) -> tuple[int, str]:
    """How many events the lineage is behind (counted up to a thousand), and what is wrong with it."""
    from twingraph_lab.lineage.recorder import READER  # noqa: PLC0415  (needs an extra)
    from twingraph_lab.lineage.schema import RECORDED  # noqa: PLC0415

    store = lab.lineage.store
    with store.reading() as connection:
        damage = [row[0] for row in connection.execute("PRAGMA quick_check") if row[0] != "ok"]
    cursor = store.cursor(READER)
    if cursor and not lab.ledger.events(None, cursor - 1, 1):
        damage.append("it is ahead of the ledger: it was recorded from another one")
    return len(lab.ledger.events(None, cursor, types=RECORDED)), "; ".join(damage)


def leftovers(lab: Lab) -> Iterator[Finding]:
    """Temporary files whose writer died."""
    files = unfinished(lab)
    if files:
        total = size(sum(file.stat().st_size for file in files))
        yield Finding(
            "leftovers", "note", f"{len(files)} unfinished files, {total}", "--repair deletes them", repairable=True
        )


def unfinished(lab: Lab) -> list[Path]:
    """Temporary files of a local store that nobody writes any more."""
    root = Path(lab.artifacts.url)
    if not root.is_dir():
        return []
    before = time.time() - UNFINISHED_S
    return [path for path in root.rglob(f"{TEMPORARY}*") if path.is_file() and path.stat().st_mtime < before]


def open_to_others(folder: Path) -> bool:
    """Whether anybody but the owner may look into a folder."""
    return bool(folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _stored(lab: Lab, limit: int) -> Iterator[tuple[str, str, str, Artifact]]:
    for record in lab.runs(limit):
        for task in lab.ledger.tasks(record.run_id).values():
            for name, artifact in task.outputs.items():
                yield record.run_id, task.task_id, name, artifact


def _extras() -> Iterator[Finding]:
    missing = {
        extra: [package for package in packages if not _installed(package)]
        for extra, packages in sorted(_requirements().items())
    }
    yield Finding("extras", "ok", f"installed: {', '.join(e for e in missing if not missing[e]) or 'none'}")
    for extra, packages in missing.items():
        if packages:
            install = f"pip install '{DISTRIBUTION}[{extra}]'"
            yield Finding(f"extra {extra}", "note", f"not installed: {', '.join(packages)}", install)


def _requirements() -> dict[str, list[str]]:
    """Packages by extra, from this distribution's own metadata."""
    found: dict[str, list[str]] = {}
    for requirement in metadata.requires(DISTRIBUTION) or []:
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"""extra == ['"]([\w-]+)['"]""", requirement)
        if name and extra and extra[1] not in NOT_FOR_USERS:
            found.setdefault(extra[1], []).append(name[0])
    return found


def _installed(package: str) -> bool:
    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _plugins(kind: str) -> Iterator[Finding]:
    registry: Registry[object] = Registry(f"twingraph_lab.{kind}s")
    for name in registry.names():
        try:
            registry.get(name)
        except (ImportError, TwinGraphError) as error:
            yield Finding(f"{kind} {name}", "note", f"can't be used: {error}")
        else:
            yield Finding(f"{kind} {name}", "ok", "usable")


def _scheduler(scheduler: str) -> Finding:
    subject = f"scheduler {scheduler}"
    if scheduler == "inline":
        return Finding(subject, "ok", "usable")
    if scheduler == "dask":
        try:
            importlib.import_module("distributed")
        except ImportError as error:
            return Finding(subject, "bad", str(error), "pip install distributed, or --scheduler inline")
        return Finding(subject, "ok", "usable")
    host, _, port = scheduler.rpartition("://")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except (OSError, ValueError) as error:
        return Finding(subject, "bad", f"can't be reached: {error}", "start it, or use --scheduler dask")
    return Finding(subject, "ok", "answers")
