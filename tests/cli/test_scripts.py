from __future__ import annotations

import pytest

PIPELINE = """
import sys

from twingraph_lab import component, pipeline
from beside import offset

@component
def numbers(n):
    return list(range(n))

@component
def total(xs, offset):
    if offset < 0:
        raise ValueError("negative offset")
    return sum(xs) + offset

@pipeline
def flow(n, by):
    return total(numbers(n), by)

if __name__ == "__main__":
    print("arguments", sys.argv[1:])
    print("result", int(flow(4, offset + int(sys.argv[1]))))
"""


@pytest.fixture
def script(folder):
    (folder / "beside.py").write_text("offset = 100\n")
    path = folder / "flow.py"
    path.write_text(PIPELINE)
    return path


def test_a_script_runs_as_by_python_and_its_run_is_shown(process, script):
    outcome = process("run", script, "--", "1")
    assert outcome.code == 0, outcome.stderr
    assert "arguments ['1']\nresult 107\n" in outcome.stdout
    assert "total" in outcome.stderr
    assert "completed in" in outcome.stderr
    assert process("runs").stdout.count("✓") == 1


def test_json_is_the_last_run_and_nothing_else(process, script):
    outcome = process("run", script, "--json", "--", "1")
    assert outcome.code == 0, outcome.stderr
    assert outcome.json["status"] == "completed"
    assert len(outcome.json["nodes"]) == 2
    assert "result 107" in outcome.stderr


def test_a_failing_node_fails_the_script(process, script):
    outcome = process("run", script, "--json", "--", "-200")
    assert outcome.code == 1
    assert outcome.json["status"] == "failed"
    assert "negative offset" in outcome.stderr


def test_an_error_of_the_script_shows_its_own_frames_only(process, folder):
    (folder / "bad.py").write_text("def f():\n    return 1 / 0\n\nf()\n")
    outcome = process("run", "bad.py")
    assert outcome.code == 1
    assert "return 1 / 0" in outcome.stderr
    assert "ZeroDivisionError" in outcome.stderr
    assert "runpy" not in outcome.stderr


@pytest.mark.parametrize(("ending", "code"), [("sys.exit(7)", 7), ("sys.exit('no data')", 1)])
def test_the_exit_code_of_the_script_is_kept(process, folder, ending, code):
    (folder / "ends.py").write_text(f"import sys\n{ending}\n")
    assert process("run", "ends.py").code == code


def test_a_script_that_starts_no_run_is_a_usage_error(process, folder):
    (folder / "nothing.py").write_text("print('hello')\n")
    outcome = process("run", "nothing.py")
    assert outcome.code == 2
    assert outcome.stdout == "hello\n"
    assert "started no run" in outcome.stderr


def test_workflows_submitted_by_a_script_are_shown_too(process, folder, write, documents):
    write(documents.diamond())
    (folder / "submits.py").write_text(
        "from pathlib import Path\n"
        "from twingraph_lab.lab import current\n"
        "from twingraph_lab.spec.document import load\n"
        "current().submit(load(Path('workflow.twg.json')), {'n': 2}).wait()\n"
    )
    assert process("run", "submits.py").stdout == "  total = 15\n"


@pytest.mark.parametrize("option", [["-p", "n=1"], ["--detach"], ["--key", "k"]])
def test_options_of_workflows_are_refused(twingraph, script, option):
    outcome = twingraph("run", script, *option)
    assert outcome.code == 2
    assert "--" in outcome.stderr
