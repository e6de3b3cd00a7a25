"""Runs as a canvas shows them while they go on, and what can be done about them."""

from __future__ import annotations

import json
import re

import pytest

from tests.browser.hands import TEST_S, Canvas, Inspector, Runs, exactly, python, until, workflow

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TEST_S)]

WAITING = """import time
from pathlib import Path

from twingraph_lab.logs import progress

gate = Path({gate!r})
beats = 0
while not gate.exists():
    beats += 1
    print("waiting, line", beats, flush=True)
    progress(1, 4, "a quarter")
    time.sleep(0.2)
b = a + beats
"""
"""Goes on until a file is there."""

STUBBORN = """from pathlib import Path

mended = Path({gate!r})
if not mended.exists():
    raise ValueError("the sensor gave nonsense")
b = a + 1
"""

CODES = {
    "load": "numbers = [3, 1, 4, 1, 5]",
    "total": "total = sum(numbers)\nprint('added up', len(numbers))",
    "report": "text = f'{len(numbers)} numbers, {total} in all'",
}
PLACES = {"load": (120, 260), "total": (340, 160), "report": (590, 290)}


def three(name, middle):
    """A chain whose node in the middle is another."""
    return workflow(
        name,
        python("first", "a = 1", "a"),
        python("middle", middle, "b", inputs={"a": {"ref": "first.a"}}),
        python("last", "c = b + 1\nprint('the end')", "c", inputs={"b": {"ref": "middle.b"}}),
        python("aside", "d = a * 10", "d", inputs={"a": {"ref": "first.a"}}),
        layout={"first": [0, 0], "middle": [240, -60], "last": [480, -60], "aside": [240, 60]},
    )


@pytest.fixture
def gate(lab, tmp_path):
    """A file that isn't there until `touch()`."""
    yield tmp_path / "open"
    (tmp_path / "open").touch()


def test_a_first_workflow_from_the_launcher_to_a_finished_run_with_the_mouse(lab):
    card = lab.page.locator(".jp-LauncherCard", has_text="TwinGraph canvas")
    card.wait_for()
    lab.both("launcher")
    card.click()
    canvas = Canvas(lab, "untitled.twg.json")
    canvas.ready()
    assert canvas.data("nodes") == "0"
    canvas.stage.get_by_text("Nothing here yet").wait_for()
    lab.both("canvas-empty")

    for name, place in PLACES.items():
        canvas.page.mouse.dblclick(*canvas.point(*place))
        canvas.popup.wait_for()
        if name == "load":
            lab.both("canvas-add")
        canvas.choose("Python")
        canvas.wait_for_selected("cell")
        canvas.keys("F2")
        canvas.write(name)
        canvas.wait_for_selected(name)
    canvas.wait_for_nodes("load", "total", "report")
    for name, code in CODES.items():
        canvas.write_code(name, code)
    canvas.connect("load", "numbers", "total", "numbers")
    canvas.connect("load", "numbers", "report", "numbers")
    canvas.connect("total", "total", "report", "total")
    assert canvas.edges == [
        "load.numbers->report.numbers",
        "load.numbers->total.numbers",
        "total.total->report.total",
    ]
    lab.both("canvas-drawn")

    run_id = canvas.run()
    canvas.wait_for_run("completed")
    canvas.wait_for_states(load="completed", total="completed", report="completed")
    assert canvas.told_of_run()["state"] == "completed"

    inspector = Inspector(lab)
    canvas.double_click("report")
    inspector.of("report")
    inspector.element.get_by_text("5 numbers, 14 in all").wait_for()
    canvas.wait_until_whole()
    lab.both("canvas-run")
    canvas.select("total")
    inspector.of("total")
    inspector.section("Log").get_by_text("added up 5").wait_for()

    assert canvas.dirty
    canvas.save()
    assert canvas.saved == canvas.document
    ran = canvas.service(f"runs/{run_id}/document")
    assert [(node["id"], node["component"]["code"], node.get("inputs")) for node in ran["nodes"]] == [
        (node["id"], node["component"]["code"], node.get("inputs")) for node in canvas.saved["nodes"]
    ]

    runs = Runs(lab)
    runs.row(run_id).wait_for()
    assert runs.row(run_id).get_attribute("data-state") == "completed"

    lab.reload()
    canvas.ready()
    canvas.wait_for_states(load="completed", total="completed", report="completed")
    assert canvas.run_id == run_id
    assert len(canvas.edges) == 3
    lab.both("canvas-again")


