"""The magics in a real IPython shell, with a real Lab behind them."""

from __future__ import annotations

import json
import re
import time

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from twingraph_lab.frontends.magic import TwinGraphMagics, notebook_path
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings


@pytest.fixture(scope="module")
def inline_lab(tmp_path_factory):
    with Lab(Settings(home=tmp_path_factory.mktemp("magic") / "home", scheduler="inline", workers=2)) as lab:
        yield lab


class Notebook:
    """Runs cells as a person would, and tells what they see."""

    def __init__(self, shell, lab):
        self.shell = shell
        self.magics = TwinGraphMagics(shell, lambda: lab)
        shell.register_magics(self.magics)

    def __call__(self, source):
        """Run a cell that works; returns what is shown as text."""
        with capture_output() as shown:
            result = self.shell.run_cell(source)
        result.raise_error()
        texts = [output.data["text/plain"] for output in shown.outputs]
        return "\n".join([*texts, shown.stdout])

    def html(self, source):
        """The HTML that a cell shows."""
        with capture_output() as shown:
            self.shell.run_cell(source).raise_error()
        return "".join(output.data["text/html"] for output in shown.outputs)

    def error(self, source):
        """Run a cell that fails; returns what is shown of the error, and nothing else may be."""
        with capture_output() as shown:
            result = self.shell.run_cell(source)
        assert not result.success
        error = result.error_in_exec
        assert error._render_traceback_() == [f"{type(error).__name__}: {error}"]
        assert "Traceback" not in shown.stdout
        return f"{type(error).__name__}: {error}"

    @property
    def variables(self):
        return self.shell.user_ns

    @property
    def workflow(self):
        return self.magics.session.book().workflow


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()


