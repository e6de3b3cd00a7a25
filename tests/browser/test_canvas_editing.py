"""What hands can do to a workflow on its canvas, and what becomes of the document."""

from __future__ import annotations

import json
import re

import pytest

from tests.browser.hands import CY, PANEL, TEST_S, Canvas, exactly, python, until, workflow

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TEST_S)]

STEPS = '''from __future__ import annotations

from twingraph_lab import component


@component
def words(text: str) -> list[str]:
    """Words of a text."""
    return text.split()


@component
def half(x: float) -> float:
    """Half of a number."""
    return x / 2


@component
def between(low: float, high: float) -> float:
    """What is in the middle."""
    return (low + high) / 2
'''


def chain(name="chain", **fields):
    """Three cells one after the other, each in its place."""
    return workflow(
        name,
        python("first", "a = 1", "a"),
        python("second", "b = a + 1", "b", inputs={"a": {"ref": "first.a"}}),
        python("third", "c = b + 1", "c", inputs={"b": {"ref": "second.b"}}),
        layout={"first": [0, 0], "second": [240, 120], "third": [480, 40]},
        **fields,
    )


def typed(lab, *names):
    """A document of functions whose ports have types, and the project file they are in."""
    (lab.jupyter.folder / "steps.py").write_text(STEPS)
    places = {"words": [0, 0], "half": [330, 160], "between": [330, -40], "other": [0, 160]}
    nodes = [{"id": name, "component": f"steps:{'half' if name == 'other' else name}"} for name in names]
    return workflow("typed", *nodes, layout={name: places[name] for name in names})


@pytest.fixture
def canvas(lab):
    """A canvas with a chain of three cells."""
    return Canvas.opened(lab, "chain.twg.json", chain())


def test_a_renamed_node_keeps_its_edges_and_its_place(canvas):
    canvas.select("first")
    canvas.keys("F2")
    canvas.write("begin")
    canvas.wait_for_nodes("begin", "second", "third")
    assert canvas.node("second")["inputs"] == {"a": {"ref": "begin.a"}}
    assert canvas.document["layout"]["begin"] == [0, 0]
    canvas.wait_for_selected("begin")


def test_a_name_that_is_taken_is_refused(canvas):
    before = canvas.document
    canvas.select("first")
    canvas.keys("F2")
    canvas.write("second")
    canvas.toast.get_by_text("second").first.wait_for()
    assert canvas.document == before


def test_what_is_deleted_comes_back_by_undo_and_goes_by_redo(canvas):
    canvas.select("second")
    canvas.keys("Delete")
    canvas.wait_for_nodes("first", "third")
    canvas.wait_for_edges()
    canvas.keys("Control+z")
    canvas.wait_for_nodes("first", "second", "third")
    canvas.wait_for_edges("first.a->second.a", "second.b->third.b")
    canvas.keys("Control+Shift+z")
    canvas.wait_for_nodes("first", "third")
    canvas.keys("Control+z")
    canvas.wait_for_nodes("first", "second", "third")


def test_an_edge_is_selected_and_deleted(canvas):
    canvas.select("first.a->second.a")
    canvas.keys("Delete")
    canvas.wait_for_edges("second.b->third.b")
    assert "inputs" not in canvas.node("second")


def test_many_are_selected_by_a_box_by_shift_and_all_by_a_key(canvas):
    canvas.page.keyboard.down("Shift")
    canvas.drag(canvas.point(-110, -60), canvas.point(350, 190))
    canvas.page.keyboard.up("Shift")
    canvas.until(lambda: {"first", "second"} <= {*canvas.selected} and "third" not in canvas.selected, "the box")
    canvas.select("first")
    canvas.click("third", modifier="Shift")
    canvas.wait_for_selected("first", "third")
    canvas.keys("Control+a")
    canvas.wait_for_selected("first", "second", "third")
    canvas.keys("Escape")
    canvas.wait_for_selected()


