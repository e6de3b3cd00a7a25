"""Cells and canvas of a notebook edit one workflow, by hand, in a real JupyterLab."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.browser

LOAD = "%%twingraph load\n# the numbers\nx = [1, 2, 3]"
OTHER = "%%twingraph other\nz = [4, 5]"
TOTAL = "%%twingraph total --retry 1\nt = sum(x)  # all of them"

BOX = """name => {
  const stage = [...document.querySelectorAll('.tg-stage *, .tg-stage')].find(each => each._cyreg);
  const node = stage?._cyreg.cy.getElementById(name);
  if (!node?.length) return null;
  const box = node.renderedBoundingBox({ includeLabels: false }), frame = stage.getBoundingClientRect();
  return [frame.left + (box.x1 + box.x2) / 2, frame.top + (box.y1 + box.y2) / 2];
}"""
STAGE = "[...document.querySelectorAll('.tg-stage *, .tg-stage')].find(each => each._cyreg)._cyreg.cy"
SELECTED = """name => {
  const stage = [...document.querySelectorAll('.tg-stage *, .tg-stage')].find(each => each._cyreg);
  return stage._cyreg.cy.getElementById(name).selected();
}"""
CELLS = """() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells.map(cell => cell.source)"""
PLACED = """name => {
  const { sharedModel } = window.jupyterapp.shell.currentWidget.content.model;
  return sharedModel.getMetadata('twingraph')?.layout?.work?.layout?.[name];
}"""
PLACE = """name => {
  const stage = [...document.querySelectorAll('.tg-stage *, .tg-stage')].find(each => each._cyreg);
  const node = stage?._cyreg.cy.getElementById(name);
  if (!node?.length) return null;
  const { x, y } = node.position();
  return [Math.round(x), Math.round(y)];
}"""
IDLE = """() => {
  const { session } = window.jupyterapp.shell.currentWidget?.context?.sessionContext ?? {};
  return session?.kernel?.status === 'idle';
}"""


class Page:
    """A notebook whose canvas is on the screen."""

    def __init__(self, tab, *sources, shows=True):
        self.tab = tab
        self.page = tab.page
        cells = ["%load_ext twingraph_lab", *sources, "%twingraph canvas"]
        (tab.jupyter.folder / "work.ipynb").write_text(json.dumps(notebook(cells)))
        tab.open("work.ipynb")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.wait_for_function(IDLE, timeout=60_000)
        self.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        if shows:
            self.stage.wait_for(timeout=60_000)
            self.stage.scroll_into_view_if_needed()
            for source in sources:
                self.center(source.split()[1])

    @property
    def stage(self):
        return self.page.locator(".tg-stage").first

    def cell(self, number):
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def run_cell(self):
        self.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-cell')")

    def center(self, name):
        """Where a node is on the screen, once it is there and still."""
        self.page.wait_for_function(f"name => ({BOX})(name)", arg=name)
        seen = []
        while len(seen) < 4 or len({*seen[-4:]}) > 1:
            seen.append(tuple(self.page.evaluate(BOX, name)))
            self.page.wait_for_timeout(100)
        return seen[-1]

    def connect(self, source, output, target, name):
        """Draw an edge with the mouse."""
        mouse = self.page.mouse
        mouse.move(*self.center(source))
        port = self.page.locator(f'.tg-ports-out .tg-port[data-output="{output}"]')
        port.hover()
        mouse.down()
        mouse.move(*self.center(target), steps=8)
        port = self.page.locator(f'.tg-ports-in .tg-port[data-input="{name}"]')
        port.wait_for()
        box = port.bounding_box()
        mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
        mouse.up()

    def select(self, name):
        self.page.mouse.click(*self.center(name))
        self.page.wait_for_function(f"name => ({SELECTED})(name)", arg=name)

    def drag(self, name, right, down):
        """Put a node elsewhere."""
        x, y = self.center(name)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right, y + down, steps=8)
        self.page.mouse.up()

    def add(self, entry):
        """Choose a component from the list that a double click opens."""
        box = self.stage.bounding_box()
        self.page.mouse.dblclick(box["x"] + box["width"] - 30, box["y"] + box["height"] - 30)
        self.page.keyboard.type(entry)
        self.page.keyboard.press("Enter")

    def fit(self):
        """Bring all nodes into view."""
        self.page.evaluate(f"() => ({STAGE}).fit(undefined, 40)")

    def is_gone(self, name):
        self.page.wait_for_function(f"name => ({BOX})(name) === null", arg=name)

    def wait_for_layout(self, name):
        """Where the notebook's metadata says that a node is."""
        self.page.wait_for_function(f"name => ({PLACED})(name)", arg=name)
        return self.page.evaluate(PLACED, name)

    def cells_are(self, *wanted):
        """Wait until the cells between the first and the last have these texts."""
        wanted = ["%load_ext twingraph_lab", *wanted]
        self.page.wait_for_function(
            f"wanted => JSON.stringify(({CELLS})().slice(0, wanted.length)) === JSON.stringify(wanted)", arg=wanted
        )

    def badge(self, number):
        return self.cell(number).locator(".tg-CellBadge")


def notebook(sources):
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{n}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def test_an_edge_drawn_with_the_mouse_is_in_the_cell_and_undone_with_it(tab):
    page = Page(tab, LOAD, OTHER, TOTAL)
    page.connect("other", "z", "total", "x")
    page.cells_are(LOAD, OTHER, "%%twingraph total --retry 1 --in x=other.z\nt = sum(x)  # all of them")
    tab.both("cells-and-canvas")
    page.stage.focus()
    page.page.keyboard.press("Control+z")
    page.cells_are(LOAD, OTHER, TOTAL)


