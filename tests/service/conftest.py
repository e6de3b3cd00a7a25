"""A service that listens on a real port of this machine, in this process."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from websockets.sync.client import connect

from twingraph_lab.lab import Lab
from twingraph_lab.service.access import Access
from twingraph_lab.service.app import create_app
from twingraph_lab.settings import Settings

PATIENCE_S = 60


@dataclass(frozen=True)
class Served:
    """A Lab, the address of its service, and a client that has the token."""

    lab: Lab
    client: httpx.Client
    address: str
    token: str

    def socket(self, path, **options):
        """A WebSocket that has the token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return connect(f"ws://{self.address}{path}", additional_headers=headers, **options)

    def until(self, path, is_there):
        """Ask until the answer is so, and return it."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_there(answer := self.client.get(path).json()):
            assert time.monotonic() < deadline, f"{path} still answers {answer}"
            time.sleep(0.02)
        return answer


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A service whose Lab drives what it accepts."""
    home = tmp_path_factory.mktemp("served")
    settings = Settings(home=home / "store", scheduler="inline", workers=2, threads=2)
    access = Access.with_new_token()
    with Lab(settings) as lab:
        lab.adopt()
        config = uvicorn.Config(create_app(lab, access, root=home), port=0, log_level="warning", ws="websockets-sansio")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + PATIENCE_S
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        headers = {"Authorization": f"Bearer {access.token}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE_S) as client:
            yield Served(lab, client, f"127.0.0.1:{port}", access.token)
        server.should_exit = True
        thread.join(PATIENCE_S)