@pytest.fixture
def notebook(shell, inline_lab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell.reset(new_session=False)
    return Notebook(shell, inline_lab)


def test_a_cell_becomes_a_node_and_is_not_run(notebook):
    shown = notebook("%%twingraph load\nrows = [1, 2]\nraise SystemExit")
    assert shown.startswith("load  node 1 of 1 in notebook\n  gives  ")
    assert "rows" not in notebook.variables
    assert list(notebook.workflow.by_id) == ["load"]


def test_a_run_brings_back_what_is_asked_for(notebook):
    notebook("%%twingraph load\nrows = [1, 2, 3]\nname = 'a'")
    notebook("%%twingraph total\ntotal = sum(rows)")
    shown = notebook("%twingraph run --fetch total")
    assert "notebook: completed, 2 of 2 nodes completed" in shown
    assert notebook.variables["total"] == 6
    assert "rows" not in notebook.variables
    notebook("%twingraph fetch rows load.name")
    assert (notebook.variables["rows"], notebook.variables["name"]) == ([1, 2, 3], "a")


def test_everything_can_be_fetched_but_for_exceptions(notebook):
    notebook("%%twingraph a\nx, y = 1, 2\nx + y")
    notebook("%%twingraph b\nx = x + 10")
    notebook("%twingraph run --fetch all --no-fetch y")
    assert {"x": 11, "a_result": 3}.items() <= notebook.variables.items()
    assert "y" not in notebook.variables
    notebook("%twingraph fetch a")
    assert notebook.variables["a"] == {"x": 1, "y": 2, "result": 3}


def test_a_variable_of_the_notebook_flows_in_at_run_time(notebook):
    notebook("n = 1")
    notebook("%%twingraph\ndouble = 2 * n")
    notebook("n = 21")
    notebook("%twingraph run --fetch double")
    assert notebook.variables["double"] == 42
    notebook("%twingraph run -p n=4 --fetch double")
    assert notebook.variables["double"] == 8


def test_a_declared_parameter(notebook):
    assert "limit" in notebook("%twingraph param limit=5 'tags=[\"a\"]'")
    notebook("%%twingraph\nout = [limit, tags]")
    notebook("%twingraph run -p limit=7 --fetch out")
    assert notebook.variables["out"] == [7, ["a"]]


def test_only_some_nodes_and_what_they_need_are_run(notebook):
    notebook("%%twingraph a\nx = 1")
    notebook("%%twingraph b\ny = x")
    notebook("%%twingraph c\nz = 1 / 0")
    assert "2 of 2 nodes completed" in notebook("%twingraph run b")
    assert "there is no node 'd'" in notebook.error("%twingraph run d")


def test_a_failure_names_the_node_the_line_and_the_error(notebook, tmp_path):
    (tmp_path / "helpers_of_mine.py").write_text("def half(x):\n    return x / 0\n")
    notebook("%%twingraph bad\nfrom helpers_of_mine import half\n\nx = half(1)\ny = 2")
    notebook("%%twingraph later\nz = x")
    told = notebook.error("%twingraph run")
    assert told.startswith("RunFailedError: node 'bad' failed: ZeroDivisionError: division by zero")
    assert "---->  4 x = half(1)" in told or "----> 4 x = half(1)" in told
    assert "helpers_of_mine.py" in told
    assert "never started: later" in told
    assert "✗ bad" in notebook("%twingraph show")
    assert "return x / 0" in notebook("%twingraph show bad")


def test_an_asynchronous_cell(notebook):
    notebook("%%twingraph\nimport asyncio\nparts = await asyncio.gather(*(asyncio.sleep(0, n) for n in range(3)))")
    notebook("%twingraph run --fetch parts")
    assert list(notebook.variables["parts"]) == [0, 1, 2]


def test_a_failed_run_is_resumed(notebook, tmp_path):
    notebook(
        "%%twingraph a\nfrom pathlib import Path\nwith Path('calls').open('a') as f:\n    n = f.write('a')"
    )  # each call leaves a mark
    notebook("%%twingraph b\nfrom pathlib import Path\ntext = Path('wanted').read_text()\nm = n")
    assert "FileNotFoundError" in notebook.error("%twingraph run")
    (tmp_path / "wanted").write_text("here")
    assert "completed, 2 of 2" in notebook("%twingraph resume")
    assert (tmp_path / "calls").read_text() == "a"
    assert "ConflictError" in notebook.error("%twingraph resume")


def test_logs_of_a_run_and_a_node(notebook):
    notebook("%%twingraph a\nprint('one')\nx = 1")
    notebook("%%twingraph b\nprint('two', x)\n")
    notebook("%twingraph run")
    assert notebook("%twingraph logs") == "a: one\nb: two 1\n"
    assert notebook("%twingraph logs b") == "two 1\n"
    run = notebook.magics.session.last_run
    assert notebook(f"%twingraph logs {run} a") == "one\n"
    assert "there is no node 'c'" in notebook.error(f"%twingraph logs {run} c")


def test_plan_shows_faults_and_order(notebook):
    notebook("%%twingraph a\nx = 1")
    notebook("%%twingraph b\ny = x")
    assert "2 nodes in 2 levels" in notebook("%twingraph plan")
    shown = notebook("%%twingraph a\nw = 1")
    assert "⚠ node 'b'" in shown
    assert "'x' of 'a'" in shown
    assert "WorkflowError" in notebook.error("%twingraph plan")
    assert "WorkflowError" in notebook.error("%twingraph run")


def test_runs_are_listed_and_shown(notebook):
    notebook("%%twingraph a\nx = [1, 2]")
    notebook("%twingraph run")
    run = notebook.magics.session.last_run
    assert f"✓ {run}" in notebook("%twingraph history -n 1")
    assert f"run {run}" in notebook("%twingraph status")
    assert "a.x" in notebook(f"%twingraph show {run[:12]}")
    assert "<svg" in notebook.html("%twingraph show last")
    assert "there is nothing to stop" in notebook("%twingraph cancel")
    told = notebook.error("%twingraph show nothing")
    assert "there is no node 'nothing'" in told
    assert "run 'nothing'" in told


def test_a_run_is_shown_over_time_and_in_figures(notebook):
    notebook("%%twingraph a\nx = 1")
    notebook("%%twingraph b --after a\nraise ValueError('<b>')")
    notebook.error("%twingraph run")
    html, text = notebook.html("%twingraph show last"), notebook("%twingraph show last")
    assert 'aria-label="Gantt chart of notebook"' in html
    assert "<b>&lt;b&gt;" not in html
    assert "ValueError: <b>" not in html
    assert re.search(r"node +state +(waited +)?wall +cpu +memory +remark", text)
    assert re.search(r"✗ b +·*[█▉▊▋▌▍▎▏]+ +", text)
    assert "✗ b, attempt 1: error" in text


def test_a_run_elsewhere_is_cancelled(notebook, inline_lab):
    notebook("%%twingraph a\nimport time\ntime.sleep(60)")
    run = inline_lab.submit(notebook.workflow)
    while not any(task.state == "running" for task in run.tasks.values()):
        time.sleep(0.01)
    assert "is asked to stop" in notebook(f"%twingraph cancel {run.id}")
    assert run.wait(30).state == "cancelled"


def test_workflows_have_names(notebook):
    notebook("%%twingraph a --workflow other\nx = 1")
    assert notebook.workflow.nodes == ()
    assert "other: 1 node" in notebook("%twingraph show --workflow other")
    assert "1 nodes" in notebook("%twingraph new other")
    notebook("%%twingraph b\ny = x")
    assert list(notebook.workflow.by_id) == ["a", "b"]
    assert "other is empty" in notebook("%twingraph clear")
    assert notebook.workflow.nodes == ()


def test_a_node_is_deleted(notebook):
    notebook("%%twingraph a\nx = 1")
    notebook("%%twingraph b\ny = x")
    assert "'x' of 'a' is gone: there is no node 'a' any more" in notebook("%twingraph delete a")
    assert "there is no node 'a'" in notebook.error("%twingraph delete a")


def test_a_workflow_is_saved_and_loaded(notebook, tmp_path):
    notebook("n = 2")
    notebook("%%twingraph a\nx = n")
    notebook("%twingraph export flights.twg.json")
    saved = json.loads((tmp_path / "flights.twg.json").read_text())
    assert saved["parameters"]["n"]["default"] == 2
    notebook("%twingraph clear")
    assert "notebook: 1 node" in notebook("%twingraph load flights.twg.json")
    notebook("%%twingraph b\ny = x + 1")
    notebook("%twingraph run -p n=5 --fetch y")
    assert notebook.variables["y"] == 6


@pytest.mark.parametrize("form", ["py", "ipynb"])
def test_a_workflow_is_exported_with_the_values_and_functions_of_the_notebook(notebook, tmp_path, form):
    notebook("n = 2\ndef double(x):\n    return 2 * x")
    notebook("%%twingraph a --retry 1\nx = double(n)")
    notebook("n = 3")
    assert f"written to flights.{form}" in notebook(f"%twingraph export flights.{form}")
    text = (tmp_path / f"flights.{form}").read_text()
    assert "def double(x):" in text
    assert ("n: float = 3" if form == "py" else "n = 3") in text
    assert "is there already; say --overwrite" in notebook.error(f"%twingraph export flights.{form}")
    notebook(f"%twingraph export flights.{form} --overwrite")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("%%twingraph a\nx = (1,", "WorkflowError: %%twingraph: 1 fault\n  - node 'a' (line 2): '(' was never closed"),
        ("%%twingraph a --frob\nx = 1", "unrecognized arguments: --frob\nusage: %%twingraph"),
        ("%%twingraph a\nx = display", "(line 2): 'display' belongs to the notebook"),
        ("%%twingraph two.words\nx = 1", "node 'two.words' (id)"),
        ("%twingraph fly", "invalid choice: 'fly'"),
        ("%twingraph run -p n", "'n' is not of the form NAME=VALUE"),
        ("%twingraph fetch unheard_of", "there is no output 'unheard_of'"),
        ("%twingraph status nothing", "NotFoundError"),
        ("%twingraph param 'two words=1'", "can't be the name of a parameter"),
        ("%twingraph load missing.twg.json", "missing.twg.json"),
        ("%twingraph load program.py", "program.py: 1 fault\n  - is a script"),
        ("%twingraph export flights.txt", "it ends with .json, .yaml, .yml, .py, .ipynb"),
        ("%twingraph run", "notebook: 1 fault\n  - has no nodes yet: begin a cell with %%twingraph"),
        ("%twingraph plan", "has no nodes yet"),
        ("%twingraph export flights.twg.json", "has no nodes yet"),
        ("%twingraph history -n 0", "argument -n: '0' is not a number like 20"),
        ("%twingraph logs nothing", "there is no node 'nothing'"),
    ],
)
def test_a_mistake_is_one_short_message(notebook, source, told):
    assert told in notebook.error(source)


