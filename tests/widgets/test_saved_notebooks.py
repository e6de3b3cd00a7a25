"""Notebooks with widgets that are executed without a browser, saved, and looked at elsewhere."""

from __future__ import annotations

import re

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbconvert import HTMLExporter

CODE = """
from twingraph_lab import Node, Source, Workflow
from twingraph_lab.lab import Lab, use
from twingraph_lab.settings import Settings
from twingraph_lab.widgets import Canvas, Inspector, LineageView, RunView
use(Lab(Settings(home={home!r}, scheduler="inline", workers=2, threads=1, host="here")))
script = "<script>alert('x')</script>"
load = Node(id="load", component=Source(code=repr([script, 1]), outputs=("result",)))
use_it = Node(id="use", component=Source(code="len(x)", outputs=("result",)), inputs=dict(x=dict(ref="load.result")))
canvas = Canvas(Workflow(name=script, nodes=(load, use_it)))
run = canvas.run()
print(run.result(60))
assert canvas._follower.join(60)
"""
SHOWN = ["canvas", "RunView(run)", "Inspector(run, 'load')", "LineageView(run)"]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    cells = [nbformat.v4.new_code_cell(code) for code in (CODE.format(home=str(folder / "home")), *SHOWN)]
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return book


def outputs(book):
    return {cell.source: cell.outputs[0].data for cell in book.cells[1:]}


def test_every_widget_has_something_for_those_who_cannot_show_it(executed):
    shown = outputs(executed)
    assert "image/svg+xml" in shown["canvas"]
    assert all("text/html" in shown[source] for source in SHOWN[1:])
    assert not re.search(r" at 0x|\bmodel_id=", "".join(data["text/plain"] for data in shown.values()))


def test_their_state_is_saved_as_it_was_at_the_end(executed):
    states = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    state = next(each["state"] for each in states.values() if each["model_name"] == "CanvasModel")
    assert [each["data"]["id"] for each in state["elements"]] == ["load", "use", "load.result->use.x"]
    assert {name: each["state"] for name, each in state["status"]["nodes"].items()} == dict.fromkeys(
        ("load", "use"), "completed"
    )


def test_pages_made_of_it_show_pictures_and_tables_and_run_no_script_of_ours(executed):
    page, _ = HTMLExporter(template_name="lab").from_notebook_node(executed)
    shown = page[page.index("<main") : page.index("</main>")]
    assert shown.count("<svg") >= 2
    assert "widget-view+json" not in shown
    assert "&lt;script&gt;alert" in shown
    assert "<script>alert" not in shown


def test_a_person_is_shown_the_widget(tmp_path):
    """JupyterLab tells which cell it runs."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    try:
        code = "from twingraph_lab.widgets import Canvas\nCanvas()"
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = client.session.msg("execute_request", content, metadata={"cellId": "c1"})
        client.shell_channel.send(message)
        while (said := client.get_iopub_msg(timeout=60))["msg_type"] != "execute_result":
            assert said["msg_type"] != "error", said["content"]
        assert "application/vnd.jupyter.widget-view+json" in said["content"]["data"]
        assert said["content"]["data"]["text/plain"] == "Canvas of 'untitled', 0 nodes"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
