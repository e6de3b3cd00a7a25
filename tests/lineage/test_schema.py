"""What events do to the lineage graph."""

from __future__ import annotations

import ast

import pytest
from gremlin_python.process.graph_traversal import __
from gremlin_python.process.traversal import T

from tests.lineage.toy_run import (
    EVENTS,
    RUN,
    WORKFLOW,
    at,
    changes_of,
    completed,
    facts,
    failed,
    finished,
    graph_of,
    requested,
    started,
    stored,
    toy_graph,
)
from twingraph_lab.events import RunStarted, TaskCancelled, TaskUncertain
from twingraph_lab.lineage.changes import Changes, execution_id
from twingraph_lab.lineage.schema import RunLineage
from twingraph_lab.spec.workflow import Node, PythonFunction, Workflow


@pytest.fixture
def g(tmp_path):
    return toy_graph(tmp_path)


def execution(g, node, attempt=1):
    return g.V(execution_id(RUN, node, attempt)).element_map().next()


def test_every_attempt_is_an_execution_of_its_node_in_its_run(g):
    attempts = g.V(f"run:{RUN}").out("RAN").group().by("node").by(__.values("attempt").order().fold()).next()

    assert attempts == {"load": [1], "clean": [1], "stats": [1], "plot": [1, 2]}
    assert g.V().has_label("Execution").out("OF").has_label("Node").dedup().count().next() == 4


def test_a_failed_attempt_says_why_and_a_retry_which_one_it_repeats(g):
    first, second = execution(g, "plot", 1), execution(g, "plot", 2)

    assert {first["status"], second["status"]} == {"failed"}
    assert (first["error_type"], first["error"], first["error_kind"]) == (
        "ZeroDivisionError",
        "division by zero",
        "error",
    )
    assert g.V(second["hash"]).out("RETRY_OF").id_().to_list() == [first["hash"]]


def test_parents_point_at_their_children(g):
    children = g.V(execution_id(RUN, "clean", 1)).out("DEPENDS_ON").values("node", "attempt").to_list()

    assert sorted(children, key=str) == [1, 1, 2, "plot", "plot", "stats"]


def test_artifacts_are_what_executions_produce_and_consume_under_names(g):
    used = g.E().has_label("CONSUMED").project("by", "as").by(__.out_v().values("node")).by("input").to_list()
    produced = g.V().has_label("Execution").out_e("PRODUCED").values("output").to_list()

    assert sorted(produced) == ["mean", "result", "rows"]
    assert {(one["by"], one["as"]) for one in used} == {
        ("clean", "rows"),
        ("stats", "x"),
        ("plot", "text"),
        ("plot", "x"),
    }


def test_an_execution_has_clean_keys(g):
    stats = execution(g, "stats")

    assert stats[T.label] == "Execution"
    assert stats["started"] == at(5).isoformat()
    assert stats["ended"] == at(6).isoformat()
    assert (stats["wall_s"], stats["cpu_s"], stats["peak_memory_bytes"]) == (0.6, 0.3, 10**6)
    assert (stats["status"], stats["platform"], stats["run_id"], stats["workflow"]) == (
        "completed",
        "local",
        RUN,
        "toy",
    )
    assert stats["input_hash"].startswith("sha256:")


def test_an_execution_has_the_keys_of_twingraph_as_text(g):
    clean = g.V().has("Name", "clean").element_map().next()
    keys = {
        "Name": "clean",
        "Timestamp": "2026-05-04 12:00:03",
        "Signature": "(x)",
        "Argument Specifications": "FullArgSpec()",
        "Input Values": "{'rows': [1, 2]}",
        "Docker Image": "NotProvided",
        "Parent Hash": str([execution_id(RUN, "load", 1)]),
        "Hash": execution_id(RUN, "clean", 1),
        "Source Code": "result = rows",
        "Compute Platform": "Local without Containers",
        "Output": "{'result': [1]}",
    }

    assert {key: clean[key] for key in keys} == keys
    assert g.V().has("Hash", clean["hash"]).values("Output").next() == "{'result': [1]}"
    assert ast.literal_eval(clean["Output"]) == {"result": [1]}


def test_a_run_tells_how_it_went(g):
    run = g.V(f"run:{RUN}").element_map().next()

    assert (run[T.label], run["name"], run["status"], run["coordinator"]) == ("Run", "toy", "failed", "here")
    assert run["parameters"] == "{'url': 'https://example.org/data.csv'}"
    assert (run["requested"], run["ended"]) == (at(0).isoformat(), at(9).isoformat())
    assert run["error"].startswith("plot: ZeroDivisionError")


def test_a_value_that_only_the_store_holds_is_described(tmp_path):
    g = graph_of(
        tmp_path, changes_of(EVENTS[0], started("load", 1), completed("load", 2, rows=stored()), started("clean", 3))
    )

    assert "1000000 bytes" in execution(g, "clean")["Input Values"]
    assert "value" not in g.V().has_label("Artifact").element_map().next()


def test_a_long_value_is_cut_off(tmp_path):
    g = graph_of(tmp_path, changes_of(EVENTS[0], started("load", 1), completed("load", 2, rows=["x" * 100] * 500)))

    assert len(execution(g, "load")["Output"]) == 4096
    assert len(g.V().has_label("Artifact").values("value").next()) == 4096


def test_a_cached_execution_begins_with_its_end(tmp_path):
    changes = changes_of(EVENTS[0], completed("load", 2, cached_from="run0/load", rows=[1]))
    g = graph_of(tmp_path, changes)

    assert changes.cached == {execution_id(RUN, "load", 1): "run0/load"}
    assert execution(g, "load")["cached_from"] == "run0/load"
    assert execution(g, "load")["started"] == at(1.8).isoformat()


