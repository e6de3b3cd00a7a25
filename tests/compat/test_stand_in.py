"""`import twingraph` in programs that know nothing of this package: scripts, tests, the processes they start."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from twingraph_lab.frontends import compat

TWINGRAPH = str(Path(sys.executable).with_name("twingraph"))

PROGRAM = """
from collections import namedtuple
from typing import NamedTuple

from twingraph import component, pipeline


@component(git_data=True, additional_attributes={"Department": "Lab", "api_key": "hunter2"})
def Func_A_add(input_1: float, input_2: float) -> NamedTuple:
    outputs = namedtuple("outputs", ["sum"])
    return outputs(input_1 + input_2)


@component(docker_id="demo2:latest")
def Func_B_double(value):
    outputs = namedtuple("outputs", ["double"])
    return outputs(2 * value)


@pipeline(clear_graph=True, multipipeline=True)
def chain():
    first = Func_A_add(2, input_1=1)
    return Func_B_double(first["outputs"]["sum"], parent_hash=[first["hash"]])


print(chain()["outputs"])
"""


@pytest.fixture
def environment(tmp_path):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TWINGRAPH_", "PYTHON"))}
    return {**clean, "TWINGRAPH_HOME": str(tmp_path / "store"), "TWINGRAPH_SCHEDULER": "inline"}


@pytest.fixture
def run(tmp_path, environment):
    """Run a command in an empty folder; its output."""

    def run(*command, ok=True):
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120, check=False
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout if ok else done.stdout + done.stderr

    return run


@pytest.fixture
def write(tmp_path):
    def write(name, code):
        (tmp_path / name).write_text(dedent(code), encoding="utf-8")

    return write


def lineage(run, traversal):
    return json.loads(run(TWINGRAPH, "lineage", traversal, "--json"))


def test_a_script_runs_as_it_is_and_leaves_twingraphs_lineage(run, write):
    write("deployment.py", PROGRAM)
    run("git", "init", "-q", ".")
    run("git", "add", "deployment.py")
    run("git", "-c", "user.name=Ada", "-c", "user.email=a@b.c", "commit", "-qm", "First try")
    assert "{'double': 6}" in run(TWINGRAPH, "run", "deployment.py")
    (first,) = lineage(run, "g.V().has('Name', 'Func_A_add').valueMap()")
    (second,) = lineage(run, "g.V().has('Name', 'Func_B_double').valueMap()")
    assert first["Input Values"] == ["{'input_1': 1, 'input_2': 2}"]
    assert first["Output"] == ["{'sum': 3}"]
    assert first["Signature"] == ["(input_1: float, input_2: float) -> NamedTuple"]
    assert first["Git History"][0].endswith("Ada: First try")
    assert first["Department"] == ["Lab"]
    assert first["api_key"] == ["***"]
    assert first["Parent Hash"] == ["[]"]
    assert second["Parent Hash"] == [str(first["Hash"])]
    assert second["Compute Platform"] == ["Local without Containers"]
    assert second["asked_image"] == ["demo2:latest"]
    assert lineage(run, f"g.V().has('Hash', '{first['Hash'][0]}').out('DEPENDS_ON').values('Name')") == [
        "Func_B_double"
    ]


def test_a_changed_function_has_no_history_of_another(run, write):
    write("deployment.py", PROGRAM)
    run("git", "init", "-q", ".")
    run(TWINGRAPH, "run", "deployment.py")
    assert lineage(run, "g.V().has('Name', 'Func_A_add').values('Git History')") == []


def test_pipelines_that_run_at_once_share_one_graph(run, write, tmp_path, environment):
    for name in "AB":
        write(f"pipeline{name}.py", PROGRAM.replace("chain", f"chain_{name}"))
    commands = [[TWINGRAPH, "run", f"pipeline{name}.py", "--quiet"] for name in "AB"]
    running = [
        subprocess.Popen(each, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for each in commands
    ]
    assert [each.wait(120) for each in running] == [0, 0]
    assert sorted(lineage(run, "g.V().has('Name', 'Func_A_add').values('workflow')")) == ["chain_A", "chain_B"]


def test_tests_that_import_it_run_under_pytest_and_so_do_the_programs_they_start(run, write):
    write(
        "steps.py",
        """
        from twingraph import component, pipeline

        @component()
        def double(n):
            return {"n": 2 * n}

        @pipeline()
        def doubled(n):
            return double(n)

        VALUE = doubled(4)  # on import, also by the body's process, where it isn't done again
        """,
    )
    write(
        "test_steps.py",
        """
        import subprocess, sys
        from steps import VALUE, doubled

        def test_it():
            assert VALUE["outputs"] == {"n": 8}
            assert doubled(5)["outputs"] == {"n": 10}
            assert subprocess.run([sys.executable, "steps.py"]).returncode == 0
        """,
    )
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider"]
    assert "1 passed" in run(*command, "-p", "twingraph_lab.frontends.compat")
    assert len(lineage(run, "g.V().hasLabel('Run')")) == 3


def test_a_body_that_needs_the_result_of_its_own_programs_pipeline_says_what_to_do(run, write):
    write(
        "steps.py",
        """
        from twingraph import component, pipeline

        @component()
        def double(n):
            return {"n": 2 * n}

        @pipeline()
        def doubled(n):
            return double(n)

        VALUE = doubled(4)["outputs"]
        """,
    )
    write("main.py", "import steps")
    told = run(TWINGRAPH, "run", "main.py", ok=False)
    assert "put the call and what uses its result below `if __name__ == '__main__':`" in told


def test_an_installed_twingraph_is_used_instead(run, write, tmp_path):
    (tmp_path / "twingraph").mkdir()
    write("twingraph/__init__.py", "component = pipeline = 'the real one'")
    write("use.py", "import twingraph_lab.frontends.compat as c; c.install(children=True)\nimport twingraph\n"
                    "print(twingraph.component)\nimport os; print(os.environ.get('PYTHONPATH'))")  # fmt: skip
    assert run(sys.executable, "use.py").split("\n")[:2] == ["the real one", "None"]


LOGGING = """
from twingraph_lab.frontends import compat; compat.install()
from twingraph.core.logging import get_logger