def test_copies_are_pasted_with_the_edges_between_them(canvas):
    canvas.select("first")
    canvas.click("second", modifier="Shift")
    canvas.wait_for_selected("first", "second")
    canvas.keys("Control+c")
    canvas.until(lambda: "first" in canvas.page.evaluate("() => navigator.clipboard.readText()"), "the clipboard")
    canvas.page.mouse.move(*canvas.point(100, 300))
    canvas.keys("Control+v")
    canvas.until(lambda: len(canvas.node_ids) == 5, "copies")
    first, second = canvas.node_ids[3:]
    canvas.wait_for_selected(first, second)
    assert canvas.node(second)["inputs"] == {"a": {"ref": f"{first}.a"}}
    assert canvas.node(first)["component"]["code"] == "a = 1"
    canvas.keys("Control+d")
    canvas.until(lambda: len(canvas.node_ids) == 7, "duplicates")


def test_nodes_are_dragged_and_aligned(canvas):
    canvas.drag_node("third", 0, 90)
    canvas.until(lambda: canvas.document["layout"]["third"][1] > 100, "the place")
    canvas.quiet()
    assert canvas.document["layout"]["first"] == [0, 0]
    canvas.keys("Control+a")
    canvas.wait_for_selected("first", "second", "third")
    canvas.from_menu("Align and distribute", "Align top")
    canvas.until(lambda: len({place[1] for place in canvas.document["layout"].values()}) == 1, "one height")
    canvas.from_menu("Align and distribute", "Align left")
    canvas.until(lambda: len({place[0] for place in canvas.document["layout"].values()}) == 1, "one side")


def test_what_nobody_placed_is_laid_out_around_what_somebody_did(lab):
    document = chain("half-placed")
    del document["layout"]["third"], document["layout"]["second"]
    document["layout"]["first"] = [500, 300]
    canvas = Canvas.opened(lab, "half-placed.twg.json", document)
    assert canvas.position("first") == [500, 300]
    places = {tuple(canvas.position(name)) for name in ("first", "second", "third")}
    assert len(places) == 3
    assert canvas.document == document
    assert not canvas.dirty
    canvas.press("arrange")
    canvas.until(lambda: set(canvas.document["layout"]) == {"first", "second", "third"}, "places")
    lefts = [canvas.document["layout"][name][0] for name in ("first", "second", "third")]
    assert lefts == sorted(lefts)
    canvas.keys("Control+z")
    canvas.until(lambda: canvas.document == document, "as before")
    canvas.until(lambda: canvas.position("first") == [500, 300], "its place")


def test_groups_are_made_collapsed_renamed_opened_and_taken_apart(canvas):
    canvas.select("first")
    canvas.click("second", modifier="Shift")
    canvas.wait_for_selected("first", "second")
    canvas.keys("Control+g")
    group = canvas.until(lambda: next(iter(canvas.document.get("groups", {})), None), "a group")
    assert canvas.document["groups"][group]["nodes"] == ["first", "second"]
    box = f"group:{group}"
    canvas.wait_for_selected(box)
    assert canvas.drawn("first")["parent"] == box
    canvas.keys("F2")
    canvas.write("To begin with")
    canvas.until(lambda: canvas.document["groups"][group]["label"] == "To begin with", "its name")
    canvas.keys("h")
    canvas.until(lambda: canvas.document["groups"][group].get("collapsed"), "collapsed")
    canvas.until(lambda: canvas.drawn("first") is None, "nodes inside")
    canvas.tab.both("canvas-group")
    assert len(canvas.edges) == 1
    canvas.double_click(box)
    canvas.until(lambda: canvas.drawn("first") is not None, "nodes again")
    assert canvas.position("first") == [0, 0]
    canvas.until(lambda: not canvas.document["groups"][group].get("collapsed"), "open")
    canvas.page.evaluate(f"id => {PANEL}.select([id])", box)
    canvas.wait_for_selected(box)
    canvas.keys("Control+Shift+g")
    canvas.until(lambda: not canvas.document.get("groups"), "no group")
    assert canvas.node_ids == ["first", "second", "third"]


