"""What a cached node promises, on every scheduler."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import RunFailedError
from twingraph_lab.planning.context import RunContext
from twingraph_lab.spec.workflow import Node

UNCOUNTED = {"execution_count": None}
COUNTS = "with open(f'{folder}/{name}.ran', 'a') as file: file.write('ran\\n')\n"


class Project:
    """A folder with modules; its runs count how often each node ran."""

    def __init__(self, lab, folder: Path, name: str = "") -> None:
        self.lab = lab
        self.folder = folder
        self.context = RunContext(cwd=str(folder), sys_path=(str(folder),), project=name or folder.name)

    def node(self, name, code="result = 1", cache="inputs", **fields):
        inputs = {"folder": {"param": "folder"}, "name": name, **fields.pop("inputs", {})}
        return cell(name, COUNTS + code, inputs=inputs, cache=cache, **fields)

    def submit(self, *nodes, **context):
        made = workflow(*nodes, parameters={"folder": {}})
        return self.lab.submit(made, {"folder": str(self.folder)}, context=self.context.model_copy(update=context))

    def run(self, *nodes, **context):
        run = self.submit(*nodes, **context)
        run.result(60)
        return run

    def ran(self, name):
        file = self.folder / f"{name}.ran"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def wait(self, condition):
        """Until `condition()`; the test has a time limit."""
        while not condition():
            time.sleep(0.01)


@pytest.fixture
def project(lab, tmp_path):
    return Project(lab, tmp_path)


def test_an_edited_module_runs_again_what_imports_it_and_nothing_else(project):
    (project.folder / "helper.py").write_text("from deeper import x\n")
    (project.folder / "deeper.py").write_text("x = 1\n")
    nodes = (
        project.node("uses", "import helper\nresult = helper.x"),
        project.node("other", "result = 1"),
        project.node("below", "result = x", inputs={"x": {"ref": "uses"}}),
    )
    project.run(*nodes)
    project.run(*nodes)
    assert [project.ran(name) for name in ("uses", "other", "below")] == [1, 1, 1]
    (project.folder / "deeper.py").write_text("x = 2\n")
    assert project.run(*nodes).output("below") == 2
    assert [project.ran(name) for name in ("uses", "other", "below")] == [2, 1, 2]
    (project.folder / "deeper.py").write_text("x = 1 + 1  # the same value\n")
    project.run(*nodes)
    assert [project.ran(name) for name in ("uses", "other", "below")] == [3, 1, 2]


def test_why_shows_what_was_edited_in_a_module(project):
    helper = project.folder / "helper.py"
    helper.write_text("def scale(x):\n    return 2 * x\n")
    node = project.node("uses", "import helper\nresult = helper.scale(1)")
    project.run(node)
    helper.write_text("def scale(x):\n    return 3 * x\n")
    (why,) = project.lab.why(project.run(node).id)
    (cause,) = why.causes
    assert (cause.kind, cause.about) == ("code", "helper.py")
    assert cause.before != cause.after
    assert cause.detail.splitlines()[1:] == [" def scale(x):", "-    return 2 * x", "+    return 3 * x"]


def test_each_task_of_a_cached_node_says_what_it_was_computed_from(project):
    nodes = (project.node("a"), project.node("b", cache="none"))
    first, again = project.run(*nodes).tasks, project.run(*nodes).tasks
    assert first["a"].basis.miss == "new"
    assert first["a"].basis.inputs["name"] == "a"
    assert set(first["a"].basis.code) == {"cell"}
    assert again["a"].cached_from == f"{first['a'].run_id}/a"
    assert again["a"].basis == first["a"].basis.model_copy(update={"miss": ""})
    assert (first["b"].basis, again["b"].cached_from) == (None, "")


def test_what_is_older_than_its_ttl_runs_again(project):
    long, short = project.node("a", cache="inputs,ttl=1h"), project.node("a", cache="inputs,ttl=0.001s")
    project.run(long)
    assert project.run(long).tasks["a"].cached_from
    tasks = project.run(short).tasks
    assert (tasks["a"].cached_from, tasks["a"].basis.miss) == ("", "expired")
    assert project.ran("a") == 2
    assert project.run(long).tasks["a"].cached_from == f"{tasks['a'].run_id}/a"


def test_scopes_say_whose_results_may_be_used(project):
    other = Project(project.lab, project.folder, name="another project")
    for scope, counts in {"run": (1, 2, 3), "project": (1, 1, 2), "shared": (1, 1, 1)}.items():
        node = project.node(scope, cache=f"inputs,scope={scope}")
        project.run(node)
        assert project.ran(scope) == counts[0]
        project.run(node)
        assert project.ran(scope) == counts[1]
        other.run(node)
        assert project.ran(scope) == counts[2]


def test_within_one_run_equal_tasks_are_computed_once(project):
    code = "import time\nresult = time.time_ns()"
    twins = [
        cell(f"n{i}", COUNTS + code, inputs={"folder": {"param": "folder"}, "name": "twin"}, cache="inputs,scope=run")
        for i in range(8)
    ]
    run = project.run(*twins)
    assert len({run.output(node.id) for node in twins}) == 1
    assert project.ran("twin") == 1


def test_the_source_policy_asks_for_the_code_only_and_the_version_policy_for_the_inputs_only(project):
    source = project.node("source", "result = n", cache="source", inputs={"n": 1})
    project.run(source)
    assert project.run(project.node("source", "result = n", cache="source", inputs={"n": 2})).output("source") == 1
    project.run(project.node("version", "result = 1", cache="version=1"))
    assert project.run(project.node("version", "result = 2", cache="version=1")).output("version") == 1
    assert project.run(project.node("version", "result = 2", cache="version=2")).output("version") == 2


def test_refresh_runs_and_keeps_anew(project):
    node = project.node("a", "import time\nresult = time.time_ns()")
    first = project.run(node).output("a")
    refreshed = project.run(project.node("a", "import time\nresult = time.time_ns()", cache="refresh"))
    assert refreshed.output("a") != first
    assert refreshed.tasks["a"].basis.miss == "refreshed"
    assert project.run(node).output("a") == refreshed.output("a")
    forced = project.run(node, refresh=True)
    assert project.run(node).output("a") == forced.output("a") != refreshed.output("a")


@pytest.mark.parametrize("harm", [Path.unlink, lambda file: file.write_bytes(file.read_bytes().swapcase())])
def test_a_lost_or_damaged_value_is_computed_again(project, harm):
    node = project.node("a", "result = f'{folder}' * 10_000")
    artifact = project.run(node).tasks["a"].outputs["result"]
    digest = artifact.digest.removeprefix("sha256:")
    harm(Path(project.lab.artifacts.url, "sha256", digest[:2], digest[2:]))
    tasks = project.run(node).tasks
    assert tasks["a"].basis.miss == "gone"
    assert project.lab.artifacts.verify(artifact)


def test_a_notebook_runs_again_when_its_code_changes(project):
    file = project.folder / "report.ipynb"

    def write(code, text="about"):
        cells = [
            {"cell_type": "markdown", "metadata": {}, "source": text},
            {"cell_type": "code", "metadata": {"tags": ["output"]}, "source": code, "outputs": [], **UNCOUNTED},
        ]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        file.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": kernel, "cells": cells}))

    node = Node(id="a", component="notebook", inputs={"path": "report.ipynb"}, cache="inputs")
    write("x = 1")
    assert project.run(node).output("a", "x") == 1
    write("x = 1", text="more about it")
    assert project.run(node).tasks["a"].cached_from
    write("x = 2")
    assert project.run(node).output("a", "x") == 2


def test_another_version_of_an_imported_package_runs_its_users_again(project):
    site = project.folder / "site-packages"
    (site / "tool").mkdir(parents=True)
    (site / "tool" / "__init__.py").write_text("")

    def install(version):
        for old in site.glob("tool-*.dist-info"):
            (old / "RECORD").unlink()
            old.rmdir()
        (site / f"tool-{version}.dist-info").mkdir()
        (site / f"tool-{version}.dist-info" / "RECORD").write_text("tool/__init__.py,,\n")

    nodes = (project.node("uses", "import tool\nresult = 1"), project.node("other"))
    path = (str(site), str(project.folder))
    install("1.0")
    assert project.run(*nodes, sys_path=path).tasks["uses"].basis.environment["tool"] == "1.0"
    project.run(*nodes, sys_path=path)
    install("1.1")
    project.run(*nodes, sys_path=path)
    assert (project.ran("uses"), project.ran("other")) == (2, 1)


WAITS = "import os, time\nwhile not os.path.exists(f'{folder}/go'): time.sleep(0.01)\n"


def test_two_runs_compute_equal_keys_once(project):
    node = project.node("a", WAITS + "result = time.time_ns()")
    runs = [project.submit(node)]
    project.wait(lambda: project.ran("a") == 1)
    runs.append(project.submit(node))
    project.wait(lambda: runs[1].state == "running")
    (project.folder / "go").touch()
    first, second = (run.result(60)["a"] for run in runs)
    assert first == second
    assert project.ran("a") == 1
    assert [bool(run.tasks["a"].cached_from) for run in runs] == [False, True]


def test_who_waited_for_one_that_failed_computes_itself(project):
    code = f"{WAITS}if sum(1 for _ in open(f'{{folder}}/a.ran')) == 1: raise OSError('the first')\nresult = 1"
    node = project.node("a", code)
    first = project.submit(node)
    project.wait(lambda: project.ran("a") == 1)
    second = project.submit(node)
    (project.folder / "go").touch()
    with pytest.raises(RunFailedError, match="the first"):
        first.result(60)
    assert second.result(60) == {"a": 1}
    assert not second.tasks["a"].cached_from


def test_waiting_for_another_run_can_be_cancelled(project):
    node = project.node("a", WAITS + "result = 1")
    first = project.submit(node)
    project.wait(lambda: project.ran("a") == 1)
    second = project.submit(node)
    project.wait(lambda: second.tasks["a"].state == "dispatched")
    second.cancel()
    assert second.wait(60).state == "cancelled"
    (project.folder / "go").touch()
    assert first.result(60) == {"a": 1}


SUBMITS = """
import sys
from tests.test_caching import Project
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings
from pathlib import Path