for _ in range(2):
    logger = get_logger("mine")
logger.log_execution(component="c", execution_id="e", status="success", duration=1.23, metadata={"rows": 3})
"""


def test_what_a_program_logs_is_seen_unless_it_says_where_it_goes(run, write):
    write("silent.py", LOGGING)
    line = json.loads(run("sh", "-c", f"{sys.executable} silent.py 2>&1"))
    assert (line["message"], line["metadata"]) == ("c success in 1.23 s (rows=3)", {"rows": 3})
    write("said.py", "import logging, sys\nlogging.basicConfig(level='INFO', stream=sys.stdout)" + LOGGING)
    assert run(sys.executable, "said.py") == "INFO:mine:c success in 1.23 s (rows=3)\n"


def test_the_modules_that_programs_import_are_there():
    tools = importlib.import_module("twingraph.orchestration.orchestration_tools")
    twingraph = importlib.import_module("twingraph")
    assert (tools.component, tools.pipeline) == (twingraph.component, twingraph.pipeline)
    assert importlib.import_module("twingraph.core.logging").get_logger("x").log_execution


@pytest.mark.parametrize("name", ["docker.docker_utils", "awsmodules.ecr.push_to_ecr", "core.telemetry", "anything"])
def test_a_module_that_isnt_there_says_so(name):
    with pytest.raises(ImportError, match=r"TwinGraph Lab stands in for 'twingraph' and has no twingraph\."):
        importlib.import_module(f"twingraph.{name}")


def test_a_name_that_isnt_there_says_so():
    twingraph = importlib.import_module("twingraph")
    with pytest.raises(AttributeError, match=r"has no twingraph\.docker: build and push images with docker"):
        _ = twingraph.docker
    with pytest.raises(ImportError, match=r"has no twingraph\.graph"):
        exec("from twingraph import graph")


def test_installing_twice_adds_nothing():
    before = list(sys.meta_path)
    compat.install()
    assert sys.meta_path == before


def test_what_isnt_twingraph_is_no_business_of_ours():
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_module'"):
        importlib.import_module("no_such_module")
