"""Programs whose process is killed, resumed from the command line: nothing finished runs again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from textwrap import dedent

import psutil
import pytest

from twingraph_lab.lab import Lab
from twingraph_lab.runtime.crash import POINTS
from twingraph_lab.runtime.outcomes import Outcomes
from twingraph_lab.settings import Settings

HEAD = """
import os, random, sys, time
from pathlib import Path
from twingraph_lab import component, pipeline, stop
from twingraph_lab.errors import RunFailedError

HERE = Path(__file__).parent
PAUSE = float(os.environ.get("PAUSE", "0.1"))

def note(what):
    with open(HERE / "journal", "a") as file:
        file.write(f"{what} {os.environ['TWINGRAPH_RUN_ID']}/{os.environ['TWINGRAPH_NODE']}\\n")

@component
def work(x, pause=0.1):
    note("start")
    time.sleep(pause)
    note("end")
    return x + 1

@component
def total(xs):
    note("end")
    return sum(xs)
"""

FLOW = (
    HEAD
    + """
@component
def fail(x):
    note("end")
    raise ValueError(f"no {x}")

@pipeline
def inner(n):
    return total(work.map(list(range(n)), pause=PAUSE))

@pipeline
def flow(n=4):
    first = inner(n)
    try:
        total([fail(1)]).result()
    except RunFailedError:
        first = total([first, work(10, pause=PAUSE)])
    while first < 100:
        first = total(work.map([first, 20], pause=PAUSE))
    return {"answer": first}

if __name__ == "__main__":
    print(flow(int(sys.argv[1])))
"""
)
ANSWER = 10 + 11
while ANSWER < 100:
    ANSWER += 22


class Place:
    """A folder with a script, its store and its journal."""

    def __init__(self, folder, scheduler="inline"):
        self.folder, self.journal, self.script = folder, folder / "journal", folder / "program.py"
        self.mark = uuid.uuid4().hex
        names = [name for name in os.environ if name.startswith("TWINGRAPH_")]
        own = {name: value for name, value in os.environ.items() if name not in names}
        self.settings = Settings(home=folder / "home", scheduler=scheduler, workers=2, threads=2, lineage=False)
        self.environment = {
            **own,
            "MARK": self.mark,
            "TWINGRAPH_HOME": str(folder / "home"),
            "TWINGRAPH_SCHEDULER": scheduler,
            "TWINGRAPH_WORKERS": "2",
            "TWINGRAPH_THREADS": "2",
        }

    def write(self, text):
        self.script.write_text(dedent(text))

    def start(self, *command, **more):
        return subprocess.Popen(
            [sys.executable, *map(str, command)],
            env={**self.environment, **more},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self, process, ends):
        """Kill it as soon as so many bodies have ended."""
        end = time.monotonic() + 120
        while sum(self.ended().values()) < ends:
            assert time.monotonic() < end, "it took too long"
            assert process.poll() is None, process.communicate()
            time.sleep(0.005)
        process.kill()
        process.communicate()
        while [each for each in psutil.process_iter() if self.owns(each)]:
            assert time.monotonic() < end, "its children live on"
            time.sleep(0.02)

    def owns(self, process):
        try:
            return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("MARK") == self.mark
        except psutil.Error:
            return False

    def ended(self):
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        return Counter(line.split()[1] for line in lines if line.startswith("end "))

    def lab(self):
        return Lab(self.settings)

    def durable(self):
        """Calls that are written down as completed or failed, as `run/node`."""
        with self.lab() as lab:
            found = set()
            for record in lab.runs():
                tasks = lab.run(record.run_id).tasks
                written = Outcomes(lab.artifacts, record.run_id).read()[0]
                found |= {
                    f"{record.run_id}/{task_id}"
                    for task_id, task in tasks.items()
                    if task.state in ("completed", "failed") or task_id in written
                }
            return found

    def twingraph(self, *command):
        process = self.start("-m", "twingraph_lab.cli", *command)
        stdout, stderr = process.communicate(timeout=90)
        return process.returncode, stdout, stderr

    def resumed(self):
        """Resume, check that nothing durable ran again, and return the report."""
        before, durable = self.ended(), self.durable()
        code, stdout, stderr = self.twingraph("resume", "last", "--json")
        assert code == 0, stderr
        again = [name for name in durable if self.ended()[name] > before[name]]
        assert not again, "run again, though written down"
        with self.lab() as lab:
            assert lab.ledger.check() == []
        return json.loads(stdout)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("scheduler", "ends"),
    [
        ("inline", 2),
        ("inline", 9),
        ("dask", 7),
        *(pytest.param(*each, marks=pytest.mark.soak) for each in (("inline", 7), ("dask", 2), ("dask", 9))),
    ],
)
def test_a_killed_program_goes_on(tmp_path, scheduler, ends):
    place = Place(tmp_path, scheduler)
    place.write(FLOW)
    place.kill(place.start(place.script, "4"), ends)
    code, stdout, _ = place.twingraph("show", "last")
    assert code == 0
    assert "interrupted" in stdout
    assert "twingraph resume" in stdout
    report = place.resumed()
    assert report["status"] == "completed"
    assert report["outputs"] == {"answer": ANSWER}
    with place.lab() as lab:
        assert len(lab.runs()) == 1


def test_killed_twice(place):
    place.write(FLOW)
    place.kill(place.start("-m", "twingraph_lab.cli", "run", place.script, "--quiet", "--", "4"), 3)
    place.kill(place.start("-m", "twingraph_lab.cli", "resume", "last", "--quiet"), 8)
    assert place.resumed()["outputs"] == {"answer": ANSWER}


@pytest.mark.parametrize("point", [point for point in POINTS if point != "after_accept"])
def test_killed_at(point, place):
    place.write(FLOW)
    place.environment["PAUSE"] = "0.03"
    crash = f"{point}:2:{place.folder / 'crashed'}"
    process = place.start(place.script, "4", TWINGRAPH_CRASH=crash)
    process.communicate(timeout=60)
    if process.returncode == 0:
        assert not (place.folder / "crashed").exists()
        return  # a run passes some points only once
    assert process.returncode == -signal.SIGKILL
    with place.lab() as lab:
        ended = lab.runs()[0].state.final
    if not ended:
        assert place.resumed()["outputs"] == {"answer": ANSWER}


def test_a_program_that_uses_random_numbers_is_told_so(place):
    place.write(
        HEAD
        + """
