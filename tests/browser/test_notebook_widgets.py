"""Widgets in notebooks: what they show of a real run, and what Python hears of the hand."""

from __future__ import annotations

import json

import pytest

from tests.browser.hands import TEST_S, python, workflow
from tests.browser.notebooks import Notebook, gate

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TEST_S)]

BEGIN = """from pathlib import Path
from twingraph_lab.spec.document import load
from twingraph_lab.widgets import Canvas, Inspector, LineageView, RunView
canvas = Canvas(load(Path("report.twg.json")))
run = canvas.run()
canvas"""
TABLE = """import pandas as pd
people = pd.DataFrame({"name": ["Ada", "Bo"], "age": [36, 41]})
print("made a table of", len(people))"""
PLOT = """from matplotlib.figure import Figure
picture = Figure(figsize=(4, 3))
picture.subplots().plot(people["age"])"""
GRAPH = """import networkx
from ipycytoscape import Node
from twingraph_lab.widgets import Canvas
heard = []
canvas = Canvas()
canvas.graph.add_graph_from_networkx(networkx.DiGraph([("a", "b"), ("b", "c")]), directed=True)
canvas.on("node", "click", lambda node: heard.append(node["data"]["id"]))
canvas"""


def test_a_run_its_nodes_and_their_lineage_are_shown_as_they_become(lab):
    door = gate(lab, "widgets")
    report = workflow(
        "report",
        python("table", TABLE, "people"),
        python("plot", PLOT, "picture", inputs={"people": {"ref": "table.people"}}),
        python("late", f"{door.code}\nprint('let through')\nw = 1", "w"),
        python("broken", "h = people['height'].sum()", "h", inputs={"people": {"ref": "table.people"}}),
    )
    (lab.jupyter.folder / "report.twg.json").write_text(json.dumps(report))
    shows = ["RunView(run)", "seen = Inspector(run, 'table')\nseen", "LineageView(run)"]
    book = Notebook.opened(lab, "widgets.ipynb", BEGIN, *shows)

    book.run(0)
    canvas = book.canvas()
    canvas.wait_for_states(table="completed", plot="completed", late="running", broken="failed")
    canvas.fit()
    lab.picture("widget-canvas")

    book.run(1)
    view = book.widget(1)
    view.locator('.tg-Progress-bar[aria-valuenow="3"]').wait_for()
    assert view.locator(".tg-Progress-bar").get_attribute("aria-valuemax") == "4"
    view.get_by_role("tab", name="Timeline").click()
    view.locator(".tg-Lane", has_text="late").wait_for()
    assert view.locator(".tg-Lane").count() == 4
    lab.both("widget-run-timeline")
    view.get_by_role("tab", name="Log").click()
    log = view.get_by_role("log")
    log.get_by_text("made a table of 2").wait_for()
    log.get_by_text("waiting").wait_for()
    assert log.get_by_text("let through").count() == 0
    door.open()
    log.get_by_text("let through").wait_for()
    view.locator('.tg-Progress-bar[aria-valuenow="4"]').wait_for()
    lab.both("widget-run-log")

    book.run(2)
    view = book.widget(2)
    view.locator(".tg-Table td", has_text="Ada").wait_for()
    assert view.locator(".tg-Table th").all_inner_texts()
    lab.both("widget-inspector-table")
    book.value("None", after="seen.node = 'plot'")
    view.locator(".tg-Image img").wait_for()
    assert view.locator(".tg-Image img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    lab.both("widget-inspector-plot")
    book.value("None", after="seen.node = 'broken'")
    view.get_by_text("KeyError").first.wait_for()
    view.get_by_text("people['height']").first.wait_for()
    lab.both("widget-inspector-error")

    book.run(3)
    view = book.widget(3)
    view.locator(".tg-LineageView-stage canvas").first.wait_for()
    lab.both("widget-lineage")
    view.locator('[title="Show as a list"]').click()
    words = view.locator(".tg-LineageList")
    words.get_by_role("button", name="plot", exact=True).first.wait_for()
    assert words.get_by_role("button", name="table.people", exact=True).count()


def test_a_graph_of_networkx_is_drawn_in_equal_views_and_its_clicks_are_heard(lab):
    book = Notebook.opened(lab, "graph.ipynb", GRAPH, "canvas", "canvas")
    book.run(0, 1)
    first, second = book.canvas(0), book.canvas(1)
    assert set(first.elements) == set(second.elements) == {"a", "b", "c", "a->b", "b->c"}
    second.click("b")
    book.until(lambda: book.value("heard") == ["b"], "the click")
    first.wait("board.selection.join() === 'b'")
    book.run(2)
    book.canvas(2).wait("board.selection.join() === 'b'")

    assert second.page.locator(".tg-port").count() == 0

    book.value("None", after="canvas.graph.add_node(Node(data={'id': 'd', 'label': 'four', 'size': 4}, classes='big'))")
    styles = "[{'selector': '.big', 'style': {'width': 90}}, {'selector': '[size > 3]', 'style': {'height': 70}}]"
    book.value("None", after=f"canvas.set_style({styles})")
    for view in (first, second):
        book.until(lambda view=view: "d" in view.elements, "the new node")
        book.until(lambda view=view: view.look("[cy.$('#d').width(), cy.$('#d').height()]") == [90, 70], "its style")
    lab.picture("widget-networkx")
    second.add("Python")
    name = book.until(lambda: book.value("[node.id for node in canvas.workflow.nodes]"), "a node")[0]
    for view in (first, second):
        book.until(lambda view=view: name in view.elements, "the added node")
    assert first.elements == second.elements
    assert first.position(name) == second.position(name)
    second.keys("Control+z")
    for view in (first, second):
        book.until(lambda view=view: name not in view.elements, "undone")


def test_a_saved_notebook_shows_the_picture_where_no_kernel_knows_the_widget(lab):
    book = Notebook.opened(lab, "saved.ipynb", "%%twingraph load\nx = 1", "%twingraph canvas")
    book.run_all()
    book.canvas().wait_for_nodes("load")
    book.save()
    (shown,) = book.saved["cells"][1]["outputs"]
    assert "load" in "".join(shown["data"]["image/svg+xml"])
    lab.close_all()
    lab.jupyter.end_kernels()
    page = lab.page.context.new_page()
    page.goto(f"{lab.jupyter.url}nbconvert/html/{book.path}?token={lab.jupyter.token}", wait_until="commit")
    picture = page.locator(".jp-OutputArea-output").locator("svg, img[src^='data:image/svg']").last
    picture.wait_for()
    assert picture.bounding_box()["width"] > 50
    page.close()

    lab.command("docmanager:open", path=book.path, factory="Notebook", kernelPreference={"shouldStart": False})
    picture = book.cell(1).locator(".jp-RenderedSVG img")
    picture.wait_for()
    assert book.look("panel.sessionContext.session") is None
    assert picture.bounding_box()["width"] > 50
    lab.theme("dark")
    assert picture.evaluate("each => getComputedStyle(each).backgroundColor") == "rgb(255, 255, 255)"
    lab.both("widget-without-kernel")
    lab.close_all()
    # ipywidgets asks for a kernel, come what may
    lab.errors.remove("Cannot read properties of null (reading 'kernel')")

    book.open()
    picture.wait_for()
    book.run_all()
    book.canvas().wait_for_nodes("load")
    assert picture.count() == 0
