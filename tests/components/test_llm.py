from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from twingraph_lab.components.http import RequestError, ServerError, StatusError
from twingraph_lab.components.llm import KEY, URL, complete
from twingraph_lab.errors import PlatformError
from twingraph_lab.registry import Registry


class Endpoint(BaseHTTPRequestHandler):
    """Speaks chat completions; the model's name decides how it answers."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), asked))
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        match asked.get("model"):
            case "refuses":
                self.answer(401, {"error": {"message": f"wrong key {key}"}})
            case "busy":
                self.answer(429, {"error": {"message": "later"}})
            case "strange":
                self.answer(200, {"no": "choices", "key": key})
            case "silent":
                self.answer(200, None)
            case model:
                text = asked["messages"][-1]["content"].upper()
                choice = {"message": {"role": "assistant", "content": text}}
                self.answer(200, {"choices": [choice], "model": model or "default", "usage": {"total_tokens": 3}})

    def answer(self, status, value):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture(scope="module")
def server():
    """A real endpoint that remembers what it was asked."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def endpoint(server, monkeypatch):
    """The endpoint, configured as users do."""
    monkeypatch.setenv(URL, f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setenv(KEY, "k3y-of-test")
    server.asked.clear()
    return server


def test_the_answer_is_result_and_response(endpoint):
    assert complete("hello") == {
        "result": "HELLO",
        "response": "HELLO",
        "model": "default",
        "usage": {"total_tokens": 3},
    }


def test_what_is_given_is_sent_and_nothing_else(endpoint):
    complete("hello")
    complete("hello", model="m", temperature=0, max_tokens=5, system="be brief")
    (path, headers, plain), (_, _, full) = endpoint.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer k3y-of-test"
    assert plain == {"messages": [{"role": "user", "content": "hello"}]}
    assert full == {
        "model": "m",
        "temperature": 0,
        "max_tokens": 5,
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}],
    }


@pytest.mark.parametrize("tail", ["", "/", "/chat/completions", "/chat/completions/"])
def test_the_address_may_be_given_with_or_without_its_end(endpoint, monkeypatch, tail):
    monkeypatch.setenv(URL, f"http://127.0.0.1:{endpoint.server_port}/v1{tail}")
    assert complete("x")["result"] == "X"
    assert endpoint.asked[0][0] == "/v1/chat/completions"


def test_without_a_key_none_is_sent(endpoint, monkeypatch):
    monkeypatch.delenv(KEY)
    complete("x")
    assert "Authorization" not in endpoint.asked[0][1]


def test_without_an_endpoint_the_message_says_what_to_set(monkeypatch):
    monkeypatch.delenv(URL, raising=False)
    with pytest.raises(PlatformError, match=r"TWINGRAPH_LLM_URL .*TWINGRAPH_LLM_KEY"):
        complete("x")


def test_errors_are_clear_and_the_key_is_in_none(endpoint):
    with pytest.raises(StatusError, match=r"answered 401 .*wrong key \*\*\*") as refused:
        complete("x", model="refuses")
    with pytest.raises(ServerError, match="answered 429") as busy:
        complete("x", model="busy")
    with pytest.raises(RequestError, match="didn't answer with a chat completion") as strange:
        complete("x", model="strange")
    with pytest.raises(RequestError, match="didn't answer with a chat completion"):
        complete("x", model="silent")
    for caught in (refused, busy, strange):
        assert "k3y" not in str(caught.value)


def test_it_is_known_by_name():
    assert Registry("twingraph_lab.components").get("llm") is complete