def test_comments_are_written_changed_and_removed(canvas):
    canvas.page.mouse.move(*canvas.point(80, 250))
    canvas.keys("c")
    canvas.write("Numbers come from\nthe *survey*.")
    comment = canvas.until(lambda: next(iter(canvas.document.get("comments", {})), None), "a comment")
    assert canvas.document["comments"][comment]["text"] == "Numbers come from\nthe *survey*."
    box = f"comment:{comment}"
    canvas.double_click(box)
    long = "From https://" + "example" * 20
    canvas.write(long)
    canvas.until(lambda: canvas.document["comments"][comment]["text"] == long, "the other text")
    canvas.quiet()
    width = f"id => labels => {CY}.getElementById(id).boundingBox({{ includeLabels: labels }}).w"
    with_text, without = canvas.page.evaluate(f"id => [true, false].map(({width})(id))", box)
    assert with_text < without + 8
    canvas.select(box)
    canvas.keys("Delete")
    canvas.until(lambda: not canvas.document.get("comments"), "no comment")


def test_nodes_are_found_by_what_is_written_on_them(canvas):
    canvas.keys("Control+f")
    canvas.page.keyboard.type("ir")
    canvas.root.locator(".tg-find-count", has_text="2 found").wait_for()
    hits = canvas.page.evaluate(f"() => {CY}.nodes('.tg-hit').map(node => node.id()).sort()")
    assert hits == ["first", "third"]
    canvas.page.keyboard.press("Enter")
    canvas.wait_for_selected("first")
    canvas.page.keyboard.press("Enter")
    canvas.wait_for_selected("third")
    canvas.page.keyboard.press("Escape")
    canvas.root.locator(".tg-find").wait_for(state="hidden")
    assert canvas.page.evaluate(f"() => {CY}.nodes('.tg-dim').length") == 0


def test_the_view_is_zoomed_fitted_and_moved_by_the_minimap(canvas):
    zoom = f"{CY}.zoom()"
    before = canvas.page.evaluate(zoom)
    canvas.keys("+", "+")
    canvas.wait(f"{zoom} > arg * 1.5", before)
    canvas.keys("-")
    canvas.wait(f"{zoom} < arg * 1.3", before)
    canvas.keys("0")
    canvas.wait(f"{zoom} === 1")
    assert canvas.toolbar.locator(".tg-zoom").inner_text() == "100 %"
    canvas.page.evaluate(f"() => void {CY}.panBy({{ x: 3000, y: 0 }})")
    canvas.keys("f")
    canvas.wait_until_whole()
    minimap = canvas.root.locator(".tg-minimap")
    assert minimap.is_hidden()
    canvas.keys("m")
    minimap.wait_for()
    pan = canvas.page.evaluate(f"() => {CY}.pan().x")
    minimap.click(position={"x": 10, "y": 10})
    canvas.wait(f"{CY}.pan().x !== arg", pan)
    canvas.keys("m")
    minimap.wait_for(state="hidden")


def test_a_workflow_is_built_by_the_keyboard_alone(lab):
    canvas = Canvas.opened(lab, "keys.twg.json", "")
    keyboard = canvas.page.keyboard
    canvas.page.mouse.move(0, 0)
    for name, entry, made, way in (("numbers", "Python", "cell", "Left"), ("result", "Output", "output", "Right")):
        canvas.keys("a")
        canvas.popup.wait_for()
        keyboard.type(entry)
        keyboard.press("Enter")
        canvas.wait_for_selected(made)
        keyboard.press("F2")
        canvas.write(name)
        canvas.wait_for_selected(name)
        x, y = canvas.document["layout"][name]
        keyboard.press(f"Arrow{way}")
        keyboard.press(f"Shift+Arrow{way}")
        place = [x - 45 if way == "Left" else x + 45, y]
        canvas.until(lambda name=name, place=place: canvas.document["layout"][name] == place, "its place")
    canvas.wait_for_nodes("numbers", "result")
    keyboard.press("Escape")
    canvas.wait_for_selected()
    keyboard.press("Tab")
    canvas.wait_for_selected("numbers")
    keyboard.press("Tab")
    canvas.wait_for_selected("result")
    keyboard.press("Shift+Tab")
    canvas.wait_for_selected("numbers")
    keyboard.press("e")
    canvas.popup.wait_for()
    keyboard.type("result")
    keyboard.press("Enter")
    canvas.until(lambda: len(canvas.edges) == 1, "an edge")
    keyboard.press("Tab")
    canvas.wait_for_selected("result")
    place = canvas.document["layout"]["result"]
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    canvas.until(lambda: canvas.document["layout"]["result"] == [place[0], place[1] + 10], "ten pixels down")
    keyboard.press("Delete")
    canvas.wait_for_nodes("numbers")
    keyboard.press("?")
    canvas.popup.get_by_text("Keyboard shortcuts").or_(canvas.popup.locator("input")).first.wait_for()
    keyboard.press("Escape")
    canvas.popup.wait_for(state="detached")


