"""Accepting, claiming, recording, resuming: the ledger's promises, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from twingraph_lab.errors import ConflictError, FencedError, NotFoundError, StoreError
from twingraph_lab.events import (
    Artifact,
    Event,
    Failure,
    Metrics,
    RunCancelRequested,
    RunFinished,
    RunRequested,
    RunStarted,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskLogged,
    TaskRetried,
    TasksAdded,
    TaskSkipped,
    TaskStarted,
    TaskUncertain,
)
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.records import RunRecord
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.spec.workflow import Node, Parameter, PythonFunction, Workflow

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
FIVE = Artifact(digest="sha256:5", media_type="application/json", size=1, inline=True, data=5)
FAILURE = Failure(kind="error", type="ValueError", message="no\0good")


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def chain(*ids: str, name: str = "chain") -> Workflow:
    return Workflow(name=name, nodes=tuple(Node(id=node_id, component="math:sqrt") for node_id in ids))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(ledger_url: str, clock: Clock) -> Iterator[Ledger]:
    with Ledger(ledger_url, clock=clock) as ledger:
        yield ledger


@pytest.fixture
def owned(ledger: Ledger) -> RunRecord:
    """A run of a, b, c, claimed by `first` for 10 s in epoch 1."""
    ledger.accept(chain("a", "b", "c"), {}, run_id="run-owned")
    record = ledger.claim("first", 10)
    assert record is not None
    return record


# accept


def test_an_accepted_run_is_kept_as_it_was_asked_for(ledger: Ledger):
    workflow = Workflow(
        name="sums",
        parameters={"n": Parameter(type="integer")},
        nodes=(Node(id="b", component="math:sqrt", inputs={"x": {"param": "n"}}), Node(id="a", component="math:sqrt")),
        layout={"a": (1.0, 2.0)},
    )
    record, created = ledger.accept(workflow, {"n": 4}, context={"cwd": "/data"}, idempotency_key="monday")
    assert created
    assert record == ledger.run(record.run_id)
    assert ledger.workflow(record.run_id) == workflow
    assert (record.workflow, record.digest, record.state) == ("sums", workflow.digest, RunState.REQUESTED)
    assert (record.parameters, record.context, record.idempotency_key) == ({"n": 4}, {"cwd": "/data"}, "monday")
    assert (record.requested, record.started, record.finished, record.lease_until) == (NOON, None, None, None)
    assert (record.epoch, record.coordinator, record.dynamic, record.cancel_requested) == (0, "", False, False)


def test_an_accepted_run_has_a_pending_task_for_each_node_in_document_order(ledger: Ledger):
    record, _ = ledger.accept(chain("b", "a", "c"), {})
    tasks = ledger.tasks(record.run_id)
    assert [(task.task_id, task.position, task.state) for task in tasks.values()] == [
        ("b", 0, TaskState.PENDING),
        ("a", 1, TaskState.PENDING),
        ("c", 2, TaskState.PENDING),
    ]
    assert (tasks["a"].outputs, tasks["a"].failure, tasks["a"].metrics) == ({}, None, Metrics())


def test_acceptance_is_the_first_event_of_a_run(ledger: Ledger):
    workflow = chain("a")
    record, _ = ledger.accept(workflow, {"n": 1})
    assert ledger.events(record.run_id) == [
        RunRequested(
            run_id=record.run_id, seq=1, time=NOON, workflow="chain", digest=workflow.digest, parameters={"n": 1}
        )
    ]


def test_a_workflow_without_nodes_is_accepted(ledger: Ledger):
    record, _ = ledger.accept(Workflow(name="empty"), {}, dynamic=True)
    assert ledger.tasks(record.run_id) == {}
    assert record.dynamic


def test_the_same_key_and_body_return_the_first_run(ledger: Ledger):
    first, created = ledger.accept(chain("a"), {"n": 1}, idempotency_key="k")
    again, created_again = ledger.accept(chain("a"), {"n": 1}, idempotency_key="k")
    assert (created, created_again) == (True, False)
    assert again == first
    assert len(ledger.runs()) == len(ledger.events(None)) == 1


@pytest.mark.parametrize(("workflow", "parameters"), [(chain("a"), {"n": 2}), (chain("b"), {"n": 1})])
def test_the_same_key_with_another_body_is_a_conflict(ledger: Ledger, workflow: Workflow, parameters: dict):
    first, _ = ledger.accept(chain("a"), {"n": 1}, idempotency_key="k")
    with pytest.raises(ConflictError, match=first.run_id):
        ledger.accept(workflow, parameters, idempotency_key="k")


def test_a_run_id_is_given_once(ledger: Ledger):
    ledger.accept(chain("a"), {}, run_id="mine")
    with pytest.raises(ConflictError, match="there is a run 'mine' already"):
        ledger.accept(chain("a"), {}, run_id="mine")


# claim, renew, release


def test_a_claim_owns_the_run_that_waits_longest(ledger: Ledger, clock: Clock):
    first, _ = ledger.accept(chain("a"), {})
    second, _ = ledger.accept(chain("a"), {})
    clock.advance(1)
    claimed = [ledger.claim("me", 10), ledger.claim("me", 10), ledger.claim("me", 10)]
    assert [record and record.run_id for record in claimed] == [first.run_id, second.run_id, None]
    record = ledger.run(first.run_id)
    assert record == claimed[0]
    assert (record.state, record.coordinator, record.epoch) == (RunState.RUNNING, "me", 1)
    assert (record.started, record.lease_until) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=11))
    assert ledger.events(first.run_id, 1) == [
        RunStarted(run_id=first.run_id, seq=3, time=clock(), coordinator="me", epoch=1)
    ]


def test_a_named_run_is_claimed_out_of_turn(ledger: Ledger):
    ledger.accept(chain("a"), {}, run_id="early")
    ledger.accept(chain("a"), {}, run_id="late")
    record = ledger.claim("me", 10, run_id="late")
    assert record is not None
    assert record.run_id == "late"
    assert ledger.claim("you", 10, run_id="late") is None


def test_a_lease_protects_its_owner_until_it_runs_out(ledger: Ledger, clock: Clock, owned: RunRecord):
    clock.advance(10)
    assert ledger.claim("second", 10) is None
    clock.advance(0.000001)
    taken = ledger.claim("second", 10)
    assert taken is not None
    assert (taken.run_id, taken.coordinator, taken.epoch) == (owned.run_id, "second", 2)
    assert taken.started == owned.started


def test_renewing_keeps_what_is_still_owned(ledger: Ledger, clock: Clock, owned: RunRecord):
    other, _ = ledger.accept(chain("a"), {})
    ledger.claim("first", 5)
    clock.advance(6)
    ledger.claim("second", 60)
    assert ledger.renew("first", 10) == {owned.run_id}
    assert ledger.renew("second", 10) == {other.run_id}
    assert ledger.renew("third", 10) == set()
    clock.advance(10)
    assert ledger.claim("third", 10) is None
    assert ledger.run(owned.run_id).lease_until == clock()


def test_a_lapsed_lease_can_be_renewed_until_somebody_else_claims(ledger: Ledger, clock: Clock, owned: RunRecord):
    clock.advance(3600)
    assert ledger.renew("first", 10) == {owned.run_id}
    assert ledger.claim("second", 10) is None


def test_a_released_run_can_be_claimed_at_once(ledger: Ledger, owned: RunRecord):
    ledger.release(owned.run_id, 1)
    assert ledger.renew("first", 10) == set()
    with pytest.raises(FencedError):
        ledger.record(owned.run_id, 1, [TaskStarted(run_id=owned.run_id, task_id="a")])
    taken = ledger.claim("second", 10)
    assert taken is not None
    assert taken.epoch == 2


def test_only_the_owner_can_release(ledger: Ledger, clock: Clock, owned: RunRecord):
    clock.advance(11)
    ledger.claim("second", 10)
    ledger.release(owned.run_id, 1)
    assert ledger.claim("third", 10) is None


def test_claiming_leaves_tasks_as_they_were(ledger: Ledger, clock: Clock, owned: RunRecord):
    ledger.record(owned.run_id, 1, [TaskStarted(run_id=owned.run_id, task_id="a")], dispatched={"a": 1, "b": 1})
    clock.advance(11)
    ledger.claim("second", 10)
    states = {task.task_id: task.state for task in ledger.tasks(owned.run_id).values()}
    assert states == {"a": TaskState.RUNNING, "b": TaskState.DISPATCHED, "c": TaskState.PENDING}


# record


def test_recorded_events_come_back_with_their_place_in_the_log(ledger: Ledger, owned: RunRecord):
    told = [
        TaskStarted(run_id=owned.run_id, task_id="a", worker="w1"),
        TaskLogged(run_id=owned.run_id, task_id="a", text="½ done\n\0"),
        TaskCompleted(run_id=owned.run_id, task_id="a", outputs={"result": FIVE}),
    ]
    recorded = ledger.record(owned.run_id, 1, told)
    assert [event.seq for event in recorded] == [3, 4, 5]
    assert [event.model_copy(update={"seq": 0}) for event in recorded] == told
    assert ledger.events(owned.run_id, 2) == recorded


STARTED = TaskStarted(run_id="run-owned", task_id="a", attempt=2, platform="docker", worker="w1", time=NOON)


@pytest.mark.parametrize(
    ("events", "state", "changed"),
    [
        ([STARTED], TaskState.RUNNING, {"started": NOON, "platform": "docker", "worker": "w1"}),
        (
            [STARTED, TaskRetried(run_id="run-owned", task_id="a", attempt=2, failure=FAILURE)],
            TaskState.DISPATCHED,
            {"started": NOON},
        ),
        (
            [
                STARTED,
                TaskCompleted(
                    run_id="run-owned",
                    task_id="a",
                    attempt=2,
                    outputs={"result": FIVE},
                    metrics=Metrics(wall_s=1.5),
                    cached_from="r/a",
                    time=NOON + timedelta(seconds=2),
                ),
            ],
            TaskState.COMPLETED,
            {
                "outputs": {"result": FIVE},
                "metrics": Metrics(wall_s=1.5),
                "cached_from": "r/a",
                "started": NOON,
                "finished": NOON + timedelta(seconds=2),
            },
        ),
        (
            [TaskFailed(run_id="run-owned", task_id="a", attempt=2, failure=FAILURE, metrics=Metrics(cpu_s=1))],
            TaskState.FAILED,
            {"failure": FAILURE, "metrics": Metrics(cpu_s=1)},
        ),
        (
            [TaskUncertain(run_id="run-owned", task_id="a", attempt=2, failure=FAILURE)],
            TaskState.UNCERTAIN,
            {"failure": FAILURE},
        ),
        ([TaskSkipped(run_id="run-owned", task_id="a", because="b")], TaskState.SKIPPED, {}),
        ([TaskCancelled(run_id="run-owned", task_id="a")], TaskState.CANCELLED, {}),
    ],
    ids=lambda value: str(value) if isinstance(value, TaskState) else None,
)
def test_events_move_their_task_the_same_way_together_or_one_by_one(
    ledger: Ledger, owned: RunRecord, events: list[Event], state: TaskState, changed: dict
):
    ledger.record("run-owned", 1, [], dispatched={"a": 2, "b": 2})
    for event in events:
        ledger.record("run-owned", 1, [event])
    ledger.record("run-owned", 1, [event.model_copy(update={"task_id": "b"}) for event in events])
    tasks = ledger.tasks("run-owned")
    for task in (tasks["a"], tasks["b"]):
        assert (task.state, task.attempt, task.epoch) == (state, 2, 1)
        assert {name: getattr(task, name) for name in changed} == changed
        assert (task.finished is not None) == state.final


def test_dispatching_is_written_without_an_event(ledger: Ledger, owned: RunRecord):
    assert ledger.record(owned.run_id, 1, [], dispatched={"a": 1, "b": 3}) == []
    tasks = ledger.tasks(owned.run_id)
    assert [(tasks[task_id].state, tasks[task_id].attempt) for task_id in "abc"] == [
        (TaskState.DISPATCHED, 1),
        (TaskState.DISPATCHED, 3),
        (TaskState.PENDING, 0),
    ]


FINAL_EVENTS = [
    TaskCompleted(run_id="run-owned", task_id="a"),
    TaskFailed(run_id="run-owned", task_id="a", failure=FAILURE),
    TaskSkipped(run_id="run-owned", task_id="a", because="b"),
    TaskCancelled(run_id="run-owned", task_id="a"),
    TaskUncertain(run_id="run-owned", task_id="a", failure=FAILURE),
]


@pytest.mark.parametrize("final", FINAL_EVENTS, ids=lambda event: event.type)
def test_a_task_that_ended_never_moves_again(ledger: Ledger, owned: RunRecord, final: Event):
    ledger.record("run-owned", 1, [final])
    before = ledger.tasks("run-owned")
    for late in (STARTED, TaskRetried(run_id="run-owned", task_id="a", failure=FAILURE), *FINAL_EVENTS):
        batch = [TaskStarted(run_id="run-owned", task_id="b"), late, TaskStarted(run_id="run-owned", task_id="c")]
        with pytest.raises(ConflictError, match=f"task 'a' is {final.type[5:]} already"):
            ledger.record("run-owned", 1, batch)
    assert ledger.tasks("run-owned") == before
    assert len(ledger.events("run-owned")) == 3


def test_an_event_after_the_end_in_one_batch_spoils_the_batch(ledger: Ledger, owned: RunRecord):
    before = ledger.tasks("run-owned")
    with pytest.raises(ConflictError, match=r"task 'a' is failed already: task\.started can't follow"):
        ledger.record("run-owned", 1, [TaskStarted(run_id="run-owned", task_id="b"), FINAL_EVENTS[1], STARTED])
    assert ledger.tasks("run-owned") == before
    assert len(ledger.events("run-owned")) == 2


def test_a_task_that_ended_is_not_dispatched_again(ledger: Ledger, owned: RunRecord):
    ledger.record("run-owned", 1, [TaskCompleted(run_id="run-owned", task_id="b")])
    with pytest.raises(ConflictError, match="task 'b' is completed already"):
        ledger.record("run-owned", 1, [], dispatched={"a": 1, "b": 1})
    assert ledger.tasks("run-owned")["a"].state is TaskState.PENDING


def test_a_log_line_may_come_after_the_end(ledger: Ledger, owned: RunRecord):
    events = [TaskCompleted(run_id="run-owned", task_id="a"), TaskLogged(run_id="run-owned", task_id="a", text="late")]
    assert len(ledger.record("run-owned", 1, events)) == 2


def test_an_unknown_task_is_named(ledger: Ledger, owned: RunRecord):
    with pytest.raises(NotFoundError, match="run run-owned has no task 'z'"):
        ledger.record("run-owned", 1, [TaskStarted(run_id="run-owned", task_id="z")])


def test_a_stale_epoch_is_fenced_and_writes_nothing(ledger: Ledger, clock: Clock, owned: RunRecord):
    clock.advance(11)
    ledger.claim("second", 10)
    count = len(ledger.events(owned.run_id))
    with pytest.raises(FencedError, match="no longer owned by epoch 1"):
        ledger.record(owned.run_id, 1, [TaskCompleted(run_id=owned.run_id, task_id="a")])
    with pytest.raises(FencedError):
        ledger.add_nodes(owned.run_id, 1, [Node(id="d", component="math:sqrt")])
    assert len(ledger.events(owned.run_id)) == count
    assert ledger.tasks(owned.run_id)["a"].state is TaskState.PENDING


def test_an_unclaimed_run_can_not_be_recorded(ledger: Ledger):
    record, _ = ledger.accept(chain("a"), {})
    with pytest.raises(FencedError):
        ledger.record(record.run_id, 0, [TaskStarted(run_id=record.run_id, task_id="a")])


def test_past_its_lease_an_owner_may_go_on_until_somebody_claims(ledger: Ledger, clock: Clock, owned: RunRecord):
    clock.advance(3600)
    assert ledger.record(owned.run_id, 1, [TaskStarted(run_id=owned.run_id, task_id="a")])


def test_events_belong_to_the_run_they_are_recorded_for(ledger: Ledger, owned: RunRecord):
    with pytest.raises(ConflictError, match="events of other can't be recorded for run run-owned"):
        ledger.record(owned.run_id, 1, [TaskStarted(run_id="other", task_id="a")])


def test_a_finished_run_is_final_and_free(ledger: Ledger, owned: RunRecord):
    end = RunFinished(run_id=owned.run_id, status="failed", error="a: no\0good", time=NOON + timedelta(seconds=9))
    ledger.record(owned.run_id, 1, [end])
    record = ledger.run(owned.run_id)
    assert (record.state, record.error, record.finished) == (RunState.FAILED, "a: no\ufffdgood", end.time)
    assert (record.lease_until, record.coordinator) == (None, "first")
    assert ledger.renew("first", 10) == set()
    assert ledger.claim("second", 10) is None
    with pytest.raises(ConflictError, match="failed already"):
        ledger.record(owned.run_id, 1, [TaskLogged(run_id=owned.run_id, task_id="a", text="late")])


def test_run_events_may_be_recorded_too(ledger: Ledger, owned: RunRecord):
    events = [
        RunStarted(run_id=owned.run_id, coordinator="first", epoch=1),
        RunCancelRequested(run_id=owned.run_id),
    ]
    assert len(ledger.record(owned.run_id, 1, events)) == 2
    assert ledger.run(owned.run_id).cancel_requested


# grow, cancel, reopen


def test_a_run_grows(ledger: Ledger, owned: RunRecord):
    added = [Node(id="d", component="math:sqrt"), Node(id="e", component="math:sqrt", inputs={"x": {"ref": "d"}})]
    assert ledger.add_nodes(owned.run_id, 1, added) == [
        TasksAdded(run_id=owned.run_id, seq=3, time=NOON, tasks=("d", "e"))
    ]
    ledger.add_nodes(owned.run_id, 1, [Node(id="f", component="math:sqrt")])
    assert list(ledger.tasks(owned.run_id)) == ["a", "b", "c", "d", "e", "f"]
    assert [node.id for node in ledger.workflow(owned.run_id).nodes] == ["a", "b", "c", "d", "e", "f"]
    assert ledger.workflow(owned.run_id).by_id["e"] == added[1]
    assert ledger.add_nodes(owned.run_id, 1, []) == []


def test_a_run_grows_components_and_outputs_with_its_nodes(ledger: Ledger, owned: RunRecord):
    root = PythonFunction(ref="math:sqrt")
    ledger.add_nodes(owned.run_id, 1, [Node(id="d", component="root")], components={"root": root})
    ledger.set_outputs(owned.run_id, 1, {"answer": {"ref": "d"}})
    grown = ledger.workflow(owned.run_id)
    assert grown.component_of(grown.by_id["d"]) == root
    assert grown.outputs == {"answer": {"ref": "d"}}
    with pytest.raises(FencedError):
        ledger.set_outputs(owned.run_id, 2, {})


def test_an_empty_run_grows_from_nothing(ledger: Ledger):
    record, _ = ledger.accept(Workflow(name="empty"), {}, dynamic=True)
    assert ledger.claim("anybody", 10) is None  # it belongs to the program that builds it
    ledger.claim("me", 10, run_id=record.run_id)
    ledger.add_nodes(record.run_id, 1, [Node(id="first", component="math:sqrt")])
    assert ledger.tasks(record.run_id)["first"].position == 0


@pytest.mark.parametrize("ids", [("d", "a"), ("d", "d")])
def test_a_run_has_no_two_nodes_of_one_name(ledger: Ledger, owned: RunRecord, ids: tuple[str, ...]):
    with pytest.raises(ConflictError, match=f"has a node '{ids[-1]}' already"):
        ledger.add_nodes(owned.run_id, 1, [Node(id=node_id, component="math:sqrt") for node_id in ids])
    assert list(ledger.tasks(owned.run_id)) == ["a", "b", "c"]


def test_cancelling_is_asked_for_once(ledger: Ledger, owned: RunRecord):
    assert ledger.request_cancel(owned.run_id)
    assert not ledger.request_cancel(owned.run_id)
    assert ledger.run(owned.run_id).cancel_requested
    assert ledger.events(owned.run_id, 2) == [RunCancelRequested(run_id=owned.run_id, seq=3, time=NOON)]
    with pytest.raises(NotFoundError):
        ledger.request_cancel("nothing")


def test_an_ended_run_can_not_be_cancelled(ledger: Ledger, owned: RunRecord):
    ledger.record(owned.run_id, 1, [RunFinished(run_id=owned.run_id, status="completed")])
    assert not ledger.request_cancel(owned.run_id)


def test_reopening_keeps_what_was_completed(ledger: Ledger, clock: Clock):
    ids = ["done", "failed", "skipped", "cancelled", "uncertain", "running"]
    record, _ = ledger.accept(chain(*ids), {})
    run_id = record.run_id
    ledger.claim("me", 10)
    ledger.request_cancel(run_id)
    ledger.record(
        run_id,
        1,
        [
            TaskStarted(run_id=run_id, task_id="failed", attempt=2, worker="w"),
            TaskStarted(run_id=run_id, task_id="running", attempt=1),
            TaskCompleted(run_id=run_id, task_id="done", outputs={"result": FIVE}),
            TaskFailed(run_id=run_id, task_id="failed", attempt=2, failure=FAILURE, metrics=Metrics(wall_s=1)),
            TaskSkipped(run_id=run_id, task_id="skipped", because="failed"),
            TaskCancelled(run_id=run_id, task_id="cancelled"),
            TaskUncertain(run_id=run_id, task_id="uncertain", failure=FAILURE),
            RunFinished(run_id=run_id, status="failed", error="failed: no good"),
        ],
    )
    done = ledger.tasks(run_id)["done"]
    clock.advance(100)
    reopened = ledger.reopen(run_id)
    assert (reopened.state, reopened.epoch, reopened.error) == (RunState.REQUESTED, 1, "")
    assert (reopened.started, reopened.finished, reopened.cancel_requested) == (None, None, False)
    tasks = ledger.tasks(run_id)
    assert tasks.pop("done") == done
    assert {task.state for task in tasks.values()} == {TaskState.PENDING}
    assert {(task.started, task.finished, task.failure, task.worker) for task in tasks.values()} == {
        (None, None, None, "")
    }
    assert tasks["failed"].attempt == 2
    assert isinstance(ledger.events(run_id)[-1], RunRequested)
    with pytest.raises(FencedError):
        ledger.record(run_id, 1, [TaskStarted(run_id=run_id, task_id="failed")])
    claimed = ledger.claim("you", 10)
    assert claimed is not None
    assert (claimed.epoch, claimed.started) == (2, clock())
    ledger.record(run_id, 2, [TaskCompleted(run_id=run_id, task_id="failed", attempt=3)])
    assert ledger.tasks(run_id)["failed"].state is TaskState.COMPLETED


def test_a_completed_run_is_not_reopened(ledger: Ledger, owned: RunRecord):
    ledger.record(owned.run_id, 1, [RunFinished(run_id=owned.run_id, status="completed")])
    with pytest.raises(ConflictError, match="completed"):
        ledger.reopen(owned.run_id)


def test_an_owned_run_is_not_reopened(ledger: Ledger, owned: RunRecord):
    with pytest.raises(ConflictError, match="first owns it until 12:00:10 UTC"):
        ledger.reopen(owned.run_id)


def test_a_run_that_waits_for_a_claim_is_open_already(ledger: Ledger, clock: Clock, owned: RunRecord):
    requested, _ = ledger.accept(chain("a"), {})
    assert ledger.reopen(requested.run_id) == requested
    clock.advance(11)
    assert ledger.reopen(owned.run_id) == owned
    with pytest.raises(NotFoundError):
        ledger.reopen("nothing")


# read


def test_a_run_is_found_by_the_beginning_of_its_id(ledger: Ledger):
    for run_id in ("beefcafe", "beefbabe", "beef"):
        ledger.accept(chain("a"), {}, run_id=run_id)
    assert ledger.run("beefc").run_id == "beefcafe"
    assert ledger.run("beef").run_id == "beef"
    for text in ("bee", "BEEFC", "beef_", "%%%%"):
        with pytest.raises(NotFoundError, match="the newest are beef, beefbabe, beefcafe"):
            ledger.run(text)


def test_an_ambiguous_beginning_lists_the_candidates(ledger: Ledger):
    for run_id in ("beefcafe", "beefbabe"):
        ledger.accept(chain("a"), {}, run_id=run_id)
    with pytest.raises(ConflictError, match="several runs begin with 'beef': beefbabe, beefcafe"):
        ledger.run("beef")


def test_an_empty_ledger_says_so(ledger: Ledger):
    with pytest.raises(NotFoundError, match="no run 'beef'; there are no runs yet"):
        ledger.run("beef")


def test_runs_are_listed_newest_first(ledger: Ledger):
    ids = [ledger.accept(chain("a"), {"n": n})[0].run_id for n in range(4)]
    claimed = ledger.claim("me", 10, run_id=ids[1])
    assert [record.run_id for record in ledger.runs()] == ids[::-1]
    assert [record.run_id for record in ledger.runs(limit=2)] == [ids[3], ids[2]]
    assert ledger.runs(state=RunState.RUNNING) == [claimed]
    assert ledger.runs(state=RunState.COMPLETED) == []


def test_events_are_read_by_run_task_and_type(ledger: Ledger, owned: RunRecord):
    ledger.accept(chain("a"), {}, run_id="other")
    ledger.record(
        owned.run_id,
        1,
        [
            TaskStarted(run_id=owned.run_id, task_id="a"),
            TaskLogged(run_id=owned.run_id, task_id="a", text="1"),
            TaskLogged(run_id=owned.run_id, task_id="b", text="2"),
            TaskLogged(run_id=owned.run_id, task_id="a", text="3"),
        ],
    )

    def seqs(**criteria) -> list[int]:
        return [event.seq for event in ledger.events(**criteria)]

    assert seqs(run_id=None) == [1, 2, 3, 4, 5, 6, 7]
    assert seqs(run_id=None, after=5, limit=1) == [6]
    assert seqs(run_id=owned.run_id) == [1, 2, 4, 5, 6, 7]
    assert seqs(run_id=owned.run_id, task_id="a") == [4, 5, 7]
    assert seqs(run_id=owned.run_id, task_id="a", types=("task.logged",)) == [5, 7]
    assert seqs(run_id=None, types=("run.requested", "run.started")) == [1, 2, 3]
    assert seqs(run_id="nothing") == []


def test_tasks_of_an_unknown_run_are_not_found(ledger: Ledger):
    with pytest.raises(NotFoundError):
        ledger.tasks("nothing")


def test_what_is_closed_says_so(ledger_url: str):
    ledger = Ledger(ledger_url)
    ledger.close()
    ledger.close()
    calls: list[Callable[[], object]] = [
        ledger.runs,
        ledger.check,
        ledger.token,
        lambda: ledger.renew("me", 1),
        lambda: ledger.events(None),
    ]
    for call in calls:
        with pytest.raises(StoreError, match="is closed"):
            call()


def test_everything_is_there_after_opening_again(ledger_url: str):
    with Ledger(ledger_url) as ledger:
        record, _ = ledger.accept(chain("a"), {}, idempotency_key="k")
        ledger.claim("me", 10)
        events = ledger.record(
            record.run_id, 1, [TaskCompleted(run_id=record.run_id, task_id="a", outputs={"result": FIVE})]
        )
    with Ledger(ledger_url) as ledger:
        assert ledger.events(record.run_id, 2) == events
        assert ledger.tasks(record.run_id)["a"].outputs == {"result": FIVE}
        assert ledger.accept(chain("a"), {}, idempotency_key="k")[1] is False
        assert ledger.check() == []