@pipeline
def flow():
    first = work(1)
    second = work(random.random(), pause=PAUSE)
    return total([first, second])

flow()
"""
    )
    place.environment["PAUSE"] = "30"
    place.kill(place.start(place.script), 1)
    code, _, stderr = place.twingraph("resume", "last")
    assert code == 5
    assert "call 2 of run" in stderr
    assert re.search(r"program\.py, line \d+: work\(random\.random\(\), pause=PAUSE\)", stderr)
    assert "first difference: x was 0." in stderr
    assert "Traceback" not in stderr
    with place.lab() as lab:
        [record] = lab.runs()
        assert record.state == "failed"
        assert record.error.startswith("ReplayError: call 2 of run")
    assert sum(place.ended().values()) == 1


def test_an_edited_component_goes_on_with_the_fix(place):
    broken = (
        HEAD
        + """
@component
def check(x):
    note("end")
    assert x < 0, "too large"
    return x

@pipeline
def flow():
    return check(total([work(1), work(2)]))

flow()
"""
    )
    place.write(broken)
    process = place.start(place.script)
    _, stderr = process.communicate()
    assert process.returncode == 1
    assert "too large" in stderr
    assert "check(total([work(1), work(2)]))" in stderr
    fixed = broken.replace("x < 0", "x < 100").replace("return sum(xs)", "return 1000 + sum(xs)")
    place.write("# and lines have moved\n\n" + fixed)
    code, stdout, stderr = place.twingraph("resume", "last", "--json")
    assert code == 0, stderr
    assert json.loads(stdout)["outputs"] == {"result": 5}
    assert stderr.count("component 'total' has changed since run") == 1
    assert sorted(place.ended().values()) == [1, 1, 1, 2]


HELPED = (
    HEAD
    + """
import helper, other

@component
def scale(x):
    note("end")
    if x == 2:
        time.sleep(float(os.environ["WAIT"]))
    return helper.scaled(x)

@component
def shift(x):
    note("end")
    return other.ONE + helper.factor.FACTOR * x

@pipeline
def flow():
    return total([scale(1).result(), shift(1).result(), scale(2)])

flow()
"""
)


@pytest.mark.parametrize("edits", [True, False])
@pytest.mark.parametrize("scheduler", ["inline", pytest.param("dask", marks=pytest.mark.soak)])
def test_an_edited_module_of_finished_calls_is_told_of_once(tmp_path, scheduler, edits):
    place = Place(tmp_path, scheduler)
    (place.folder / "factor.py").write_text("FACTOR = 1\n")
    (place.folder / "helper.py").write_text("import factor\n\ndef scaled(x):\n    return x * factor.FACTOR\n")
    (place.folder / "other.py").write_text("ONE = 1\n")
    place.write(HELPED)
    place.kill(place.start(place.script, WAIT="60"), 3)
    if edits:
        (place.folder / "factor.py").write_text("FACTOR = 1000\n")
    place.environment["WAIT"] = "0"
    code, stdout, stderr = place.twingraph("resume", "last", "--json")
    assert code == 0, stderr
    assert stderr.count("UserWarning") == edits
    if edits:
        assert "modules were written since run" in stderr
        assert "(factor.py, used by 'scale', 'shift'); what is finished keeps its results" in stderr
    assert json.loads(stdout)["outputs"] == {"result": 1 + 2 + (2000 if edits else 2)}


TWO = (
    HEAD
    + """