def test_an_edge_that_closes_a_circle_is_refused_and_says_why(lab):
    document = chain("circle")
    document["nodes"][0] = python("first", "a = len(c)", "a")
    canvas = Canvas.opened(lab, "circle.twg.json", document)
    before = canvas.document
    canvas.reach("third", "c", "first", "c")
    canvas.toast.get_by_text("first → second → third").wait_for()
    lab.both("canvas-circle-refused")
    assert canvas.document == before
    assert canvas.edges == ["first.a->second.a", "second.b->third.b"]
    assert not canvas.dirty


def test_an_edge_between_types_that_differ_is_refused_and_says_why(lab):
    canvas = Canvas.opened(lab, "typed.twg.json", typed(lab, "words", "half"))
    before = canvas.document
    canvas.reach("words", "result", "half", "x")
    canvas.toast.get_by_text("result gives an array, but x takes a number").wait_for()
    assert canvas.document == before
    assert canvas.edges == []


def test_which_input_is_meant_is_asked_when_it_is_in_doubt(lab):
    canvas = Canvas.opened(lab, "typed.twg.json", typed(lab, "other", "between"))
    canvas.reach("other", "result", "between")
    canvas.popup.wait_for()
    lab.picture("canvas-which-input")
    canvas.choose("high")
    canvas.until(lambda: canvas.node("between").get("inputs") == {"high": {"ref": "other"}}, "the edge")
    canvas.reach("other", "result", "between")
    canvas.until(
        lambda: canvas.node("between")["inputs"] == {"high": {"ref": "other"}, "low": {"ref": "other"}}, "the rest"
    )
    assert canvas.popup.count() == 0


def test_faults_are_shown_on_nodes_as_they_come_and_go(lab):
    canvas = Canvas.opened(lab, "typed.twg.json", typed(lab, "half"))
    assert "needs 'x'" in canvas.page.evaluate(f"() => {PANEL}.sheet.node('half').data.faults[0]")
    canvas.page.mouse.move(*canvas.at("half"))
    tip = canvas.root.locator(".tg-tip", has_text="needs 'x'")
    tip.wait_for()
    assert tip.evaluate("each => getComputedStyle(each).color !== getComputedStyle(each).backgroundColor")
    lab.picture("canvas-fault")
    canvas.select("half")
    canvas.show_properties()
    canvas.field("arguments_x").fill("2.5")
    canvas.until(lambda: canvas.node("half").get("inputs") == {"x": 2.5}, "the input")
    canvas.wait(f"{PANEL}.sheet.node('half').data.faults.length === 0")
    canvas.keys("Control+z")
    canvas.wait(f"{PANEL}.sheet.node('half').data.faults.length === 1")


