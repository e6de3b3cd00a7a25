from __future__ import annotations

import json

import pytest


@pytest.fixture
def run_id(twingraph, write, documents):
    talking = {
        "name": "talking",
        "nodes": [
            {"id": "first", "component": documents.source("print('one')\nprint('two')")},
            {
                "id": "second_one",
                "component": documents.source("import sys\nprint('oops', file=sys.stderr)"),
                "after": ["first"],
            },
        ],
    }
    return twingraph("run", write(talking), "--json").json["run_id"]


@pytest.mark.parametrize("follow", [[], ["-f"]])
def test_lines_come_after_the_name_of_their_node(twingraph, run_id, follow):
    assert twingraph("logs", run_id, *follow).stdout.splitlines() == [
        "first      │ one",
        "first      │ two",
        "second_one │ oops",
    ]


def test_the_lines_of_one_node_are_as_it_wrote_them(twingraph, run_id):
    assert twingraph("logs", run_id, "first").stdout == "one\ntwo\n"


def test_json_is_one_event_a_line(twingraph, run_id):
    events = [json.loads(line) for line in twingraph("logs", run_id, "--json").stdout.splitlines()]
    assert {event["type"] for event in events} == {"task.logged"}
    assert [event["stream"] for event in events if event["task_id"] == "second_one"] == ["stderr"]


def test_an_unknown_node_is_said_to_be_unknown(twingraph, run_id):
    outcome = twingraph("logs", run_id, "third")
    assert outcome.code == 4
    assert "known: first, second_one" in outcome.stderr


def test_escape_sequences_are_left_out(twingraph, write, documents):
    colourful = documents.source("print('\\x1b[31mred\\x1b[0m\\ttab')")
    twingraph("run", write({"name": "w", "nodes": [{"id": "a", "component": colourful}]}))
    assert twingraph("logs", "last", "a").stdout == "red\ttab\n"