@pipeline
def first(n):
    return total([work(n), work(n)])

@pipeline
def second(n):
    return total([work(n, pause=PAUSE), work(n + 1, pause=PAUSE)])

if __name__ == "__main__":
    second(first(1) + first(2))
"""
)


def test_other_runs_of_the_program_are_answered_from_the_ledger(place):
    place.write(TWO)
    place.environment["PAUSE"] = "0.5"
    place.kill(place.start(place.script), 7)
    report = place.resumed()
    assert report["outputs"] == {"result": 23}
    assert sum(place.ended().values()) <= 9 + 2
    with place.lab() as lab:
        records = lab.runs()
    assert [record.workflow for record in records] == ["second", "first", "first"]
    assert {record.state for record in records} == {"completed"}
    assert [record.epoch for record in records] == [2, 1, 1]


def test_a_run_that_failed_and_was_survived_fails_again_without_running(place):
    place.write(
        HEAD
        + """
@component
def fail(x):
    note("end")
    raise ValueError(x)

@pipeline
def first():
    return fail(1)

@pipeline
def second(n):
    return total([work(n, pause=PAUSE), work(n + 1, pause=PAUSE)])

try:
    first()
except RunFailedError:
    second(1)
"""
    )
    place.environment["PAUSE"] = "0.5"
    place.kill(place.start(place.script), 2)
    assert place.resumed()["outputs"] == {"result": 5}
    with place.lab() as lab:
        assert [record.state for record in lab.runs()] == ["completed", "failed"]
    assert [times for call, times in place.ended().items() if "/fail" in call] == [1]


def test_a_module_goes_on_as_a_module(place):
    package = place.folder / "jobs"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "sizes.py").write_text("SIZE = 4\n")
    text = FLOW.replace("HERE = Path(__file__).parent", "HERE = Path(__file__).parent.parent\nfrom .sizes import SIZE")
    (package / "flow.py").write_text(text)
    place.kill(place.start("-m", "jobs.flow", "4"), 3)
    assert place.resumed()["outputs"] == {"answer": ANSWER}


def test_what_cannot_be_executed_again_says_how_to_go_on(place):
    place.write(FLOW)
    place.kill(place.start(place.script, "4"), 2)
    place.script.rename(place.folder / "moved.py")
    code, _, stderr = place.twingraph("resume", "last")
    assert code == 5
    assert "is gone" in stderr
    assert "flow.resume(" in stderr
    code, _, stderr = place.twingraph("resume", "last", "--detach")
    assert code == 5
    code, _, stderr = place.twingraph("coordinate", "--run", "last")
    assert code == 5
    assert "goes on only with its program" in stderr


def test_a_program_without_a_script_is_resumed_in_python(place):
    body = HEAD.replace("Path(__file__).parent", repr(str(place.folder)).join(["Path(", ")"]))
    text = body + "\n@pipeline\ndef flow():\n    return total([work(1), work(2, pause=30)])\nflow()\n"
    place.kill(place.start("-c", text), 1)
    code, _, stderr = place.twingraph("resume", "last")
    assert code == 5
    assert "was begun in no script" in stderr
    assert "flow.resume(" in stderr


def test_stop_and_a_kill(place):
    place.write(
        HEAD
        + """
@pipeline
def search():
    for n in range(10):
        if work(n, pause=PAUSE) == 3:
            stop({"found": n})

search()
"""
    )
    place.kill(place.start(place.script), 2)
    assert place.resumed()["outputs"] == {"found": 2}


def test_values_and_errors_of_the_programs_own_classes_are_recognised(place):
    place.write(
        HEAD
        + """
from dataclasses import dataclass

class TooLarge(Exception):
    def __init__(self, x):
        super().__init__(f"{x} is too large")
        self.x = x

@dataclass
class Point:
    x: int
    tags: frozenset = frozenset({"a", "b", "c", "d"})

@component
def moved(point, by):
    note("end")
    if by > 100:
        raise TooLarge(by)
    return Point(point.x + by, point.tags)

@pipeline
def flow():
    point = moved(Point(1), 2).result()
    assert isinstance(point, Point) and point == Point(3), point
    try:
        moved(point, 101).result()
    except TooLarge as error:
        point = moved(point, error.x - 1)
    work(1, pause=PAUSE)
    return {"x": moved(point, 0).x}

if __name__ == "__main__":
    print(flow())
"""
    )
    place.environment["PAUSE"] = "0.5"
    place.kill(place.start(place.script), 4)
    assert place.resumed()["outputs"] == {"x": 103}
