"""The pictures of the README: the real JupyterLab in Chromium, used as hands use it.

`python scripts/pictures.py [canvas] [runs] [notebook] [film]` writes docs/pictures/: the flights example drawn and run,
in both themes; its run with a timeline; cells beside the canvas; and, animated, a workflow drawn by mouse and run.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import hands  # noqa: E402
from tests.browser.conftest import BROWSERS, FLAGS, Jupyter, LabPage, end_service  # noqa: E402
from tests.browser.hands import PANEL, Canvas, Inspector, Runs  # noqa: E402
from tests.browser.notebooks import Notebook  # noqa: E402

hands.WAIT_S = 300  # a slow machine takes its time for the example
PICTURES = ROOT / "docs" / "pictures"
EXAMPLE = ROOT / "examples" / "01_flights"
NAME = "late-flights"
QUICKSTART = ROOT / "notebooks" / "01_quickstart.ipynb"
WIDTH, HEIGHT = 1440, 810
SHARP = 1.4
"""Pixels of a picture for each of the page."""

FILM = (1000, 562)
FILM_WIDTH = 900
FILM_COLOURS = 128
FRAME_MS = 85
PATIENCE = 3
"""Frames after which a picture that stays the same is not repeated any more."""
HOLD_MS = 2500
"""How long the last picture stays."""

POINTER = """() => {
  const hand = document.createElement('div');
  hand.id = 'pictured-pointer';
  hand.innerHTML = '<svg width="22" height="26" viewBox="0 0 22 26"><path d="M2 2v19l5-4.4 3.2 7.2 3.6-1.6-3.2-7H18z" '
    + 'fill="#111" stroke="#fff" stroke-width="1.6" stroke-linejoin="round"/></svg>';
  Object.assign(hand.style, { position: 'fixed', zIndex: 99999, pointerEvents: 'none', left: '0', top: '0' });
  document.body.append(hand);
  document.addEventListener('pointermove', ({ clientX, clientY }) => {
    hand.style.transform = `translate(${clientX - 2}px, ${clientY - 2}px)`;
  }, true);
  const press = scale => () => (hand.firstChild.style.transform = `scale(${scale})`);
  document.addEventListener('pointerdown', press(0.8), true);
  document.addEventListener('pointerup', press(1), true);
}"""

PRICES = """import random

