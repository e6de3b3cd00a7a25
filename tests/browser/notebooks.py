"""What hands do in a notebook in JupyterLab and on the canvas in its outputs, and what eyes read from them."""

from __future__ import annotations

import ast
import json
import os
import signal
import time
from contextlib import suppress
from urllib.error import URLError

from tests.browser.hands import exactly

RUN_ENDED = ("completed", "failed", "cancelled")
WAIT_S = 120
"""Long enough for workers to start on a machine that has other things to do."""
KERNEL = {"name": "twingraph", "display_name": "TwinGraph (Python)", "language": "python"}

# JavaScript that gives the panel of an open notebook, the elements of a canvas in it, and what these know
PANEL = "[...window.jupyterapp.shell.widgets('main')].find(each => each.context?.path === {path})"
BOOK = "const panel = {panel}, cells = panel?.content.model?.sharedModel.cells;"
CANVAS = """
const roots = [...document.querySelectorAll('.jp-Notebook .jp-OutputArea .tg-canvas')].filter(each => each.twingraph);
const root = roots.at({index}), board = root?.twingraph, cy = board?.cy;
"""
WORKFLOW = """(lambda session: session.book().workflow.model_dump_json())(
    get_ipython().magics_manager.registry["TwinGraphMagics"].session)"""
ASK = """async ([code, expression]) => {{ {book}
  const kernel = panel.sessionContext.session.kernel;
  const asked = kernel.requestExecute({{
    code, silent: true, store_history: false, user_expressions: {{ it: expression }} }});
  const {{ content }} = await asked.done;
  return content.status === 'ok' ? content.user_expressions.it : content;
}}"""