def test_an_export_that_cannot_be_written_says_why(notebook, tmp_path):
    notebook("%%twingraph a\nx = 1")
    (tmp_path / "folder.json").mkdir()
    assert "can't write missing/x.json: there is no folder missing" in notebook.error(
        "%twingraph export missing/x.json"
    )
    for way in ("", "-f "):
        assert "can't write folder.json: it is a folder" in notebook.error(f"%twingraph export {way}folder.json")
    notebook("%twingraph export x.json")
    assert "x.json is there already; say --overwrite" in notebook.error("%twingraph export x.json")
    assert sorted(each.name for each in tmp_path.iterdir() if each.suffix) == ["folder.json", "x.json"]


def test_what_is_shown_of_a_variable_is_what_it_is_now(notebook):
    notebook("n = 5")
    notebook("%%twingraph a\nx = n")
    notebook("n = 6")
    for shown in ("%twingraph show", "%twingraph show a", "%%twingraph a\nx = n + 1"):
        assert "parameter n = 6" in notebook(shown)
    assert "n          6" in notebook("%twingraph param")


def test_nothing_is_deleted_if_one_of_the_names_is_wrong(notebook):
    notebook("%%twingraph a\nx = 1")
    assert "there is no node 'b'. There is a" in notebook.error("%twingraph delete a b")
    assert list(notebook.workflow.by_id) == ["a"]


