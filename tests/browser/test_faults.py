"""What a page shows when something of it ends in the middle of a run: browser, kernel, JupyterLab, service."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.browser.hands import PANEL, TEST_S, Canvas, python, until, workflow
from tests.browser.notebooks import Notebook, gate

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TEST_S)]

DONE = {"first": "completed", "second": "completed", "third": "completed"}
ONCE = {"first": 1, "second": 1, "third": 1}


class Underway:
    """A document whose run waits in its second node."""

    def __init__(self, tab, name):
        self.tab = tab
        self.door = gate(tab, name)
        # the first node counts how often it has really run
        self._runs = tab.jupyter.folder.parent / f"runs-{name}"
        count = f"with open({str(self._runs)!r}, 'a') as file:\n    file.write('x')\na = 1"
        document = workflow(
            name,
            python("first", count, "a"),
            python("second", f"{self.door.code}\nb = a + 1", "b", inputs={"a": {"ref": "first.a"}}),
            python("third", "c = b + 1", "c", inputs={"b": {"ref": "second.b"}}),
        )
        self.canvas = Canvas.opened(tab, f"{name}.twg.json", document)
        self.run_id = self.canvas.run()
        self.sees(first="completed", second="running")

    def sees(self, **states):
        """Wait until the canvas shows these states."""
        seen = lambda: {name: self.canvas.state(name) for name in states} == states  # noqa: E731
        until(self.tab.page, seen, f"the canvas to show {states}")

    def service(self, path=""):
        """What REST tells of the run."""
        return self.tab.jupyter.ask(f"twingraph/api/runs/{self.run_id}{path}")

    def ends_well(self):
        """Let the run end; the page shows it, and the truth is the same: all is done, the first node only once."""
        self.door.open()
        self.sees(**DONE)
        until(self.tab.page, lambda: self.service()["state"] == "completed", "the end of the run")
        assert {task["id"]: task["state"] for task in self.service()["tasks"]} == DONE
        assert self._runs.read_text() == "x"


def test_a_page_that_is_loaded_again_shows_the_run_as_it_is(lab):
    here = Underway(lab, "reloaded")
    lab.reload()
    here.canvas.ready()
    here.sees(first="completed", second="running")
    assert here.canvas.run_id == here.run_id
    lab.picture("fault-reloaded")
    here.ends_well()
    assert {task["id"]: task["attempt"] for task in here.service()["tasks"]} == ONCE


def test_a_run_survives_jupyterlab(own_tab):
    own_tab.open()
    here = Underway(own_tab, "survivor")
    own_tab.jupyter.stop(signal.SIGKILL)
    here.door.open()
    own_tab.jupyter.start()
    own_tab.open("survivor.twg.json")
    here.canvas.ready()
    here.sees(**DONE)
    assert here.canvas.run_id == here.run_id
    here.ends_well()
    assert {task["id"]: task["attempt"] for task in here.service()["tasks"]} == ONCE
    own_tab.picture("fault-jupyterlab-killed")


def test_a_killed_service_is_followed_by_another_that_goes_on_with_the_run(own_tab):
    own_tab.open()
    here = Underway(own_tab, "killed")
    own_tab.command("twingraph:open-run", runId=here.run_id)
    (state,) = own_tab.jupyter.folder.rglob("service.json")
    pid = int(json.loads(state.read_text())["process"].split("/")[1])
    told = own_tab.page.locator(".tg-RunHeader .tg-notice", has_text="reconnecting")
    on_canvas = here.canvas.toolbar.locator(".tg-notice", has_text="reconnecting")
    seen = watched(own_tab.page)
    os.kill(pid, signal.SIGKILL)
    told.wait_for()
    on_canvas.wait_for(state="attached")
    own_tab.picture("fault-service-killed")
    assert own_tab.page.evaluate(f"() => {PANEL} && {seen}")

    until(own_tab.page, lambda: own_tab.jupyter.ask("twingraph/api/health")["status"] == "ok", "another service")
    assert int(json.loads(state.read_text())["process"].split("/")[1]) != pid
    told.wait_for(state="detached")
    on_canvas.wait_for(state="detached")
    here.ends_well()
    assert here.service()["error"] == ""
    own_tab.picture("fault-service-back")


def watched(page):
    """A JavaScript expression that tells whether the page is still the one that it is now."""
    page.evaluate("() => { window.tgSamePage = true; }")
    return "window.tgSamePage === true"


def test_a_killed_kernel_takes_no_run_with_it(lab):
    door = gate(lab, "kernel")
    cells = "%%twingraph first\na = 1", f"%%twingraph second\n{door.code}\nb = a", "%twingraph canvas", "%twingraph run"
    book = Notebook.opened(lab, "killed.ipynb", *cells)
    book.run(0, 1, 2)
    pid = book.value("__import__('os').getpid()")
    book.start(3)
    book.canvas().wait_for_states(first="completed", second="running")
    os.kill(pid, signal.SIGKILL)
    book.wait("panel.sessionContext.session?.kernel?.status !== 'busy'")
    lab.page.locator(".jp-Dialog").get_by_role("button").last.click()
    book.wait_for_kernel()
    run = book.run_of("killed")
    assert run["state"] == "running"
    book.run(0, 1, 2)
    book.canvas().wait_for_states(first="completed", second="running")
    door.open()
    ended = book.ended(run["run_id"])
    assert ended["state"] == "completed"
    assert {task["id"]: task["attempt"] for task in ended["tasks"]} == {"first": 1, "second": 1}
    book.canvas().wait_for_states(first="completed", second="completed")
    lab.picture("fault-kernel-killed")
