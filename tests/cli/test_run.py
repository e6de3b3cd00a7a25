from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

NODE_KEYS = {"state", "attempt", "wall_s", "cpu_s", "peak_memory_bytes", "platform", "worker", "cached_from", "error"}


def test_a_workflow_runs_and_its_outputs_go_to_stdout(twingraph, write, documents):
    outcome = twingraph("run", write(documents.diamond()))
    assert outcome.code == 0
    assert outcome.stdout == "  total = 10\n"
    assert "✓ d completed" in outcome.stderr
    assert "completed in" in outcome.stderr
    assert "twingraph show" in outcome.stderr


def test_json_is_one_object_and_nothing_else(process, write, documents):
    outcome = process("run", write(documents.diamond()), "-p", "n=4", "--json")
    report = outcome.json
    assert outcome.code == 0
    assert report["status"] == "completed"
    assert report["outputs"] == {"total": 25}
    assert report["error"] == ""
    assert report["duration_s"] > 0
    assert list(report["nodes"]) == ["a", "b", "c", "d"]
    assert set(report["nodes"]["a"]) >= NODE_KEYS
    assert report["nodes"]["a"]["state"] == "completed"
    assert "✓ d completed" in outcome.stderr


@pytest.mark.parametrize("form", ["yaml", "yml"])
def test_a_workflow_may_be_yaml(twingraph, folder, form):
    file = folder / f"w.{form}"
    file.write_text("name: w\nnodes:\n  - id: a\n    component: {kind: source, code: 'x = 2', outputs: [x]}\n")
    assert twingraph("run", file, "--json").json["outputs"] == {"a": {"x": 2}}


def test_values_that_are_not_json_are_described(twingraph, write, documents):
    code = "big = bytes(100_000)\nthing = {1, 2}\nnumber = 1"
    document = {
        "name": "w",
        "nodes": [{"id": "a", "component": documents.source(code, "big", "thing", "number")}],
        "outputs": {"big": {"ref": "a.big"}, "both": [{"ref": "a.thing"}, {"ref": "a.number"}]},
    }
    outputs = twingraph("run", write(document), "--json").json["outputs"]
    assert set(outputs["big"]) == {"media_type", "digest", "size", "preview"}
    assert outputs["big"]["size"] == 100_000
    assert outputs["big"]["digest"].startswith("sha256:")
    assert outputs["both"][0]["preview"]
    assert outputs["both"][1] == 1


def test_an_output_may_lead_into_a_value_that_is_not_json(twingraph, write, documents):
    code = "import collections\nmodel = collections.namedtuple('Model', 'score')(0.5)"
    document = {
        "name": "w",
        "nodes": [{"id": "a", "component": documents.source(code, "model")}],
        "outputs": {"score": {"ref": "a.model.0"}},
    }
    assert twingraph("run", write(document), "--json").json["outputs"] == {"score": 0.5}


def test_without_declared_outputs_those_of_the_last_nodes_are_told(twingraph, write, documents):
    assert twingraph("run", write(documents.diamond(outputs={})), "--json").json["outputs"] == {"d": {"total": 10}}


def test_a_failed_run_exits_with_1_and_names_node_and_cause(twingraph, write, folder, documents):
    outcome = twingraph("run", write(documents.failing()), "-p", f"folder={folder}")
    assert outcome.code == 1
    assert "✗ bad failed" in outcome.stderr
    assert "ValueError: not fixed yet" in outcome.stderr
    assert "twingraph resume" in outcome.stderr
    assert outcome.stdout == ""


def test_a_failed_run_as_json(twingraph, write, folder, documents):
    outcome = twingraph("run", write(documents.failing()), "-p", f"folder={folder}", "--json")
    assert outcome.code == 1
    assert outcome.json["status"] == "failed"
    assert outcome.json["outputs"] == {}
    assert "not fixed yet" in outcome.json["error"]
    assert outcome.json["nodes"]["bad"]["error"] == "ValueError: not fixed yet"
    assert outcome.json["nodes"]["last"]["state"] == "skipped"


