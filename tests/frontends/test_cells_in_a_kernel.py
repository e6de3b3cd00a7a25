"""Stories of cells in a real kernel: what people do to a notebook, and what Tab offers them."""

from __future__ import annotations

import re

import pytest
from jupyter_client.manager import start_new_kernel

WAIT_S = 60


class Kernel:
    """A kernel as a front end uses it; `cell` is the id of the cell that runs, as JupyterLab tells it."""

    def __init__(self, client):
        self._client = client

    def __call__(self, code, cell=""):
        """Run a cell that works; what it shows as text."""
        reply, text = self._execute(code, cell)
        assert reply["status"] == "ok", text
        return text

    def error(self, code, cell=""):
        """Run a cell that fails; its message."""
        reply, _ = self._execute(code, cell)
        assert reply["status"] == "error"
        return f"{reply['ename']}: {reply['evalue']}"

    def complete(self, text):
        """What Tab offers at the end of the text."""
        self._client.complete(text)
        return self._client.get_shell_msg(timeout=WAIT_S)["content"]["matches"]

    def _execute(self, code, cell):
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = self._client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else {})
        self._client.shell_channel.send(message)
        ident, shown = message["header"]["msg_id"], []
        while True:
            got = self._client.get_iopub_msg(timeout=WAIT_S)
            if got["parent_header"].get("msg_id") != ident:
                continue
            kind, content = got["msg_type"], got["content"]
            if kind == "status" and content["execution_state"] == "idle":
                break
            if kind == "stream":
                shown.append(content["text"])
            if kind in ("display_data", "execute_result", "update_display_data"):
                shown.append(content["data"].get("text/plain", ""))
        while True:
            reply = self._client.get_shell_msg(timeout=WAIT_S)
            if reply["parent_header"].get("msg_id") == ident:
                return reply["content"], "\n".join(shown)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("kernel")
        patch.setenv("TWINGRAPH_HOME", str(folder / "store"))
        patch.setenv("TWINGRAPH_SCHEDULER", "inline")
        manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder))
        try:
            kernel = Kernel(client)
            kernel("%load_ext twingraph_lab")
            yield kernel
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(running):
    running("%reset -f")
    running("%twingraph clear")
    return running


def test_what_a_cell_uses_goes_along_and_is_renewed(kernel):
    kernel("import math\nfrom dataclasses import dataclass\nRATE = 2")
    kernel("@dataclass\nclass Point:\n    x: float\n\ndef scaled(x):\n    return math.floor(x * RATE)")
    kernel("%%twingraph tools\ndef point(x):\n    return Point(scaled(x))")
    assert "brings  point, Point, scaled, dataclass, math" in kernel("%%twingraph points\npoints = [point(1.5)]")
    kernel("%%twingraph check\nsame = points == [Point(3)]")
    kernel("%twingraph run --fetch same,points")
    assert kernel("print(same, points)") == "True [Point(x=3)]\n"
    assert kernel("points == [Point(3)]").strip() == "True"
    kernel("def scaled(x):\n    return -1")
    kernel("%twingraph run --fetch points")
    assert kernel("print(points)") == "[Point(x=-1)]\n"


def test_cells_may_run_in_any_order(kernel):
    assert "nothing gives 'total' yet" in kernel("%%twingraph report\ntext = f'{total}!'")
    assert "nothing gives 'rows' yet" in kernel("%%twingraph total\ntotal = sum(rows)")
    told = kernel.error("%twingraph run")
    assert "node 'total' (line 2): nothing gives 'rows' yet" in told
    assert "used by  total (rows ← load)" in kernel("%%twingraph load\nrows = [1, 2]")
    kernel("%twingraph run --fetch text")
    assert kernel("text").strip() == "'3!'"


