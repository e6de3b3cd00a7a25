"""Text that would act if it were taken for HTML is text wherever it is shown."""

from __future__ import annotations

import re

import pytest

from tests.browser.hands import TEST_S, Canvas, Inspector, Runs, python, until, workflow

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TEST_S)]

IMAGE = "<img src=x onerror=window.hacked=1>"
SCRIPT = "<script>window.hacked=1</script>"
LINK = "javascript:window.hacked=1"
CODE = f"""import html
image, script = {IMAGE!r}, {SCRIPT!r}
print(image, script)
page = image + script
tree = {{image: [script], "href": {LINK!r}}}
rows = [{{image: script}}, {{image: image}}]
"""
FAILING = f"raise ValueError({IMAGE + SCRIPT!r} + page)"


def harmless(lab):
    """Nothing of it has acted or become an element."""
    page = lab.page
    assert page.evaluate("() => window.hacked") is None
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("[onerror]").count() == 0
    assert page.evaluate("() => [...document.scripts].filter(each => each.text.includes('hacked')).length") == 0
    assert page.locator("a[href^='javascript:']").count() == 0
    assert lab.errors == []


def hostile():
    """A document full of it."""
    return workflow(
        IMAGE,
        python("make", CODE, "page", "tree", "rows", description=IMAGE + SCRIPT),
        python("fail", FAILING, "never", inputs={"page": {"ref": "make.page"}}),
        description=IMAGE,
        layout={"make": [0, 0], "fail": [300, 0]},
        groups={"evil": {"label": IMAGE, "nodes": ["make"]}},
        comments={"note": {"text": f"{IMAGE} {SCRIPT}", "position": [0, 160]}},
    )


def test_hostile_text_is_text_on_the_canvas_and_in_everything_about_a_run(lab):
    canvas = Canvas.opened(lab, "hostile.twg.json", hostile())
    assert canvas.drawn("group:evil")["label"] == IMAGE
    canvas.page.mouse.move(*canvas.at("make"))
    canvas.root.locator(".tg-tip", has_text="onerror").wait_for()
    canvas.select("make")
    canvas.show_properties()
    canvas.keys("Control+f")
    canvas.page.keyboard.insert_text(IMAGE)
    canvas.root.locator(".tg-find-count", has_text="found").wait_for()
    canvas.page.keyboard.press("Escape")
    harmless(lab)

    run_id = canvas.run()
    canvas.wait_for_run("failed")
    canvas.page.mouse.move(*canvas.at("fail"))
    canvas.root.locator(".tg-tip", has_text="ValueError").or_(
        canvas.root.locator(".tg-tip", has_text="onerror")
    ).first.wait_for()
    inspector = Inspector(lab)
    inspector.show()
    canvas.select("make")
    inspector.of("make")
    inspector.section("Outputs").get_by_text("onerror").first.wait_for()
    inspector.section("Log").locator(".tg-Line", has_text="onerror").wait_for()
    for title in ("Code", "Definition", "Environment", "Why", "Metrics", "Attempts"):
        inspector.section(title)
    lab.both("hostile-inspector")
    canvas.select("fail")
    inspector.of("fail")
    inspector.section("Error").get_by_text("onerror").first.wait_for()
    harmless(lab)

    runs = Runs(lab)
    runs.row(run_id).locator(".tg-History-open").click()
    view = lab.page.locator(".lm-DockPanel .tg-RunView")
    view.locator(".tg-RunHeader").wait_for()
    view.get_by_role("tab", name="Log").click()
    view.locator(".tg-Line", has_text="onerror").first.wait_for()
    view.get_by_role("tab", name="Timeline").click()
    view.locator(".tg-Lane").first.wait_for()
    view.get_by_role("tab", name="Graph").click()
    view.locator(".tg-canvas[data-ready=true]").wait_for()
    harmless(lab)
    lab.command("twingraph:open-lineage", runId=run_id)
    lineage = lab.page.locator(".lm-DockPanel .tg-LineageView")
    lineage.get_by_text(re.compile(r"\d+ vertices")).wait_for()
    lineage.get_by_role("button", name="Show as a list").click()
    lineage.locator(".tg-LineageList li").first.wait_for()
    for vertex in lineage.locator(".tg-LineageList li > .tg-link:first-child").all():
        vertex.click()
        lineage.locator(".tg-LineageDetails").wait_for()
        harmless(lab)
    answer = lab.page.request.get(
        f"{lab.jupyter.url}twingraph/api/runs/{run_id}/nodes/make/outputs/page?token={lab.jupyter.token}"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "attachment" in answer.headers["content-disposition"]
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_hostile_name_is_refused_by_name_and_shown_as_text(lab):
    canvas = Canvas.opened(lab, "hostile.twg.json", hostile())
    before = canvas.document
    canvas.select("fail")
    canvas.keys("F2")
    canvas.write(IMAGE)
    canvas.toast.get_by_text("onerror").first.wait_for()
    assert canvas.document == before
    harmless(lab)


def test_a_hostile_file_is_named_as_text_when_it_cannot_be_drawn(lab):
    Canvas.opened(lab, "evil.twg.json", workflow(IMAGE, {"id": SCRIPT, "component": IMAGE}), drawn=False)
    page = lab.page.locator(".tg-Notice-page")
    shown = page.or_(lab.page.locator(".tg-canvas[data-ready=true]"))
    shown.first.wait_for()
    lab.picture("hostile-file")
    harmless(lab)
    until(lab.page, lambda: lab.page.locator(".lm-TabBar-tab", has_text="evil.twg.json").count() >= 1, "its tab")