def test_an_attempt_whose_end_nobody_saw_is_lost(tmp_path):
    events = [EVENTS[0], started("load", 1), started("load", 3, attempt=2), completed("load", 4, attempt=2, rows=[1])]
    g = graph_of(tmp_path, changes_of(*events, started("clean", 5), finished(6, "failed")))

    assert execution(g, "load", 1)["status"] == execution(g, "clean", 1)["status"] == "lost"
    assert execution(g, "load", 2)["status"] == "completed"


def test_what_was_running_when_a_run_was_cancelled_is_cancelled_and_nothing_else(tmp_path):
    cancelled = [TaskCancelled(run_id=RUN, task_id=task, time=at(3)) for task in ("load", "clean")]
    g = graph_of(tmp_path, changes_of(EVENTS[0], started("load", 1), *cancelled))

    assert g.V().has_label("Execution").values("node", "status").to_list() == ["load", "cancelled"]


def test_an_uncertain_attempt_is_called_that(tmp_path):
    failure = failed("load", 2).failure
    uncertain = TaskUncertain(run_id=RUN, task_id="load", failure=failure, time=at(2))
    g = graph_of(tmp_path, changes_of(EVENTS[0], started("load", 1), uncertain))

    assert execution(g, "load")["status"] == "uncertain"


def test_a_task_that_failed_before_it_started_is_an_execution_too(tmp_path):
    g = graph_of(tmp_path, changes_of(EVENTS[0], failed("load", 2, message="needs 4 gpus, nobody has any")))

    assert execution(g, "load")["error"] == "needs 4 gpus, nobody has any"


def test_git_and_environment_are_on_the_run_and_on_its_local_executions(tmp_path):
    git = {"git_commit": "abc", "git_branch": "main", "git_dirty": True}
    changes = changes_of(EVENTS[0], started("load", 1), git=git, environment={"python": "3.11.7"}, source="demo.ipynb")
    g = graph_of(tmp_path, changes)

    for vertex in (execution(g, "load"), g.V(f"run:{RUN}").element_map().next()):
        assert {key: vertex[key] for key in (*git, "python")} == {**git, "python": "3.11.7"}


def test_a_secret_is_nowhere_in_the_graph(tmp_path):
    secret = "hunter2-and-more"
    workflow = Workflow(
        name="secretive",
        nodes=(
            Node(
                id="a",
                component=PythonFunction(ref="m:f"),
                inputs={
                    "db_password": {"param": "db_password"},
                    "deep": [{"api_key": "sk-abcdef"}],
                    "kept": {"token": "secret://vault/token"},
                },
            ),
            Node(
                id="b",
                component=PythonFunction(ref="m:f"),
                inputs={"x": {"ref": "a.access_token"}, "y": "{{ a.text }}"},
            ),
        ),
    )
    events = [
        requested(parameters={"db_password": secret}),
        started("a", 1),
        failed("a", 2, message=f"can't log in with '{secret}' or sk-abcdef", final=False),
        started("a", 3, attempt=2),
        completed(
            "a", 4, attempt=2, text=f"said {secret} aloud", access_token="tok-9876", more={"password": "deep-one"}
        ),
        started("b", 5),
        completed("b", 6, result=["tok-9876", "deep-one"]),
        finished(7, "failed", error=f"b: {secret}"),
    ]
    changes = changes_of(*events, workflow=workflow, parameters={"db_password": secret})
    g = graph_of(tmp_path, changes)
    everything = str(g.V().element_map().to_list()) + str(g.E().element_map().to_list())

    for hidden in (secret, "sk-abcdef", "tok-9876", "deep-one"):
        assert hidden not in everything
    assert "secret://vault/token" in everything
    assert "can't log in with '***' or ***" in everything


def test_the_hash_of_an_execution_is_an_id_that_can_be_computed():
    assert execution_id("run1", "load", 1) == execution_id("run1", "load", 1) != execution_id("run1", "load", 2)
    assert len(execution_id("run1", "load", 1)) == 32


def test_the_same_inputs_have_the_same_hash_in_another_run(tmp_path):
    hashes = set()
    for number, value in enumerate([[1, 2], [1, 2], [3]]):
        (tmp_path / str(number)).mkdir()
        changes = changes_of(
            EVENTS[0], started("load", 1), completed("load", 2, rows=value), started("clean", 3 + number)
        )
        hashes.add(execution(graph_of(tmp_path / str(number), changes), "clean")["input_hash"])

    assert len(hashes) == 2


def test_folding_the_same_events_again_gives_the_same_graph():
    assert changes_of(*EVENTS) == changes_of(*EVENTS)


def test_a_workflow_that_grew_is_taken_over():
    lineage, changes = RunLineage(facts(WORKFLOW.model_copy(update={"nodes": WORKFLOW.nodes[:1]}))), Changes()
    event = started("clean", 3)

    assert not lineage.knows(event)
    lineage.update(facts())
    assert lineage.knows(event)
    lineage.apply(event, changes)
    assert execution_id(RUN, "clean", 1) in changes.vertices


def test_a_resumed_run_says_when(tmp_path):
    again = RunStarted(run_id=RUN, coordinator="there", epoch=2, time=at(20))
    run = graph_of(tmp_path, changes_of(*EVENTS, again)).V(f"run:{RUN}").element_map().next()

    assert (run["started"], run["resumed"], run["status"]) == (at(0.5).isoformat(), at(20).isoformat(), "running")
