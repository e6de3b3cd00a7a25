"""A new user's first workflow: drawn with the mouse, run, looked at, saved, and there again after F5."""

from __future__ import annotations

import pytest

from tests.browser.hands import Canvas, Inspector, Runs

pytestmark = pytest.mark.browser

CODES = {
    "load": "numbers = [3, 1, 4, 1, 5]",
    "total": "total = sum(numbers)\nprint('added up', len(numbers))",
    "report": "text = f'{len(numbers)} numbers, {total} in all'",
}
PLACES = {"load": (120, 260), "total": (340, 160), "report": (590, 290)}


def test_from_the_launcher_to_a_finished_run_with_the_mouse(tab):
    tab.page.set_default_timeout(60_000)
    tab.open()
    tab.page.locator(".jp-LauncherCard", has_text="TwinGraph canvas").click()
    canvas = Canvas(tab, "untitled.twg.json")
    canvas.ready()
    assert canvas.data("nodes") == "0"
    canvas.stage.get_by_text("Nothing here yet").wait_for()
    tab.both("canvas-empty")

    for name, place in PLACES.items():
        canvas.page.mouse.dblclick(*canvas.point(*place))
        canvas.popup.wait_for()
        if name == "load":
            tab.both("canvas-add")
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
    tab.both("canvas-drawn")

    run_id = canvas.run()
    canvas.wait_for_run("completed")
    canvas.wait_for_states(load="completed", total="completed", report="completed")
    assert canvas.told_of_run()["state"] == "completed"

    inspector = Inspector(tab)
    canvas.double_click("report")
    inspector.of("report")
    inspector.element.get_by_text("5 numbers, 14 in all").wait_for()
    canvas.wait_until_whole()
    tab.both("canvas-run")
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

    runs = Runs(tab)
    runs.row(run_id).wait_for()
    assert runs.row(run_id).get_attribute("data-state") == "completed"

    tab.reload()
    canvas.ready()
    canvas.wait_for_states(load="completed", total="completed", report="completed")
    assert canvas.run_id == run_id
    assert len(canvas.edges) == 3
    tab.both("canvas-again")
    assert tab.errors == []
