"""A page that hears everything widgets say, and answers back: the comm is the only part that isn't real."""

from __future__ import annotations

import itertools
import threading
import time

import comm
import pytest
from comm.base_comm import BaseComm

from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings


class Page:
    """What a browser knows: every widget's state, and what was said over its comm."""

    def __init__(self):
        self.comms = []
        self.messages = []
        self.news = threading.Condition()
        self.numbers = itertools.count(1)

    def open(self, *args, **kwargs):
        page = self

        class Wire(BaseComm):
            def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
                with page.news:
                    page.messages.append((self.comm_id, msg_type, data or {}))
                    page.news.notify_all()

        opened = Wire(*args, **kwargs)
        self.comms.append(opened)
        return opened

    def said(self, widget):
        """The custom messages of a widget so far."""
        own = [data for comm_id, _, data in self.messages if comm_id == widget.comm.comm_id]
        return [data["content"] for data in own if data.get("method") == "custom"]

    def state(self, widget):
        """Its traits as a notebook would save them."""
        found = {}
        for comm_id, _, data in list(self.messages):
            if comm_id == widget.comm.comm_id and data.get("method") in (None, "update"):
                found |= data.get("state", {})
        return found

    def tell(self, widget, content):
        """Send a message as a page does."""
        widget.comm.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    def hear(self, widget, wanted, timeout_s=30):
        """Wait for a message of the widget."""
        deadline = time.monotonic() + timeout_s
        with self.news:
            while True:
                if found := next((each for each in self.said(widget) if wanted(each)), None):
                    return found
                assert self.news.wait(deadline - time.monotonic()), f"never said; {self.said(widget)[-3:]}"

    def edit(self, widget, *edits):
        """Make edits; the answer."""
        n = next(self.numbers)
        self.tell(widget, {"op": "edits", "n": n, "edits": list(edits)})
        return self.hear(widget, lambda said: said.get("n") == n)

    def ask(self, widget, what, **args):
        """Ask; the answer."""
        n = next(self.numbers)
        self.tell(widget, {"op": "ask", "n": n, "what": what, "args": args})
        return self.hear(widget, lambda said: said.get("n") == n)


@pytest.fixture
def page(monkeypatch):
    page = Page()
    monkeypatch.setattr(comm, "create_comm", page.open)
    return page


@pytest.fixture
def inline(tmp_path):
    """A Lab of this process."""
    settings = Settings(home=tmp_path / "home", scheduler="inline", workers=2, threads=1, host="here")
    with Lab(settings) as lab:
        yield lab