def test_what_the_property_form_says_is_in_the_document(canvas):
    canvas.select("second")
    canvas.show_properties()
    canvas.field("settings_timeout_s").fill("90")
    canvas.until(lambda: canvas.node("second").get("timeout_s") == 90, "the timeout")
    canvas.field("settings_retry_attempts").fill("3")
    canvas.until(lambda: canvas.node("second").get("retry", {}).get("attempts") == 3, "attempts")
    canvas.field("settings_description").fill("One more.")
    canvas.until(lambda: canvas.node("second").get("description") == "One more.", "the description")
    canvas.field("settings_timeout_s").fill("")
    canvas.until(lambda: "timeout_s" not in canvas.node("second"), "no timeout")
    canvas.field("settings_timeout_s").fill("-1")
    canvas.side.get_by_text("timeout_s").or_(canvas.side.get_by_text("greater than 0")).first.wait_for()
    assert "timeout_s" not in canvas.node("second")


def test_what_was_written_just_before_is_saved_too(lab):
    canvas = Canvas.opened(lab, "soon.twg.json", workflow("soon", python("load", "x = 1", "x")))
    canvas.select("load")
    canvas.show_properties()
    canvas.field("settings_description").fill("just now")
    lab.page.keyboard.press("Control+s")
    canvas.until(lambda: canvas.saved["nodes"][0].get("description") == "just now", "the saved file")
    canvas.until(lambda: not canvas.dirty, "nothing else to save")


def test_items_of_a_list_have_a_name_in_the_form(lab):
    canvas = Canvas.opened(lab, "list.twg.json", workflow("list", python("load", "x = 1", "x")))
    canvas.select("load")
    canvas.show_properties()
    item = canvas.field("settings_outputs_0")
    assert item.locator("xpath=ancestor::*[contains(@class, 'array-item')]").inner_text().strip() == "Output"
    item.scroll_into_view_if_needed()
    item.focus()
    lab.both("canvas-form-list")


def test_the_workflow_is_named_in_the_form_when_nothing_is_selected(canvas):
    canvas.keys("Escape")
    canvas.show_properties()
    canvas.field("name").fill("another-name")
    canvas.page.keyboard.press("Enter")
    canvas.until(lambda: canvas.document["name"] == "another-name", "the name")


def test_components_are_dragged_from_the_palette(lab):
    canvas = Canvas.opened(lab, "dragged.twg.json", "")
    lab.command("twingraph:show-panel")
    palette = lab.page.locator("#twingraph-side .tg-Palette")
    palette.get_by_label("Search components").fill("pyth")
    entry = palette.locator('[data-entry="code:python"]')
    entry.wait_for()
    entry.drag_to(canvas.stage, target_position={"x": 150, "y": 200})
    canvas.wait_for_nodes("cell")
    assert canvas.document["layout"]["cell"] == pytest.approx([150, 200], abs=3)
    entry.focus()
    lab.page.keyboard.press("Enter")
    canvas.wait_for_nodes("cell", "cell_2")
    lab.both("canvas-palette")


def test_components_that_come_late_are_in_the_list_that_is_open(lab):
    held, components = [], re.compile(r"/twingraph/api/components\b")

    def hold(route):
        held.append(route)

    lab.page.route(components, hold)
    canvas = Canvas.opened(lab, "late.twg.json", "")
    canvas.double_click_empty()
    canvas.popup.wait_for()
    lab.page.keyboard.type("python")
    canvas.popup.get_by_text("Nothing found").wait_for()
    canvas.until(lambda: held, "the question for components")
    for route in held:
        route.continue_()
    lab.page.unroute(components)
    canvas.popup.locator(".tg-popup-label", has_text=exactly("Python")).wait_for()
    lab.page.keyboard.press("Enter")
    canvas.wait_for_nodes("cell")


