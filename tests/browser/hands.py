"""What hands do on a canvas in JupyterLab, and what eyes read from it."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from urllib.error import URLError

ROOT = "document.querySelector('.lm-DockPanel .tg-Document .tg-canvas')"
PANEL = f"{ROOT}?.twingraph"
CY = f"{PANEL}.cy"
TEXT = """(() => {
  const main = [...window.jupyterapp.shell.widgets('main')];
  return main.find(each => each.node.querySelector('.tg-Document'))?.context?.model.sharedModel.getSource();
})()"""
WAIT_S = 120
"""Until something that is waited for counts as missing: enough for a machine with much else to do."""
TEST_S = 4 * WAIT_S
"""Until a whole test counts as stuck."""
STILL = """async id => {{ {parts}
  const each = cy.getElementById(id), stage = root.querySelector('.tg-stage');
  const look = () => {{
    const {{ left, top }} = stage.getBoundingClientRect();
    const {{ x, y }} = each.isEdge() ? each.renderedMidpoint() : each.renderedPosition();
    return [x, y, left, top];
  }};
  let seen = look(), still = 0;
  while (still < 3) {{
    await new Promise(requestAnimationFrame);
    const now = look();
    still = now.every((at, index) => at === seen[index]) ? still + 1 : 0;
    seen = now;
  }}
  return seen;
}}"""
"""Where an element's middle is on the stage and the stage on the screen, once neither moves."""


def python(node_id, code, *outputs, inputs=None, **fields):
    """A node of a document: a cell of Python."""
    component = {"kind": "source", "code": code, "outputs": list(outputs)}
    given = {"inputs": inputs} if inputs else {}
    return {"id": node_id, "component": component, **given, **fields}


def workflow(name, *nodes, **fields):
    """A document."""
    return {"version": "twingraph/1", "name": name, "nodes": list(nodes), **fields}


