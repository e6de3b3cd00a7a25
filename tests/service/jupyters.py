"""Real Jupyter servers, and kernels as a notebook in JupyterLab uses them."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import subprocess
import sys
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from jupyter_client import KernelManager
from websockets.sync import client as websockets

from tests.service.stores import Store, until

EXTENSIONS = (
    "{'twingraph_lab.service.jupyter': True, 'jupyterlab': False, 'jupyter_lsp': False, 'notebook_shim': False}"
)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Jupyter:
    """A Jupyter server in a folder of its own, with the store that comes of that."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.folder = folder
        self.store = Store(folder / ".twingraph")
        self.token = secrets.token_hex(8)
        self.process = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"

    def start(self, base_url="/", **given):
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.base_url": base_url,
            "ServerApp.jpserver_extensions": EXTENSIONS,
            "IdentityProvider.token": self.token,
        }
        own = {name: value for name, value in self.store.environment.items() if name != "TWINGRAPH_HOME"}
        environment = {**own, "JUPYTER_CONFIG_DIR": str(self.folder / "config"), **given}
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
        command += [f"--{name}={value}" for name, value in options.items()]
        with (self.folder / "jupyter.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        self.base = f"http://{self.host}{base_url}"
        until(self._answers, "Jupyter to answer")

    def stop(self, sign=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(sign)
            self.process.wait(30)
            self.process = None

    def ask(self, path, *, token=None, method="GET", body=None, **headers):
        """The status and the body of an answer; with Jupyter's token unless another is given."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token != "":
            named["Authorization"] = f"token {token or self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.base + path, data, {"Content-Type": "application/json", **named}, method=method)
        try:
            with build_opener(_NoRedirects).open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def listen(self, path, **options):
        address = f"ws://{self.host}/{path}"
        return websockets.connect(address, additional_headers={"Authorization": f"token {self.token}"}, **options)

    def _answers(self):
        assert self.process.poll() is None, (self.folder / "jupyter.log").read_text()
        try:
            return self.ask("api/status")[0] == 200
        except (URLError, ConnectionError):
            return False


class Notebook:
    """A kernel, and a front end that tells it which cell it runs."""

    def __init__(self, store, folder, *, kernel="twingraph", attended=True, **given):
        environment = {**store.environment, "JPY_SESSION_NAME": str(folder / "work.ipynb") if attended else "", **given}
        self._manager = KernelManager(kernel_name=kernel)
        self._manager.start_kernel(env=environment, cwd=str(folder))
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(60)
        self._attended = attended
        self._cells = 0

    @property
    def pid(self):
        return self._manager.provisioner.pid

    def start(self, code):
        """Begin to execute a cell; returns what names its messages."""
        self._cells += 1
        message = self._client.session.msg("execute_request", {"code": code, "silent": False, "store_history": True})
        message["metadata"] = {"cellId": f"cell-{self._cells}"} if self._attended else {}
        self._client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def shown(self, cell):
        """All that a cell showed, as text, when it has ended."""
        texts = []
        while True:
            message = self._client.get_iopub_msg(timeout=120)
            content = message["content"]
            if message["parent_header"].get("msg_id") != cell:
                continue
            match message["msg_type"]:
                case "stream":
                    texts.append(content["text"])
                case "display_data" | "update_display_data" | "execute_result":
                    texts.append(content["data"].get("text/plain", ""))
                case "error":
                    texts.append("\n".join(content["traceback"]))
                case "status" if content["execution_state"] == "idle":
                    return "\n".join(texts)

    def run(self, code):
        """What a cell shows."""
        return self.shown(self.start(code))

    def interrupt(self):
        self._manager.interrupt_kernel()

    def kill(self):
        """SIGKILL, to the kernel and its process group, as Jupyter does it."""
        self._manager.signal_kernel(signal.SIGKILL)

    def close(self):
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.context.destroy(linger=0)
