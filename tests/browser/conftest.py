"""A real JupyterLab and a real Chromium. Screenshots go to build/browser, for people and CI to look at."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from tests.browser.hands import WAIT_S

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "browser"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
]
FOLDERS = {
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}
"""What Jupyter writes, beside a server's own folder: two that run at once share nothing."""
OPEN_FILES = "() => [...window.jupyterapp.shell.widgets('main')].flatMap(each => each.context?.path ?? [])"


class Jupyter:
    """A JupyterLab server in a folder of its own, as a user would start it there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        quiet = folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        quiet.parent.mkdir(parents=True)
        quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}')
        self.token = secrets.token_hex(16)
        self.port = _free_port()
        self._state = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "jupyter.log"

    @property
    def url(self) -> str:
        """The address of JupyterLab, without its token."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int:
        """Of the server that runs now."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "IdentityProvider.token": self.token,
            "ServerApp.root_dir": self.folder,
            "ServerApp.terminals_enabled": False,
            "LabApp.expose_app_in_browser": True,
        }
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TWINGRAPH_")}
        environment |= {name: str(self._state / folder) for name, folder in FOLDERS.items()}
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [f"--{name}={value}" for name, value in options.items()]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        until = time.monotonic() + WAIT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"JupyterLab doesn't start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.1)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """Stop the server; its kernels end with it."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(sign)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def ask(self, path: str, *, method: str = "GET", body: object = None):
        """What the server answers below its address, as JSON; `twingraph/api/…` is the service."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        with urlopen(Request(self.url + path, data, headers, method=method), timeout=WAIT_S) as answer:
            return json.loads(answer.read() or b"null")

    def end_kernels(self, but: str = "") -> None:
        """So that one test's kernels don't slow the next; the kernel of the notebook `but` goes on."""
        for session in self.ask("api/sessions"):
            if session["path"] != but:
                self.ask(f"api/sessions/{session['id']}", method="DELETE")

    def _answers(self) -> bool:
        try:
            self.ask("api/status")
        except (URLError, ConnectionError, TimeoutError):
            return False
        return True


class LabPage:
    """JupyterLab in a browser tab, as a hand and an eye have it."""

    def __init__(self, page, jupyter: Jupyter) -> None:
        self.page = page
        self.jupyter = jupyter
        self.workspace = ""
        self.reloaded = False
        self.errors: list[str] = []
        page.set_default_timeout(WAIT_S * 1000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, path: str = "") -> None:
        """Open JupyterLab in a workspace of its own, with a file if one is named, and wait until it is ready."""
        self.workspace = secrets.token_hex(4)
        self.reloaded = False
        tree = f"/tree/{path}" if path else ""
        self.page.goto(f"{self.jupyter.url}lab/workspaces/{self.workspace}{tree}?token={self.jupyter.token}")
        self.ready()

    def reload(self) -> None:
        """As F5 does, once JupyterLab has written down what is open: it does so a moment later."""
        opened = self.page.evaluate(OPEN_FILES)
        until = time.monotonic() + WAIT_S
        while not all(path in json.dumps(self.jupyter.ask(f"lab/api/workspaces/{self.workspace}")) for path in opened):
            assert time.monotonic() < until, f"JupyterLab doesn't write down that {opened} are open"
            self.page.wait_for_timeout(60)
        self.reloaded = True
        self.page.reload()
        self.ready()

    def ready(self) -> None:
        """Wait until JupyterLab has restored what was open."""
        self.page.wait_for_function("() => window.jupyterapp?.restored !== undefined")
        self.page.evaluate("() => window.jupyterapp.restored")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def command(self, name: str, **arguments) -> None:
        """Run one of JupyterLab's commands; what it gives isn't waited for beyond its promise."""
        self.page.evaluate(
            "([name, given]) => window.jupyterapp.commands.execute(name, given).then(() => null)", [name, arguments]
        )

    def close_all(self) -> None:
        """Close what is open in the main area, without asking about what isn't saved."""
        self.page.evaluate("() => [...window.jupyterapp.shell.widgets('main')].forEach(each => each.dispose())")

    def theme(self, name: str) -> None:
        """`light` or `dark`."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name.title()}")
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light", arg=str(name == "light").lower()
        )

    def picture(self, name: str) -> Path:
        """Keep what is to be seen now as build/browser/NAME.png."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")
        self.page.screenshot(path=path, animations="disabled")
        return path

    def both(self, name: str) -> None:
        """Pictures in the light and in the dark theme."""
        for theme in ("dark", "light"):
            self.theme(theme)
            self.picture(f"{name}-{theme}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep what was to be seen when a test failed."""
    report = yield
    if report.when != "teardown" and report.failed:
        for name in {"lab", "own_tab"} & item.funcargs.keys():
            with suppress(Exception):  # the page may be gone; the test's own error is the one to tell
                item.funcargs[name].picture(f"failed-{item.path.stem}-{item.name}")
                report.sections.append(("errors in the page", "\n".join(item.funcargs[name].errors)))
    return report


@pytest.fixture(scope="module")
def browser():
    """Chromium, headless. While it runs, so does an event loop on this thread, which other tests mustn't meet."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("there is no Chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    """One JupyterLab for all tests that don't kill it."""
    yield from _served(tmp_path_factory.mktemp("jupyter"))


@pytest.fixture(scope="module")
def own_jupyter(tmp_path_factory):
    """A JupyterLab that a module's tests may kill, if they start it again."""
    yield from _served(tmp_path_factory.mktemp("own-jupyter"))


@pytest.fixture(scope="module")
def shared_tab(browser, jupyter):
    """A tab that a module's tests share: JupyterLab is loaded once. An uncaught error in the page fails a test."""
    with _tab(browser, jupyter) as lab:
        lab.open()
        yield lab
        lab.close_all()
    jupyter.end_kernels()


@pytest.fixture
def lab(shared_tab):
    """The shared tab, with nothing open in it that an earlier test left."""
    yield shared_tab
    shared_tab.close_all()
    if shared_tab.reloaded:
        shared_tab.open()  # JupyterLab may still be opening what was open before it was loaded again
    errors, shared_tab.errors = shared_tab.errors, []
    assert errors == []


@pytest.fixture
def own_tab(browser, own_jupyter):
    """A tab on a JupyterLab that the test may kill."""
    with _tab(browser, own_jupyter) as lab:
        yield lab


def _served(folder: Path):
    if not (ROOT / "twingraph_lab" / "labextension" / "package.json").exists():
        pytest.skip("the JupyterLab extension isn't built; it takes Node")
    server = Jupyter(folder)
    server.start()
    yield server
    end_service(server)
    server.stop()


class _tab:  # noqa: N801
    def __init__(self, browser, server: Jupyter) -> None:
        self._context = browser.new_context(viewport={"width": 1400, "height": 900})
        self._context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url.rstrip("/"))
        self._server = server

    def __enter__(self) -> LabPage:
        return LabPage(self._context.new_page(), self._server)

    def __exit__(self, *_: object) -> None:
        self._context.close()


def end_service(server: Jupyter) -> None:
    """Stop the service of the server's store, which outlives the server."""
    for state in server.folder.rglob("service.json"):
        with suppress(ProcessLookupError):
            os.kill(int(json.loads(state.read_text())["process"].split("/")[1]), signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