class Drawing:
    """A canvas in the page, by a locator of its element and the JavaScript that gives it."""

    def __init__(self, tab, element, root):
        self.tab = tab
        self.page = tab.page
        self.root = element
        self.stage = element.locator(".tg-stage")
        self.toolbar = element.locator(".tg-toolbar")
        self.side = element.locator(".tg-side")
        self.popup = self.stage.locator(".tg-popup")
        self.toast = self.stage.locator(".tg-toast")
        self._parts = f"const root = {root}, board = root?.twingraph, cy = board?.cy;"

    # what is there ------------------------------------------------------------------------------------------------

    def look(self, expression, arg=None):
        """A JavaScript expression of `root`, `board` (the panel), `cy` and `arg`."""
        return self.page.evaluate(f"arg => {{ {self._parts} return {expression}; }}", arg)

    def wait(self, condition, arg=None):
        """Wait until a JavaScript expression holds."""
        self.page.wait_for_function(f"arg => {{ {self._parts} return {condition}; }}", arg=arg)

    def until(self, holds, what=""):
        """Wait until a Python function gives something true, and give that."""
        return until(self.page, holds, what)

    def ready(self):
        """Wait until the canvas is drawn."""
        self.wait("root?.dataset.ready === 'true'")

    def data(self, name):
        """One of the canvas' data attributes: nodes, edges, selected, pending, run, ready."""
        return self.root.get_attribute(f"data-{name}")

    @property
    def selected(self):
        """Ids of what is selected."""
        return self.look("[...board.selection]")

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

    def drawn(self, node_id):
        """What cytoscape knows of an element; None if it isn't drawn."""
        return self.look("cy.getElementById(arg).data() ?? null", node_id)

    def told(self, node_id):
        """What Python says of a node."""
        return self.look("board.sheet.node(arg).data", node_id)

    def state(self, node_id):
        """The state of a node in the run on the canvas."""
        return self.look("board.sheet.drawing.statusOf(arg)?.state ?? ''", node_id)

    def states(self, *ids):
        """The states of nodes in the run on the canvas, by id."""
        return {each: self.state(each) for each in ids}

    def position(self, node_id):
        """Where a node is drawn, in the workflow's coordinates."""
        at = self.look("cy.getElementById(arg).position()", node_id)
        return [round(at["x"]), round(at["y"])]

    def wait_for_nodes(self, *ids):
        """Wait until these nodes are drawn, and no others."""
        self.until(lambda: self.nodes == sorted(ids), f"nodes {ids}")

    def wait_for_edges(self, *ids):
        """Wait until these edges are drawn, and no others."""
        self.until(lambda: self.edges == sorted(ids), f"edges {ids}")
        self.quiet()

    def wait_for_selected(self, *ids):
        """Wait until these are selected, and nothing else."""
        self.until(lambda: sorted(self.selected) == sorted(ids), f"selected {ids}")

    def wait_for_states(self, **states):
        """Wait until nodes have these states."""
        self.until(lambda: self.states(*states) == states, lambda: f"{states}, there are {self.states(*states)}")

    def wait_until_whole(self):
        """Wait until all of the workflow is in view."""
        self.wait("(box => box.x1 >= 0 && box.x2 <= cy.width())(cy.elements().renderedBoundingBox())")

    def quiet(self):
        """Wait until no edit is under way."""
        self.wait("root.dataset.pending === '0'")

    # the mouse ----------------------------------------------------------------------------------------------------
    # Whatever a hand goes to is found by its place on the stage, right before it goes there: a canvas in a notebook
    # moves on the screen with every cell that comes or goes above it, and then may be out of sight.

    def show(self):
        """Bring all of the stage into view."""
        self.look("root.scrollIntoView({ block: 'nearest' })")

    def at(self, node_id):
        """The middle of a node or edge on the screen, once it stays there."""
        self.show()
        x, y, left, top = self._still(node_id)
        return left + x, top + y

    def point(self, x, y):
        """A point of the workflow's coordinates on the screen."""
        return self.look(
            """(() => {
              const frame = root.querySelector('.tg-stage').getBoundingClientRect();
              const pan = cy.pan(), zoom = cy.zoom();
              return [frame.left + pan.x + arg[0] * zoom, frame.top + pan.y + arg[1] * zoom];
            })()""",
            [x, y],
        )

    def click(self, node_id, *, modifier=None):
        """Select an element as a click does."""
        self.stage.click(position=self._on_stage(node_id), modifiers=[modifier] if modifier else None)

    def select(self, node_id):
        """Click a node or edge, and wait until it alone is selected."""
        self.click(node_id)
        self.wait_for_selected(node_id)

    def double_click(self, node_id):
        """Open a node."""
        self.stage.dblclick(position=self._on_stage(node_id))

    def double_click_empty(self):
        """Double-click where the stage has nothing on it: low at the left."""
        self.show()
        height = self.stage.evaluate("stage => stage.clientHeight")
        self.stage.dblclick(position={"x": 60, "y": height - 60})

    def drag(self, start, end, *, steps=10):
        """Press, move, release, between points of the screen."""
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(*end, steps=steps)
        mouse.up()

    def drag_node(self, node_id, right, down):
        """Put a node elsewhere."""
        x, y = self.at(node_id)
        self.drag((x, y), (x + right, y + down))

    def add(self, label):
        """Double-click on an empty place and choose from the list."""
        self.double_click_empty()
        self.choose(label)

    def choose(self, label):
        """Take an entry of the list that is open."""
        rows = self.popup.locator(".tg-popup-row")
        exact = rows.filter(has=self.page.locator(".tg-popup-label", has_text=exactly(label)))
        exact.first.click()
        self.popup.wait_for(state="detached")

    def reach(self, source, output, target, name=None):
        """Draw an edge with the mouse from an output to an input; without a name, to the node itself."""
        mouse = self.page.mouse
        mouse.move(*self.at(source))
        self.stage.locator(f'.tg-ports-out .tg-port[data-output="{output}"]').hover()
        mouse.down()
        mouse.move(*self.at(target), steps=8)
        if name is not None:
            port = self.stage.locator(f'.tg-ports-in .tg-port[data-input="{name}"]')
            port.wait_for()
            box = port.bounding_box()
            mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
            self.stage.locator(f'.tg-ports-in .tg-port.tg-aimed[data-input="{name}"]').wait_for()
        mouse.up()

    def connect(self, source, output, target, name):
        """Draw an edge with the mouse between cells, and wait until it is there."""
        self.reach(source, output, target, name)
        edge = f"{source}.{output}->{target}.{name}"
        self.until(lambda: edge in self.edges, edge)
        self.quiet()

    def menu(self, node_id, label):
        """Choose from what a right click on a node offers."""
        self.stage.click(position=self._on_stage(node_id), button="right")
        self.choose(label)

    def press(self, action):
        """Press a button of the toolbar."""
        self.toolbar.locator(f'[data-action="{action}"]').click()

    def from_menu(self, title, label):
        """Choose from a menu of the toolbar."""
        self.toolbar.get_by_role("button", name=title, exact=True).click()
        self.choose(label)

    def _still(self, node_id):
        self.wait("cy?.getElementById(arg).nonempty()", node_id)
        return self.page.evaluate(STILL.format(parts=self._parts), node_id)

    def _on_stage(self, node_id):
        x, y, *_ = self._still(node_id)
        return {"x": x, "y": y}

    # the keyboard -------------------------------------------------------------------------------------------------

    def focus(self):
        """Give the keyboard to the canvas."""
        self.stage.focus()

    def keys(self, *keys):
        """Press keys on the canvas."""
        self.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text):
        """Write a name or a comment into the field on the canvas, and leave it."""
        self.stage.locator(".tg-writing").wait_for()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Control+Enter")
        self.stage.locator(".tg-writing").wait_for(state="detached")

    def rename(self, node_id, new):
        """Give a node another name, as F2 does."""
        self.select(node_id)
        self.keys("F2")
        self.write(new)


