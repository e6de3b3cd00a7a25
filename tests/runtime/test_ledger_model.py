"""Coordinators that stall, crash and come back, against a model of what they may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import NullPool, create_engine

from twingraph_lab.errors import ConflictError, FencedError
from twingraph_lab.events import (
    Artifact,
    Event,
    Failure,
    RunFinished,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskLogged,
    TaskStarted,
)
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.spec.workflow import Node, Workflow

TASKS = ("a", "b")
LEASE_S = 10
FAILURE = Failure(kind="error", type="E", message="")
EVENTS = (TaskStarted, TaskLogged, TaskCompleted, TaskFailed, TaskCancelled)
STATES = {
    TaskStarted: TaskState.RUNNING,
    TaskCompleted: TaskState.COMPLETED,
    TaskFailed: TaskState.FAILED,
    TaskCancelled: TaskState.CANCELLED,
}


@dataclass
class Run:
    """What the model knows of a run."""

    parameters: dict[str, int]
    state: RunState = RunState.REQUESTED
    epoch: int = 0
    owner: str = ""
    lease_until: datetime | None = None
    tasks: dict[str, TaskState] = field(default_factory=lambda: dict.fromkeys(TASKS, TaskState.PENDING))
    outputs: dict[str, Artifact] = field(default_factory=dict)

    def free(self, now: datetime) -> bool:
        lapsed = self.lease_until is None or self.lease_until < now
        return self.state is RunState.REQUESTED or (self.state is RunState.RUNNING and lapsed)

    def owned_by(self, epoch: int) -> bool:
        return self.state is RunState.RUNNING and self.epoch == epoch and self.lease_until is not None


class LedgerMachine(RuleBasedStateMachine):
    """A hold is a run and an epoch: what a coordinator got by claiming, and may believe in long after."""

    fresh_url: Callable[[], str]
    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.url = type(self).fresh_url()
        self.ledgers = [Ledger(self.url, clock=lambda: self.now)]
        self.log: list[Event] = []
        self.runs: dict[str, Run] = {}
        self.keys: dict[str, str] = {}
        self.values = count()

    @property
    def ledger(self) -> Ledger:
        return self.ledgers[-1]

    def teardown(self) -> None:
        assert self.ledger.events(None, limit=100_000) == self.log
        assert self.ledger.check() == []
        for ledger in self.ledgers:
            ledger.close()

    @initialize(target=holds)
    def begin(self) -> object:
        self.accept(None, 0)
        hold = self.claim("x", None)
        self.record(hold, [("a", TaskCompleted)])
        return hold

    @precondition(lambda self: len(self.runs) < 3)
    @rule(key=st.sampled_from([None, "monday"]), number=st.integers(0, 1))
    def accept(self, key: str | None, number: int) -> None:
        workflow = Workflow(name="model", nodes=tuple(Node(id=task_id, component="math:sqrt") for task_id in TASKS))
        known = self.runs[self.keys[key]] if key in self.keys else None
        if known is not None and known.parameters != {"number": number}:
            with pytest.raises(ConflictError):
                self.ledger.accept(workflow, {"number": number}, idempotency_key=key)
            return
        record, created = self.ledger.accept(workflow, {"number": number}, idempotency_key=key)
        assert created == (known is None)
        if created:
            self.runs[record.run_id] = Run({"number": number})
        else:
            assert record.run_id == self.keys[key]
        if key is not None:
            self.keys[key] = record.run_id

    @rule(target=holds, name=st.sampled_from("xy"), named=st.none() | st.integers(0, 2))
    def claim(self, name: str, named: int | None) -> object:
        run_id = None if named is None or named >= len(self.runs) else list(self.runs)[named]
        free = [each for each, run in self.runs.items() if run.free(self.now) and run_id in (None, each)]
        record = self.ledger.claim(name, LEASE_S, run_id=run_id)
        assert (record and record.run_id) == (free[0] if free else None)
        if record is None:
            return multiple()
        run = self.runs[record.run_id]
        assert record.epoch == run.epoch + 1
        run.state, run.epoch, run.owner = RunState.RUNNING, record.epoch, name
        run.lease_until = self.now + timedelta(seconds=LEASE_S)
        return (record.run_id, record.epoch)

    @rule(seconds=st.sampled_from([5, LEASE_S]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(target=holds)
    def overtake(self) -> object:
        self.now += timedelta(seconds=LEASE_S, microseconds=1)
        return self.claim("y", None)

    @rule(name=st.sampled_from("xy"))
    def renew(self, name: str) -> None:
        owned = {run_id: run for run_id, run in self.runs.items() if run.owner == name and run.owned_by(run.epoch)}
        assert self.ledger.renew(name, LEASE_S) == set(owned)
        for run in owned.values():
            run.lease_until = self.now + timedelta(seconds=LEASE_S)

    @rule(hold=holds)
    def release(self, hold: tuple[str, int]) -> None:
        run_id, epoch = hold
        self.ledger.release(run_id, epoch)
        if self.runs[run_id].epoch == epoch:
            self.runs[run_id].lease_until = None

    @rule(
        hold=holds, steps=st.lists(st.tuples(st.sampled_from(TASKS), st.sampled_from(EVENTS)), min_size=1, max_size=3)
    )
    def record(self, hold: tuple[str, int], steps: list[tuple[str, type[Event]]]) -> None:
        run_id, epoch = hold
        run = self.runs[run_id]
        events = [self.event(run_id, task_id, kind) for task_id, kind in steps]
        tasks = dict(run.tasks)
        possible = True
        for event in events:
            if type(event) in STATES:
                possible = possible and not tasks[event.task_id].final
                tasks[event.task_id] = STATES[type(event)]
        if not run.owned_by(epoch) or not possible:
            ended = run.epoch == epoch and run.state.final
            with pytest.raises(ConflictError if run.owned_by(epoch) or ended else FencedError):
                self.ledger.record(run_id, epoch, events)
            return
        self.ledger.record(run_id, epoch, events)
        run.tasks = tasks
        run.outputs |= {event.task_id: event.outputs["result"] for event in events if isinstance(event, TaskCompleted)}

    def event(self, run_id: str, task_id: str, kind: type[Event]) -> Event:
        number = next(self.values)
        artifact = Artifact(digest=f"sha256:{number}", media_type="application/json", size=1, inline=True, data=number)
        more = {
            TaskLogged: {"text": "…"},
            TaskFailed: {"failure": FAILURE},
            TaskCompleted: {"outputs": {"result": artifact}},
        }
        return kind(run_id=run_id, task_id=task_id, time=self.now, **more.get(kind, {}))

    @rule(hold=holds, status=st.sampled_from(["failed", "completed", "cancelled"]), resumed=st.booleans())
    def finish(self, hold: tuple[str, int], status: str, *, resumed: bool) -> None:
        run_id, epoch = hold
        if self.runs[run_id].owned_by(epoch):
            self.ledger.record(run_id, epoch, [RunFinished(run_id=run_id, status=status, time=self.now)])
            self.runs[run_id].state, self.runs[run_id].lease_until = RunState(status), None
        if resumed:
            self.reopen(hold)

    @rule(hold=holds)
    def reopen(self, hold: tuple[str, int]) -> None:
        run_id, _ = hold
        run = self.runs[run_id]
        if run.state is RunState.COMPLETED or (run.state is RunState.RUNNING and not run.free(self.now)):
            with pytest.raises(ConflictError):
                self.ledger.reopen(run_id)
            return
        self.ledger.reopen(run_id)
        if run.state.final:
            run.state = RunState.REQUESTED
            for task_id, state in run.tasks.items():
                if state is not TaskState.COMPLETED:
                    run.tasks[task_id] = TaskState.PENDING

    @rule(clean=st.booleans())
    def start_again(self, *, clean: bool) -> None:
        """After a crash nothing was closed; another process opens what is there."""
        if clean:
            self.ledgers.pop().close()
        self.ledgers.append(Ledger(self.url, clock=lambda: self.now))

    @invariant()
    def the_log_only_grows_and_has_no_gaps(self) -> None:
        self.log += self.ledger.events(None, len(self.log))
        assert [event.seq for event in self.log] == list(range(1, len(self.log) + 1))

    @invariant()
    def the_rows_are_as_the_model_says(self) -> None:
        for record in self.ledger.runs():
            run = self.runs[record.run_id]
            assert (record.state, record.epoch, record.coordinator) == (run.state, run.epoch, run.owner)
            assert record.lease_until == run.lease_until
            tasks = self.ledger.tasks(record.run_id)
            assert {task_id: task.state for task_id, task in tasks.items()} == run.tasks
            for task_id, artifact in run.outputs.items():
                assert tasks[task_id].outputs == {"result": artifact}


@pytest.fixture
def fresh_sqlite(tmp_path: Path) -> Callable[[], str]:
    numbers = count()
    return lambda: f"sqlite:///{tmp_path}/{next(numbers)}/ledger.db"


@pytest.fixture
def fresh_postgresql(postgresql_url: str) -> Iterator[Callable[[], str]]:
    engine = create_engine(postgresql_url, poolclass=NullPool)

    def fresh() -> str:
        with engine.begin() as connection:
            schema = connection.exec_driver_sql("SHOW search_path").scalar()
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}")
        return postgresql_url

    return fresh


def check_against_the_model(fresh_url: Callable[[], str], examples: int, *, same_each_time: bool) -> None:
    run_state_machine_as_test(
        type("Machine", (LedgerMachine,), {"fresh_url": staticmethod(fresh_url)}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            derandomize=same_each_time,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )


def test_the_ledger_does_what_its_model_does_on_sqlite(fresh_sqlite: Callable[[], str]):
    check_against_the_model(fresh_sqlite, 40, same_each_time=True)


def test_the_ledger_does_what_its_model_does_on_postgresql(fresh_postgresql: Callable[[], str]):
    check_against_the_model(fresh_postgresql, 10, same_each_time=True)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 1500), ("postgresql", 200)])
def test_the_ledger_does_what_its_model_does_for_long(request: pytest.FixtureRequest, kind: str, examples: int):
    check_against_the_model(request.getfixturevalue(f"fresh_{kind}"), examples, same_each_time=False)
