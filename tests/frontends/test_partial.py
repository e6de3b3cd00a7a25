"""What a partial run is made of: which nodes run, which are kept, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import WorkflowError
from twingraph_lab.events import Metrics
from twingraph_lab.frontends.partial import Past, Selection, built_on, chosen
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.states import TaskState

STORE = ArtifactStore("unused")
C = TaskState.COMPLETED


def flow(**fields):
    """a → b → d, c → d, and e on its own."""
    return workflow(
        cell("a", "result = n", inputs={"n": {"param": "n"}}),
        cell("b", "result = x", inputs={"x": {"ref": "a"}}),
        cell("c"),
        cell("d", "result = x, y", inputs={"x": {"ref": "b"}, "y": {"ref": "c"}}),
        cell("e"),
        parameters={"n": {"type": "integer", "default": 1}},
        outputs={"d": {"ref": "d"}, "e": {"ref": "e"}},
        **fields,
    )


def past(states=None, of=None, **fields):
    states = {**dict.fromkeys("abcde", C), **(states or {})}
    tasks = {
        name: TaskRecord(
            run_id="r1", task_id=name, position=0, state=state, attempt=1, epoch=1, platform="local", worker="w",
            outputs={"result": STORE.put(name)} if state is C else {}, failure=None, metrics=Metrics(),
            cached_from="", started=None, finished=None, basis=None,
        )
        for name, state in states.items() if state
    }  # fmt: skip
    return Past("r1", of or flow(), **{"parameters": {"n": 1}, "tasks": tasks, **fields})


def build(selection, earlier=None, workflow=None, given=None, exists=lambda artifact: True):
    return built_on(earlier or past(), workflow or flow(), given or {}, selection, exists=exists)


def faults(*arguments, **more):
    with pytest.raises(WorkflowError) as caught:
        build(*arguments, **more)
    return [str(fault) for fault in caught.value.faults]


def test_from_a_node_on():
    selection = Selection(start=("b",))
    assert chosen(flow(), selection) == {"b", "d"}
    made = build(selection)
    assert list(made.reuse) == ["a", "c", "e"]
    assert made.workflow == flow()
    assert made.notes == ()


def test_from_several_nodes_on():
    assert chosen(flow(), Selection(start=("b", "e"))) == {"b", "d", "e"}


def test_only_one_node_has_nothing_around_but_what_it_stands_on():
    made = build(Selection(only=("b",)))
    assert list(made.workflow.by_id) == ["a", "b"]
    assert list(made.reuse) == ["a"]
    assert made.workflow.outputs == {}


def test_only_and_from_together_run_both():
    assert chosen(flow(), Selection(start=("b",), only=("c",))) == {"b", "c", "d"}
    assert chosen(flow(), Selection(start=("a",), only=("b",))) == {"a", "b", "d"}


def test_unknown_nodes_are_all_named():
    found = [str(fault) for fault in Selection(start=("x",), only=("dd", "a")).faults(flow())]
    assert found == ["--from x: there is no such node; known: a, b, c, d, e",
                     "--only dd: there is no such node; did you mean 'd'?"]  # fmt: skip


def test_a_run_to_keep_from_needs_something_to_run():
    assert "--of r1 says whose outputs to keep" in str(Selection(of="r1").faults(flow())[0])


def test_parents_without_outputs_are_all_named_with_their_state():
    found = faults(Selection(start=("d",)), past({"b": TaskState.FAILED, "c": None}))
    assert [text.partition("; start")[0] for text in found] == [
        "node 'b': 'd' reads from it, but it has no outputs in run r1: it is failed there",
        "node 'c': 'd' reads from it, but it has no outputs in run r1: it isn't in it",
    ]
    assert all("start --from " in text and "--of" in text for text in found)


def test_a_kept_node_that_reads_a_new_one_is_a_fault():
    (found,) = faults(Selection(start=("d",)), past({"a": None}))
    assert found.startswith("node 'a': 'b', which is kept, reads from it, but it has no outputs in run r1")


def test_what_nobody_needs_and_has_no_outputs_is_left_out():
    made = build(Selection(start=("b",)), past({"e": TaskState.FAILED}))
    assert list(made.workflow.by_id) == ["a", "b", "c", "d"]
    assert list(made.workflow.outputs) == ["d"]
    assert made.notes == ("e has no outputs in run r1 and is left out",)


def test_values_that_are_gone_are_named_if_they_are_needed():
    (found,) = faults(Selection(only=("b",)), exists=lambda artifact: False)
    assert found == "node 'a': result of run r1 is gone from the store; start --from a"


def test_parameters_are_those_of_the_run_unless_given():
    made = build(Selection(start=("b",)), past(parameters={"n": 5}))
    assert made.parameters == {"n": 5}
    assert made.notes == ("as in run r1: n = 5",)


def test_parameters_given_win_and_what_is_kept_in_spite_of_them_is_named():
    made = build(Selection(start=("b",)), past(parameters={"n": 5}), given={"n": 7})
    assert made.parameters == {"n": 7}
    assert made.notes == ("a keeps what it gave for n = 5, which is 7 now; to renew it: --from a",)


def test_a_parameter_that_only_running_nodes_read_is_no_matter():
    assert build(Selection(start=("a",)), given={"n": 7}).notes == ()


def test_what_was_kept_before_counts_with_the_parameters_of_its_own_run():
    earlier = past(parameters={"n": 5}, origins={"r0": {"n": 2}})
    tasks = {**earlier.tasks, "a": replace(earlier.tasks["a"], cached_from="r0/a")}
    made = build(Selection(start=("b",)), replace(earlier, tasks=tasks), given={"n": 5})
    assert made.notes == ("a keeps what it gave for n = 2, which is 5 now; to renew it: --from a",)


def test_a_kept_node_that_was_edited_is_named():
    edited = flow().model_copy(
        update={"nodes": tuple(cell("c", "result = 3") if node.id == "c" else node for node in flow().nodes)}
    )
    made = build(Selection(start=("d",)), workflow=edited)
    assert made.notes == ("c has changed since run r1; it keeps what it gave then",)
