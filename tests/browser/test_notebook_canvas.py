"""The cells of a notebook and their canvas, which edit one workflow, by hand."""

from __future__ import annotations

import pytest

from tests.browser.hands import TEST_S
from tests.browser.notebooks import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TEST_S)]

LOAD = "%%twingraph load\n# the numbers\nx = [1, 2, 3]"
OTHER = "%%twingraph other\ny = [4, 5]"
TOTAL = "%%twingraph total --retry 1\nt = sum(x)  # all of them"
SHOW = "%twingraph canvas"
PATH = "cells.ipynb"
"""Of all tests that are content with the kernel that an earlier one has left."""
PLAIN = {"name": "python3", "display_name": "Python 3", "language": "python"}


def test_in_any_kernel_of_python_a_line_is_enough(lab):
    book = Notebook.opened(lab, "plain.ipynb", "%load_ext twingraph_lab", LOAD, TOTAL, SHOW, kernel=PLAIN)
    book.run_all()
    canvas = book.canvas()
    canvas.wait_for_edges("load.x->total.x")
    canvas.rename("load", "source")
    book.wait_for_sources("%load_ext twingraph_lab", LOAD.replace("load", "source"), TOTAL, SHOW)
    canvas.wait_for_edges("source.x->total.x")


def test_cells_are_nodes_without_loading_anything_and_new_ones_join_them(lab):
    book = Notebook.opened(lab, PATH, LOAD, TOTAL, SHOW)
    book.run_all()
    canvas = book.canvas()
    canvas.wait_for_nodes("load", "total")
    canvas.wait_for_edges("load.x->total.x")
    assert book.node("total")["retry"]["attempts"] == 2

    canvas.look("void cy.panBy({ x: -3000, y: -3000 })")
    book.insert(2, OTHER)
    book.run(2)
    canvas.wait_for_nodes("load", "other", "total")
    canvas.wait("(box => box.x1 >= 0 && box.y1 >= 0 && box.x2 <= cy.width())(cy.$('#other').renderedBoundingBox())")
    canvas.show()
    lab.both("notebook-canvas")


def test_an_edge_drawn_by_hand_is_an_input_of_the_cell_until_it_is_taken_away_or_undone(lab):
    book = Notebook.opened(lab, PATH, LOAD, OTHER, TOTAL, SHOW)
    book.run_all()
    canvas = book.canvas()
    canvas.fit()
    canvas.connect("other", "y", "total", "x")
    wired = "%%twingraph total --retry 1 --in x=other.y\nt = sum(x)  # all of them"
    book.wait_for_sources(LOAD, OTHER, wired, SHOW)
    canvas.wait_for_edges("other.y->total.x")
    assert "other.y" in str(book.node("total")["inputs"])
    lab.picture("notebook-canvas-edge")

    canvas.select("other.y->total.x")
    canvas.keys("Delete")
    book.wait_for_sources(LOAD, OTHER, TOTAL, SHOW)
    canvas.keys("Control+z")
    book.wait_for_sources(LOAD, OTHER, wired, SHOW)
    canvas.keys("Control+z")
    book.wait_for_sources(LOAD, OTHER, TOTAL, SHOW)


def test_nodes_come_and_go_with_their_cells(lab):
    book = Notebook.opened(lab, PATH, LOAD, TOTAL, SHOW)
    book.run_all()
    canvas = book.canvas()
    book.activate(1)
    lab.command("notebook:enter-command-mode")
    lab.command("notebook:delete-cell")
    canvas.wait_for_nodes("load")
    lab.command("notebook:undo-cell-action")
    canvas.wait_for_nodes("load", "total")

    canvas.select("total")
    canvas.keys("Delete")
    book.wait_for_sources(LOAD, SHOW)
    canvas.keys("Control+z")
    book.wait_for_sources(LOAD, TOTAL, SHOW)
    canvas.add("Python")
    book.wait_for_sources(LOAD, TOTAL, "%%twingraph cell\nresult = None", SHOW)
    canvas.wait_for_nodes("cell", "load", "total")


