from __future__ import annotations

import json

import pytest
import yaml

from twingraph_lab.spec.document import load


def test_plan_shows_levels_and_what_waits_for_what(twingraph, write, documents):
    outcome = twingraph("plan", write(documents.diamond()), "-p", "n=5")
    lines = outcome.stdout.splitlines()
    assert lines[:2] == ["diamond: 4 nodes in 3 levels", "  n = 5"]
    assert [line.split()[:3] for line in lines[3:-1]] == [
        ["1", "a", "python"],
        ["2", "b", "python"],
        ["2", "c", "python"],
        ["3", "d", "python"],
    ]
    assert "b, c" in lines[-2]
    assert lines[-1] == "4 to run"


def test_plan_as_json_has_tasks_in_order_and_edges(twingraph, write, documents):
    report = twingraph("plan", write(documents.diamond()), "--json").json
    assert report["workflow"] == "diamond"
    assert report["parameters"] == {"n": 1}
    assert [(task["id"], task["level"]) for task in report["tasks"]] == [("a", 1), ("b", 2), ("c", 2), ("d", 3)]
    assert sorted(map(tuple, report["edges"])) == [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]


def test_planning_runs_and_stores_nothing(twingraph, write, folder, documents):
    twingraph("plan", write(documents.diamond()))
    twingraph("validate", "workflow.twg.json")
    assert not (folder / ".twingraph").exists()


def test_plan_of_a_bad_document_exits_with_2(twingraph, write):
    assert twingraph("plan", write({"name": "w", "nodes": [{"id": "a", "component": "x:y", "after": ["a"]}]})).code == 2


def test_validate_says_which_files_are_good(twingraph, write, documents):
    outcome = twingraph("validate", write(documents.diamond()), write(documents.diamond(name="other"), "other.json"))
    assert outcome.code == 0
    assert outcome.stdout.count("✓") == 2
    assert "other, 4 nodes" in outcome.stdout


def test_validate_names_every_fault_with_node_and_path(twingraph, write, documents):
    bad = documents.diamond()
    bad["nodes"][1]["inputs"]["x"]["ref"] = "nowhere.x"
    bad["nodes"][3]["inputs"]["p"]["ref"] = "neither.y"
    outcome = twingraph("validate", write(documents.diamond(), "good.json"), write(bad, "bad.json"))
    assert outcome.code == 2
    assert "✓ " in outcome.stdout
    assert "✗ " in outcome.stdout
    assert "bad.json: 2 faults" in outcome.stdout
    assert "node 'b' (nodes[1].inputs.x" in outcome.stdout
    assert "node 'd' (nodes[3].inputs.p" in outcome.stdout
    report = twingraph("validate", "good.json", "bad.json", "--json").json
    assert [(entry["file"], entry["valid"]) for entry in report] == [("good.json", True), ("bad.json", False)]
    assert [fault["node"] for fault in report[1]["faults"]] == ["b", "d"]


@pytest.mark.parametrize("text", ['{"name": NaN}', '{"a": 1, "a": 2}', "{", '{"name": "w"'])
def test_validate_names_faults_of_the_text(twingraph, folder, text):
    (folder / "bad.json").write_text(text)
    outcome = twingraph("validate", "bad.json")
    assert outcome.code == 2
    assert "bad.json" in outcome.stdout


def test_a_script_has_no_document(twingraph, folder):
    (folder / "s.py").write_text("")
    outcome = twingraph("plan", "s.py")
    assert outcome.code == 2
    assert "script" in outcome.stderr


def test_a_missing_file_exits_with_2(twingraph):
    for command in ("run", "plan", "validate"):
        assert twingraph(command, "missing.json").code == 2


def test_export_writes_a_file_in_native_form(twingraph, write, folder, documents):
    document = write(documents.diamond())
    exported = twingraph("export", document).stdout
    assert load(exported) == load(document)
    outcome = twingraph("export", document, "-o", "out.yaml")
    assert outcome.stderr == "wrote out.yaml\n"
    assert load(folder / "out.yaml") == load(document)
    assert yaml.safe_load((folder / "out.yaml").read_text())["name"] == "diamond"


def test_export_gives_back_what_a_run_ran(twingraph, write, documents):
    document = write(documents.diamond())
    twingraph("run", document)
    assert load(twingraph("export", "last").stdout) == load(document)
    assert yaml.safe_load(twingraph("export", "last", "--format", "yaml").stdout)["name"] == "diamond"


def test_export_of_neither_file_nor_run_says_both(twingraph):
    outcome = twingraph("export", "nothing")
    assert outcome.code == 4
    assert "no file 'nothing'" in outcome.stderr
    assert "no run 'nothing'" in outcome.stderr


def test_export_needs_exactly_one_thing(twingraph, write, documents):
    assert twingraph("export").code == 2
    assert twingraph("export", write(documents.diamond()), "--schema").code == 2


def test_the_schema_is_a_json_schema(twingraph):
    schema = json.loads(twingraph("export", "--schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "nodes" in schema["properties"]
