from __future__ import annotations

import json

import pytest


def entry(folder, node):
    """The file of what a node computed."""
    (found,) = [path for path in (folder / ".twingraph/artifacts/cache").iterdir() if f'"{node}"' in path.read_text()]
    return found


def aged(folder, node, written):
    path = entry(folder, node)
    path.write_text(json.dumps({**json.loads(path.read_text()), "written": written}))


@pytest.fixture
def kept(folder, write, documents, twingraph):
    """Three entries: `old` and `stale` are of another time, `stale` beyond its policy's ttl."""
    nodes = [
        {"id": "fresh", "component": documents.source("x = 'v' * 100_000", "x"), "cache": "inputs"},
        {"id": "old", "component": documents.source("x = 2", "x"), "cache": "source,ttl=365000d"},
        {"id": "stale", "component": documents.source("x = 3", "x"), "cache": "inputs,ttl=1h,scope=shared"},
        {"id": "never", "component": documents.source("x = 4", "x")},
    ]
    document = {"version": "twingraph/1", "name": "kept", "nodes": nodes}
    outcome = twingraph("run", write(document), "--quiet", "--json")
    assert outcome.code == 0, outcome.stderr
    for node in ("old", "stale"):
        aged(folder, node, "2020-01-01T00:00:00Z")
    return outcome.json["run_id"]


def names(outcome):
    return sorted(item["node"] for item in outcome.json)


def test_nothing_is_kept_yet(twingraph):
    outcome = twingraph("cache", "ls")
    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "nothing is kept yet\n")
    assert twingraph("cache", "ls", "--json").json == []


def test_a_list_says_who_computed_what_when_and_for_how_long_it_holds(twingraph, kept):
    lines = twingraph("cache", "ls").stdout.splitlines()
    assert lines[0].split() == ["node", "workflow", "run", "computed", "size", "policy"]
    assert lines[1].split()[:3] == ["fresh", "kept", kept]
    assert "100.0 kB" in lines[1]
    assert any(line.startswith("stale") and line.endswith("inputs,ttl=1h,scope=shared (expired)") for line in lines)
    assert any(line.startswith("old") and "left)" in line for line in lines)
    (found,) = [item for item in twingraph("cache", "ls", "--json").json if item["node"] == "stale"]
    assert found["expired"]
    assert found["policy"] == "inputs,ttl=1h,scope=shared"
    assert found["age_s"] > 1e8
    assert found["key"].startswith("sha256:")


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        (["--node", "fresh"], ["fresh"]),
        (["--workflow", "kept"], ["fresh", "old", "stale"]),
        (["--workflow", "another"], []),
        (["--expired"], ["stale"]),
        (["--older-than", "7d"], ["old", "stale"]),
        (["--older-than", "7d", "--node", "old"], ["old"]),
    ],
)
def test_some_can_be_chosen_to_list_or_to_forget(twingraph, kept, options, chosen):
    assert names(twingraph("cache", "ls", "--json", *options)) == chosen
    outcome = twingraph("cache", "prune", "--json", "--dry-run", *options)
    assert outcome.json == {"forgotten": len(chosen), "left": 3 - len(chosen), "dry_run": True}
    assert len(twingraph("cache", "ls", "--json").json) == 3
    assert twingraph("cache", "prune", "--json", *options).json["forgotten"] == len(chosen)
    left = {"fresh", "old", "stale"} - set(chosen)
    assert names(twingraph("cache", "ls", "--json")) == sorted(left)


def test_forgetting_all_says_how_many_and_leaves_the_values(twingraph, kept):
    outcome = twingraph("cache", "prune", "--all")
    assert (outcome.code, outcome.stdout) == (0, "")
    assert outcome.stderr == "forgot 3 entries, 0 left; values stay, since runs refer to them\n"
    assert twingraph("cache", "ls").stderr == "nothing is kept yet\n"
    assert twingraph("doctor", "--full", "--json").code == 0


def test_what_was_forgotten_is_computed_again(twingraph, folder, kept):
    document = folder / "workflow.twg.json"
    again = twingraph("run", document, "--quiet", "--json").json
    assert again["nodes"]["fresh"]["cached_from"] == f"{kept}/fresh"
    assert again["nodes"]["stale"]["cached_from"] == ""
    twingraph("cache", "prune", "--node", "fresh")
    assert twingraph("run", document, "--quiet", "--json").json["nodes"]["fresh"]["cached_from"] == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prune"], "say which entries to forget"),
        (["prune", "--all", "--node", "a"], "say which entries to forget"),
        (["prune", "--older-than", "soon"], "'soon' is not a time like 30s, 5m, 1h or 7d"),
        (["ls", "--dry-run"], "are for prune"),
        (["rm"], "'rm' is not one of"),
    ],
)
def test_what_cannot_be_meant_is_refused(twingraph, kept, arguments, message):
    outcome = twingraph("cache", *arguments)
    assert outcome.code == 2
    assert message in " ".join(outcome.stderr.replace("│", " ").split())
    assert len(twingraph("cache", "ls", "--json").json) == 3
