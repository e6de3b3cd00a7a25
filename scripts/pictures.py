"""The pictures of the README: the real JupyterLab in Chromium, used as hands use it. `python scripts/pictures.py [NAME…]`.

Writes docs/pictures/: the flights example drawn and run, in both themes; a run with its timeline; cells beside the
canvas; and, animated, a workflow that is drawn with the mouse and run.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import BROWSERS, FLAGS, Jupyter, LabPage, end_service  # noqa: E402
from tests.browser.hands import PANEL, Canvas, Inspector, Runs  # noqa: E402
from tests.browser.notebooks import Notebook  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
EXAMPLE = ROOT / "examples" / "01_flights"
QUICKSTART = ROOT / "notebooks" / "01_quickstart.ipynb"
WIDTH, HEIGHT = 1280, 760
SHARP = 1.5
"""Pixels of a picture for each of the page."""

GIF_WIDTH = 900
GIF_COLOURS = 96
FRAME_MS = 120

POINTER = """() => {
  const hand = document.createElement('div');
  hand.id = 'pictured-pointer';
  hand.innerHTML = '<svg width="22" height="26" viewBox="0 0 22 26"><path d="M2 2v19l5-4.4 3.2 7.2 3.6-1.6-3.2-7H18z" '
    + 'fill="#111" stroke="#fff" stroke-width="1.6" stroke-linejoin="round"/></svg>';
  Object.assign(hand.style, { position: 'fixed', zIndex: 99999, pointerEvents: 'none', left: '0', top: '0' });
  document.body.append(hand);
  document.addEventListener('mousemove', ({ clientX, clientY }) => {
    hand.style.transform = `translate(${clientX - 2}px, ${clientY - 2}px)`;
  }, true);
  const press = scale => () => (hand.firstChild.style.transform = `scale(${scale})`);
  document.addEventListener('pointerdown', press(0.8), true);
  document.addEventListener('pointerup', press(1), true);
}"""

DRAWN = {
    "prices": ((110, 250), "import random\n\nrandom.seed(7)\nprices = [100 + random.gauss(0, 5) for _ in range(250)]"),
    "weekly": ((370, 150), "weekly = [sum(prices[i : i + 5]) / 5 for i in range(0, 250, 5)]"),
    "extremes": ((370, 350), "extremes = {'low': min(prices), 'high': max(prices)}"),
    "report": ((640, 250), "report = {'weeks': len(weekly), **extremes}"),
}
LINES = [
    ("prices", "prices", "weekly", "prices"),
    ("prices", "prices", "extremes", "prices"),
    ("weekly", "weekly", "report", "weekly"),
    ("extremes", "extremes", "report", "extremes"),
]


def canvas(tab: LabPage) -> None:
    """The flights example after its run, its figure in the inspector."""
    for file in ("flights.py", "workflow.json"):
        shutil.copy(EXAMPLE / file, tab.jupyter.folder)
    document = json.loads((EXAMPLE / "workflow.json").read_text())
    drawn = Canvas.opened(tab, "late-flights.twg.json", document)
    drawn.run()
    drawn.wait_for_run("completed")
    tab.command("twingraph:show-panel")
    Inspector(tab).show()
    drawn.select("figure")
    Inspector(tab).of("figure")
    if drawn.side.is_visible():
        drawn.press("properties")
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
    tab.page.locator(".tg-Timeline").first.wait_for()
    keep(tab, "runs")


def notebook(tab: LabPage) -> None:
    """The cells of the first notebook beside their canvas."""
    cells = json.loads(QUICKSTART.read_text())["cells"]
    book = Notebook.opened(tab, "late-flights.ipynb", *("".join(c["source"]) for c in cells if c["cell_type"] == "code"))
    book.run(*range(4))
    keep(tab, "notebook")


def keep(tab: LabPage, name: str) -> None:
    """Write what is to be seen as a small PNG."""
    tab.page.mouse.move(WIDTH - 2, HEIGHT - 2)
    tab.page.wait_for_timeout(700)  # toasts and hover fade
    picture = Image.open(io.BytesIO(tab.page.screenshot(animations="disabled")))
    path = PICTURES / f"{name}.png"
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB", flush=True)


PLAIN: dict[str, Callable[[LabPage], None]] = {"canvas": canvas, "runs": runs, "notebook": notebook}


@contextmanager
def opened(browser: Browser, server: Jupyter, width: int, height: int, scale: float) -> Iterator[LabPage]:
    context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=scale)
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
            with opened(browser, server, WIDTH, HEIGHT, SHARP) as tab:
                for name, draw in PLAIN.items():
                    if not wanted or name in wanted:
                        draw(tab)
        finally:
            browser.close()
            end_service(server)
            server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
