"""Running a part of a workflow, replaying a node and asking why, on every scheduler."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import ConflictError, NotFoundError, WorkflowError
from twingraph_lab.events import RunRequested, RunStarted, TaskCompleted, TaskStarted
from twingraph_lab.frontends.earlier import past_of, select
from twingraph_lab.frontends.outlook import outlook
from twingraph_lab.frontends.partial import Selection
from twingraph_lab.frontends.replays import compared, computed, repeated, verdict
from twingraph_lab.lab import Lab
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import plan
from twingraph_lab.runtime.states import RunState, TaskState
from twingraph_lab.settings import Settings

ALL = Selection()
COUNT = "with open(log, 'a') as file: file.write('{} ')\n"


def chain(name, log, *, change="", cache="inputs", **fields):
    """a → b → c, each of which notes that it ran."""

    def step(node_id, code, **inputs):
        given = {"log": str(log), **inputs}
        return cell(node_id, COUNT.format(node_id) + code, inputs=given, cache={"mode": cache}, **fields)

    return workflow(
        step("a", "result = n + 1", n={"param": "n"}),
        step("b", f"result = x * 10{change}", x={"ref": "a"}),
        step("c", "result = [x]", x={"ref": "b"}),
        name=name,
        parameters={"n": {"type": "integer", "default": 1}},
    )


@pytest.fixture
def log(tmp_path):
    return tmp_path / "ran"


def ran(log):
    """What ran since the last time this was asked."""
    found = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return sorted(found)


def run(lab, flow, selection=ALL, parameters=None, **more):
    made = select(lab, flow, parameters or {}, selection)
    context = selection.over(RunContext.here())
    return lab.submit(made.workflow, made.parameters, context=context, reuse=made.reuse, **more)


def test_from_a_node_on_the_rest_is_kept(lab, log, request):
    flow = chain(request.node.name, log)
    first = run(lab, flow)
    assert first.result(60) == {"c": [20]}
    ran(log)
    second = run(lab, flow, Selection(start=("b",)))
    assert second.result(60) == {"c": [20]}
    assert ran(log) == ["b", "c"]  # although they are cached
    assert {name: task.cached_from for name, task in second.tasks.items()} == {
        "a": f"{first.id}/a",
        "b": "",
        "c": "",
    }


def test_what_is_kept_is_in_the_log_before_the_run_starts(lab, log, request):
    flow = chain(request.node.name, log)
    run(lab, flow).wait(60)
    second = run(lab, flow, Selection(start=("c",)))
    second.wait(60)
    events = [event for event in lab.ledger.events(second.id) if not isinstance(event, TaskStarted)]
    assert isinstance(events[0], RunRequested)
    assert [event.task_id for event in events[1:3] if isinstance(event, TaskCompleted)] == ["a", "b"]
    assert isinstance(events[3], RunStarted)


def test_only_a_node_runs_on_what_its_parents_gave(lab, log, request):
    flow = chain(request.node.name, log)
    run(lab, flow, parameters={"n": 4}).wait(60)
    ran(log)
    only = run(lab, flow, Selection(only=("b",)))
    assert only.result(60) == {"b": 50}  # with n = 4, as in that run
    assert ran(log) == ["b"]
    assert list(only.tasks) == ["a", "b"]


def test_the_last_run_that_has_what_is_needed_counts_and_another_can_be_named(lab, log, request):
    flow = chain(request.node.name, log)
    first = run(lab, flow, parameters={"n": 1})
    first.wait(60)
    run(lab, flow, parameters={"n": 2}).wait(60)
    run(lab, flow, Selection(only=("a",))).wait(60)  # has no b
    assert run(lab, flow, Selection(start=("c",))).result(60) == {"c": [30]}
    assert run(lab, flow, Selection(start=("c",), of=first.id)).result(60) == {"c": [20]}


def test_everything_is_kept_in_a_run_of_nothing(lab, log, request):
    flow = chain(request.node.name, log)
    first = run(lab, flow)
    first.wait(60)
    ran(log)
    again = lab.submit(flow, reuse=first.tasks)
    assert again.result(60) == {"c": [20]}
    assert ran(log) == []


def test_force_runs_what_is_cached_and_keeps_it_anew(lab, log, request):
    flow = chain(request.node.name, log)
    run(lab, flow).wait(60)
    ran(log)
    assert run(lab, flow).wait(60).state is RunState.COMPLETED
    assert ran(log) == []
    forced = run(lab, flow, Selection(force=True))
    forced.wait(60)
    assert ran(log) == ["a", "b", "c"]
    after = run(lab, flow)
    after.wait(60)
    assert {task.cached_from for task in after.tasks.values()} == {f"{forced.id}/{name}" for name in "abc"}


def test_a_partial_run_that_failed_is_resumed_with_what_it_kept(lab, log, request, tmp_path):
    flow = chain(request.node.name, log, cache="none")
    run(lab, flow).wait(60)
    ready = tmp_path / "ready"
    code = COUNT.format("b") + f"import pathlib\nassert pathlib.Path({str(ready)!r}).exists()\nresult = x * 10"
    broken = cell("b", code, inputs={"log": str(log), "x": {"ref": "a"}})
    flow = flow.model_copy(update={"nodes": tuple(broken if node.id == "b" else node for node in flow.nodes)})
    ran(log)
    second = run(lab, flow, Selection(start=("b",)))
    assert second.wait(60).state is RunState.FAILED
    ready.touch()
    assert lab.resume(second.id).result(60) == {"c": [20]}
    assert ran(log) == ["b", "b", "c"]


def test_without_an_earlier_run_there_is_nothing_to_keep(lab, log, request):
    with pytest.raises(WorkflowError, match="no earlier run"):
        run(lab, chain(request.node.name, log), Selection(start=("b",)))


def test_a_key_stands_for_what_is_kept_too(lab, log, request):
    flow = chain(request.node.name, log)
    first = run(lab, flow)
    first.wait(60)
    key = f"{request.node.name}-{lab.settings.scheduler}"
    second = run(lab, flow, Selection(start=("b",)), idempotency_key=key)
    second.wait(60)
    assert run(lab, flow, Selection(start=("b",)), idempotency_key=key).id == second.id
    with pytest.raises(ConflictError, match="reused outputs"):
        run(lab, flow, idempotency_key=key)


def test_only_completed_tasks_of_nodes_there_are_can_be_reused(lab, log, request):
    flow = chain(request.node.name, log)
    first = run(lab, flow)
    first.wait(60)
    with pytest.raises(WorkflowError, match=r"2 faults[\s\S]*no such node[\s\S]*"):
        lab.submit(flow.model_copy(update={"nodes": flow.nodes[:1]}), reuse=first.tasks)


def test_a_replay_runs_one_node_with_what_it_was_given(lab, log, request):
    flow = chain(request.node.name, log)
    first = run(lab, flow, parameters={"n": 6})
    first.wait(60)
    ran(log)
    again = lab.replay(first.id, "b")
    assert again.result(60) == {"b": 70}
    assert ran(log) == ["b"]
    found = compared(first.tasks["b"], again.tasks["b"], lab.artifacts)
    assert [each.same for each in found] == [True]
    assert verdict(first.tasks["b"], again.tasks["b"], found) == "the same outputs as then"
    assert lab.why(again.id, "b")[0].causes[0].kind == "replay"


def test_a_replay_says_what_is_different(lab, request):
    flow = workflow(cell("a", "import uuid\nresult = str(uuid.uuid4())"), name=request.node.name)
    first = lab.submit(flow)
    first.wait(60)
    again = lab.replay(first.id, "a")
    again.wait(60)
    (found,) = compared(first.tasks["a"], again.tasks["a"], lab.artifacts)
    assert not found.same
    assert found.before != found.after
    assert verdict(first.tasks["a"], again.tasks["a"], [found]) == "different outputs: result"


def test_what_computed_a_node_that_was_kept_is_found(lab, log, request):
    flow = chain(request.node.name, log)
    first = run(lab, flow, parameters={"n": 6})
    first.wait(60)
    second = run(lab, flow, Selection(start=("b",)), parameters={"n": 2})
    second.wait(60)
    third = run(lab, flow, Selection(start=("c",)), parameters={"n": 3})
    third.wait(60)
    past = past_of(lab, third.id)
    for node_id, origin in (("a", first.id), ("b", second.id), ("c", third.id)):
        found, name = computed(lab, past, node_id)
        assert (found.run_id, name) == (origin, node_id)
    assert computed(lab, past, "a")[0].parameters == {"n": 6}
    kept = third.tasks["a"]
    assert verdict(kept, kept, []) == f"the same outputs as then; computed in run {first.id}"
    gone = replace(past, tasks={**past.tasks, "a": replace(kept, cached_from="gone/x")})
    with pytest.raises(ConflictError, match=rf"a of run {third.id} was computed in run gone, which is gone"):
        computed(lab, gone, "a")


@pytest.mark.parametrize("how", ["from", "cache"])
def test_a_node_that_was_kept_is_replayed_as_in_the_run_that_computed_it(lab, log, request, how):
    name = request.node.name.replace("[", "_").replace("]", "")
    if how == "from":
        first = run(lab, chain(name, log), parameters={"n": 6})
        first.wait(60)
        second = run(lab, chain(name, log, change=" + 1"), Selection(start=("c",)), parameters={"n": 2})
        kept, node_id = "b", "b"
    else:  # where it has another name
        first = lab.submit(workflow(cell("a", "result = 7", cache={"mode": "source"}), name=name))
        first.wait(60)
        again = cell("other", "result = 7", cache={"mode": "source"})
        second = lab.submit(workflow(again, name=name))
        kept, node_id = "other", "a"
    second.wait(60)
    assert second.tasks[kept].cached_from == f"{first.id}/{node_id}"
    replay = lab.replay(second.id, kept)
    replay.wait(60)
    after = repeated(replay.tasks)
    assert after.task_id == node_id
    found = compared(second.tasks[kept], after, lab.artifacts)
    assert verdict(second.tasks[kept], after, found) == f"the same outputs as then; computed in run {first.id}"


def test_a_failed_node_is_replayed_to_see_it_fail_again(lab, request):
    flow = workflow(
        cell("a", "result = 0"), cell("b", "result = 1 / x", inputs={"x": {"ref": "a"}}), name=request.node.name
    )
    first = lab.submit(flow)
    assert first.wait(60).state is RunState.FAILED
    again = lab.replay(first.id, "b")
    assert again.wait(60).state is RunState.FAILED
    assert verdict(first.tasks["b"], again.tasks["b"], []) == "it failed in the same way"


def test_a_replay_needs_a_node_that_was_given_something(lab, request):
    flow = workflow(
        cell("a", "raise ValueError"), cell("b", "result = x", inputs={"x": {"ref": "a"}}), name=request.node.name
    )
    first = lab.submit(flow)
    first.wait(60)
    with pytest.raises(ConflictError, match="a is failed"):
        lab.replay(first.id, "b")
    with pytest.raises(NotFoundError, match="no node 'bb'; did you mean 'b'"):
        lab.replay(first.id, "bb")


def test_a_replay_is_nothing_that_others_build_on(lab, log, request):
    flow = chain(request.node.name, log)
    first = run(lab, flow)
    first.wait(60)
    lab.replay(first.id, "b").wait(60)
    made = select(lab, flow, {}, Selection(start=("c",)))
    assert {task.run_id for task in made.reuse.values()} == {first.id}


def told(lab, run):
    return {each.node: (each.outcome, [str(cause) for cause in each.causes]) for each in lab.why(run.id)}


def test_why_names_the_causes_and_what_they_led_to(lab, log, request):
    flow = chain(request.node.name, log)
    first = run(lab, flow)
    first.wait(60)
    assert told(lab, first) == dict.fromkeys("abc", ("ran", ["it has never run before"]))
    same = run(lab, flow)
    same.wait(60)
    assert {node: outcome for node, (outcome, _) in told(lab, same).items()} == dict.fromkeys("abc", "cached")
    changed = run(lab, chain(request.node.name, log, change=" + 1"), parameters={"n": 1})
    changed.wait(60)
    found = told(lab, changed)
    assert found["a"][0] == "cached"
    assert found["b"] == ("ran", ["cell has changed"])
    assert found["c"] == ("ran", ["input x 20 → 21: b ran again and gave something else"])
    other = run(lab, chain(request.node.name, log, change=" + 1"), parameters={"n": 2})
    other.wait(60)
    assert told(lab, other)["a"] == ("ran", ["parameter n 1 → 2"])


def test_why_tells_a_node_that_failed_or_never_began(lab, log, request):
    flow = chain(request.node.name, log, change=" / 0")
    first = run(lab, flow)
    first.wait(60)
    assert told(lab, first)["c"] == ("idle", [])
    second = run(lab, flow)
    second.wait(60)
    outcome, (cause, *_) = told(lab, second)["b"]
    assert (outcome, cause) == ("ran", f"it failed in run {first.id}: ZeroDivisionError: division by zero")


def test_what_a_plan_foresees_is_what_happens(lab, log, request):
    flow = chain(request.node.name, log)
    run(lab, flow).wait(60)
    ran(log)
    for changed, parameters in [("", {}), (" + 1", {}), ("", {"n": 3}), (" + 1", {"n": 3})]:
        flow = chain(request.node.name, log, change=changed)
        context = lab.located(RunContext.here())
        seen = outlook(lab, plan(flow, parameters), context)
        run(lab, flow, parameters=parameters).wait(60)
        happened = ran(log)
        for node in seen.nodes.values():
            if node.fate in ("runs", "cached"):
                assert (node.node in happened) == (node.fate == "runs"), (changed, parameters, node)
            assert node.fate != "perhaps" or node.pending


def test_a_plan_knows_how_long_nodes_took(lab, request):
    flow = workflow(
        cell("a", "import time\ntime.sleep(0.2)"), cell("b", "import time\ntime.sleep(0.2)", after=("a",)),
        name=request.node.name,
    )  # fmt: skip
    planned, context = plan(flow), lab.located(RunContext.here())
    assert outlook(lab, planned, context).span is None
    lab.submit(flow).wait(60)
    seen = outlook(lab, planned, context)
    assert seen.unknown == ()
    assert 0.4 <= seen.span.expected < 10
    copies = workflow(*flow.nodes, cell("c", "import time\ntime.sleep(0.2)"), cell("d"), name=request.node.name)
    seen = outlook(lab, plan(copies), context)
    assert seen.nodes["c"].span is None  # its cell has another file name, so it is another component
    assert seen.unknown == ("c", "d")


def test_lineage_has_what_was_kept_and_what_was_replayed(tmp_path):
    flow = workflow(cell("a", "result = 1"), cell("b", "result = x", inputs={"x": {"ref": "a"}}))
    with Lab(Settings(home=tmp_path / "home", scheduler="inline")) as lab:
        first = lab.submit(flow)
        first.wait(60)
        kept = run(lab, flow, Selection(start=("b",)))
        kept.wait(60)
        again = lab.replay(first.id, "b")
        again.wait(60)
        origins = lab.g.V().has("run_id", kept.id).has("node", "a").out("CACHED_FROM").values("run_id").to_list()
        repeated = lab.g.V().has("run_id", again.id).has("node", "b").out("REPLAY_OF").values("run_id").to_list()
        assert origins == [first.id]
        assert repeated == [first.id]
        assert lab.g.E().has_label("REPLAY_OF").count().next() == 1


def test_a_run_with_bad_code_is_refused_and_nothing_is_kept(lab):
    before = len(lab.runs(1000))
    with pytest.raises(WorkflowError, match=r"node 'a' \(line 1\)") as caught:
        lab.submit(workflow(cell("a", "result = nobody"), cell("b", "x = (")))
    assert len(caught.value.faults) == 2
    assert len(lab.runs(1000)) == before


def test_kept_tasks_are_completed_from_the_start(lab, log, request):
    flow = chain(request.node.name, log)
    first = run(lab, flow)
    first.wait(60)
    later = lab.submit(flow, reuse={"a": first.tasks["a"]}, drive=False)
    assert later.tasks["a"].state is TaskState.COMPLETED
    assert later.tasks["a"].basis == first.tasks["a"].basis
    assert later.tasks["b"].state is TaskState.PENDING
    lab.cancel(later.id)