def test_a_run_is_watched_while_it_goes_on_and_cancelled(lab, gate):
    canvas = Canvas.opened(lab, "waiting.twg.json", three("waiting", WAITING.format(gate=str(gate))))
    inspector = Inspector(lab)
    run_id = canvas.run()
    canvas.wait_for_states(first="completed", middle="running", aside="completed")
    canvas.until(lambda: canvas.page.evaluate(FRACTION) == 0.25, "the progress")
    canvas.double_click("middle")
    inspector.of("middle")
    inspector.element.get_by_text("a quarter").wait_for()
    lines = inspector.section("Log").locator(".tg-Line")
    lines.filter(has_text=re.compile(r"waiting, line \d")).first.wait_for()
    count = lines.count()
    until(lab.page, lambda: lines.count() > count, "more lines")
    lab.both("canvas-running")

    runs = Runs(lab)
    runs.row(run_id).wait_for()
    assert runs.row(run_id).get_attribute("data-state") == "running"
    canvas.press("cancel")
    canvas.wait_for_run("cancelled")
    assert canvas.state("middle") == "cancelled"
    assert canvas.told_of_run()["state"] == "cancelled"
    until(lab.page, lambda: runs.row(run_id).get_attribute("data-state") == "cancelled", "the list")
    gate.touch()
    canvas.from_menu("Run…", "Resume the run")
    canvas.wait_for_run("completed")
    assert canvas.run_id == run_id
    canvas.wait_for_states(first="completed", middle="completed", last="completed", aside="completed")


FRACTION = """() => document.querySelector('.lm-DockPanel .tg-Document .tg-canvas')
  .twingraph.sheet.drawing.statusOf('middle')?.fraction"""


def test_a_failing_node_says_why_and_the_run_is_resumed_when_that_is_mended(lab, gate):
    canvas = Canvas.opened(lab, "failing.twg.json", three("failing", STUBBORN.format(gate=str(gate))))
    run_id = canvas.run()
    canvas.wait_for_run("failed")
    canvas.wait_for_states(first="completed", middle="failed", last="skipped", aside="completed")
    canvas.page.mouse.move(*canvas.at("middle"))
    canvas.root.locator(".tg-tip", has_text="the sensor gave nonsense").wait_for()
    canvas.double_click("middle")
    inspector = Inspector(lab)
    inspector.of("middle")
    error = inspector.section("Error")
    error.get_by_text("the sensor gave nonsense").first.wait_for()
    assert "raise ValueError" in error.locator(".tg-Traceback").inner_text()
    lab.both("canvas-failed")
    gate.touch()
    canvas.from_menu("Run…", "Resume the run")
    canvas.wait_for_run("completed")
    assert canvas.run_id == run_id
    canvas.wait_for_states(first="completed", middle="completed", last="completed", aside="completed")
    attempts = {task["id"]: task["attempt"] for task in canvas.told_of_run()["tasks"]}
    assert (attempts["first"], attempts["middle"]) == (1, 2)


def test_a_part_of_the_workflow_is_run(lab):
    canvas = Canvas.opened(lab, "parts.twg.json", three("parts", "b = a + 1"))
    whole = canvas.run()
    canvas.wait_for_run("completed")
    canvas.select("middle")
    part = canvas.run(lambda canvas: canvas.keys("Shift+Enter"))
    canvas.wait_for_run("completed")
    assert part != whole
    ran = canvas.states("middle", "last")
    assert ran["middle"] == "completed"
    assert ran["last"] in ("", "skipped")
    canvas.select("middle")
    rest = canvas.run(lambda canvas: canvas.menu("middle", "Run from here"))
    canvas.wait_for_run("completed")
    assert rest not in (whole, part)
    assert canvas.state("last") == "completed"
    assert canvas.state("middle") == "completed"
    assert canvas.state("aside") in ("", "skipped", "cached")


