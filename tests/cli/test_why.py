"""Partial runs, why, replay, and what a plan foresees, as typed."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def diamond(write, documents):
    """Write the diamond with every node cached."""

    def make(**changes):
        document = documents.diamond(**changes)
        for node in document["nodes"]:
            node["cache"] = "inputs"
        return write(document)

    return make


def test_from_a_node_on(twingraph, diamond):
    file = diamond()
    first = twingraph("run", file, "-p", "n=4", "--json").json
    outcome = twingraph("run", file, "--from", "b", "--json")
    assert outcome.code == 0
    assert outcome.json["outputs"] == first["outputs"] == {"total": 25}
    kept = {name: node["cached_from"] for name, node in outcome.json["nodes"].items()}
    assert kept == {"a": f"{first['run_id']}/a", "b": "", "c": f"{first['run_id']}/c", "d": ""}
    assert f"2 nodes kept from run {first['run_id']}" in outcome.stderr
    assert f"as in run {first['run_id']}: n = 4" in outcome.stderr


def test_only_a_node_of_a_run_named(twingraph, diamond):
    file = diamond()
    first = twingraph("run", file, "-p", "n=4", "--json").json["run_id"]
    twingraph("run", file)
    outcome = twingraph("run", file, "--only", "b", "--of", first[:6], "--json")
    assert outcome.json["outputs"] == {"b": {"y": 10}}
    assert list(outcome.json["nodes"]) == ["a", "b"]


def test_what_a_parameter_changes_of_what_is_kept_is_said(twingraph, diamond):
    file = diamond()
    twingraph("run", file)
    outcome = twingraph("run", file, "--from", "b", "-p", "n=4")
    assert "a keeps what it gave for n = 1, which is 4 now; to renew it: --from a" in outcome.stderr


def test_force_takes_nothing_from_the_cache(twingraph, diamond):
    file = diamond()
    twingraph("run", file)
    assert all(node["cached_from"] for node in twingraph("run", file, "--json").json["nodes"].values())
    forced = twingraph("run", file, "--force", "--json").json["nodes"]
    assert not any(node["cached_from"] for node in forced.values())


def test_all_that_is_wrong_with_a_selection_is_told_and_nothing_runs(twingraph, diamond):
    file = diamond()
    outcome = twingraph("run", file, "--from", "x", "--only", "y", "--of", "z")
    assert outcome.code == 4  # no such run
    outcome = twingraph("run", file, "--from", "x", "--only", "dd")
    assert outcome.code == 2
    assert "--from x: there is no such node" in outcome.stderr
    assert "--only dd: there is no such node" in outcome.stderr
    assert twingraph("run", file, "--from", "b").code == 2
    assert twingraph("runs").stdout == ""


def test_why_tells_a_line_for_each_node_and_more_of_one(twingraph, diamond, documents):
    file = diamond()
    twingraph("run", file)
    twingraph("run", file)
    assert [line.split()[:3] for line in twingraph("why").stdout.splitlines()[1:]] == [
        ["✓", name, "cached"] for name in "abcd"
    ]
    document = json.loads(file.read_text())
    document["nodes"][1]["component"]["code"] = "y = x * 5"
    file.write_text(json.dumps(document))
    run_id = twingraph("run", file, "--json").json["run_id"]
    lines = twingraph("why").stdout.splitlines()
    assert lines[2].split(maxsplit=3)[2:] == ["ran", "cell has changed"]
    assert "input p 4 → 10: b.y ran again and gave something else" in lines[4]
    detail = twingraph("why", run_id[:8], "b").stdout
    assert twingraph("why", "b").stdout == detail
    assert "-y = x * 2" in detail
    assert "+y = x * 5" in detail
    report = twingraph("why", "last", "b", "--json").json
    assert report["run_id"] == run_id
    (cause,) = report["nodes"]["b"]["causes"]
    assert (cause["kind"], cause["about"]) == ("code", "cell")


def test_why_of_neither_a_run_nor_a_node(twingraph, diamond):
    twingraph("run", diamond())
    outcome = twingraph("why", "nothing")
    assert outcome.code == 4
    assert "no run 'nothing'" in outcome.stderr
    assert "no node 'nothing'" in outcome.stderr


def test_a_replay_compares(twingraph, diamond):
    run_id = twingraph("run", diamond(), "--json").json["run_id"]
    outcome = twingraph("replay", "last", "d")
    assert outcome.code == 0
    assert f"d of run {run_id}: the same outputs as then" in outcome.stderr
    report = twingraph("replay", run_id, "b", "--json").json
    assert report["replay_of"] == f"{run_id}/b"
    assert report["comparison"]["outputs"]["y"]["same"] is True


def test_a_replay_of_a_failed_node_has_its_exit_code(twingraph, write, documents, folder):
    run_id = twingraph("run", write(documents.failing()), "-p", f"folder={folder}", "--json").json["run_id"]
    outcome = twingraph("replay", run_id, "bad")
    assert outcome.code == 1
    assert "it failed in the same way" in outcome.stderr
    (folder / "fixed").touch()
    outcome = twingraph("replay", run_id, "bad")
    assert outcome.code == 0
    assert "it was failed then and is completed now" in outcome.stderr


def test_a_plan_foresees_hits_and_reruns_with_reasons_and_times(twingraph, diamond):
    file = diamond()
    run_id = twingraph("run", file, "--json").json["run_id"]
    lines = twingraph("plan", file).stdout.splitlines()
    assert all(f"cached ({run_id}/{name})" in line for name, line in zip("abcd", lines[3:], strict=False))
    assert lines[-1] == "4 cached"
    lines = twingraph("plan", file, "-p", "n=3").stdout.splitlines()
    assert "runs: parameter n 1 → 3" in lines[3]
    assert "runs if a changes its output" in lines[4]
    assert "runs if b or c change their outputs" in lines[6]
    assert lines[-1].startswith("1 to run, 3 perhaps; estimated time ")


def test_a_plan_of_a_part_and_of_all_by_force(twingraph, diamond):
    file = diamond()
    run_id = twingraph("run", file, "--json").json["run_id"]
    report = twingraph("plan", file, "--from", "d", "--json").json
    fates = {task["id"]: task["outlook"]["fate"] for task in report["tasks"]}
    assert fates == {"a": "kept", "b": "kept", "c": "kept", "d": "runs"}
    assert report["outlook"]["counts"] == {"kept": 3, "runs": 1}
    assert report["notes"] == [f"3 nodes kept from run {run_id}"]
    assert report["outlook"]["time"]["expected_s"] > 0
    report = twingraph("plan", file, "--force", "--json").json
    assert {task["outlook"]["message"] for task in report["tasks"]} == {"runs: asked for with --force"}


def test_code_that_cannot_work_is_told_by_validate_plan_and_run(twingraph, write, documents, folder):
    bad = documents.diamond()
    bad["nodes"][1]["component"]["code"] = "y = xx * 2"
    bad["nodes"][2]["component"]["code"] = "y = (x"
    file = write(bad)
    outcome = twingraph("validate", file)
    assert outcome.code == 2
    for text in (outcome.stdout, twingraph("plan", file).stderr, twingraph("run", file).stderr):
        assert "2 faults" in text
        assert "node 'b' (line 1): nothing gives 'xx'" in text
        assert "node 'c' (line 1): '(' was never closed" in text
    assert twingraph("runs").stdout == ""


def test_a_parameter_given_twice_is_refused(twingraph, diamond):
    outcome = twingraph("run", diamond(), "-p", "n=1", "-p", "n=2")
    assert outcome.code == 2
    assert "parameter 'n' is given twice: 1 and 2" in outcome.stderr


@pytest.mark.parametrize("command", ["show", "logs", "why", "cancel", "resume"])
def test_without_a_run_the_last_one_is_meant(twingraph, diamond, command):
    assert "there are no runs yet" in twingraph(command).stderr
    run_id = twingraph("run", diamond(), "--json").json["run_id"]
    outcome = twingraph(command)
    assert "Missing argument" not in outcome.stderr
    assert command in ("logs", "why") or run_id in outcome.stdout + outcome.stderr
