"""What JupyterLab's start costs with the extension, against the same JupyterLab with it disabled."""

from __future__ import annotations

import json
import secrets
from statistics import median

import pytest

from tests.benchmarks.reporting import report, told
from tests.browser.conftest import Jupyter, end_service

pytestmark = [pytest.mark.benchmark, pytest.mark.browser, pytest.mark.timeout(300)]

LOADS = 9
NOTE_START = """
let app;
Object.defineProperty(window, 'jupyterapp', {
  configurable: true,
  get: () => app,
  set: value => {
    app = value;
    value.restored.then(() => { window.restoredAt = performance.now(); });
  }
});
"""


@pytest.fixture
def without(tmp_path):
    """A JupyterLab whose user has disabled the extension."""
    settings = tmp_path / "config" / "labconfig" / "page_config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"disabledExtensions": {"twingraph-lab": True}}))
    server = Jupyter(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def enabled(tmp_path_factory):
    """A JupyterLab as it comes."""
    server = Jupyter(tmp_path_factory.mktemp("enabled"))
    server.start()
    yield server
    end_service(server)
    server.stop()


def test_start_of_jupyterlab(browser, enabled, without):
    contexts = {server: browser.new_context() for server in (enabled, without)}
    times = {server: [] for server in contexts}
    activating = []
    for turn in range(LOADS + 1):
        for server, context in contexts.items():
            page = context.new_page()
            page.add_init_script(NOTE_START)
            page.goto(f"{server.url}lab/workspaces/{secrets.token_hex(4)}?token={server.token}")
            page.wait_for_function("() => window.restoredAt", timeout=60_000)
            has = page.evaluate("() => window.jupyterapp.commands.hasCommand('twingraph:create')")
            assert has is (server is enabled)
            if turn:  # the first load fills the browser's cache
                times[server].append(page.evaluate("() => window.restoredAt / 1000"))
                if has:
                    activating.append(page.evaluate(ACTIVATION))
            page.close()
    ours, plain = median(times[enabled]), median(times[without])
    for context in contexts.values():
        context.close()
    print(f"\nthe extension's own activation: {told(median(activating) / 1000)}")
    print(f"difference of medians of {LOADS} loads: {(ours - plain) * 1000:.0f} ms (≤ 100 ms)")
    report("JupyterLab restored", ours, plain, "without the extension")


ACTIVATION = "() => performance.getEntriesByName('twingraph-lab:activate', 'measure')[0]?.duration ?? 0"
