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


BAD = """
import threading
from twingraph_lab import component, pipeline

@component
def double(x, *, shift=0):
    return 2 * x + shift

@component
def locked():
    return threading.Lock()

@pipeline
def flow(n: int = 1):
    {body}

def main():
    {call}

main()
"""


@pytest.mark.parametrize(
    ("program", "code", "messages"),
    [
        (("double(threading.Lock())", "flow()"), 6, ["argument 'x' of double()", "double(threading.Lock())"]),
        (("double(locked())", "flow()"), 1, ["'locked'", "_thread.lock", "bad.py, line 15: locked()"]),
        (("double(locked()).result()", "flow()"), 1, ["'locked'", "_thread.lock"]),
        (("double(1, 2)", "flow()"), 1, ["double() too many positional", "(x, *, shift=0)", "line 15: double(1, 2)"]),
        (("double()", "flow()"), 1, ["missing a required argument: 'x'", "bad.py, line 15: double()"]),
        (("double(n)", "flow('one')"), 2, ["parameter 'n' is \"one\", but must be an integer", "line 18: flow('one')"]),
        (("double(n)", "flow(m=1)"), 1, ["flow() got an unexpected keyword argument 'm'", "line 18: flow(m=1)"]),
        (("double.map(n, [1])", "flow()"), 1, ["bad.py", "double.map(n, [1])"]),
    ],
)
def test_bad_input_is_one_message_with_the_users_line(process, folder, program, code, messages):
    body, call = program
    (folder / "bad.py").write_text(BAD.format(body=body, call=call))
    outcome = process("run", "bad.py", "--quiet")
    assert outcome.code == code, outcome.stderr
    for message in messages:
        assert message in outcome.stderr
    for engine in ("decorators.py", "calls.py", "program.py", "runpy"):
        assert engine not in outcome.stderr


def test_a_failing_body_shows_the_users_frames_only(process, folder):
    body = "try: double(1).result() / 0\n    except ZeroDivisionError as error: raise KeyError(n) from error"
    (folder / "bad.py").write_text(BAD.format(body=body, call="flow(3)"))
    outcome = process("run", "bad.py", "--quiet")
    assert outcome.code == 1
    for line in ("flow(3)", "double(1).result() / 0", "raise KeyError(n) from error", "KeyError: 3"):
        assert line in outcome.stderr
    assert "twingraph_lab" not in outcome.stderr
