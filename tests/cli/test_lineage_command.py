from __future__ import annotations

import pytest


@pytest.fixture
def recorded(twingraph, write, documents):
    return twingraph("run", write(documents.diamond()), "--json").json["run_id"]


def executions(rest: str) -> str:
    return f"g.V().hasLabel('Execution'){rest}"


def test_plain_values_are_one_a_line(twingraph, recorded):
    outcome = twingraph("lineage", executions(".values('node').order()"))
    assert (outcome.code, outcome.stdout) == (0, "a\nb\nc\nd\n")


def test_maps_are_a_table(twingraph, recorded):
    query = executions(".order().by('node').project('node', 'run').by('node').by('run_id').limit(2)")
    head, *lines = twingraph("lineage", query).stdout.splitlines()
    assert head.split() == ["node", "run"]
    assert [line.split() for line in lines] == [["a", recorded], ["b", recorded]]


def test_vertices_are_shown_by_id_and_label(twingraph, recorded):
    head, line = twingraph("lineage", executions(".limit(1)")).stdout.splitlines()
    assert head.split() == ["id", "label"]
    assert line.split()[1] == "Execution"


def test_json_is_an_array_of_results(twingraph, recorded):
    assert twingraph("lineage", executions(".count()"), "--json").json == [4]
    vertex = twingraph("lineage", executions(".limit(1)"), "--json").json[0]
    assert vertex["label"] == "Execution"
    path = twingraph("lineage", executions(".has('node', 'b').in('DEPENDS_ON').path()"), "--json").json[0]
    assert [element["label"] for element in path] == ["Execution", "Execution"]
    grouped = twingraph("lineage", executions(".groupCount().by('status')"), "--json").json
    assert list(grouped[0].values()) == [4]


def test_where_a_result_came_from(twingraph, recorded):
    query = executions(".has('node', 'd').repeat(__.in('DEPENDS_ON').dedup()).emit().values('node')")
    assert sorted(twingraph("lineage", query).stdout.split()) == ["a", "b", "c"]


def test_nothing_found_is_said(twingraph, recorded):
    outcome = twingraph("lineage", "g.V().has('node', 'nobody')")
    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "nothing found\n")


def test_what_is_not_gremlin_is_a_usage_error_with_a_hint(twingraph, folder):
    outcome = twingraph("lineage", "g.V().hass('x')")
    assert outcome.code == 2
    assert "hass" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_the_graph_cannot_be_changed(twingraph, recorded):
    assert twingraph("lineage", "g.V().drop()").code == 5
    assert twingraph("lineage", executions(".count()")).stdout == "4\n"
