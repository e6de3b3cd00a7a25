from __future__ import annotations

import json
import pickle
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from twingraph_lab.components.http import (
    BODY_LIMIT_BYTES,
    RequestError,
    ServerError,
    StatusError,
    request,
    shown_url,
)
from twingraph_lab.errors import MissingExtraError
from twingraph_lab.registry import Registry


class Service(BaseHTTPRequestHandler):
    """Answers by path, and echoes what it was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.partition("?")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match path:
            case "/echo":
                seen = {"method": self.command, "path": self.path, "body": body.decode(), "headers": dict(self.headers)}
                self.answer(200, "application/json", json.dumps(seen).encode())
            case "/text":
                self.answer(200, "text/plain; charset=latin-1", "grün".encode("latin-1"))
            case "/untyped":
                self.answer(200, None, "grün".encode())
            case "/problem":
                self.answer(200, "application/problem+json", b'{"a": 1}')
            case "/broken-json":
                self.answer(200, "application/json", b'{"a": ')
            case "/bytes":
                self.answer(200, "image/png", b"\x89PNG\xff")
            case "/empty":
                self.answer(204, None, b"")
            case "/moved":
                self.answer(302, None, b"", Location="/echo")
            case "/round":
                self.answer(302, None, b"", Location="/round")
            case "/file":
                self.answer(302, None, b"", Location="file:///etc/passwd")
            case "/slow":
                time.sleep(2)
                self.answer(200, "text/plain", b"late")
            case "/drips":
                self.drip()
            case "/huge":
                self.pour()
            case "/hangs-up":
                self.close_connection = True
                self.connection.close()
            case _:
                self.answer(int(path[1:]), "text/plain", f"that was {path}".encode() + b"!" * 1000)

    def do_POST(self):
        self.do_GET()

    def answer(self, status, media_type, body, **headers):
        self.send_response(status)
        if media_type:
            headers["Content-Type"] = media_type
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            for _ in range(1000):
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def pour(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(BODY_LIMIT_BYTES * 10))
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1 << 20))
        except OSError:
            self.close_connection = True

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture(scope="module")
def service():
    """The address of a real HTTP server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_json_is_read(service):
    answer = request(f"{service}/echo")
    assert answer["status"] == 200
    assert answer["headers"]["content-type"] == "application/json"
    assert answer["data"]["method"] == "GET"
    assert answer["response"] == answer["data"]
    assert set(answer) == {"status", "headers", "data", "response"}


def test_method_headers_query_and_body_are_sent(service):
    sent = request(
        f"{service}/echo",
        method="post",
        headers={"X-Key": "k"},
        params={"q": ["a b", "c"], "n": 1},
        json={"x": [1, None]},
    )["data"]
    assert sent["method"] == "POST"
    assert sent["path"] == "/echo?q=a+b&q=c&n=1"
    assert json.loads(sent["body"]) == {"x": [1, None]}
    assert sent["headers"]["X-Key"] == "k"
    assert sent["headers"]["Content-Type"] == "application/json"


def test_a_query_in_the_address_is_kept(service):
    assert request(f"{service}/echo?a=1")["data"]["path"] == "/echo?a=1"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/text", "grün"),
        ("/untyped", "grün"),
        ("/problem", {"a": 1}),
        ("/bytes", b"\x89PNG\xff"),
        ("/empty", None),
    ],
)
def test_the_media_type_says_what_the_body_is(service, path, data):
    assert request(f"{service}{path}")["data"] == data


def test_redirects_are_followed_within_http_only(service):
    assert request(f"{service}/moved")["data"]["path"] == "/echo"
    with pytest.raises(RequestError, match="TooManyRedirects"):
        request(f"{service}/round")
    with pytest.raises(RequestError):
        request(f"{service}/file")


@pytest.mark.parametrize(
    ("status", "kind"), [(400, StatusError), (404, StatusError), (429, ServerError), (503, ServerError)]
)
def test_refusals_raise_with_status_and_the_beginning_of_the_answer(service, status, kind):
    with pytest.raises(StatusError) as caught:
        request(f"{service}/{status}?token=secret")
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert f"{service}/{status} answered {status}" in str(caught.value)
    assert f"that was /{status}!" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 700
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_broken_json_is_a_clear_error(service):
    with pytest.raises(RequestError, match="/broken-json answered with JSON that can't be read"):
        request(f"{service}/broken-json")


def test_time_is_limited_however_the_answer_comes(service):
    for path in ("/slow", "/drips"):
        started = time.monotonic()
        with pytest.raises(RequestError, match=r"didn't (answer within|finish)"):
            request(f"{service}{path}", timeout_s=0.3)
        assert time.monotonic() - started < 2


def test_size_is_limited(service):
    with pytest.raises(RequestError, match="more than 32 MiB"):
        request(f"{service}/huge")


def test_a_connection_that_breaks_is_named(service):
    with pytest.raises(RequestError, match=f"{service}/hangs-up: "):
        request(f"{service}/hangs-up")
    with pytest.raises(RequestError, match="ConnectError"):
        request("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.org/x", "example.org", "", "http://", "http://[bad", "data:,x"]
)
def test_only_http_addresses_are_taken(url):
    with pytest.raises(RequestError):
        request(url)


def test_messages_hold_no_secrets_of_the_address():
    assert shown_url("http://user:pass@host:1/path?key=k#f") == "http://host:1/path"
    assert shown_url("http://host/a@b") == "http://host/a@b"
    with pytest.raises(RequestError) as caught:
        request("http://me:hidden@127.0.0.1:9/?key=hidden")
    assert "hidden" not in str(caught.value)


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtraError, match="pip install 'twingraph-lab"):
        request("http://127.0.0.1:9/")


def test_it_is_known_by_name():
    assert Registry("twingraph_lab.components").get("http") is request
