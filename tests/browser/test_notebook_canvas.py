"""The canvas of a notebook's cells, by hand, in a kernel of TwinGraph (Python)."""

from __future__ import annotations

import pytest

from tests.browser.notebooks import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

LOAD = "%%twingraph load\n# the numbers\nx = [1, 2, 3]"
OTHER = "%%twingraph other\ny = [4, 5]"
TOTAL = "%%twingraph total --retry 1\nt = sum(x)  # all of them"
SHOW = "%twingraph canvas"


def test_cells_are_nodes_without_loading_anything_and_new_ones_join_them(lab):
    book = Notebook.opened(lab, "joining.ipynb", LOAD, TOTAL, SHOW)
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


def test_an_edge_drawn_by_hand_is_an_input_of_the_cell_until_it_is_taken_away(lab):
    book = Notebook.opened(lab, "wiring.ipynb", LOAD, OTHER, TOTAL, SHOW)
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


def test_names_and_nodes_of_the_canvas_are_those_of_the_cells(lab):
    book = Notebook.opened(lab, "naming.ipynb", OTHER, "%%twingraph total --in x=other.y\nt = sum(x)", SHOW)
    book.run_all()
    canvas = book.canvas()
    canvas.fit()
    canvas.rename("other", "second")
    book.wait_for_sources("%%twingraph second\ny = [4, 5]", "%%twingraph total --in x=second.y\nt = sum(x)", SHOW)
    canvas.wait_for_edges("second.y->total.x")

    canvas.add("Python")
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
    book = Notebook.opened(lab, "broken.ipynb", LOAD, broken, SHOW)
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


def test_where_nodes_were_put_is_in_the_notebook_and_found_there_again(lab):
    book = Notebook.opened(lab, "placed.ipynb", LOAD, TOTAL, SHOW)
    book.run_all()
    canvas = book.canvas()
    canvas.fit()
    canvas.drag("load", 70, 40)
    place = book.until(lambda: book.drawings.get("placed", {}).get("layout", {}).get("load"), "a place")
    assert place == canvas.place("load")
    assert book.sources == [LOAD, TOTAL, SHOW]  # cells say nothing of it
    book.save()
    assert book.saved["metadata"]["twingraph"]["layout"]["placed"]["layout"]["load"] == place

    lab.close_all()
    lab.jupyter.end_kernels()
    book.open()
    book.run_all()
    canvas = book.canvas()
    canvas.wait_for_nodes("load", "total")
    book.until(lambda: canvas.place("load") == place, f"load at {place}")