class Notebook:
    """A notebook that is open in a tab on JupyterLab."""

    def __init__(self, tab, path):
        self.tab = tab
        self.page = tab.page
        self.path = path
        self._book = BOOK.format(panel=PANEL.format(path=json.dumps(path)))

    @classmethod
    def opened(cls, tab, path, *sources, kernel=KERNEL):
        """Write a notebook of these cells, close whatever is open, open it, and wait for its kernel."""
        (tab.jupyter.folder / path).write_text(json.dumps(written(sources, kernel)))
        tab.close_all()
        tab.jupyter.end_kernels()
        book = cls(tab, path)
        book.open()
        return book

    def open(self):
        """Open the file, and wait for its kernel."""
        self.tab.command("docmanager:open", path=self.path, factory="Notebook")
        self.ready()

    def ready(self):
        """Wait until the notebook is drawn and its kernel idle."""
        self.wait("cells?.length && panel.isVisible && panel.content.widgets.length === cells.length")
        self.wait_for_kernel()

    # what is there ------------------------------------------------------------------------------------------------

    def look(self, expression, arg=None):
        """A JavaScript expression of `panel`, `cells` (of the shared model) and `arg`."""
        return self.page.evaluate(f"arg => {{ {self._book} return {expression}; }}", arg)

    def wait(self, condition, arg=None):
        """Wait until a JavaScript expression holds."""
        code = f"arg => {{ {self._book} return {condition}; }}"
        self.page.wait_for_function(code, arg=arg, timeout=WAIT_S * 1000)

    def until(self, holds, what=""):
        """Wait until a Python function gives something true, and give that."""
        return until(self.page, holds, what)

    def run_of(self, workflow):
        """The last run of a workflow, as REST tells it."""
        runs = self.tab.jupyter.ask(f"twingraph/api/runs?workflow={workflow}")["runs"]
        return self.tab.jupyter.ask(f"twingraph/api/runs/{runs[0]['run_id']}")

    def ended(self, run_id):
        """A run as REST tells it, once it has ended."""

        def looked():
            run = self.tab.jupyter.ask(f"twingraph/api/runs/{run_id}")
            return run if run["state"] in RUN_ENDED else None

        return self.until(looked, f"the end of run {run_id}")

    @property
    def sources(self):
        """The text of all cells."""
        return self.look("cells.map(each => each.source)")

    def wait_for_sources(self, *wanted):
        """Wait until the cells have these texts."""
        self.until(lambda: self.sources == list(wanted), f"{wanted} for {self.sources}")

    def outputs(self, index):
        """What a cell has given."""
        return self.look("panel.content.widgets.at(arg).model.outputs.toJSON()", index)

    def text(self, index):
        """What a cell has written, and the text forms of what it displayed."""
        return "".join(map(_text, self.outputs(index)))

    def cell(self, index):
        """The element of a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index if index >= 0 else len(self.sources) + index)

    @property
    def drawings(self):
        """What the notebook's metadata says of how workflows are drawn."""
        return self.look("cells && panel.content.model.sharedModel.getMetadata('twingraph')?.layout") or {}

    # cells --------------------------------------------------------------------------------------------------------

    def edit(self, index, source):
        """Give a cell another text, as typing does."""
        self.look("cells.at(arg[0]).setSource(arg[1])", [index, source])

    def insert(self, index, source):
        """Put a new cell before the one with this number."""
        cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        self.look("void panel.content.model.sharedModel.insertCell(arg[0], arg[1])", [index, cell])
        self.wait("panel.content.widgets.length === cells.length")

    def activate(self, index):
        """Make a cell the active one, and bring it into view."""
        self.look(
            "void (panel.content.deselectAll(), panel.content.activeCellIndex = (arg + cells.length) % cells.length)",
            index,
        )
        scroll = "await panel.content.scrollToItem((index + cells.length) % cells.length);"
        self.page.evaluate(f"async index => {{ {self._book} {scroll} }}", index)

    def start(self, index):
        """Run a cell; it may take its time."""
        self.activate(index)
        self.look(
            """void (() => {
              const cell = panel.content.widgets.at(arg);
              cell.node.dataset.ended = '';
              const end = done => cell.node.dataset.ended = String(done);
              window.jupyterapp.commands.execute('notebook:run-cell').then(end, () => end(false));
            })()""",
            index,
        )

    def wait_for_end(self, index):
        """Wait until the cell that was started has run."""
        self.wait("panel.content.widgets.at(arg).node.dataset.ended !== ''", index)
        self.wait("cells.at(arg).execution_count !== null", index)

    def run(self, *indices):
        """Run cells, one after the other."""
        for index in indices:
            self.start(index)
            self.wait_for_end(index)
            assert not self.errors(index), self.errors(index)

    def run_all(self):
        """Run all cells."""
        self.run(*range(len(self.sources)))

    def errors(self, index):
        """What a cell failed with."""
        return [f"{each['ename']}: {each['evalue']}" for each in self.outputs(index) if each["output_type"] == "error"]

    def save(self):
        """As Ctrl+S does."""
        self.tab.command("docmanager:save")
        self.wait("!panel.context.model.dirty")

    @property
    def saved(self):
        """The notebook as the file has it."""
        return json.loads((self.tab.jupyter.folder / self.path).read_text())

    # the kernel ---------------------------------------------------------------------------------------------------

    def wait_for_kernel(self):
        """Wait until the kernel has nothing to do."""
        self.wait("panel.sessionContext.session?.kernel?.status === 'idle' && panel.sessionContext.isReady")

    def value(self, expression, *, after=""):
        """What an expression is in the kernel, once the statements `after` have run."""
        found = self.page.evaluate(ASK.format(book=self._book), [after, expression])
        assert found["status"] == "ok", found
        return ast.literal_eval(found["data"]["text/plain"])

    @property
    def workflow(self):
        """What the kernel made of the cells."""
        return json.loads(self.value(WORKFLOW))

    def node(self, name):
        """A node of the kernel's workflow."""
        return next(node for node in self.workflow["nodes"] if node["id"] == name)

    def restart_kernel(self):
        """As the button does, after asking."""
        before = self.look("panel.sessionContext.session.kernel.status")
        assert before
        self.page.evaluate(f"async () => {{ {self._book} await panel.sessionContext.restartKernel(); }}")
        self.wait_for_kernel()

    def kill_kernel(self):
        """As the kernel's end by lack of memory does."""
        os.kill(self.value("__import__('os').getpid()"), signal.SIGKILL)

    # what it shows ------------------------------------------------------------------------------------------------

    def canvas(self, index=-1):
        """A canvas among the outputs, by default the last one, once it is drawn."""
        canvas = CellCanvas(self, index)
        canvas.wait("root?.dataset.ready === 'true'")
        return canvas

    def widget(self, index):
        """The element with the widget that a cell shows, in view."""
        self.activate(index)
        found = self.cell(index).locator(".jp-OutputArea-output .jupyter-widgets, .jp-OutputArea-output .tg-Embedded")
        found.first.wait_for(timeout=WAIT_S * 1000)
        self.cell(index).locator(".jp-OutputArea").scroll_into_view_if_needed()
        return found.first