def test_a_node_renamed_on_the_canvas_renames_the_cell_and_who_names_it(tab):
    page = Page(tab, LOAD, OTHER, "%%twingraph total --in x=other.z\nt = sum(x)")
    page.select("other")
    page.page.keyboard.press("F2")
    page.page.keyboard.type("second")
    page.page.keyboard.press("Enter")
    page.cells_are(LOAD, "%%twingraph second\nz = [4, 5]", "%%twingraph total --in x=second.z\nt = sum(x)")


def test_nodes_come_and_go_with_their_cells(tab):
    page = Page(tab, LOAD, TOTAL)
    page.select("total")
    page.page.keyboard.press("Delete")
    page.cells_are(LOAD, "%twingraph canvas")
    page.page.keyboard.press("Control+z")
    page.cells_are(LOAD, TOTAL, "%twingraph canvas")
    page.add("Python")
    page.cells_are(LOAD, TOTAL, "%%twingraph cell\nresult = None", "%twingraph canvas")


def test_deleting_a_cell_takes_its_node_off_the_canvas_and_undoing_brings_it_back(tab):
    page = Page(tab, LOAD, OTHER, TOTAL)
    page.cell(2).click()
    tab.command("notebook:enter-command-mode")
    tab.command("notebook:delete-cell")
    page.is_gone("other")
    tab.command("notebook:undo-cell-action")
    page.center("other")


def test_a_cell_that_is_typed_otherwise_is_marked_until_it_runs(tab):
    page = Page(tab, LOAD, OTHER, TOTAL)
    page.cell(2).locator(".cm-content").click()
    page.page.keyboard.press("Control+End")
    page.page.keyboard.type("\nmore = 1")
    badge = page.badge(2)
    page.page.wait_for_function("each => each.title.includes('run it')", arg=badge.element_handle())
    tab.picture("cell-changed-not-run")
    tab.command("notebook:run-cell")
    page.page.wait_for_function("each => !each.title.includes('run it')", arg=badge.element_handle())


def test_code_that_is_no_python_is_shown_and_left_alone(tab):
    text = "%%twingraph broken\nx ="
    page = Page(tab, LOAD, OTHER)
    tab.command("notebook:enter-command-mode")
    page.cell(2).click()
    tab.command("notebook:insert-cell-below")
    tab.command("notebook:enter-edit-mode")
    page.page.keyboard.insert_text(text)
    page.run_cell()
    page.center("broken")
    page.stage.scroll_into_view_if_needed()
    page.fit()
    page.select("broken")
    page.page.keyboard.press("Delete")
    page.page.get_by_text("change it in the notebook").first.wait_for()
    tab.picture("cell-refused")
    page.cells_are(LOAD, OTHER, text)


def test_a_page_that_is_opened_again_finds_cells_and_canvas_in_step_and_nodes_in_their_places(tab):
    page = Page(tab, LOAD, OTHER, TOTAL)
    page.drag("load", 60, 90)
    saved = page.wait_for_layout("load")
    tab.command("docmanager:save")
    tab.reload()
    page.page.wait_for_function(IDLE, timeout=60_000)
    page.stage.wait_for(timeout=60_000)
    page.stage.scroll_into_view_if_needed()
    page.connect("other", "z", "total", "x")
    page.cells_are(LOAD, OTHER, "%%twingraph total --retry 1 --in x=other.z\nt = sum(x)  # all of them")
    assert page.wait_for_layout("load") == saved
    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    page.page.wait_for_function(IDLE, timeout=60_000)
    page.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.page.wait_for_function(
        f"at => JSON.stringify(({PLACE})('load')) === JSON.stringify(at)", arg=saved, timeout=60_000
    )


def test_a_plain_cell_becomes_a_node_and_runs_from_its_toolbar(tab):
    page = Page(tab, LOAD)
    tab.command("notebook:enter-command-mode")
    page.cell(1).click()
    tab.command("notebook:insert-cell-below")
    tab.command("notebook:enter-edit-mode")
    page.page.keyboard.insert_text("size = len(x)\nprint('counted', size)")
    page.page.locator('.jp-cell-toolbar [data-command="twingraph:make-node"]').click()
    page.cells_are(LOAD, "%%twingraph size\nsize = len(x)\nprint('counted', size)")
    page.center("size")
    page.page.locator('.jp-cell-toolbar [data-command="twingraph:run-node"]').click()
    page.cell(2).get_by_text("completed, 2 of 2 nodes").wait_for(timeout=120_000)
    tab.picture("node-run-from-its-cell")


def test_bodies_are_highlighted_in_their_language(tab):
    page = Page(tab, LOAD, shows=False)
    for line, code, colour in [
        ("--lang bash", "for f in *; do true; done", "for"),
        ("--lang cpp", "int main() { return 0; }", "return"),
        ("--lang rust", "fn main() { let x = 1; }", "fn"),
        ("", "def f(): return 1", "def"),
    ]:
        page.cell(1).locator(".cm-content").click()
        page.page.keyboard.press("Control+a")
        page.page.keyboard.insert_text(f"%%twingraph node {line}\n{code}")
        words = page.cell(1).locator(".cm-line").nth(1).locator("span")
        words.filter(has_text=colour).first.wait_for()
        first = page.cell(1).locator(".cm-line").first.locator("span")
        assert first.first.inner_text() == "%%twingraph"
        assert words.first.inner_text() != code
