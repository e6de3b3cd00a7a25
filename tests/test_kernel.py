"""Loading the extension, in a shell and in a real kernel."""

from __future__ import annotations

import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings

papermill = pytest.importorskip("papermill", reason="the extra `notebook` is not installed")


def notebook(*cells):
    made = new_notebook(cells=[new_code_cell(source) for source in ("%load_ext twingraph_lab", *cells)])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


@pytest.fixture
def batch(tmp_path, monkeypatch):
    """Runs cells as papermill does, with a store of their own."""
    monkeypatch.setenv("TWINGRAPH_HOME", str(tmp_path / "store"))
    monkeypatch.setenv("TWINGRAPH_SCHEDULER", "inline")

    def run(*cells, tags=(), **parameters):
        made = notebook(*cells)
        for index in tags:
            made.cells[index].metadata.tags = ["parameters"]
        nbformat.write(made, tmp_path / "in.ipynb")
        papermill.execute_notebook(
            tmp_path / "in.ipynb",
            tmp_path / "out.ipynb",
            parameters,
            kernel_name="python3",
            progress_bar=False,
            cwd=tmp_path,
        )
        return nbformat.read(tmp_path / "out.ipynb", 4)

    run.home = tmp_path / "store"
    run.executed = tmp_path / "out.ipynb"
    return run


def test_a_notebook_runs_as_a_batch_job(batch):
    executed = batch(
        "n = 2",
        "%%twingraph load\nrows = list(range(n))\nprint('loading', n)",
        "%%twingraph total --retry 1\ntotal = sum(rows)",
        "%twingraph run --fetch total,rows",
        "assert total == 3 and rows == [0, 1, 2]\ntotal",
        "%gremlin g.V().hasLabel('Execution').has('node', 'total').values('status')",
        tags=[1],
        n=3,
    )
    shown = [[output.data for output in cell.outputs if "data" in output] for cell in executed.cells]
    run, fetched = shown[5]
    assert run["text/plain"].splitlines()[0].startswith("✓ notebook: completed, 2 of 2 nodes completed")
    assert "<svg" in run["text/html"]
    assert fetched["text/plain"].splitlines()[1].split() == ["total", "total.total", "int"]
    assert "widgets" not in executed.metadata
    assert shown[6][0]["text/plain"] == "3"
    assert "completed" in shown[7][0]["text/plain"]
    assert not re.search(r"0x[0-9a-f]{6}", nbformat.writes(executed))
    with Lab(Settings(home=batch.home)) as lab:
        (record,) = lab.runs()
        assert record.parameters == {"n": 3}
        assert lab.run(record.run_id).output("total", "total") == 3


def test_a_failing_node_fails_the_batch_job_at_its_cell(batch):
    with pytest.raises(papermill.PapermillExecutionError) as raised:
        batch(
            "%%twingraph share\nparts = 0\n\nshare = 1 / parts\nrest = 1",
            "%%twingraph later\nlater = share",
            "%twingraph run",
            "print('never')",
        )
    assert raised.value.ename == "RunFailedError"
    told = raised.value.evalue
    assert "node 'share' failed: ZeroDivisionError: division by zero" in told
    assert "cell 'share', line 4:" in told
    assert "----> 4 share = 1 / parts" in told
    assert "never started: later" in told
    assert "twingraph_lab/" not in "".join(raised.value.traceback)
    executed = nbformat.read(batch.executed, 4)
    assert "✗ notebook: failed" in str(executed.cells)


def test_a_mistake_in_a_cell_fails_the_batch_job(batch):
    with pytest.raises(papermill.PapermillExecutionError, match="nothing gives 'rosw'"):
        batch("%%twingraph load\nrows = [1]", "%%twingraph count\ncount = len(rosw)")


def test_without_ipython_the_extra_is_named():
    code = "import sys; sys.modules['IPython'] = None; import twingraph_lab; twingraph_lab.load_ipython_extension(None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (
        "MissingExtraError: notebooks needs an optional dependency: pip install 'twingraph-lab[notebook]'"
        in done.stderr
    )


def test_a_program_for_twingraph_can_be_tried_in_a_notebook(batch):
    batch(
        "from collections import namedtuple\nfrom twingraph import component, pipeline",
        "@component()\ndef add(a, b):\n    return namedtuple('outputs', ['sum'])(a + b)",
        "@pipeline()\ndef whole():\n    return add(a=1, b=2)",
        "assert whole()['outputs'] == {'sum': 3}",
    )
