"""`import twingraph_lab` is quick, and what it offers is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import twingraph_lab

HEAVY = ["boto3", "dask", "distributed", "docker", "ipywidgets", "kubernetes", "networkx", "sqlalchemy"]
LIMIT_S = 0.15

MEASURE = """
import json, sys, time
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
print(json.dumps([seconds, [name for name in {heavy} if name in sys.modules]]))
"""


def measured(statement):
    """The least time of three fresh processes, as others use the machine too, and the heavy modules imported."""
    results = []
    for _ in range(3):
        code = MEASURE.format(statement=statement, heavy=HEAVY)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
        results.append(json.loads(done.stdout))
    return min(seconds for seconds, _ in results), results[0][1]


def test_importing_takes_little_time():
    seconds, heavy = measured("import twingraph_lab")
    assert heavy == []
    assert seconds <= LIMIT_S


@pytest.mark.parametrize("names", ["Workflow, Node, Source, Parameter, load, dump", "component, pipeline", "Settings"])
def test_building_workflows_imports_no_backend(names):
    _, heavy = measured(f"from twingraph_lab import {names}")
    assert heavy == []


@pytest.mark.parametrize("name", twingraph_lab.__all__)
def test_every_public_name_is_there(name):
    assert getattr(twingraph_lab, name)
    assert name in dir(twingraph_lab)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = twingraph_lab.nothing
    assert not hasattr(twingraph_lab, "__wrapped__")


def test_pipelines_find_the_lab_without_importing_it_first(tmp_path):
    code = """
from twingraph_lab import component, pipeline

@component
def double(n: int):
    return 2 * n

@pipeline
def four():
    return int(double(double(1)["outputs"]["result"])["outputs"]["result"])

if __name__ == "__main__":
    print(four())
"""
    script = tmp_path / "four.py"
    script.write_text(code)
    settings = {"HOME": str(tmp_path / "home"), "SCHEDULER": "inline", "LINEAGE": "false"}
    environment = {**os.environ, **{f"TWINGRAPH_{name}": value for name, value in settings.items()}}
    command = [sys.executable, script]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("4\n", "")
