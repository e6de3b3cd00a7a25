from __future__ import annotations

import pytest


def test_no_runs_yet(twingraph):
    outcome = twingraph("runs")
    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "no runs yet\n")
    assert twingraph("runs", "--json").json == []
    assert "there are no runs yet" in twingraph("show", "last").stderr


def test_runs_are_listed_newest_first(twingraph, write, folder, documents):
    first = twingraph("run", write(documents.diamond()), "--json").json["run_id"]
    second = twingraph("run", write(documents.failing()), "-p", f"folder={folder}", "--json").json["run_id"]
    head, *lines = twingraph("runs").stdout.splitlines()
    assert head.split() == ["run", "state", "requested", "took", "workflow"]
    assert lines[0].startswith(f"✗ {second}  failed")
    assert "not fixed yet" in lines[0]
    assert lines[1].startswith(f"✓ {first}  completed")
    assert [run["run_id"] for run in twingraph("runs", "--json").json] == [second, first]
    assert [run["run_id"] for run in twingraph("runs", "--state", "completed", "--json").json] == [first]
    assert [run["run_id"] for run in twingraph("runs", "-n", "1", "--json").json] == [second]


@pytest.mark.parametrize("name", ["last", "-"])
def test_the_newest_run_has_short_names(twingraph, write, name, documents):
    twingraph("run", write(documents.diamond()))
    newest = twingraph("run", write(documents.diamond()), "--json").json["run_id"]
    assert twingraph("show", name, "--json").json["run_id"] == newest
    assert twingraph("show", newest[:6], "--json").json["run_id"] == newest


def test_show_tells_of_nodes_and_outputs(twingraph, write, documents):
    run_id = twingraph("run", write(documents.diamond()), "-p", "n=4", "--json").json["run_id"]
    text = twingraph("show", run_id).stdout
    assert text.startswith(f"✓ run {run_id}  diamond  completed in")
    assert "  n: 4\n" in text
    row = next(line for line in text.splitlines() if line.startswith("✓ b"))
    assert row.split()[:5] == ["✓", "b", "completed", "1", "local"]
    assert row.endswith("y = 10")
    assert text.endswith("outputs\n  total = 25\n")


def test_show_tells_why_a_node_failed_with_the_users_traceback(twingraph, write, folder, documents):
    twingraph("run", write(documents.failing()), "-p", f"folder={folder}")
    text = twingraph("show", "last").stdout
    assert "✗ bad, attempt 1: error" in text
    assert "raise ValueError('not fixed yet')" in text
    assert "ValueError: not fixed yet" in text
    assert "twingraph_lab" not in text  # none of our own frames


def test_show_as_json_has_the_stored_outputs(twingraph, write, documents):
    twingraph("run", write(documents.diamond()))
    report = twingraph("show", "last", "--json").json
    assert report["workflow"] == "diamond"
    assert report["parameters"] == {"n": 1}
    assert report["nodes"]["d"]["outputs"]["total"]["data"] == 10
    assert report["outputs"] == {"total": 10}


def test_what_a_node_wrote_cannot_rewrite_the_screen(twingraph, write):
    nasty = {"kind": "source", "code": "raise ValueError('a\\x1b[2Jb')"}
    twingraph("run", write({"name": "w", "nodes": [{"id": "a", "component": nasty}]}))
    for command in ("show", "runs"):
        text = twingraph(command, *(["last"] if command == "show" else [])).stdout
        assert "\x1b" not in text
        assert "ab" in text


def test_cancel_says_when_a_run_has_ended(twingraph, write, documents):
    twingraph("run", write(documents.diamond()))
    outcome = twingraph("cancel", "last")
    assert outcome.code == 0
    assert "is completed already" in outcome.stderr


@pytest.mark.parametrize("command", ["show", "cancel", "resume", "logs"])
def test_an_unknown_run_is_said_to_be_unknown(twingraph, command):
    outcome = twingraph(command, "feedc0ffee")
    assert outcome.code == 4
    assert outcome.stderr.startswith("error: no run 'feedc0ffee'")
