"""The kernelspec TwinGraph (Python), and the Jupyter server's part, as they are installed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytest.importorskip("ipykernel", reason="the extra `notebook` is not installed")
pytest.importorskip("fastapi", reason="the extra `service` is not installed")

from jupyter_client.kernelspec import KernelSpecManager

from tests.service.jupyters import Notebook
from tests.service.stores import Store

START_S = 0.02
"""What the extension may add to the start of a Jupyter server, with what that has imported anyway."""


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    yield made
    made.clean()


@pytest.fixture
def kernel(store, tmp_path):
    opened = Notebook(store, tmp_path, attended=False)
    yield opened
    opened.close()


def test_it_is_installed():
    spec = KernelSpecManager().get_kernel_spec("twingraph")
    assert spec.display_name == "TwinGraph (Python)"
    assert spec.language == "python"


def test_its_cells_know_the_magics_and_have_a_lab(kernel):
    assert "0" in kernel.run("%gremlin g.V().count()")
    kernel.run("%%twingraph load\nrows = [1, 2]")
    assert "1 of 1 nodes completed" in kernel.run("%twingraph run --fetch rows")
    assert kernel.run("rows").strip() == "[1, 2]"


def test_a_notebook_that_loads_the_extension_itself_is_told_nothing_and_keeps_its_nodes(kernel):
    kernel.run("%%twingraph load\nrows = [1, 2]")
    assert kernel.run("%load_ext twingraph_lab") == ""
    assert "1 of 1 nodes completed" in kernel.run("%twingraph run")
    kernel.run("%reload_ext twingraph_lab")
    assert "no nodes" in kernel.run("%twingraph run")


def test_it_imports_twingraph_as_its_programs_do(kernel):
    assert "Error" not in kernel.run("from twingraph import component, pipeline")


def test_jupyter_servers_load_the_extension():
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_server.extension.serverextension", "list"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "twingraph_lab.service.jupyter" in line]
    assert any("enabled" in line for line in lines), lines
    assert any("OK" in line for line in lines), lines


def test_the_extension_costs_the_start_of_a_server_next_to_nothing():
    code = """
import json, sys, time
import jupyter_server_proxy, jupyter_server.serverapp
before, began = set(sys.modules), time.perf_counter()
import twingraph_lab.service.jupyter
from twingraph_lab.service.proxy import routes
print(json.dumps([time.perf_counter() - began, sorted(set(sys.modules) - before)]))
"""
    measured = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        seconds, modules = json.loads(done.stdout)
        measured.append(seconds)
    assert {name.split(".")[0] for name in modules} <= {"twingraph_lab"}
    assert min(measured) < START_S