def test_notebooks_and_scripts_are_added_from_the_file_browser(lab):
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    (lab.jupyter.folder / "survey.ipynb").write_text(json.dumps(notebook))
    (lab.jupyter.folder / "steps.py").write_text(STEPS)
    canvas = Canvas.opened(lab, "files.twg.json", "")
    lab.command("filebrowser:activate")
    lab.command("filebrowser:refresh")
    listing = lab.page.locator(".jp-DirListing")
    until(lab.page, lambda: listing.locator(".jp-DirListing-item", has_text="survey").count() == 1, "the file")
    item = listing.locator(".jp-DirListing-item", has_text="survey.ipynb")
    box = item.bounding_box()
    stage = canvas.stage.bounding_box()
    start = (box["x"] + 50, box["y"] + box["height"] / 2)
    canvas.drag(start, (stage["x"] + 200, stage["y"] + 150), steps=20)
    canvas.until(lambda: len(canvas.node_ids) == 1, "the notebook")
    assert canvas.document["nodes"][0]["component"] == "notebook"
    assert canvas.document["nodes"][0]["inputs"]["path"] == "survey.ipynb"
    listing.locator(".jp-DirListing-item", has_text="steps.py").click(button="right")
    lab.page.locator(".lm-Menu-item", has_text="Add to Canvas").click()
    canvas.until(lambda: len(canvas.node_ids) == 4, "the functions")
    assert {node["component"] for node in canvas.document["nodes"][1:]} == {
        "steps:words",
        "steps:half",
        "steps:between",
    }


def test_a_change_is_marked_saved_and_taken_back(canvas):
    title = canvas.page.locator(".lm-TabBar-tab.jp-mod-dirty")
    assert title.count() == 0
    before = canvas.document
    canvas.select("third")
    canvas.keys("Delete")
    canvas.wait_for_nodes("first", "second")
    title.wait_for()
    assert len(canvas.saved["nodes"]) == 3
    canvas.save()
    until(canvas.page, lambda: title.count() == 0, "no mark")
    assert canvas.saved == canvas.document
    canvas.select("second")
    canvas.keys("Delete")
    canvas.wait_for_nodes("first")
    canvas.page.evaluate("() => void window.jupyterapp.commands.execute('docmanager:reload')")
    canvas.page.locator(".jp-Dialog").get_by_role("button", name="Reload").click()
    canvas.wait_for_nodes("first", "second")
    assert canvas.document == canvas.saved
    canvas.keys("Control+z", "Control+z", "Control+z")
    canvas.until(lambda: canvas.document == before, "undone beyond what was saved")


def test_a_file_that_another_program_wrote_is_shown_as_it_is_now(canvas):
    other = chain()
    other["nodes"].append(python("fourth", "d = 1", "d"))
    (canvas.tab.jupyter.folder / canvas.path).write_text(json.dumps(other))
    canvas.page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    canvas.wait_for_nodes("first", "second", "third", "fourth")
    canvas.wait(f"{CY}.getElementById('fourth').nonempty()")
    assert not canvas.dirty


def test_a_text_that_is_no_workflow_is_named_and_left_alone(lab):
    canvas = Canvas.opened(lab, "broken.twg.json", '{"nodes": [', drawn=False)
    page = lab.page.locator(".tg-Notice-page")
    page.wait_for()
    assert "not a workflow that can be drawn" in page.inner_text()
    assert canvas.root.is_hidden()
    lab.both("canvas-broken")
    page.get_by_role("button", name="Open as text").click()
    lab.page.locator(".jp-FileEditor .cm-content").click()
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.insert_text(json.dumps(chain("mended")))
    lab.command("docmanager:save")
    until(lab.page, lambda: canvas.saved["name"] == "mended", "the text")
    lab.page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    canvas.ready()
    assert canvas.data("nodes") == "3"


def test_what_may_only_be_read_cannot_be_changed(lab):
    def unwritable(route):
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "writable": False})

    lab.page.route("**/api/contents/locked.twg.json?*", unwritable)
    canvas = Canvas.opened(lab, "locked.twg.json", chain("locked"))
    before = canvas.document
    canvas.until(lambda: "tg-read-only" in canvas.root.get_attribute("class"), "read-only")
    canvas.select("second")
    canvas.keys("Delete", "F2", "Control+d")
    canvas.drag_node("first", 0, 80)
    canvas.double_click_empty()
    canvas.toast.get_by_text("can only be looked at").wait_for()
    assert canvas.document == before
    assert canvas.position("first") == [0, 0]
    assert canvas.toolbar.locator('[data-action="delete"]').is_disabled()
    lab.page.unroute("**/api/contents/locked.twg.json?*")