def test_a_notebook_is_loaded_like_a_document(notebook):
    notebook("%%twingraph a\nx = 1")
    notebook("%twingraph export saved.ipynb")
    notebook("%twingraph clear")
    assert "notebook: 1 node" in notebook("%twingraph load saved.ipynb")
    notebook("%twingraph run --fetch x")
    assert notebook.variables["x"] == 1


def test_a_fault_of_an_option_is_told_without_a_place_in_a_document(notebook):
    assert "⚠ node 'a' (platform.kind): no platform named 'dokcer'" in notebook(
        "%%twingraph a --platform dokcer\nx = 1"
    )


def test_a_faulty_version_of_a_cell_keeps_the_one_before_from_running(notebook):
    notebook("%%twingraph a\nx = 1")
    notebook.error("%%twingraph a\nx = (")
    told = notebook.error("%twingraph run")
    assert "node 'a' (line 2): the cell's last version has this fault: '(' was never closed" in told
    notebook.error("%%twingraph a --frob\nx = 2")
    assert "last version has this fault: unrecognized arguments: --frob" in notebook.error("%twingraph run")
    notebook("%%twingraph a\nx = 3")
    notebook("%twingraph run --fetch x")
    assert notebook.variables["x"] == 3


def test_a_run_refuses_what_is_incomplete_and_names_it_all(notebook):
    assert "⚠ node 'b' (line 3): nothing gives 'x' yet" in notebook("%%twingraph b\n\ny = x")
    notebook("%%twingraph c\nz = y + w")
    told = notebook.error("%twingraph run")
    assert "node 'b' (line 3): nothing gives 'x' yet" in told
    assert "node 'c' (line 2): nothing gives 'w' yet" in told
    assert "used by  b (x ← a)" in notebook("%%twingraph a\nx = w = 1")
    notebook("%twingraph run --fetch z")
    assert notebook.variables["z"] == 2


def test_help_is_printed(notebook):
    assert "COMMAND" in notebook("%twingraph")
    assert "--retry N" in notebook("%twingraph help cell")
    assert "--fetch" in notebook("%twingraph run --help")
    assert "--retry N" in notebook("%%twingraph --help\nx = 1")


def test_variables_in_a_line_are_expanded(notebook):
    notebook("%%twingraph a\nx = 1")
    notebook("node = 'a'")
    assert "1 of 1 nodes" in notebook("%twingraph run {node}")


def test_what_ipython_puts_into_the_namespace_is_no_parameter(notebook):
    assert "'In' belongs to the notebook" in notebook.error("%%twingraph\nx = In")


def test_lineage_is_asked_in_gremlin(notebook):
    notebook("%%twingraph asked\nx = 1")
    notebook("%twingraph run")
    run = notebook.magics.session.last_run
    frame = notebook.shell.run_line_magic(
        "gremlin", f"g.V().has('run_id', '{run}').has('node', 'asked').values('status')"
    )
    assert frame["value"].tolist() == ["completed"]
    shown = notebook(f"%%gremlin\ng.V().has('run_id', '{run}')\n .has('node', 'asked')\n .count()")
    assert "1" in shown
    assert "QueryError" in notebook.error("%gremlin g.V().nothing()")


def test_the_notebook_names_the_workflow(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert notebook_path({}) == ""
    assert notebook_path({"__vsc_ipynb_file__": "/a/flights.ipynb"}) == "/a/flights.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", "/b/late.ipynb")
    assert notebook_path({}) == "/b/late.ipynb"
