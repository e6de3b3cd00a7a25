"""A kernel and a front end that knows our comm, as JupyterLab with the extension does, keep the cells in step."""

from __future__ import annotations

import pytest
from jupyter_client.manager import start_new_kernel

WAIT_S = 60
BOARD = """
from twingraph_lab.frontends.board import CellBoard
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.messages import AddEdge, AddNode, Move
shelf = get_ipython().magics_manager.registry["TwinGraphMagics"].session.shelf
board = CellBoard(shelf, shelf.current, lambda workflow: Catalog())
"""


CANVAS = """
from twingraph_lab.widgets import Canvas
canvas = Canvas(board=board)
get_ipython().kernel.comm_manager.comms["canvas"] = canvas.comm
"""


class FrontEnd:
    """Sends what a page sends, and keeps what the kernel says over comms."""

    def __init__(self, client):
        self._client = client
        self.comm = ""
        self.said = []

    def run(self, code, cell):
        """Run a cell; whether it worked."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = self._client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else {})
        self._send(message)
        return self._client.get_shell_msg(timeout=WAIT_S)["content"]["status"] == "ok"

    def subshell(self, request, **content):
        """Make or end one more thread of the kernel that hears us; its name."""
        self._client.control_channel.send(self._client.session.msg(f"{request}_subshell_request", content))
        return self._client.get_control_msg(timeout=WAIT_S)["content"].get("subshell_id")

    def say(self, comm, data, subshell):
        """Say something over a comm, to one of the kernel's threads."""
        message = self._client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        message["header"]["subshell_id"] = subshell
        self._send(message)

    def tell(self, cells, seen=None, drawings=None):
        """Say which cells the notebook has."""
        told = [{"id": identity, "source": text} for identity, text in cells.items()]
        data = {"op": "cells", "notebook": "n.ipynb", "seen": seen, "cells": told, "drawings": drawings or {}}
        self._send(self._client.session.msg("comm_msg", {"comm_id": self.comm, "data": data}))

    def heard(self, op):
        """What the kernel has said of this kind since it was asked last."""
        found = [each for each in self.said if each["op"] == op]
        self.said = [each for each in self.said if each["op"] != op]
        return found

    def _send(self, message):
        self._client.shell_channel.send(message)
        while True:
            got = self._client.get_iopub_msg(timeout=WAIT_S)
            kind, content = got["msg_type"], got["content"]
            if kind == "comm_open" and content["target_name"] == "twingraph.cells":
                self.comm = content["comm_id"]
            if kind == "comm_msg" and content["comm_id"] == self.comm:
                self.said.append(content["data"])
            ours = got["parent_header"].get("msg_id") == message["header"]["msg_id"]
            if ours and kind == "status" and content["execution_state"] == "idle":
                return


@pytest.fixture
def front_end(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINGRAPH_HOME", str(tmp_path / "store"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    try:
        yield FrontEnd(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


CELLS = {"a": "%%twingraph load\nx = 1", "b": "%%twingraph other\nz = 2", "c": "%%twingraph add\nt = x + 1"}


def test_a_kernel_without_people_before_it_opens_nothing(front_end):
    front_end.run("%load_ext twingraph_lab", "")
    front_end.run(CELLS["a"], "")
    assert front_end.comm == ""


def test_cells_and_canvas_are_one_over_the_comm(front_end):
    assert front_end.run("%load_ext twingraph_lab", "first")
    for identity, text in CELLS.items():
        assert front_end.run(text, identity)
    assert front_end.comm
    assert front_end.run(BOARD, "board")
    layout = {"n": {}, "notebook": {"layout": {"load": [7, 8]}}}
    front_end.tell(CELLS, drawings=layout)
    (nodes,) = front_end.heard("nodes")
    assert {identity: each["name"] for identity, each in nodes["nodes"].items()} == {
        "a": "load",
        "b": "other",
        "c": "add",
    }

    assert front_end.run("board.apply([AddEdge(source='other', output='z', target='add', input='x')])", "x")
    (written,) = front_end.heard("write")
    text = "%%twingraph add --in x=other.z\nt = x + 1"
    assert written["changes"] == [{"cell": "c", "source": text, "was": CELLS["c"]}]
    assert written["drawings"] == {"notebook": {"layout": {"load": [7.0, 8.0]}, "groups": {}, "comments": {}}}

    front_end.tell(CELLS, seen=written["n"] - 1)  # sent before the page had it
    assert front_end.run("assert board.workflow.by_id['add'].inputs == {'x': {'ref': 'other.z'}}", "x")
    front_end.tell({**CELLS, "c": text}, seen=written["n"])
    front_end.tell({"a": CELLS["a"], "c": "%%twingraph add\nt = x"}, seen=written["n"])
    assert front_end.run("assert [node.id for node in board.workflow.nodes] == ['load', 'add']", "x")
    faults = front_end.heard("nodes")[-1]["nodes"]["c"]["faults"]
    assert faults == ["there is no node 'other'. There is load", "the cell was changed and not run since: run it"]


def test_cells_are_heard_when_the_page_of_the_canvas_is_gone(front_end):
    front_end.run("%load_ext twingraph_lab", "first")
    front_end.run(CELLS["a"], "a")
    front_end.run(BOARD, "board")
    front_end.run(CANVAS, "canvas")
    front_end.tell({"a": CELLS["a"]})
    subshell = front_end.subshell("create")
    edit = {"op": "rename", "id": "load", "to": "read"}
    content = {"op": "edits", "n": 1, "edits": [edit]}
    front_end.say("canvas", {"method": "custom", "content": content}, subshell)
    (written,) = front_end.heard("write")
    front_end.subshell("delete", subshell_id=subshell)
    front_end.heard("nodes")
    front_end.tell({"a": "%%twingraph read\nx = 2"}, seen=written["n"])
    (nodes,) = front_end.heard("nodes")
    assert nodes["nodes"]["a"]["faults"] == ["the cell was changed and not run since: run it"]


def test_nonsense_over_the_comm_changes_nothing(front_end):
    front_end.run("%load_ext twingraph_lab", "first")
    front_end.run(CELLS["a"], "a")
    front_end.tell({"a": 3})
    assert front_end.heard("nodes") == []
    front_end.tell({"a": CELLS["a"]})
    assert front_end.heard("nodes")[0]["nodes"]["a"]["name"] == "load"
