"""The ledger: what was asked for, what happened, and what came of it, durably."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from pydantic import JsonValue
from sqlalchemy import Connection, select

from twingraph_lab.errors import StoreError
from twingraph_lab.events import Event
from twingraph_lab.runtime import held, library, operations, queries, recording
from twingraph_lab.runtime.bell import Bell
from twingraph_lab.runtime.database import open_database, translated
from twingraph_lab.runtime.migrations import MIGRATIONS, migrate, schema_version
from twingraph_lab.runtime.records import EarlierRun, RunHead, RunRecord, StoredEvents, TaskRecord
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.runtime.tables import RUNS
from twingraph_lab.runtime.writer import Writer
from twingraph_lab.spec.document import dump
from twingraph_lab.spec.library import SavedWorkflow, check_name
from twingraph_lab.spec.workflow import Component, Node, Workflow

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time of the operating system's clock."""
    return datetime.now(UTC)


class Ledger:
    """Runs, their tasks and their events, in SQLite (`sqlite:///path`) or PostgreSQL (`postgresql+psycopg://…`).

    Each writing method is one transaction and returns once it is durable; any number of threads and processes may call
    them. Every method raises StoreError if the store can't be used, and works again once it can. A lock held by another
    process is waited for `timeout_s`. Leases are measured by `clock`, which must agree among all processes.
    """

    def __init__(self, url: str, *, clock: Clock = utc_now, timeout_s: float = 5.0) -> None:
        self.url = url
        self.bell = Bell()
        self._clock = clock
        self._closed = False
        self._database = open_database(url, timeout_s)
        try:
            with (
                translated(self._database.name),
                self._database.exclusive(),
                self._database.writer.begin() as connection,
            ):
                migrate(connection)
        except BaseException:
            self._database.close()
            raise
        self._writer = Writer(self._database, self.bell)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish what was begun to be written, and close the store. Doing it twice does no harm."""
        self._writer.close()
        if not self._closed:
            self._closed = True
            self._database.close()

    def accept(
        self,
        workflow: Workflow,
        parameters: Mapping[str, JsonValue],
        *,
        context: Mapping[str, JsonValue] = {},
        idempotency_key: str | None = None,
        run_id: str | None = None,
        dynamic: bool = False,
        reuse: Mapping[str, TaskRecord] = {},
    ) -> tuple[RunRecord, bool]:
        """Keep a run to be claimed, with a pending task for each node; returns it and whether it is new.

        Nodes in `reuse` are completed from the start, with the outputs of those tasks. The same key with the same
        workflow, parameters and reused outputs returns the first run; with others it is a ConflictError.
        """
        submission = operations.Submission(
            run_id=run_id or uuid4().hex[:16],
            workflow=workflow,
            parameters=parameters,
            context=context,
            idempotency_key=idempotency_key,
            dynamic=dynamic,
            reuse=reuse,
            named=run_id is not None,
        )
        return self._writer.call(lambda transaction: operations.accept(transaction, submission, self._clock()))

    def claim(self, coordinator: str, lease_s: float, *, run_id: str | None = None) -> RunRecord | None:
        """Own a requested run, or a running one whose lease ran out: the one that waits longest, or `run_id`.

        The record's `epoch` is the fence for all that follows. None if there is none to be had. `coordinator` must be
        unique among all that live.
        """
        with self._reading() as connection:  # asking costs no write while there is nothing to do
            if (
                connection.scalar(select(RUNS.c.run_id).where(queries.claimable(self._clock(), run_id)).limit(1))
                is None
            ):
                return None
        lease = timedelta(seconds=lease_s)
        return self._writer.call(
            lambda transaction: operations.claim(transaction, coordinator, lease, self._clock(), run_id)
        )

    def renew(self, coordinator: str, lease_s: float) -> set[str]:
        """Own for `lease_s` from now what `coordinator` still owns; returns the ids of these runs."""
        lease = timedelta(seconds=lease_s)
        return self._writer.call(lambda transaction: operations.renew(transaction, coordinator, self._clock() + lease))

    def release(self, run_id: str, epoch: int) -> None:
        """Let another coordinator claim the run at once. Nothing happens if it isn't owned under `epoch` any more."""
        self._writer.call(partial(operations.release, run_id=run_id, epoch=epoch))

    def record(
        self,
        run_id: str,
        epoch: int,
        events: Sequence[Event],
        *,
        dispatched: Mapping[str, int] = {},
    ) -> list[Event]:
        """Put events in the log, and what they mean in the rows of tasks and run, or nothing; returns them with seqs.

        `dispatched` maps tasks handed to the scheduler to their attempts. Raises FencedError if `epoch` doesn't own the
        run any more, ConflictError for a task or run that has ended, NotFoundError for a task that isn't there.
        """
        return self._writer.call(
            partial(recording.record, run_id=run_id, epoch=epoch, events=events, dispatched=dispatched)
        )

    def add_nodes(
        self,
        run_id: str,
        epoch: int,
        nodes: Sequence[Node],
        *,
        components: Mapping[str, Component] = {},
        sites: Mapping[str, str] = {},
        again: Sequence[Node] = (),
    ) -> list[Event]:
        """Let a run's workflow grow; FencedError as for `record`, ConflictError if the run has such a node.

        `again` are nodes that it has, in a new form; `sites` tells where its program called each.
        """
        return self._writer.call(
            lambda transaction: recording.add_nodes(
                transaction,
                run_id,
                epoch,
                nodes,
                components=components,
                sites=sites,
                again=again,
                now=self._clock(),
            )
        )

    def set_outputs(
        self, run_id: str, epoch: int, outputs: Mapping[str, JsonValue], *, handled: Collection[str] = ()
    ) -> None:
        """Declare the outputs of a run that grew, as input trees; FencedError as for `record`.

        `handled` are nodes whose failure its program has dealt with.
        """
        self._writer.call(partial(recording.set_outputs, run_id=run_id, epoch=epoch, outputs=outputs, handled=handled))

    def growth(self, run_id: str) -> recording.Growth:
        """What a run's document has grown by since it was accepted."""
        with self._reading() as connection:
            return recording.load_growth(connection, run_id)

    def request_cancel(self, run_id: str) -> bool:
        """Ask the run's coordinator to stop it; False if that was asked before, or the run has ended."""
        return self._writer.call(lambda transaction: operations.request_cancel(transaction, run_id, self._clock()))

    def reopen(self, run_id: str, *, keep: Collection[str] = ()) -> RunRecord:
        """Let a failed or cancelled run be claimed again, with all tasks pending that aren't completed or in `keep`.

        Raises ConflictError if it is completed, or somebody owns it. One that can be claimed anyway stays as it is.
        """
        return self._writer.call(lambda transaction: operations.reopen(transaction, run_id, self._clock(), keep))

    def run(self, run_id: str) -> RunRecord:
        """By id, or by the first four or more characters if no other run's id begins with them.

        Raises NotFoundError, or ConflictError with the candidates.
        """
        with self._reading() as connection:
            return queries.find_run(connection, run_id)

    def runs(self, limit: int = 20, *, state: RunState | None = None) -> list[RunRecord]:
        """Newest first."""
        with self._reading() as connection:
            return queries.list_runs(connection, limit, state)

    def heads(
        self,
        limit: int = 20,
        *,
        before: str | None = None,
        workflow: str | None = None,
        state: RunState | None = None,
        text: str = "",
    ) -> list[RunHead]:
        """Runs without their documents, newest first: those requested before run `before`, if given.

        `workflow` is a whole name, `text` part of an id, a name or an error, whatever its case.
        """
        with self._reading() as connection:
            return queries.list_heads(connection, limit, before=before, workflow=workflow, state=state, text=text)

    def counts(self, run_ids: Collection[str]) -> dict[str, dict[TaskState, int]]:
        """How many tasks of each run are in which state; runs without tasks are left out."""
        with self._reading() as connection:
            return queries.count_tasks(connection, run_ids)

    def program(self, program: str) -> list[RunRecord]:
        """The runs that one execution of a program began, oldest first."""
        with self._reading() as connection:
            return queries.list_program(connection, program)

    def states(self, run_ids: Collection[str]) -> dict[str, tuple[RunState, bool]]:
        """The state of each run, and whether somebody asked for it to be cancelled. Cheaper than `run`."""
        with self._reading() as connection:
            return queries.load_states(connection, run_ids)

    def owners(self) -> list[tuple[str, int, str]]:
        """Run id, epoch and coordinator of every running run."""
        with self._reading() as connection:
            return queries.load_owners(connection)

    def tasks(self, run_id: str) -> dict[str, TaskRecord]:
        """By task id, in the order of the document."""
        with self._reading() as connection:
            return queries.load_tasks(connection, run_id)

    def earlier(self, workflow: str, *, before: str | None = None, limit: int = 50) -> list[EarlierRun]:
        """Runs of the workflow of this name, newest first; with `before`, only those requested before that run."""
        with self._reading() as connection:
            return queries.load_earlier(connection, workflow, before, limit)

    def last_completed(self, run_ids: Collection[str]) -> dict[str, str]:
        """For each task that completed in one of these runs the newest of them in which it did."""
        with self._reading() as connection:
            return queries.load_last_completed(connection, run_ids)

    def times(self, run_ids: Collection[str]) -> dict[str, list[float]]:
        """Seconds that the bodies of completed tasks took in these runs, by task id; cached ones don't count."""
        with self._reading() as connection:
            return queries.load_times(connection, run_ids)

    def events(
        self,
        run_id: str | None,
        after: int = 0,
        limit: int = 1000,
        *,
        task_id: str | None = None,
        types: Collection[str] = (),
    ) -> list[Event]:
        """Those with a seq above `after`, in order; of one run or all, of one task and of some types if given."""
        with self._reading() as connection:
            return queries.load_events(connection, run_id, after, limit, task_id=task_id, types=types)

    def stored_events(
        self, run_id: str | None, after: int = 0, *, limit: int = 1000, limit_bytes: int = 256 * 1024
    ) -> StoredEvents:
        """As `events`, in the form they are kept in: a fraction of the cost for those who only hand them on.

        A page is about `limit_bytes` long at most: its last event may go beyond.
        """
        with self._reading() as connection:
            return queries.load_stored_events(connection, run_id, after, limit, limit_bytes)

    def last_seq(self) -> int:
        """Of the last event in the log; 0 if there is none."""
        with self._reading() as connection:
            return queries.last_seq(connection)

    def last_event(self, run_id: str, types: Collection[str] = (), *, before: int | None = None) -> Event | None:
        """The run's last event, of some types and with a seq below `before` if given; None if there is none."""
        with self._reading() as connection:
            return queries.load_last_event(connection, run_id, before, types)

    def workflow(self, run_id: str) -> Workflow:
        """The workflow of a run, with the nodes that were added since."""
        return Workflow.model_validate_json(self.run(run_id).document)

    def save_workflow(self, name: str, workflow: Workflow) -> tuple[SavedWorkflow, bool]:
        """Keep a workflow as the newest version of a name; returns that and whether it is new.

        It isn't if its document is that of the newest version. Raises `WorkflowError` for what can't be a name.
        """
        name, digest, text = check_name(name), workflow.digest, dump(workflow)
        return self._writer.call(lambda transaction: library.save(transaction, name, digest, text, self._clock()))

    def saved_workflow(self, name: str, version: int | None = None) -> SavedWorkflow:
        """The newest version, or this one. Raises NotFoundError."""
        with self._reading() as connection:
            return library.load(connection, name, version)

    def saved_workflows(self) -> list[SavedWorkflow]:
        """The newest version of each name, by name."""
        with self._reading() as connection:
            return library.newest(connection)

    def saved_versions(self, name: str) -> list[SavedWorkflow]:
        """All versions of a name, newest first. Raises NotFoundError."""
        with self._reading() as connection:
            return library.versions(connection, name)

    def delete_workflow(self, name: str, version: int | None = None) -> int:
        """Forget one version of a name, or all; returns how many. Runs of it stay. Raises NotFoundError."""
        return self._writer.call(partial(library.delete, name=name, version=version))

    def hold(self, execution_id: str, text: str) -> None:
        """Keep a document until a run of this id is asked for."""
        self._writer.call(lambda transaction: held.hold(transaction, execution_id, text, self._clock()))

    def held(self, execution_id: str) -> str:
        """The document that was kept for a run of this id. Raises NotFoundError."""
        with self._reading() as connection:
            return held.load(connection, execution_id)

    def token(self) -> int:
        """A number that changes when another process, or this one, has committed events. Cheap to ask for."""
        self._check_open()
        with translated(self._database.name):
            return self._database.token()

    def check(self) -> list[str]:
        """What is wrong with the store, in words; empty if nothing is. Reads all of it."""
        try:
            with self._reading() as connection:
                version, last = schema_version(connection), queries.last_seq(connection)
                problems = queries.problems(connection)
            if version != len(MIGRATIONS):
                problems.append(f"the store has schema {version}, not {len(MIGRATIONS)}")
            with translated(self._database.name):
                return self._database.problems(last) + problems
        except StoreError as error:
            self._check_open()
            return [str(error)]

    def backup(self, path: Path) -> None:
        """Write a copy of an SQLite ledger that can be opened as one, while it is in use; replaces an older copy."""
        self._check_open()
        self._database.backup(path)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._check_open()
        with translated(self._database.name), self._database.reader.connect() as connection:
            yield connection

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(f"ledger {self._database.name} is closed")
