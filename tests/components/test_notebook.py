"""A notebook is a node: parameters in, tagged outputs back, the executed notebook kept, and no kernel left behind."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import redirect_stdout
from pathlib import Path

import psutil
import pytest

from twingraph_lab.components.notebook import NotebookError, run_notebook
from twingraph_lab.errors import MissingExtraError, WorkflowError
from twingraph_lab.runtime.serializers import Notebook, decode, encode

pytest.importorskip("papermill", reason="needs the extra `notebook`")
pd = pytest.importorskip("pandas", reason="needs the extra `tables`")

NOTEBOOKS = Path(__file__).parents[1] / "fixtures" / "notebooks"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """Where failed notebooks are kept. Short, since kernels make their sockets there."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("t")
        patch.setattr("tempfile.tempdir", str(folder))
        yield folder


@pytest.fixture(scope="module")
def report(scratch):
    """One run of a notebook with everything: its outputs, what it printed and what was logged."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger("twingraph_lab.components.notebook")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    given = {"n": 4, "name": 'Zoë "\\{x}\n', "query": Path("data/q.csv"), "parameters": {"path": "p"}, "started": None}
    printed, steps = io.StringIO(), []
    try:
        with redirect_stdout(printed), pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "twingraph_lab.components.notebook.progress",
                lambda done, total=0, message="": steps.append((done, total, message)),
            )
            outputs = run_notebook(str(NOTEBOOKS / "report.ipynb"), **given, optional=["started"])
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    return outputs, printed.getvalue(), [record.getMessage() for record in records], list(scratch.iterdir()), steps


class TestOutputs:
    def test_are_the_names_that_tagged_cells_assign_or_show(self, report):
        assert report[0]._fields == ("total", "last", "table", "model", "seen", "result", "notebook")

    def test_have_exactly_the_values_after_their_cell(self, report):
        outputs = report[0]
        assert (outputs.total, outputs.last, outputs.result) == (6, 1, 60)
        pd.testing.assert_frame_equal(outputs.table, pd.DataFrame({"n": range(4)}))

    def test_may_be_of_classes_that_the_notebook_defines(self, report):
        assert report[0].model.predict(1) == 7
        assert decode(*encode(report[0].model)).predict(1) == 7

    def test_parameters_arrive_as_they_were_given(self, report):
        seen = report[0].seen
        assert (seen["name"], seen["query"], seen["path"]) == ('Zoë "\\{x}\n', "data/q.csv", "p")

    def test_a_parameter_left_out_keeps_the_notebooks_own_value(self, report):
        assert report[0].seen["started"] == 3

    def test_the_notebook_runs_in_its_own_folder_and_process(self, report):
        assert report[0].seen["folder"] == str(NOTEBOOKS)
        assert report[0].seen["pid"] != os.getpid()
        assert not psutil.pid_exists(report[0].seen["pid"])


class TestTheExecutedNotebook:
    def test_has_the_cells_of_the_original_and_one_with_the_parameters(self, report):
        before = json.loads((NOTEBOOKS / "report.ipynb").read_text())["cells"]
        after = json.loads(report[0].notebook.data)["cells"]
        injected = [cell for cell in after if "injected-parameters" in cell["metadata"]["tags"]]
        assert len(injected) == 1
        assert after.index(injected[0]) == 2
        assert [cell["id"] for cell in after if cell not in injected] == [cell["id"] for cell in before]

    def test_holds_outputs_but_nothing_of_how_values_were_handed_over(self, report):
        assert b"hello Zo\\u00eb" in report[0].notebook.data or "hello Zoë" in report[0].notebook.data.decode()
        assert b"twingraph" not in report[0].notebook.data.replace(str(NOTEBOOKS).encode(), b"")

    def test_is_a_valid_notebook_and_can_be_stored(self, report):
        import nbformat

        nbformat.validate(nbformat.reads(report[0].notebook.data.decode(), as_version=4))
        assert encode(report[0].notebook)[0] == "application/x-ipynb+json"
        assert isinstance(decode(*encode(report[0].notebook)), Notebook)


def test_plots_are_in_the_executed_notebook_though_bodies_draw_into_memory(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="draws a plot")
    nbformat = pytest.importorskip("nbformat")
    cell = nbformat.v4.new_code_cell("import matplotlib.pyplot as plt\n\nplt.plot([1, 2]);")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "plots.ipynb")
    monkeypatch.setenv("MPLBACKEND", "agg")

    executed = json.loads(run_notebook(str(tmp_path / "plots.ipynb"), kernel_name="python3").notebook.data)

    (output,) = executed["cells"][0]["outputs"]
    assert "image/png" in output["data"]
    assert os.environ["MPLBACKEND"] == "agg"


class TestProgress:
    def test_each_cell_that_ends_is_a_step_of_the_whole(self, report):
        done = [(made, whole) for made, whole, _ in report[4]]
        assert done == [step for i in range(5) for step in ((i, 5), (i + 1, 5))]
        assert report[4][0] == (0, 5, "n = 3  # how many rows")

    def test_each_cell_is_logged_by_number_and_first_line(self, report):
        assert report[2][0] == "cell 1/5 (n = 3  # how many rows)"
        assert [line.split(" (")[0] for line in report[2]] == [f"cell {i}/5" for i in range(1, 6)]

    def test_what_cells_print_is_printed(self, report):
        assert report[1] == 'hello Zoë "\\{x}\n\n'

    def test_nothing_is_left_in_the_temporary_folder(self, report):
        assert report[3] == []


class TestFailures:
    def test_name_the_cell_its_line_and_the_error_and_keep_the_notebook(self, scratch, capsys):
        with pytest.raises(NotebookError) as caught:
            run_notebook(str(NOTEBOOKS / "fails.ipynb"))
        message = str(caught.value)
        assert message.startswith(
            "cell 2/3, line 6 (divide(0)) raised ZeroDivisionError: division by zero; the notebook"
        )
        kept = Path(re.search(r"as far as it ran is (.+)$", message)[1])
        assert kept.name == "fails.ipynb"
        cells = {cell["id"]: cell for cell in json.loads(kept.read_text())["cells"]}
        assert cells["c1"]["outputs"][0]["text"] == "so far\n"
        assert cells["c2"]["outputs"][0]["ename"] == "ZeroDivisionError"
        assert cells["c3"]["execution_count"] is None
        assert len(cells) == 4
        assert capsys.readouterr().out == "so far\n"

        traceback = caught.value.__notes__[0]
        assert "return before / x" in traceback
        assert "\x1b" not in traceback

    def test_a_dead_kernel_is_told_and_never_taken_for_success(self, scratch):
        with pytest.raises(NotebookError, match=r"^the kernel died in cell 2/3 \(import os, signal\).*dies\.ipynb$"):
            run_notebook(str(NOTEBOOKS / "dies.ipynb"))

    def test_an_end_before_the_outputs_is_told(self, scratch):
        with pytest.raises(
            NotebookError, match=r"^cell 1/2 \(import sys\) ended the notebook before a cell with outputs"
        ):
            run_notebook(str(NOTEBOOKS / "ends_early.ipynb"))

    def test_an_output_that_cannot_be_handed_over_is_named(self, scratch):
        with pytest.raises(NotebookError, match=r"^cell 1/1 \(import threading\).*output 'lock' of type lock"):
            run_notebook(str(NOTEBOOKS / "keeps_a_lock.ipynb"))

    def test_a_kernel_that_is_not_here_is_told_with_those_that_are(self):
        with pytest.raises(NotebookError, match=r"no kernel 'gone' here \(installed: .*python3"):
            run_notebook(str(NOTEBOOKS / "in_another_kernel.ipynb"))

    def test_without_papermill_the_extra_is_named(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "papermill.iorw", None)
        with pytest.raises(MissingExtraError, match=r"twingraph-lab\[notebook\]"):
            run_notebook(str(NOTEBOOKS / "report.ipynb"))


def test_old_notebooks_magics_and_expected_errors_are_fine(scratch):
    outputs = run_notebook(str(NOTEBOOKS / "old_format_4_2.ipynb"), kernel_name="python3")
    assert outputs.value == 42
    assert outputs._fields == ("value", "notebook")


class TestRefusals:
    """Before a kernel is started."""

    @pytest.mark.parametrize(
        ("value", "kind"), [(pd.DataFrame(), "DataFrame"), (float("nan"), "float"), ((1,), "tuple")]
    )
    def test_a_value_that_is_no_parameter_is_named_with_what_to_do(self, value, kind):
        with pytest.raises(TypeError, match=f"input 'table' is of type {kind}.*pass the path"):
            run_notebook(str(NOTEBOOKS / "report.ipynb"), table=value)

    @pytest.mark.parametrize("name", ["two words", "class", "x-y"])
    def test_a_name_that_is_not_pythons_is_named(self, name):
        with pytest.raises(ValueError, match=f"input '{name}'"):
            run_notebook(str(NOTEBOOKS / "report.ipynb"), **{name: 1})

    def test_parameters_for_a_notebook_that_takes_none_are_named_with_what_to_do(self):
        with pytest.raises(
            WorkflowError, match=r"takes no parameters, but got n, m: tag the cell that sets them `param"
        ):
            run_notebook(str(NOTEBOOKS / "fails.ipynb"), n=1, m=2)

    @pytest.mark.parametrize("name", ["missing", "format_3", "in_r", "called_notebook"])
    def test_a_file_that_will_not_do_is_refused(self, name):
        with pytest.raises(WorkflowError):
            run_notebook(str(NOTEBOOKS / f"{name}.ipynb"))


def test_numpy_scalars_are_given_as_python_numbers():
    from twingraph_lab.components.notebook import _injectable

    np = pytest.importorskip("numpy", reason="needs the extra `tables`")
    assert type(_injectable("x", np.float64(1.5))) is float
    assert type(_injectable("x", np.int32(2))) is int
    with pytest.raises(TypeError):
        _injectable("x", np.array([1]))


def test_the_kernel_dies_with_the_process_that_runs_it(tmp_path, scratch):
    """As the platform stops a body: SIGKILL to its process group, which the kernel isn't in."""
    pid_file = tmp_path / "pid"
    script = """if True:
        import sys
        from twingraph_lab.components.notebook import run_notebook
        run_notebook(sys.argv[1], pid_file=sys.argv[2])
    """
    command = [sys.executable, "-c", script, str(NOTEBOOKS / "waits.ipynb"), str(pid_file)]
    environment = {**os.environ, "TMPDIR": str(scratch)}
    body = subprocess.Popen(command, start_new_session=True, env=environment, stderr=subprocess.DEVNULL)
    kernel = psutil.Process(int(_eventually(lambda: pid_file.exists() and pid_file.read_text())))
    assert os.getpgid(kernel.pid) != os.getpgid(body.pid)
    os.killpg(body.pid, signal.SIGKILL)
    assert body.wait(10) == -signal.SIGKILL
    kernel.wait(timeout=10)


def _eventually(condition, within_s=60):
    """The first true value of `condition()`."""
    deadline, pause = time.monotonic() + within_s, threading.Event()
    while not (value := condition()):
        assert time.monotonic() < deadline, "didn't happen in time"
        pause.wait(0.05)
    return value
