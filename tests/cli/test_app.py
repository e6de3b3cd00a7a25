from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from twingraph_lab.cli.app import verdict
from twingraph_lab.errors import (
    ConflictError,
    Fault,
    MissingExtraError,
    NotFoundError,
    PlatformError,
    RunCancelledError,
    RunFailedError,
    StoreError,
    WorkflowError,
)

COMMANDS = ["run", "resume", "cancel", "runs", "show", "logs", "plan", "validate", "export", "lineage", "doctor",
            "coordinate", "version"]  # fmt: skip
HEAVY = ["pydantic", "sqlalchemy", "dask", "distributed", "networkx", "rich.markdown", "yaml", "gremlin_python"]


def test_help_lists_every_command_and_every_exit_code(twingraph):
    text = twingraph("--help").stdout
    assert all(f"  {name} " in text for name in COMMANDS)
    for error in (RunFailedError, WorkflowError, RunCancelledError, NotFoundError, ConflictError, StoreError,
                  PlatformError, MissingExtraError):  # fmt: skip
        assert f" {error.exit_code}  " in text
    assert "130  interrupted" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(twingraph, name):
    outcome = twingraph(name, "--help")
    assert outcome.code == 0
    assert f"Example: twingraph {name}" in " ".join(outcome.stdout.split())
    assert "--home" in outcome.stdout


def test_help_appears_within_a_quarter_of_a_second():
    def seconds() -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "twingraph_lab.cli", "--help"], capture_output=True, check=True)
        return time.perf_counter() - begin

    assert min(seconds() for _ in range(5)) <= 0.25


def test_help_imports_nothing_heavy():
    code = f"import sys, twingraph_lab.cli; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_shell_completion_can_be_installed():
    # from within a shell it knows, which it looks for among its parents; `; true` keeps bash from becoming it
    command = f"{sys.executable} -m twingraph_lab.cli --show-completion; true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert "_TWINGRAPH_COMPLETE" in done.stdout


def test_usage_errors_say_so_and_exit_with_2(twingraph):
    outcome = twingraph("run")
    assert outcome.code == 2
    assert "Missing argument 'FILE'" in outcome.stderr
    assert twingraph("nonsense").code == 2


def test_options_may_come_before_or_after_the_command(twingraph, folder):
    twingraph("--home", "before", "runs")
    twingraph("runs", "--home", "after")
    assert (folder / "before").is_dir()
    assert (folder / "after").is_dir()
    assert not (folder / ".twingraph").exists()


def test_an_option_overrides_the_environment(twingraph, folder, monkeypatch):
    monkeypatch.setenv("TWINGRAPH_HOME", "from_environment")
    twingraph("runs")
    twingraph("runs", "--home", "from_option")
    assert (folder / "from_environment").is_dir()
    assert (folder / "from_option").is_dir()


def test_a_bad_variable_in_the_environment_is_named(twingraph, monkeypatch):
    monkeypatch.setenv("TWINGRAPH_WORKERS", "many")
    outcome = twingraph("runs")
    assert outcome.code == 2
    assert "workers" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_an_error_is_one_message_without_traceback(twingraph):
    outcome = twingraph("show", "nothing")
    assert outcome.code == 4
    assert outcome.stderr.startswith("error: no run 'nothing'")
    assert "Traceback" not in outcome.stderr
    assert outcome.stdout == ""


def test_debug_shows_the_traceback(twingraph):
    outcome = twingraph("show", "nothing", "--debug")
    assert outcome.code == 4
    assert "Traceback" in outcome.stderr
    assert "error: no run 'nothing'" in outcome.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RunFailedError("r", "x"), 1),
        (WorkflowError([Fault("x")]), 2),
        (FileNotFoundError("x"), 2),
        (RunCancelledError("r", "x"), 3),
        (NotFoundError("x"), 4),
        (ConflictError("x"), 5),
        (StoreError("x"), 6),
        (PlatformError("x"), 7),
        (MissingExtraError("x", "y"), 8),
        (KeyError("x"), 70),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error, code):
    assert verdict(error)[0] == code


def test_a_fault_of_ours_says_that_it_is_one():
    assert "a fault in TwinGraph Lab" in verdict(RuntimeError("oh"))[1]


def test_an_unreadable_store_is_an_error_of_the_store(twingraph, folder: Path):
    (folder / ".twingraph").write_text("not a folder")
    outcome = twingraph("runs")
    assert outcome.code in (2, 6)
    assert "Traceback" not in outcome.stderr


def test_version_prints_one_line(twingraph):
    assert twingraph("version").stdout.startswith("TwinGraph Lab 0.")
    assert twingraph("version", "--json").json["version"].startswith("0.")
