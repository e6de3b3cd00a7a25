"""What eyes wait for: a large canvas, changes of state, and the way from an event to its colour."""

from __future__ import annotations

import json
import time
from statistics import median, quantiles

import pytest

from tests.benchmarks.onscreen import FIRST_RENDER, STATES, WATCH
from tests.benchmarks.reporting import report
from tests.browser.hands import PANEL, Canvas, python, workflow
from twingraph_lab.events import TaskCompleted, TaskStarted
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings

pytestmark = [pytest.mark.benchmark, pytest.mark.browser, pytest.mark.timeout(300)]


def large(count):
    """Cells with two edges each, side by side in rows of 40."""
    nodes = [python("n0", "result = x + y", "result", inputs={"x": 1, "y": 2})]
    nodes += [
        python(f"n{n}", "result = x + y", "result", inputs={"x": {"ref": f"n{n - 1}"}, "y": {"ref": f"n{n // 2}"}})
        for n in range(1, count)
    ]
    return workflow("large", *nodes, layout={f"n{n}": [n % 40 * 260, n // 40 * 110] for n in range(count)})


@pytest.mark.parametrize(("count", "target_s"), [(500, 0.6), (2000, 1.5), (5000, 3)])
def test_opening_a_large_workflow(lab, count, target_s):
    path = f"large-{count}.twg.json"
    (lab.jupyter.folder / path).write_text(json.dumps(large(count)))
    Canvas.opened(lab, "small.twg.json", workflow("small"))  # the service runs, and the canvas' code is loaded
    lab.close_all()
    text_s = opening(lab, path, "Editor", ".jp-FileEditor .cm-line")
    lab.close_all()
    canvas_s = opening(lab, path, "TwinGraph canvas", '.tg-canvas[data-ready="true"]')
    canvas = Canvas(lab, path)
    assert canvas.data("nodes") == str(count)
    report(f"a file of {count} nodes opened on the canvas", canvas_s, text_s, "in the text editor")
    ours, theirs = lab.page.evaluate(FIRST_RENDER)
    name = f"first picture of {count} nodes (≤ {target_s} s)"
    report(name, median(ours) / 1000, median(theirs) / 1000, "plain cytoscape")


def test_five_hundred_changes_of_state(lab):
    Canvas.opened(lab, "states.twg.json", large(500))
    found = lab.page.evaluate(STATES)
    ours, theirs = (median(found[whose]) / 1000 for whose in ("ours", "theirs"))
    report("500 changes of state painted (≤ 0.3 s)", ours, theirs, "500 classes of plain cytoscape")
    print(f"of {found['sent']:.0f} frames a second, {found['drawn']:.1f} are drawn")
    assert found["drawn"] <= 10.5


def test_from_an_event_to_its_colour(lab):
    nodes = [python(f"n{n}", "import time\ntime.sleep(0.1)\nresult = 1", "result") for n in range(100)]
    canvas = Canvas.opened(lab, "events.twg.json", workflow("events", *nodes))
    canvas.run()
    canvas.wait_for_run("completed")  # the service's workers are there now
    lab.page.evaluate(WATCH)
    began = time.monotonic()
    run_id = canvas.run()
    canvas.wait_for_run("completed")
    canvas.wait(f"Object.keys({PANEL}.host.frame.nodes).length === 100 && window.seen.length >= 100")
    took_s = time.monotonic() - began
    painted = {(node, state): at_ms / 1000 for node, state, at_ms in reversed(lab.page.evaluate("() => window.seen"))}
    with Lab(Settings(home=lab.jupyter.folder / ".twingraph", scheduler="inline", lineage=False)) as ours:
        delays = [
            at - event.time.timestamp()
            for event in ours.ledger.events(run_id)
            for state, kind in (("running", TaskStarted), ("completed", TaskCompleted))
            if isinstance(event, kind) and (at := painted.get((event.task_id, state)))
        ]
    assert len(delays) >= 100
    print(f"{len(delays)} of 200 changes were seen: p50 {median(delays):.3f} s, most {max(delays):.3f} s")
    report("event to colour, p95 (≤ 0.3 s)", quantiles(delays, n=20)[-1], took_s, "the run of 100 nodes")


def opening(lab, path, factory, drawn):
    """Seconds from the command to open a file to the frame after it is drawn."""
    return lab.page.evaluate(
        """async ([path, factory, drawn]) => {
          const began = performance.now();
          const opening = window.jupyterapp.commands.execute('docmanager:open', { path, factory });
          while (!document.querySelector(`.lm-DockPanel ${drawn}`)) await new Promise(requestAnimationFrame);
          await opening;
          await new Promise(requestAnimationFrame);
          return (performance.now() - began) / 1000;
        }""",
        [path, factory, drawn],
    )
