"""What was finished, written by the worker that did it, before anyone is told.

A worker or the coordinator may die between the end of a body and the commit of its result. Whoever takes the task up
again finds the outcome here and doesn't run the body a second time.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable

from twingraph_lab.events import EVENT, AnyTaskEvent, TaskCompleted, TaskStarted
from twingraph_lab.runtime.artifacts import ArtifactStore


class Outcomes:
    """The outcomes of one group of tasks, or with no group those of a whole run.

    All files of a run are in one folder. A group's first one bears its plain name, so that a look at one name tells
    whether the group was run before; further ones, and those of groups it was spread to, begin with that name.
    """

    def __init__(self, store: ArtifactStore, run_id: str, group: str = "") -> None:
        self._store = store
        self._run = f"runs/{run_id}"
        self._folder = f"{self._run}/outcomes"
        self._first = f"{self._folder}/{group}.jsonl"
        self._prefix = f"{self._folder}/{group}"
        self._more = f"{self._prefix}.{uuid.uuid4().hex[:8]}"
        self._written = 0
        self._marked = False
        self._lock = threading.Lock()  # the thread that runs tasks, the one that flushes and the one that spreads

    def read(self) -> tuple[dict[str, TaskCompleted], set[str]]:
        """Completions by task id, and the ids of the at-most-once tasks that were about to start."""
        completed: dict[str, TaskCompleted] = {}
        started: set[str] = set()
        if self._prefix != f"{self._folder}/":
            self._marked = self._store.read(self._first) is not None
            if not self._marked:
                return completed, started
        for name in self._store.list(self._folder):
            if name.startswith(self._prefix):
                for line in (self._store.read(name) or b"").splitlines():
                    match EVENT.validate_json(line):
                        case TaskCompleted() as event:
                            completed[event.task_id] = event
                        case TaskStarted(task_id=task_id):
                            started.add(task_id)
        return completed, started

    def write(self, events: Iterable[AnyTaskEvent]) -> None:
        """Make these durable, in one write."""
        if lines := b"\n".join(EVENT.dump_json(event) for event in events):
            with self._lock:
                self._write(lines)

    def mark(self) -> None:
        """Let it be known that the group was begun, before others run parts of it."""
        with self._lock:
            if not self._marked:
                self._write(b"")

    def clear(self) -> None:
        """The ledger has them all."""
        self._store.delete(self._run)

    def _write(self, lines: bytes) -> None:
        self._written += 1
        self._store.write(f"{self._more}-{self._written}.jsonl" if self._marked else self._first, lines)
        self._marked = True