class CellCanvas:
    """A canvas in the output of a cell."""

    def __init__(self, book, index):
        self.book = book
        self.page = book.page
        self._parts = CANVAS.format(index=index)
        roots = self.page.locator(".jp-Notebook .jp-OutputArea .tg-canvas")
        self.root = roots.last if index == -1 else roots.nth(index)
        self.stage = self.root.locator(".tg-stage")
        self.toolbar = self.root.locator(".tg-toolbar")
        self.popup = self.stage.locator(".tg-popup")

    def look(self, expression, arg=None):
        """A JavaScript expression of `root`, `board` (the panel) and `cy`."""
        return self.page.evaluate(f"arg => {{ {self._parts} return {expression}; }}", arg)

    def wait(self, condition, arg=None):
        """Wait until a JavaScript expression holds."""
        code = f"arg => {{ {self._parts} return {condition}; }}"
        self.page.wait_for_function(code, arg=arg, timeout=WAIT_S * 1000)

    @property
    def nodes(self):
        """Ids of the nodes that are drawn."""
        return sorted(self.look("cy.nodes('[kind = \"task\"]').map(each => each.id())"))

    @property
    def edges(self):
        """Ids of the edges that are drawn."""
        return sorted(self.look("cy.edges('[kind]').map(each => each.id())"))

    @property
    def elements(self):
        """What cytoscape has been told of all elements."""
        return {each["id"]: each for each in self.look("cy.elements().map(each => each.data())")}

    def told(self, name):
        """What Python says of a node."""
        return self.look("board.sheet.node(arg).data", name)

    def wait_for_nodes(self, *ids):
        """Wait until these nodes are drawn, and no others."""
        self.book.until(lambda: self.nodes == sorted(ids), f"nodes {ids}")

    def wait_for_edges(self, *ids):
        """Wait until these edges are drawn, and no others."""
        self.book.until(lambda: self.edges == sorted(ids), f"edges {ids}")

    def state(self, name):
        """The state of a node in the run on the canvas."""
        return self.look("board.sheet.drawing.statusOf(arg)?.state ?? ''", name)

    def wait_for_states(self, **states):
        """Wait until nodes have these states."""
        self.book.until(lambda: {name: self.state(name) for name in states} == states, str(states))

    def place(self, name):
        """Where a node is drawn, in the workflow's coordinates."""
        x, y = self.look("Object.values(cy.getElementById(arg).position()).map(Math.round)", name)
        return [x, y]

    def show(self):
        """Bring it into view."""
        self.stage.scroll_into_view_if_needed()
        self.look("root.scrollIntoView({ block: 'center' })")

    def fit(self):
        """Have all nodes in view."""
        self.show()
        self.toolbar.locator('[data-action="fit"]').click()

    def at(self, name):
        """The middle of a node or edge on the screen, once it stays there."""
        before, now = None, self._at(name)
        while before != now:
            self.page.wait_for_timeout(80)
            before, now = now, self._at(name)
        return now

    def _at(self, name):
        self.wait("cy?.getElementById(arg).nonempty()", name)
        return self.look(
            """(() => {
              const each = cy.getElementById(arg), frame = root.querySelector('.tg-stage').getBoundingClientRect();
              const at = each.isEdge() ? each.renderedMidpoint() : each.renderedPosition();
              return [frame.left + at.x, frame.top + at.y];
            })()""",
            name,
        )

    def click(self, name):
        """As the mouse does."""
        self.show()
        self.page.mouse.click(*self.at(name))

    def select(self, name):
        """Click a node or edge, and wait until it alone is selected."""
        self.click(name)
        self.wait("board.selection.length === 1 && board.selection[0] === arg", name)

    def connect(self, source, output, target, name):
        """Draw an edge with the mouse."""
        self.show()
        mouse = self.page.mouse
        mouse.move(*self.at(source))
        self.stage.locator(f'.tg-ports-out .tg-port[data-output="{output}"]').hover()
        mouse.down()
        mouse.move(*self.at(target), steps=8)
        port = self.stage.locator(f'.tg-ports-in .tg-port[data-input="{name}"]')
        port.wait_for()
        box = port.bounding_box()
        mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
        self.stage.locator(f'.tg-ports-in .tg-port.tg-aimed[data-input="{name}"]').wait_for()
        mouse.up()

    def drag(self, name, right, down):
        """Put a node elsewhere."""
        self.show()
        x, y = self.at(name)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right, y + down, steps=8)
        self.page.mouse.up()

    def keys(self, *keys):
        """Press keys on the canvas."""
        self.stage.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def rename(self, name, new):
        """Give a node another name, as F2 does."""
        self.select(name)
        self.keys("F2")
        self.stage.locator(".tg-writing").wait_for()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(new)
        self.page.keyboard.press("Enter")

    def add(self, label):
        """Choose from the list that the toolbar's button opens."""
        self.show()
        self.toolbar.locator('[data-action="add"]').click()
        rows = self.popup.locator(".tg-popup-row")
        rows.filter(has=self.page.locator(".tg-popup-label", has_text=exactly(label))).first.click()
        self.popup.wait_for(state="detached")

    def press(self, action):
        """Press a button of the toolbar."""
        self.show()
        self.toolbar.locator(f'[data-action="{action}"]').click()


class Gate:
    """A door that a node waits at."""

    def __init__(self, path):
        self._path = path
        self.code = (
            "import time\nfrom pathlib import Path\n"
            f"print('waiting', flush=True)\nwhile not Path({str(path)!r}).exists():\n    time.sleep(0.05)"
        )

    def open(self):
        """Let it through."""
        self._path.touch()


def until(page, holds, what=""):
    """Wait until a function gives something true, and give that; what the network says meanwhile counts as not yet."""
    end = time.monotonic() + WAIT_S
    while True:
        found = None
        with suppress(URLError, ConnectionError, TimeoutError, json.JSONDecodeError, StopIteration, IndexError):
            found = holds()
        if found:
            return found
        assert time.monotonic() < end, f"waited for {what or holds} in vain"
        page.wait_for_timeout(60)


def gate(tab, name):
    """A closed door beside the notebooks of a JupyterLab."""
    path = tab.jupyter.folder.parent / f"gate-{name}"
    path.unlink(missing_ok=True)
    return Gate(path)


def written(sources, kernel=KERNEL):
    """A notebook of cells with code, as a file has it."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def _text(output):
    told = output.get("text") or output.get("data", {}).get("text/plain", "")
    return told if isinstance(told, str) else "".join(told)
