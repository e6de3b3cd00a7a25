"""What hands do in a notebook in JupyterLab and on the canvas in its outputs, and what eyes read from them."""

from __future__ import annotations

import ast
import json
import secrets

from tests.browser.hands import Drawing, until

RUN_ENDED = ("completed", "failed", "cancelled")
KERNEL = {"name": "twingraph", "display_name": "TwinGraph (Python)", "language": "python"}

# JavaScript that gives the panel of an open notebook, and what it knows
PANEL = "[...window.jupyterapp.shell.widgets('main')].find(each => each.context?.path === {path})"
BOOK = "const panel = {panel}, cells = panel?.content.model?.sharedModel.cells;"
CANVASES = ".jp-Notebook .jp-OutputArea .tg-canvas"
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
        """Write a notebook of these cells, close whatever is open, open it, and wait for its kernel.

        A kernel that the notebook has from before is kept, the kernels of others are ended.
        """
        (tab.jupyter.folder / path).write_text(json.dumps(written(sources, kernel)))
        tab.close_all()
        tab.jupyter.end_kernels(but=path)
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
        self.page.wait_for_function(code, arg=arg)

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

    def type(self, index, text):
        """Write at the end of a cell."""
        self.cell(index).locator(".cm-content").click()
        self.cell(index).locator(".cm-focused").wait_for()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.insert_text(text)

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

    # what it shows ------------------------------------------------------------------------------------------------

    def canvas(self, index=-1):
        """A canvas among the outputs, by default the last one, once it is drawn."""
        canvas = CellCanvas(self, index)
        canvas.ready()
        return canvas

    def widget(self, index):
        """The element with the widget that a cell shows, in view."""
        self.activate(index)
        found = self.cell(index).locator(".jp-OutputArea-output .jupyter-widgets, .jp-OutputArea-output .tg-Embedded")
        found.first.wait_for()
        self.cell(index).locator(".jp-OutputArea").scroll_into_view_if_needed()
        return found.first


class CellCanvas(Drawing):
    """A canvas in the output of a cell."""

    def __init__(self, book, index):
        every = book.page.locator(CANVASES)
        root = f"[...document.querySelectorAll('{CANVASES}')].at({index})"
        super().__init__(book.tab, every.last if index == -1 else every.nth(index), root)

    def fit(self):
        """Have all nodes in view."""
        self.press("fit")
        self.show()


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


def gate(tab, name):
    """A closed door beside the notebooks of a JupyterLab."""
    path = tab.jupyter.folder.parent / f"gate-{name}"
    path.unlink(missing_ok=True)
    return Gate(path)


def written(sources, kernel=KERNEL):
    """A notebook of cells with code, as a file has it; their ids are no other notebook's."""
    mark = secrets.token_hex(4)
    cells = [
        {
            "cell_type": "code",
            "id": f"{mark}-{number}",
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