def test_runs_are_listed_filtered_opened_and_run_again(lab, gate):
    gate.touch()
    canvas = Canvas.opened(lab, "listed.twg.json", three("listed", WAITING.format(gate=str(gate))))
    run_id = canvas.run()
    canvas.wait_for_run("completed")
    runs = Runs(lab)
    runs.row(run_id).wait_for()
    runs.element.get_by_label("Search runs").fill("listed")
    until(lab.page, lambda: runs.ids == [run_id], "the run alone")
    runs.element.get_by_label("State").select_option("failed")
    runs.element.get_by_text("No run is like that").wait_for()
    runs.element.get_by_label("State").select_option("completed")
    runs.row(run_id).wait_for()
    lab.both("runs-panel")

    runs.row(run_id).locator(".tg-History-open").click()
    view = lab.page.locator(".lm-DockPanel .tg-RunView")
    view.wait_for()
    view.get_by_role("tab", name="Timeline").click()
    lanes = view.locator(".tg-Lane")
    until(lab.page, lambda: lanes.count() == 4, "lanes")
    assert view.locator(".tg-Lane .tg-Bar").count() >= 4
    lab.both("run-timeline")
    view.get_by_role("tab", name="Log").click()
    view.locator(".tg-Line", has_text="the end").wait_for()
    view.get_by_role("tab", name="Graph").click()
    view.locator(".tg-canvas[data-ready=true]").wait_for()
    lab.picture("run-graph")
    view.get_by_role("tab", name="Nodes").click()
    view.locator(".tg-NodeRow-name", has_text=exactly("middle")).click()
    lab.picture("run-nodes")

    runs.row(run_id).hover()
    runs.row(run_id).get_by_label("Run again: listed").click()
    until(lab.page, lambda: len(runs.ids) == 2, "another run")
    again = next(each for each in runs.ids if each != run_id)
    until(lab.page, lambda: lab.jupyter.ask(f"twingraph/api/runs/{again}")["state"] == "completed", "its end")
    runs.element.get_by_label("Search runs").fill("")
    runs.element.get_by_label("State").select_option("")
    runs.row(run_id).hover()
    runs.row(run_id).get_by_label("Lineage: listed").click()
    lineage = lab.page.locator(".lm-DockPanel .tg-LineageView")
    lineage.get_by_text(re.compile(r"\d+ vertices")).wait_for()
    lab.both("run-lineage")


def test_pictures_are_downloaded(lab):
    canvas = Canvas.opened(lab, "picture.twg.json", three("picture", "b = a"))
    with lab.page.expect_download() as png:
        canvas.from_menu("Export a picture", "Export as PNG")
    assert png.value.suggested_filename == "picture.png"
    assert png.value.path().read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    with lab.page.expect_download() as svg:
        canvas.from_menu("Export a picture", "Export as SVG")
    assert svg.value.suggested_filename == "picture.svg"
    text = svg.value.path().read_text()
    assert text.lstrip().startswith(("<svg", "<?xml"))
    assert all(name in text for name in ("first", "middle", "last", "aside"))
    assert json.loads(lab.jupyter.ask("api/contents/picture.twg.json")["content"]) == canvas.document


def test_where_there_is_little_room_a_node_that_is_opened_is_shown_in_one_place(lab):
    canvas = Canvas.opened(lab, "narrow.twg.json", three("narrow", "b = a + 1"))
    canvas.run()
    canvas.wait_for_run("completed")
    lab.page.set_viewport_size({"width": 1000, "height": 900})
    try:
        if canvas.side.is_visible():
            canvas.press("properties")
        canvas.press("fit")
        canvas.double_click("middle")
        Inspector(lab).of("middle")
        assert canvas.side.is_hidden()
        lab.both("canvas-narrow")
    finally:
        lab.page.set_viewport_size({"width": 1400, "height": 900})
