"""Where values came from and what was made of them."""

from __future__ import annotations

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.inspection import lineage
from twingraph_lab.frontends.inspection.lineage import lineage_graph
from twingraph_lab.spec.workflow import CachePolicy

DIAMOND = workflow(
    cell("load", "['rows', 1]"),
    cell("left", "['left', len(x)]", inputs={"x": {"ref": "load.result"}}),
    cell("right", "['right', len(x)]", inputs={"x": {"ref": "load.result"}}),
    cell("join", "[a, b]", inputs={"a": {"ref": "left.result"}, "b": {"ref": "right.result"}}),
    cell("report", "'sent'", after=("join",)),
)


@pytest.fixture
def run(inline):
    run = inline.submit(DIAMOND)
    run.wait(60)
    return run


def named(graph):
    return sorted(vertex.name for vertex in graph.vertices)


def joined(graph):
    names = {vertex.id: vertex.name for vertex in graph.vertices}
    return {(names[edge.source], edge.label, names[edge.target]) for edge in graph.edges}


def test_a_run_is_shown_with_its_executions_and_values(inline, run):
    graph = lineage_graph(inline, run_id=run.id)
    nodes = ["load", "left", "right", "join", "report"]
    assert named(graph) == sorted([*nodes, *(f"{name}.result" for name in nodes)])
    assert {vertex.label for vertex in graph.vertices} == {"Execution", "Artifact"}
    assert not graph.truncated


def test_edges_lead_from_what_was_earlier_to_what_came_of_it(inline, run):
    assert joined(lineage_graph(inline, run_id=run.id)) == {
        ("load", "PRODUCED", "load.result"),
        ("load.result", "CONSUMED", "left"),
        ("load.result", "CONSUMED", "right"),
        ("left", "PRODUCED", "left.result"),
        ("right", "PRODUCED", "right.result"),
        ("left.result", "CONSUMED", "join"),
        ("right.result", "CONSUMED", "join"),
        ("join", "PRODUCED", "join.result"),
        ("join", "DEPENDS_ON", "report"),  # no value passes here
        ("report", "PRODUCED", "report.result"),
    }


def test_a_node_has_ancestors_and_descendants(inline, run):
    def executions(**asked):
        graph = lineage_graph(inline, run_id=run.id, **asked)
        return {vertex.name for vertex in graph.vertices if vertex.label == "Execution"}

    assert executions(node="left", direction="ancestors") == {"load", "left"}
    assert executions(node="left", direction="descendants") == {"left", "join", "report"}
    assert executions(node="left") == {"load", "left", "join", "report"}
    assert executions(node="left", depth=0) == {"left"}
    assert executions(node="report", direction="ancestors", depth=1) == {"report", "join"}
    assert lineage_graph(inline, run_id=run.id, node="report", depth=1).truncated


def test_an_artifact_leads_to_all_who_made_or_read_it(inline, run):
    again = inline.submit(workflow(cell("other", "['rows', 1]"), name="another"))
    again.wait(60)
    digest = run.tasks["load"].outputs["result"].digest
    assert "other" not in named(lineage_graph(inline, run_id=run.id))
    graph = lineage_graph(inline, artifact=digest, direction="ancestors")
    assert named(graph) == ["load", "load.result", "other"]
    assert "join" in named(lineage_graph(inline, artifact=digest, direction="descendants"))


def test_reused_outputs_lead_to_the_run_that_computed_them(inline):
    kept = workflow(cell("a", "['kept']", cache=CachePolicy(mode="inputs")))
    first, second = inline.submit(kept), None
    first.wait(60)
    second = inline.submit(kept)
    second.wait(60)
    graph = lineage_graph(inline, run_id=second.id)
    runs = {vertex.properties["run_id"] for vertex in graph.vertices if vertex.label == "Execution"}
    assert runs == {first.id, second.id}
    assert ("a", "CACHED_FROM", "a") in joined(graph)


def test_properties_tell_what_is_known_and_no_long_texts(inline, run):
    graph = lineage_graph(inline, run_id=run.id, node="load", direction="ancestors")
    load = next(vertex for vertex in graph.vertices if vertex.name == "load")
    assert {"status": "completed", "node": "load", "attempt": 1}.items() <= load.properties.items()
    assert "Source Code" not in load.properties
    value = next(vertex for vertex in graph.vertices if vertex.label == "Artifact")
    assert value.properties["value"] == "['rows', 1]"
    assert graph.model_dump_json()


def test_a_large_lineage_is_cut_and_says_so(inline, monkeypatch):
    monkeypatch.setattr(lineage, "LIMIT", 10)
    made = workflow(*(cell(f"n{place}", f"{place}") for place in range(20)))
    run = inline.submit(made)
    run.wait(60)
    graph = lineage_graph(inline, run_id=run.id)
    assert graph.truncated
    assert len(graph.vertices) <= 20


def test_what_there_is_not_is_named(inline, run):
    with pytest.raises(NotFoundError, match="no node 'laod'"):
        lineage_graph(inline, run_id=run.id, node="laod")
    with pytest.raises(NotFoundError, match="no artifact"):
        lineage_graph(inline, artifact="sha256:0")
    with pytest.raises(NotFoundError, match="no run"):
        lineage_graph(inline, run_id="nowhere")
    with pytest.raises(NotFoundError, match="which run"):
        lineage_graph(inline)


def test_a_run_that_has_not_begun_has_no_lineage_yet(inline):
    left = inline.submit(DIAMOND, drive=False)
    assert lineage_graph(inline, run_id=left.id).vertices == ()