random.seed(7)
walks = [[100 + random.gauss(0, 5) for _ in range(250)] for _ in range(3000)]"""
WEEKLY = "weekly = [[sum(walk[i : i + 5]) / 5 for i in range(246)] for walk in walks]"
EXTREMES = "extremes = [(min(walk[:day]), max(walk[:day])) for walk in walks for day in range(1, 250, 9)]"
REPORT = """report = {
    "walks": len(weekly),
    "lowest": round(min(low for low, _ in extremes), 2),
    "highest": round(max(high for _, high in extremes), 2),
    "best week": round(max(map(max, weekly)), 2),
}"""
DRAWN = {
    "prices": ((150, 230), PRICES),
    "weekly": ((450, 130), WEEKLY),
    "extremes": ((450, 330), EXTREMES),
    "report": ((750, 230), REPORT),
}
LINES = [
    ("prices", "walks", "weekly", "walks"),
    ("prices", "walks", "extremes", "walks"),
    ("weekly", "weekly", "report", "weekly"),
    ("extremes", "extremes", "report", "extremes"),
]


def canvas(tab: LabPage) -> None:
    """The flights example after its run, its figure in the inspector."""
    for file in ("flights.py", "workflow.json"):
        shutil.copy(EXAMPLE / file, tab.jupyter.folder)
    document = json.loads((EXAMPLE / "workflow.json").read_text())
    drawn = Canvas.opened(tab, f"{NAME}.twg.json", document)
    drawn.run()
    drawn.wait_for_run("completed")
    bare(tab)
    Inspector(tab).show()
    if drawn.side.is_visible():
        drawn.press("properties")
    drawn.press("fit")
    tab.page.wait_for_timeout(500)
    drawn.select("figure")
    Inspector(tab).of("figure")
    tab.page.locator("#twingraph-inspector img").first.wait_for()
    drawn.press("fit")
    for theme in ("dark", "light"):
        tab.theme(theme)
        keep(tab, f"canvas-{theme}")


def runs(tab: LabPage) -> None:
    """The view of the last run, with its timeline."""
    tab.command("twingraph:show-runs")
    listed = Runs(tab)
    listed.element.locator("[data-run]").first.dblclick()
    tab.page.get_by_role("tab", name="Timeline", exact=True).click()
    tab.page.locator(".tg-Timeline").first.wait_for()
    keep(tab, "runs")


def notebook(tab: LabPage) -> None:
    """The cells of the first notebook, after their run, beside their canvas."""
    cells = json.loads(QUICKSTART.read_text())["cells"]
    nodes = ["".join(each["source"]) for each in cells if "%%twingraph" in "".join(each["source"][:1])]
    first = [f"%twingraph new {NAME}", "min_flights = 365"]
    book = Notebook.opened(tab, f"{NAME}.ipynb", *first, *nodes, "%twingraph canvas", "%twingraph run")
    bare(tab)
    last = len(first) + len(nodes) + 1
    book.run(*range(last))
    book.canvas()
    book.activate(last - 1)
    tab.command("notebook:create-output-view")
    shown = tab.page.locator(".jp-LinkedOutputView .tg-canvas")
    shown.wait_for()
    book.run(last)
    shown.locator('[data-action="fit"]').click()
    book.activate(4)
    keep(tab, "notebook")


def bare(tab: LabPage) -> None:
    """Leave the room to the main area."""
    tab.page.evaluate("() => { const { shell } = window.jupyterapp; shell.collapseLeft(); shell.collapseRight(); }")


def film(tab: LabPage) -> None:
    """A workflow drawn with the mouse, and run."""
    tab.page.evaluate(POINTER)
    roll = Film(tab)
    drawn = Canvas.opened(tab, "prices.twg.json", {"version": "twingraph/1", "name": "prices", "nodes": []})
    hand = Hand(tab, roll)
    bare(tab)
    if drawn.side.is_visible():
        drawn.press("properties")
    for name, (place, code) in DRAWN.items():
        hand.go(*drawn.point(*place))
        tab.page.mouse.dblclick(*drawn.point(*place))
        drawn.popup.wait_for()
        roll.take(2)
        drawn.choose("Python")
        drawn.wait_for_selected("cell")
        drawn.keys("F2")
        drawn.stage.locator(".tg-writing").wait_for()
        tab.page.keyboard.press("Control+a")
        tab.page.keyboard.type(name)
        roll.take()
        tab.page.keyboard.press("Enter")
        drawn.wait_for_selected(name)
        roll.take(2)
        write(drawn, name, code)
    for source, output, target, name in LINES:
        hand.draw_edge(drawn, source, output, target, name)
    roll.take(2)
    hand.press(drawn.toolbar.locator('[data-action="run"]'))
    while drawn.data("run") != "completed":
        roll.take()
    roll.take(3)
    hand.go(*drawn.at("report"))
    tab.page.mouse.dblclick(*drawn.at("report"))
    Inspector(tab).of("report")
    if drawn.side.is_visible():
        drawn.press("properties")
    tab.page.wait_for_timeout(500)
    roll.take(2)
    roll.save(PICTURES / "canvas.gif")


def write(drawn: Canvas, name: str, code: str) -> None:
    """Give a node its code; typing it would make a long film."""
    drawn.page.evaluate(
        f"([id, code]) => {PANEL}.sheet.edit([{{ op: 'set_node', id, fields: {{ code }} }}]).then(() => null)",
        [name, code],
    )
    drawn.quiet()


class Film:
    """Screenshots in a row; what stays as it was is shown for longer."""

    def __init__(self, tab: LabPage) -> None:
        self._page = tab.page
        self._frames: list[Image.Image] = []

    def take(self, times: int = 1) -> None:
        """Add what is to be seen now, for some frames."""
        taken = Image.open(io.BytesIO(self._page.screenshot())).convert("RGB")
        height = round(taken.height * FILM_WIDTH / taken.width)
        self._frames += [taken.resize((FILM_WIDTH, height), Image.Resampling.LANCZOS)] * times

    def save(self, path: Path) -> None:
        """Write an animated GIF with one palette: colours don't flicker, and only what changes is stored."""
        sample = Image.new("RGB", (FILM_WIDTH, self._frames[0].height * 3))
        for place, frame in enumerate((self._frames[0], self._frames[len(self._frames) // 2], self._frames[-1])):
            sample.paste(frame, (0, place * frame.height))
        palette = sample.quantize(FILM_COLOURS, method=Image.Quantize.MAXCOVERAGE)  # small marks keep their colour
        kept = [
            frame
            for number, frame in enumerate(self._frames)
            if number < PATIENCE or any(frame != other for other in self._frames[number - PATIENCE : number])
        ]  # nobody watches a machine think
        frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in kept]
        lasts = [FRAME_MS] * (len(frames) - 1) + [HOLD_MS]
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=lasts, loop=0, optimize=True, disposal=1)
        told(path, f"{sum(lasts) / 1000:.0f} s")


class Hand:
    """A mouse whose way is filmed."""

    def __init__(self, tab: LabPage, film: Film) -> None:
        self._mouse = tab.page.mouse
        self._film = film
        self._at = (200.0, 300.0)
        self._mouse.move(*self._at)

    def go(self, x: float, y: float, steps: int = 3) -> None:
        """Move there in a few frames."""
        from_x, from_y = self._at
        for step in range(1, steps + 1):
            part = step / steps
            self._mouse.move(from_x + (x - from_x) * part, from_y + (y - from_y) * part, steps=3)
            self._film.take()
        self._at = (x, y)

    def press(self, button: Any) -> None:
        """Go to a button and click it."""
        self.go(*middle(button))
        button.click()

    def draw_edge(self, drawn: Canvas, source: str, output: str, target: str, name: str) -> None:
        """From an output's dot to an input's."""
        self.go(*drawn.at(source), steps=2)
        dot = drawn.stage.locator(f'.tg-ports-out .tg-port[data-output="{output}"]')
        dot.wait_for()
        self.go(*middle(dot), steps=1)
        self._mouse.down()
        self.go(*drawn.at(target), steps=3)
        port = drawn.stage.locator(f'.tg-ports-in .tg-port[data-input="{name}"]')
        port.wait_for()
        self.go(*middle(port), steps=1)
        self._mouse.up()
        edge = f"{source}.{output}->{target}.{name}"
        drawn.until(lambda: edge in drawn.edges, edge)
        self._film.take()


def middle(element: Any) -> tuple[float, float]:
    box = element.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def keep(tab: LabPage, name: str) -> None:
    """Write what is to be seen as a small PNG."""
    tab.page.mouse.move(WIDTH - 2, HEIGHT - 2)
    tab.page.wait_for_timeout(700)  # toasts and hover fade
    picture = Image.open(io.BytesIO(tab.page.screenshot(animations="disabled")))
    path = PICTURES / f"{name}.png"
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    told(path)


def told(path: Path, more: str = "") -> None:
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB {more}".rstrip(), flush=True)


PLAIN: dict[str, Callable[[LabPage], None]] = {"canvas": canvas, "runs": runs, "notebook": notebook}


@contextmanager
def opened(browser: Browser, server: Jupyter, size: tuple[int, int], scale: float = 1) -> Iterator[LabPage]:
    """JupyterLab in a tab of this size."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, device_scale_factor=scale, reduced_motion="reduce"
    )
    tab = LabPage(context.new_page(), server)
    tab.page.set_default_timeout(60_000)
    tab.open()
    yield tab
    context.close()


def main(wanted: list[str]) -> None:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit("There is no Chromium.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Jupyter(Path(folder))
        server.start()
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            with opened(browser, server, (WIDTH, HEIGHT), SHARP) as tab:
                for name, draw in PLAIN.items():
                    if not wanted or name in wanted:
                        draw(tab)
            if not wanted or "film" in wanted:
                with opened(browser, server, FILM) as tab:
                    film(tab)
        finally:
            browser.close()
            end_service(server)
            server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
