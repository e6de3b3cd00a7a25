from __future__ import annotations

import json
import re

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


def test_blank_lines_are_lines(twingraph, write, documents):
    twingraph("run", write({"name": "w", "nodes": [{"id": "a", "component": documents.source("print()")}]}))
    assert twingraph("logs", "last", "a").stdout == "\n"


def test_json_is_one_object_a_line_with_time_and_place(twingraph, run_id):
    lines = [json.loads(line) for line in twingraph("logs", run_id, "--json").stdout.splitlines()]
    assert [(line["node"], line["stream"], line["message"]) for line in lines] == [
        ("first", "stdout", "one"),
        ("first", "stdout", "two"),
        ("second_one", "stderr", "oops"),
    ]
    assert {(line["run"], line["attempt"], line["level"], line["logger"]) for line in lines} == {(run_id, 1, "", "")}
    assert all(re.fullmatch(r"[-\d]+T[:\d]+\.\d{6}\+00:00", line["time"]) for line in lines)


@pytest.fixture
def logging_run(twingraph, write, documents):
    code = """
import logging
from twingraph_lab import get_logger

print("printed")
get_logger("mine").log_execution("clean", "abc", "success", 1.5, {"rows": 3})
get_logger("mine").info("two\\nlines", extra={"node": "hers"})
logging.getLogger("theirs").error("bad")
"""
    document = {"name": "logging", "nodes": [{"id": "a", "component": documents.source(code)}]}
    return twingraph("run", write(document), "--json").json["run_id"]


def test_log_records_are_told_as_in_a_file_of_json_lines(twingraph, logging_run):
    lines = [json.loads(line) for line in twingraph("logs", logging_run, "--json").stdout.splitlines()]
    printed, done, two, bad = lines
    del done["time"]
    assert done == {
        "level": "INFO",
        "logger": "mine",
        "message": "clean success in 1.5 s (rows=3)",
        "run": logging_run,
        "node": "a",
        "attempt": 1,
        "component": "clean",
        "execution_id": "abc",
        "status": "success",
        "duration": 1.5,
        "metadata": {"rows": 3},
        "stream": "log",
    }
    assert (two["message"], two["node"], two["node_"]) == ("two\nlines", "a", "hers")
    assert (bad["level"], bad["logger"], bad["message"]) == ("ERROR", "theirs", "bad")
    assert printed["message"] == "printed"


def test_a_level_leaves_out_what_is_below_and_what_was_printed(twingraph, logging_run):
    assert twingraph("logs", logging_run, "--level", "error").stdout == "a │ theirs: bad\n"
    refused = twingraph("logs", logging_run, "--level", "loud")
    assert refused.code == 2
    assert "there is no level 'loud'" in refused.stderr


@pytest.mark.parametrize("follow", [[], ["-f"]])
def test_the_tail_is_the_last_lines(twingraph, run_id, follow):
    assert twingraph("logs", run_id, "--tail", 2, *follow).stdout.splitlines() == [
        "first      │ two",
        "second_one │ oops",
    ]
    assert twingraph("logs", run_id, "-n", 0, *follow).stdout == ""


def test_only_what_is_new_enough_is_told(twingraph, run_id):
    assert twingraph("logs", run_id, "--since", "1h").stdout.count("\n") == 3
    assert twingraph("logs", run_id, "--since", "2999-01-01").stdout == ""
    refused = twingraph("logs", run_id, "--since", "tea time")
    assert refused.code == 2
    assert "10m" in refused.stderr


def test_an_unknown_node_is_said_to_be_unknown(twingraph, run_id):
    outcome = twingraph("logs", run_id, "third")
    assert outcome.code == 4
    assert "known: first, second_one" in outcome.stderr


def test_escape_sequences_are_left_out(twingraph, write, documents):
    colourful = documents.source("print('\\x1b[31mred\\x1b[0m\\ttab')")
    twingraph("run", write({"name": "w", "nodes": [{"id": "a", "component": colourful}]}))
    assert twingraph("logs", "last", "a").stdout == "red\ttab\n"
