from __future__ import annotations

import time

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


def test_what_failed_alike_is_told_once(twingraph, write, documents):
    nodes = [{"id": f"n{i}", "component": documents.source("raise ValueError('no such column')")} for i in range(12)]
    twingraph("run", write({"name": "alike", "nodes": nodes}))
    text = twingraph("show", "last").stdout
    assert "✗ 12 nodes with the same error: n0, n1, n2, n3, n4, n5, n6, n7, … 4 more" in text
    assert text.count("Traceback") == 1


def test_show_draws_the_nodes_over_time(twingraph, write, documents):
    twingraph("run", write(documents.diamond()))
    assert "█" not in twingraph("show", "last").stdout
    text = twingraph("show", "last", "--gantt").stdout
    lines = text.split("\n\n")[1].splitlines()
    assert lines[0].strip().startswith("0 ")
    drawn = [line.split()[:2] for line in lines[1:5]]  # b and c begin in either order
    assert (sorted(drawn), drawn[0], drawn[-1]) == ([["✓", name] for name in "abcd"], ["✓", "a"], ["✓", "d"])
    assert all(set(line) & set("█▉▊▋▌▍▎▏") for line in lines[1:5])
    assert "waits for its turn" in lines[5]


def test_the_figures_are_in_json_too(twingraph, write, documents):
    report = twingraph("run", write(documents.diamond()), "--json").json
    node = report["nodes"]["d"]
    assert node["wall_s"] > 0
    assert node["waited_s"] >= 0
    assert node["cached"] is False
    (attempt,) = node["attempts"]
    assert (attempt["number"], attempt["ended"]) == (1, "completed")
    assert 0 <= attempt["start_s"] <= attempt["end_s"] <= report["duration_s"] <= report["since_first_start_s"]


def test_the_time_in_which_nobody_drove_a_run_is_left_out(twingraph, write, folder, documents):
    twingraph("run", write(documents.failing()), "-p", f"folder={folder}")
    first = twingraph("show", "last", "--json").json
    time.sleep(1.2)  # it is the time between two processes that is measured
    (folder / "fixed").touch()
    report = twingraph("resume", "last", "--json").json
    assert report["since_first_start_s"] - report["duration_s"] > 1
    assert report["duration_s"] > first["duration_s"]
    assert [each["ended"] for each in report["nodes"]["bad"]["attempts"]] == ["failed", "completed"]
    (run,) = twingraph("runs", "--json").json
    assert run["duration_s"] == pytest.approx(report["duration_s"], abs=0.01)
    text = twingraph("show", "last", "--gantt").stdout
    assert "under way, " in text
    assert "resumed after 1." in text


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