def test_a_cell_that_is_typed_otherwise_is_marked_until_it_runs(lab):
    book = Notebook.opened(lab, PATH, LOAD)
    book.run_all()
    book.type(0, "\nmore = 1")
    badge = book.cell(0).locator(".tg-CellBadge")
    book.until(lambda: "run it" in badge.get_attribute("title"), "the mark")
    lab.picture("cell-changed-not-run")
    book.run(0)
    book.until(lambda: "run it" not in badge.get_attribute("title"), "no mark")


def test_names_and_nodes_of_the_canvas_are_those_of_the_cells(lab):
    book = Notebook.opened(lab, PATH, OTHER, "%%twingraph total --in x=other.y\nt = sum(x)", SHOW)
    book.run_all()
    canvas = book.canvas()
    canvas.fit()
    canvas.rename("other", "second")
    book.wait_for_sources("%%twingraph second\ny = [4, 5]", "%%twingraph total --in x=second.y\nt = sum(x)", SHOW)
    canvas.wait_for_edges("second.y->total.x")

    canvas.press("add")
    canvas.choose("Python")
    added = book.until(lambda: next((each for each in canvas.nodes if each not in ("second", "total")), ""), "a node")
    book.until(lambda: len(book.sources) == 4, "a cell")
    assert book.sources[2].startswith(f"%%twingraph {added}\n")
    assert {"second", "total", added} == {node["id"] for node in book.workflow["nodes"]}

    canvas.keys("Control+z", "Control+z")
    canvas.wait_for_nodes("other", "total")
    book.wait_for_sources(OTHER, "%%twingraph total --in x=other.y\nt = sum(x)", SHOW)
    canvas.keys("Control+Shift+z")
    canvas.wait_for_nodes("second", "total")
    book.wait_for_sources("%%twingraph second\ny = [4, 5]", "%%twingraph total --in x=second.y\nt = sum(x)", SHOW)


def test_a_cell_that_is_not_understood_is_shown_and_never_written(lab):
    broken = "%%twingraph broken --in x=load.x\nif x  # no colon\n    w = 1"
    book = Notebook.opened(lab, PATH, LOAD, broken, SHOW)
    book.run(0)
    book.start(1)
    book.wait_for_end(1)
    book.run(2)
    canvas = book.canvas()
    canvas.wait_for_nodes("broken", "load")
    shown = canvas.told("broken")
    assert shown["opaque"]
    assert shown["faults"]
    canvas.fit()
    lab.picture("notebook-canvas-opaque")

    canvas.select("broken")
    canvas.keys("Delete")
    lab.page.get_by_text("change it in the notebook").first.wait_for()
    canvas.rename("load", "source")
    canvas.wait_for_nodes("broken", "source")
    book.wait_for_sources(LOAD.replace("load", "source"), broken, SHOW)


def test_a_page_that_is_opened_again_finds_cells_and_canvas_in_step_and_nodes_in_their_places(lab):
    book = Notebook.opened(lab, PATH, LOAD, OTHER, TOTAL, SHOW)
    book.run_all()
    canvas = book.canvas()
    canvas.fit()
    canvas.drag_node("load", 70, 40)
    place = book.until(lambda: book.drawings.get("cells", {}).get("layout", {}).get("load"), "a place")
    assert place == canvas.position("load")
    assert book.sources == [LOAD, OTHER, TOTAL, SHOW]  # cells say nothing of it
    book.save()
    assert book.saved["metadata"]["twingraph"]["layout"]["cells"]["layout"]["load"] == place

    lab.reload()
    book.ready()
    canvas = book.canvas()
    canvas.connect("other", "y", "total", "x")
    wired = "%%twingraph total --retry 1 --in x=other.y\nt = sum(x)  # all of them"
    book.wait_for_sources(LOAD, OTHER, wired, SHOW)
    assert canvas.position("load") == place
    book.save()

    lab.close_all()
    lab.jupyter.end_kernels()
    book.open()
    book.run_all()
    canvas = book.canvas()
    canvas.wait_for_edges("other.y->total.x")
    book.until(lambda: canvas.position("load") == place, f"load at {place}")
