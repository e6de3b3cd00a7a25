"""Runs that are started in a notebook, watched on its canvas."""

from __future__ import annotations

import pytest

from tests.browser.hands import TEST_S
from tests.browser.notebooks import Notebook, gate

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TEST_S)]


def test_a_run_is_seen_on_the_canvas_and_goes_on_without_the_kernel_that_asked_for_it(lab):
    door = gate(lab, "runs")
    first = "%%twingraph first\nx = 20"
    second = f"%%twingraph second\n{door.code}\ny = x + 1"
    third = "%%twingraph third\nz = 2 * y\nprint('z is', z)"
    book = Notebook.opened(lab, "driven.ipynb", first, second, third, "%twingraph canvas", "%twingraph run")
    book.run(0, 1, 2, 3)
    canvas = book.canvas()
    book.start(4)
    canvas.wait_for_states(first="completed", second="running")
    canvas.fit()
    lab.both("notebook-run-midway")
    run = book.run_of("driven")
    assert run["state"] == "running"

    book.restart_kernel()
    assert book.run_of("driven")["state"] == "running"
    book.run(0, 1, 2, 3)
    canvas = book.canvas()
    canvas.wait_for_states(first="completed", second="running")
    door.open()
    ended = book.ended(run["run_id"])
    assert ended["state"] == "completed"
    assert {task["id"]: task["attempt"] for task in ended["tasks"]} == {"first": 1, "second": 1, "third": 1}
    canvas.wait_for_states(first="completed", second="completed", third="completed")
    assert canvas.edges == ["first.x->second.x", "second.y->third.y"]
    canvas.show()
    lab.picture("notebook-run-fresh-canvas")


def test_a_plain_cell_becomes_a_node_and_runs_from_its_toolbar(lab):
    cells = "%%twingraph load\nx = [1, 2, 3]", "size = len(x)", "%twingraph canvas"
    book = Notebook.opened(lab, "toolbar.ipynb", *cells)
    book.run(0, 2)
    canvas = book.canvas()
    book.activate(1)
    book.cell(1).locator(".cm-content").click()
    book.cell(1).locator('.jp-cell-toolbar [data-command="twingraph:make-node"]').click()
    book.until(lambda: book.sources[1] == "%%twingraph size\nsize = len(x)", "the magic's line")
    canvas.wait_for_edges("load.x->size.x")
    assert {node["id"] for node in book.workflow["nodes"]} == {"load", "size"}

    book.cell(1).locator('.jp-cell-toolbar [data-command="twingraph:run-node"]').click()
    book.until(lambda: ": completed," in book.text(1), "the end of the run")
    run = book.run_of("toolbar")
    assert run["state"] == "completed"
    assert run["counts"]["completed"] == 2
    canvas.wait_for_states(load="completed", size="completed")
    lab.picture("notebook-run-this-node")


def test_bodies_of_nodes_are_coloured_as_their_language(lab):
    code = "%%twingraph total --retry 2\nfor x in range(3):  # three\n    t = 'a' * x"
    others = {
        "%%twingraph files --lang bash\nfor f in *; do true; done": "for",
        "%%twingraph main --lang cpp\nint main() { return 0; }": "return",
        "%%twingraph start --lang rust\nfn main() { let x = 1; }": "fn",
    }
    book = Notebook.opened(lab, "coloured.ipynb", code, "for x in range(3): pass", *others)

    def tokens(index, line):
        words = book.cell(index).locator(".cm-line").nth(line).locator("span")
        return dict(words.evaluate_all("all => all.map(each => [each.innerText, each.className])"))

    plain = book.until(lambda: tokens(1, 0), "colours")
    body = book.until(lambda: {**tokens(0, 1), **tokens(0, 2)}, "colours")
    assert {"for", "in"} <= body.keys()
    assert body["for"] == body["in"] == plain["for"]
    assert body["3"] == plain["3"]
    assert len({body["for"], body["3"], body["# three"], body["'a'"]}) == 4
    assert "%%twingraph" in tokens(0, 0)
    for index, keyword in enumerate(others.values(), 2):
        book.until(lambda index=index, keyword=keyword: keyword in tokens(index, 1), f"the colour of {keyword}")
        assert "%%twingraph" in tokens(index, 0)