def test_a_cell_is_renamed_and_deleted(kernel):
    kernel("%%twingraph load\nrows = [1]", cell="one")
    kernel("%%twingraph count --after load\nn = len(rows)", cell="two")
    assert "used by  count (rows ← read)" in kernel("%%twingraph read\nrows = [1, 2]", cell="one")
    kernel("%twingraph run --fetch n")
    assert kernel("n").strip() == "2"
    assert "'rows' of 'read' is gone" in kernel("%twingraph delete read")
    assert "node 'count'" in kernel.error("%twingraph run")


def test_a_cell_that_went_wrong_does_not_run_as_it_was(kernel):
    kernel("%%twingraph\nx = 1", cell="one")
    told = kernel.error("%%twingraph\nx = 1\nx = = 2", cell="one")
    assert "(line 3): invalid syntax" in told
    told = kernel.error("%twingraph run")
    assert "node 'x' (line 3): the cell's last version has this fault: invalid syntax" in told
    kernel("%%twingraph\nx = 2", cell="one")
    kernel("%twingraph run --fetch x")
    assert kernel("x").strip() == "2"


def test_a_cell_that_becomes_something_else_is_no_node_any_more(kernel):
    kernel("%%twingraph\nrows = [1, 2]", cell="1")
    kernel("%%twingraph\nn = len(rows)", cell="2")
    kernel("%%time\n%%twingraph\nn = len(rows) + 1", cell="2")
    assert "notebook: 2 nodes" in kernel("%twingraph show", cell="3")
    assert kernel("rows = [1, 2, 3]", cell="1").startswith("rows is taken out of notebook: its cell is another now")
    assert "run the cell again to take the notebook's variable instead" in kernel.error("%twingraph run")
    kernel("%%twingraph\nn = len(rows) + 1", cell="2")
    kernel("%twingraph run --fetch n")
    assert kernel("n").strip() == "4"
    kernel("%reload_ext twingraph_lab")
    assert "taken out" not in kernel("m = 1", cell="1")


def test_a_cell_that_only_plots_gives_its_figure(kernel):
    pytest.importorskip("matplotlib", reason="the extra `demo` is not installed")
    kernel("import matplotlib.pyplot as plt")
    kernel("%%twingraph draw\nplt.plot([1, 2])\nplt.show()")
    shown = kernel("%twingraph run --fetch figure")
    assert re.search(r"Image\(\d+×\d+\)", shown)  # noqa: RUF001
    assert re.search(r"Image\(\d+×\d+\)", kernel("%twingraph show draw"))  # noqa: RUF001


def test_errors_show_the_lines_of_the_cell_and_of_what_it_uses(kernel):
    kernel("def ratio(a, b):\n    return a / b")
    kernel("%%twingraph wait\nimport asyncio\n\nawait asyncio.sleep(0)\nr = ratio(1, 0)")
    told = kernel.error("%twingraph run")
    assert "cell 'wait', line 5:" in told
    assert "5 r = ratio(1, 0)" in told
    assert 'File "<twingraph wait setup>", line 2, in ratio' in told
    assert "return a / b" in told
    assert 'File "<twingraph wait>", line 5, in <module>' in kernel("%twingraph show wait")


def test_what_only_defines_is_no_output(kernel):
    assert "definitions for" in kernel("%%twingraph tools\ndef double(x):\n    return 2 * x")
    kernel("%%twingraph a\ny = double(2)")
    kernel("%twingraph run --fetch y")
    assert "'double' is what 'tools' defines, and no output" in kernel.error("%twingraph fetch double")
    assert "only defines" in kernel("%twingraph show tools")


def test_tab_completes_what_is_typed(kernel):
    kernel("%%twingraph load\nrows = [1]")
    assert kernel.complete("%%twingraph clean --ca") == ["--cache"]
    assert kernel.complete("%twingraph pl") == ["plan"]
    assert "load.rows" in kernel.complete("%%twingraph clean --in x=load.")
    assert kernel.complete("%twingraph show lo") == ["load"]
    assert "load" in kernel.complete("%%twingraph clean --after lo")