def test_a_bad_document_exits_with_2_and_names_every_fault(twingraph, write, documents):
    document = documents.diamond()
    document["nodes"][1]["inputs"]["x"]["ref"] = "nowhere.x"
    document["nodes"][2]["id"] = "a"
    outcome = twingraph("run", write(document))
    assert outcome.code == 2
    assert "nowhere" in outcome.stderr
    assert outcome.stderr.count("\n  - ") >= 2
    assert twingraph("runs", "--json").json == []


def test_a_bad_document_is_told_as_json_too(twingraph, write):
    outcome = twingraph("run", write({"name": "w", "nodes": [{}]}), "--json")
    assert outcome.code == 2
    assert outcome.json["status"] == "invalid"
    assert outcome.json["run_id"] is None


@pytest.mark.parametrize("given", ["n=abc", "n=1.5", "unknown=1", "n"])
def test_a_bad_parameter_exits_with_2(twingraph, write, given, documents):
    outcome = twingraph("run", write(documents.diamond()), "-p", given)
    assert outcome.code == 2
    assert given.partition("=")[0] in outcome.stderr


def test_parameters_come_from_a_file_and_typed_ones_win(twingraph, write, folder, documents):
    (folder / "p.yaml").write_text("n: 9\n")
    document = write(documents.diamond())
    assert twingraph("run", document, "--params", "p.yaml", "--json").json["outputs"] == {"total": 50}
    assert twingraph("run", document, "--params", "p.yaml", "-p", "n=0", "--json").json["outputs"] == {"total": 5}


def test_quiet_prints_only_the_outputs(twingraph, write, documents):
    outcome = twingraph("run", write(documents.diamond()), "--quiet")
    assert (outcome.stdout, outcome.stderr) == ("  total = 10\n", "")


def test_the_modules_beside_a_document_can_be_imported(process, write, folder, tmp_path_factory, monkeypatch):
    (folder / "steps.py").write_text("def double(x):\n    return 2 * x\n")
    file = write({"name": "w", "nodes": [{"id": "a", "component": "steps:double", "inputs": {"x": 21}}]})
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    outcome = process("run", file, "--json", cwd=elsewhere)
    assert outcome.json["outputs"] == {"a": 42}


def test_the_same_key_runs_once(twingraph, write, documents):
    document = write(documents.diamond())
    first = twingraph("run", document, "--key", "today", "--json").json
    again = twingraph("run", document, "--key", "today", "--json").json
    assert again["run_id"] == first["run_id"]
    assert again["outputs"] == first["outputs"]
    assert len(twingraph("runs", "--json").json) == 1
    assert twingraph("run", document, "--key", "today", "-p", "n=2").code == 5


def test_the_key_of_a_run_that_lost_its_process_takes_it_up(twingraph, write, documents):
    from twingraph_lab.lab import Lab
    from twingraph_lab.spec.document import load

    file = write(documents.diamond())
    with Lab() as lab:
        lost = lab.submit(load(file), idempotency_key="today", drive=False)
    report = twingraph("run", file, "--key", "today", "--json").json
    assert (report["run_id"], report["status"]) == (lost.id, "completed")


def test_resume_goes_on_and_runs_nothing_twice(twingraph, write, folder, documents):
    failed = twingraph("run", write(documents.failing()), "-p", f"folder={folder}", "--json").json
    (folder / "fixed").touch()
    outcome = twingraph("resume", failed["run_id"][:6])
    assert outcome.code == 0
    assert "1 of 3 nodes are done and will not run again" in outcome.stderr
    assert "✓ last completed" in outcome.stderr
    assert "good" not in outcome.stderr
    assert (folder / "good.txt").read_text() == "ran "
    assert outcome.stdout == '  last = {"z": 1}\n'


def test_resume_as_json(twingraph, write, folder, documents):
    twingraph("run", write(documents.failing()), "-p", f"folder={folder}")
    (folder / "fixed").touch()
    report = twingraph("resume", "last", "--json").json
    assert report["status"] == "completed"
    assert {node["state"] for node in report["nodes"].values()} == {"completed"}


def test_a_completed_run_cannot_be_resumed(twingraph, write, documents):
    twingraph("run", write(documents.diamond()))
    outcome = twingraph("resume", "last")
    assert outcome.code == 5
    assert "completed" in outcome.stderr


