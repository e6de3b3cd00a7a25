"""Widgets in a real kernel, spoken to as JupyterLab does."""

from __future__ import annotations

import time
import uuid

import pytest
from jupyter_client.manager import start_new_kernel

SETUP = """
from twingraph_lab import Node, Source, Workflow
from twingraph_lab.lab import Lab, use
from twingraph_lab.settings import Settings
from twingraph_lab.widgets import Canvas
use(Lab(Settings(home={home!r}, scheduler="inline", workers=2, threads=1, host="here", lineage=False)))
wait = "import time, os\\nwhile not os.path.exists({go!r}):\\n    time.sleep(0.01)\\nresult = 1"
canvas = Canvas(Workflow(name="w", nodes=(Node(id="a", component=Source(code=wait, outputs=("result",))),)))
"""


class Kernel:
    def __init__(self, tmp_path):
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
        self.go = tmp_path / "go"
        self.run(SETUP.format(home=str(tmp_path / "home"), go=str(self.go)))
        self.comm = self.run("print(canvas.comm.comm_id)").strip()
        self.n = 0

    def start(self, code):
        return self.client.execute(code)

    def run(self, code):
        """What a cell prints, once it is done."""
        msg_id, printed = self.start(code), ""
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            if message["msg_type"] == "stream":
                printed += message["content"]["text"]
            assert message["msg_type"] != "error", message["content"]
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return printed

    def tell(self, subshell=None, **content):
        self.n += 1
        data = {"method": "custom", "content": {"n": self.n, **content}}
        message = self.client.session.msg("comm_msg", {"comm_id": self.comm, "data": data})
        message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return self.n

    def hear(self, wanted):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            message = self.client.get_iopub_msg(timeout=60)
            said = message["content"].get("data", {})
            if message["msg_type"] == "comm_msg" and said.get("method") == "custom" and wanted(said["content"]):
                return said["content"]
        raise AssertionError("never said")

    def subshell(self):
        self.client.control_channel.send(self.client.session.msg("create_subshell_request", {}))
        return self.client.get_control_msg(timeout=60)["content"]["subshell_id"]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    kernel = Kernel(tmp_path_factory.mktemp("kernel"))
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)


def rename(name):
    return {"op": "edits", "edits": [{"op": "rename", "id": name[0], "to": name[1]}]}


def test_edits_are_answered(kernel):
    n = kernel.tell(**rename(("a", "b")))
    answer = kernel.hear(lambda said: said.get("n") == n)
    assert (answer["op"], answer["delta"]["remove"]) == ("edited", ["a"])
    assert kernel.run("print(list(canvas.workflow.by_id))").strip() == "['b']"


def test_a_busy_kernel_still_answers_and_shows_how_a_run_is_doing(kernel):
    subshell = kernel.subshell()
    name = f"n{uuid.uuid4().hex[:6]}"
    busy = kernel.start("import time\nwhile True:\n    time.sleep(0.05)")
    n = kernel.tell(subshell, **rename(("b", name)))
    assert kernel.hear(lambda said: said.get("n") == n)["op"] == "edited"
    kernel.tell(subshell, op="ask", what="run", args={})
    running = kernel.hear(lambda said: said["op"] == "frame" and said["frame"]["nodes"][name]["state"] == "running")
    kernel.manager.interrupt_kernel()  # ends the cell, not the run
    while kernel.client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != busy:
        pass
    kernel.go.touch()
    done = kernel.hear(lambda said: said["op"] == "frame" and said["frame"]["state"] == "completed")
    assert done["frame"]["run_id"] == running["frame"]["run_id"]


def test_a_page_that_is_loaded_again_asks_for_what_there_is(kernel):
    message = kernel.client.session.msg(
        "comm_open",
        {"comm_id": "control", "target_name": "jupyter.widget.control", "target_module": None, "data": {}},
        metadata={"version": "1.0.0"},
    )
    kernel.client.shell_channel.send(message)
    asked = kernel.client.session.msg("comm_msg", {"comm_id": "control", "data": {"method": "request_states"}})
    kernel.client.shell_channel.send(asked)
    while True:
        data = kernel.client.get_iopub_msg(timeout=60)["content"].get("data", {})
        if data.get("method") == "update_states":
            break
    state = data["states"][kernel.comm]["state"]
    assert state["status"]["state"] == "completed"
    assert state["elements"][0]["data"]["id"] in state["status"]["nodes"]