if __name__ == "__main__":
    with Lab(Settings(home=Path(sys.argv[1]), scheduler="inline", workers=1, threads=1, lineage=False)) as lab:
        project = Project(lab, Path(sys.argv[2]))
        print(project.run(project.node("a", sys.argv[3])).output("a"))
"""


@pytest.fixture
def another(project):
    """Runs the node `a` in another process, with a coordinator and a scheduler of its own."""
    started = []

    def another(code):
        command = [sys.executable, "-c", SUBMITS, str(project.lab.home), str(project.folder), code]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]))
        return started[-1]

    yield another
    for process in started:
        process.kill()
        process.communicate()


def test_two_processes_compute_equal_keys_once(project, another):
    code = WAITS + "result = time.time_ns()"
    process = another(code)
    project.wait(lambda: project.ran("a") == 1)
    run = project.submit(project.node("a", code))
    project.wait(lambda: run.state == "running")
    (project.folder / "go").touch()
    result = run.result(60)["a"]
    assert int(process.communicate(timeout=60)[0]) == result
    assert project.ran("a") == 1


def test_when_the_process_that_computes_is_killed_one_that_waits_computes(project, another):
    code = "import time\nwhile sum(1 for _ in open(f'{folder}/a.ran')) == 1: time.sleep(0.01)\nresult = 5"
    process = another(code)
    project.wait(lambda: project.ran("a") == 1)
    run = project.submit(project.node("a", code))
    project.wait(lambda: run.state == "running")
    process.kill()
    assert run.result(60) == {"a": 5}
    assert project.ran("a") == 2
    assert not run.tasks["a"].cached_from


def test_what_ran_on_a_module_that_was_edited_during_the_run_is_not_kept(project):
    """A body process that has imported the old one may compute what only begins after the edit."""
    helper = project.folder / "helper.py"
    helper.write_text("x = 1\n")
    imports = "import helper\n" + COUNTS + "result = helper.x"
    edits = f"import helper, pathlib\n{COUNTS}pathlib.Path({str(helper)!r}).write_text('x = 22\\n')\nresult = 0"
    nodes = (
        project.node("first", edits, cache="none"),
        project.node("second", imports, inputs={"after": {"ref": "first"}}),
    )
    project.run(*nodes)
    helper.write_text("x = 22\n")
    run = project.run(project.node("first", "result = 0", cache="none"), nodes[1])
    assert run.output("second") == 22
    assert project.run(project.node("first", "result = 0", cache="none"), nodes[1]).tasks["second"].cached_from