@pytest.mark.parametrize("arguments", [["--", "x"], ["-p", "n=1", "--", "x"]])
def test_arguments_are_for_scripts_only(twingraph, write, arguments, documents):
    assert twingraph("run", write(documents.diamond()), *arguments).code == 2


def begun(write, documents, *arguments: str) -> subprocess.Popen[str]:
    """A run of its own process, once its second node is at work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "twingraph_lab.cli", "run", str(write(documents.sleeper())), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    for line in process.stderr:
        if "sleep running" in line:
            return process
    raise AssertionError(process.wait())


def test_ctrl_c_cancels_and_waits(twingraph, write, documents):
    running = begun(write, documents, "--json")
    running.send_signal(signal.SIGINT)
    stdout, _ = running.communicate(timeout=60)
    assert running.returncode == 3
    assert json.loads(stdout)["status"] == "cancelled"
    assert twingraph("runs", "--json").json[0]["status"] == "cancelled"


def test_ctrl_c_twice_leaves_at_once_and_the_run_can_be_resumed(twingraph, process, write, documents):
    running = begun(write, documents)
    running.send_signal(signal.SIGINT)
    time.sleep(0.02)  # signals of one kind that come together count as one
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "go on with: twingraph resume" in stderr
    assert twingraph("runs", "--json").json[0]["status"] in ("running", "cancelled")  # how far the first one came
    resumed = process("resume", "last", "--detach", "--json").json
    assert resumed["nodes"] == {}
    twingraph("cancel", resumed["run_id"])


def test_sigterm_gives_the_run_up_so_that_another_process_can_take_it(twingraph, write, documents):
    running = begun(write, documents)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode == 143
    shown = twingraph("show", "last").stdout
    assert "interrupted" in shown
    assert "twingraph resume" in shown


def test_a_detached_run_goes_on_without_its_terminal(process, twingraph, write, folder, documents):
    outcome = process("run", write(documents.diamond()), "--detach")
    run_id = outcome.stdout.strip()
    assert outcome.code == 0
    assert len(run_id) == 16
    followed = process("logs", run_id, "-f")
    assert followed.stdout == "d │ adding 4 6\n"
    report = twingraph("show", run_id, "--json").json
    assert (report["status"], report["outputs"]) == ("completed", {"total": 10})
    log = folder / ".twingraph" / "logs" / f"{run_id}.log"
    assert log.stat().st_mode & 0o077 == 0
    deadline = time.monotonic() + 30
    while f"run {run_id} completed" not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def test_a_detached_run_as_json_has_its_id(twingraph, process, write, documents):
    report = process("run", write(documents.sleeper()), "--detach", "--json").json
    assert report["status"] in ("requested", "running")
    twingraph("cancel", report["run_id"])
    twingraph("logs", report["run_id"], "-f")  # until it has ended
    assert twingraph("show", report["run_id"], "--json").json["status"] == "cancelled"


def test_a_bad_document_is_not_detached(twingraph, write, documents):
    assert twingraph("run", write(documents.diamond()), "-p", "n=x", "--detach").code == 2


def test_resume_can_be_detached(twingraph, process, write, folder, documents):
    twingraph("run", write(documents.failing()), "-p", f"folder={folder}")
    (folder / "fixed").touch()
    run_id = process("resume", "last", "--detach").stdout.strip()
    twingraph("logs", run_id, "-f")
    assert twingraph("show", run_id, "--json").json["status"] == "completed"


def test_a_live_tree_is_drawn_on_a_terminal(write, folder, documents):
    pexpect = pytest.importorskip("pexpect", reason="needs pexpect for a terminal")
    terminal = pexpect.spawn(
        sys.executable, ["-m", "twingraph_lab.cli", "run", str(write(documents.diamond()))],
        env={**os.environ, "TERM": "xterm-256color"}, dimensions=(30, 100), encoding="utf-8", timeout=60,
    )  # fmt: skip
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert "└─" in terminal.before
    assert "━" in terminal.before
    assert "total" in terminal.before