class Canvas(Drawing):
    """The canvas of the one document that is open in a tab on JupyterLab."""

    def __init__(self, tab, path):
        super().__init__(tab, tab.page.locator(".lm-DockPanel .tg-Document .tg-canvas"), ROOT)
        self.path = path

    @classmethod
    def opened(cls, tab, path, document=None, *, drawn=True):
        """Write a document (or a text), close whatever is open, open it, wait until it is drawn if it can be."""
        if document is not None:
            text = document if isinstance(document, str) else json.dumps(document, indent=2) + "\n"
            (tab.jupyter.folder / path).write_text(text)
        tab.close_all()
        tab.command("docmanager:open", path=path, factory="TwinGraph canvas")
        canvas = cls(tab, path)
        if drawn:
            canvas.ready()
        return canvas

    # what is there ------------------------------------------------------------------------------------------------

    @property
    def document(self):
        """The document as it is now, saved or not."""
        return json.loads(self.page.evaluate(TEXT))

    @property
    def saved(self):
        """The document as the file has it."""
        return json.loads(self.tab.jupyter.ask(f"api/contents/{self.path}?content=1")["content"])

    @property
    def node_ids(self):
        """In the order of the document."""
        return [node["id"] for node in self.document.get("nodes", [])]

    def node(self, node_id):
        """A node as the document has it."""
        return next(node for node in self.document["nodes"] if node["id"] == node_id)

    @property
    def dirty(self):
        """Whether there is something to save."""
        return self.page.evaluate(
            "() => [...window.jupyterapp.shell.widgets('main')]"
            ".find(each => each.node.querySelector('.tg-Document')).context.model.dirty"
        )

    def wait_for_nodes(self, *ids):
        """Wait until the document has these nodes, and no others."""
        self.until(lambda: self.node_ids == list(ids), f"nodes {ids}")
        self.quiet()

    # the panel at the right ---------------------------------------------------------------------------------------

    def field(self, name):
        """An input of the property form by the path of its field: `settings_timeout_s`; its sections are opened."""
        field = self.side.locator(f"#tg-form_{name}")
        field.wait_for(state="attached")
        closed = field.locator("xpath=ancestor::details[not(@open)]")
        while count := closed.count():
            closed.first.locator("> summary").click()
            self.until(lambda count=count: closed.count() < count, f"the section of {name}")
        return field

    def show_properties(self):
        """Open the property panel unless it is open."""
        if self.side.is_hidden():
            self.press("properties")
        self.side.wait_for()

    def write_code(self, node_id, code):
        """Type a node's source into the editor of the property panel."""
        self.select(node_id)
        self.show_properties()
        self.side.locator("h2", has_text=exactly(node_id)).wait_for()
        self.side.locator(".tg-code .cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)
        self.focus()
        self.until(lambda: self.node(node_id)["component"]["code"].strip() == code.strip(), f"code of {node_id}")
        self.quiet()

    # files and runs -----------------------------------------------------------------------------------------------

    def save(self):
        """As Ctrl+S does."""
        self.keys("Control+s")
        self.until(lambda: not self.dirty, "saved")

    @property
    def run_id(self):
        """Of the run on the canvas; empty if there is none."""
        return self.page.evaluate(f"() => {PANEL}.host.run.runId")

    def run(self, start=lambda canvas: canvas.press("run")):
        """Start a run, by the toolbar's button or as `start` does; give its id."""
        before = self.run_id
        start(self)
        return self.until(lambda: self.run_id != before and self.run_id, "a run")

    def wait_for_run(self, state):
        """Wait until the run on the canvas is in a state."""
        self.until(lambda: self.data("run") == state, f"a run that is {state}")

    def told_of_run(self):
        """How REST says that the run is doing."""
        return self.service(f"runs/{self.run_id}")

    def service(self, path, **how):
        """What the service's own REST answers."""
        return self.tab.jupyter.ask(f"twingraph/api/{path}", **how)


class Inspector:
    """The panel that shows a node of a run."""

    def __init__(self, tab):
        self.tab = tab
        self.element = tab.page.locator("#twingraph-inspector")

    def show(self):
        """Bring it to the front."""
        self.tab.command("twingraph:show-inspector")
        self.element.wait_for()

    def of(self, node_id):
        """Wait until it shows a node."""
        self.element.locator(".tg-Inspector-head h2", has_text=exactly(node_id)).wait_for()

    def section(self, title):
        """A section, opened."""
        head = self.element.locator(".tg-Section-head", has_text=title).first
        if head.get_attribute("aria-expanded") == "false":
            head.click()
        return self.element.locator(".tg-Section", has=self.tab.page.locator(".tg-Section-head", has_text=title)).first


class Runs:
    """The list of runs in the left panel."""

    def __init__(self, tab):
        self.tab = tab
        self.element = tab.page.locator("#twingraph-side .tg-History")
        tab.command("twingraph:show-runs")
        self.element.wait_for()

    def row(self, run_id):
        """A run's line."""
        return self.element.locator(f'[data-run="{run_id}"]')

    @property
    def ids(self):
        """Of the runs that are shown."""
        return self.element.locator("[data-run]").evaluate_all("rows => rows.map(row => row.dataset.run)")


def exactly(text):
    """A pattern for `has_text` that fits this text and no longer one."""
    return re.compile(rf"^\s*{re.escape(text)}\s*$")


def until(page, holds, what=""):
    """Wait until a function gives something true, and give that; what the network says meanwhile counts as not yet."""
    end = time.monotonic() + WAIT_S
    while True:
        found = None
        with suppress(URLError, ConnectionError, TimeoutError, json.JSONDecodeError, StopIteration, IndexError):
            found = holds()
        if found:
            return found
        assert time.monotonic() < end, f"waited for {what() if callable(what) else what} in vain"
        page.wait_for_timeout(60)
