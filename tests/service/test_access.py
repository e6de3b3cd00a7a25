"""Nobody comes in who shouldn't: every route is walked, whoever wrote it."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from fastapi.routing import APIWebSocketRoute
from starlette.routing import Mount, Route, WebSocketRoute

from tests.service.asking import SOCKET, ask
from twingraph_lab.lab import Lab
from twingraph_lab.service.access import LOOPBACK, Access, Asked
from twingraph_lab.service.app import create_app
from twingraph_lab.service.limits import Limits
from twingraph_lab.settings import Settings

TOKEN = "the right token"
GENEROUS = Limits(strangers_per_s=10_000)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("access") / "store", scheduler="inline", lineage=False)
    with Lab(settings) as lab:
        yield lab


@pytest.fixture(scope="module")
def app(lab):
    return create_app(lab, Access(TOKEN), root=lab.home, limits=GENEROUS)


def walked(routes, prefix=""):
    """Path and methods of every route, those of routers and mounted apps included; no methods for a WebSocket."""
    for route in routes:
        match route:
            case APIWebSocketRoute() | WebSocketRoute():
                yield prefix + route.path, []
            case Mount():
                yield prefix + route.path, METHODS
                yield from walked(route.routes, prefix + route.path)
            case Route():
                yield prefix + route.path, route.methods or METHODS
            case _:
                yield from walked(route.original_router.routes, prefix)


@pytest.fixture(scope="module")
def asked(app):
    """Every request there is a route for, and some there is none for: method and path, or WS and path."""
    routes = [*walked(app.routes), ("/", METHODS), ("/nothing/like/it", METHODS), ("/api", METHODS), ("/nothing", [])]
    return [(method, re.sub(r"\{[^}]+\}", "x", path)) for path, methods in routes for method in methods or ["WS"]]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


STRANGERS = {
    "no token": {},
    "an empty token": bearer(""),
    "a wrong token": bearer("the wrong token"),
    "part of the token": bearer(TOKEN[:-1]),
    "more than the token": bearer(TOKEN + "!"),
    "a token of strange letters": bearer("\xff\xfe"),
    "another scheme": {"Authorization": f"Basic {TOKEN}"},
    "two tokens": [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer other")],
    "a wrong cookie": {"Cookie": "twingraph-token-80=wrong"},
    "a foreign origin": {**bearer(TOKEN), "Origin": "https://evil.example"},
    "an origin on another port": {**bearer(TOKEN), "Origin": "http://localhost:8888"},
    "an origin that only begins like ours": {**bearer(TOKEN), "Origin": "http://localhost.evil.example"},
    "no origin at all, it says": {**bearer(TOKEN), "Origin": "null"},
    "a foreign host": {**bearer(TOKEN), "Host": "evil.example"},
    "a host that only begins like ours": {**bearer(TOKEN), "Host": "localhost.evil.example"},
    "a host with a name in it": {**bearer(TOKEN), "Host": "localhost@evil.example"},
    "a page of another site": {**bearer(TOKEN), "Sec-Fetch-Site": "cross-site"},
    "a page of a neighbour": {**bearer(TOKEN), "Sec-Fetch-Site": "same-site"},
}


@pytest.mark.parametrize("headers", STRANGERS.values(), ids=STRANGERS.keys())
def test_every_route_refuses_a_stranger(app, asked, headers):
    assert {ask(app, *each, headers).status for each in asked} <= {400, 401, 403}


def test_a_token_in_the_address_is_for_pages_and_websockets_only(app, asked):
    for method, path in asked:
        assert ask(app, method, f"{path}?token=wrong").status in (401, 403), (method, path)
        page = method == "GET" and path == "/docs"
        if method != "WS" and not page:
            assert ask(app, method, f"{path}?token={quote(TOKEN)}").status == 401, (method, path)


def test_who_has_the_token_comes_in(app, asked):
    assert len(asked) > 60
    for method, path in asked:
        if method != "WS":
            assert ask(app, method, path, bearer(TOKEN)).status not in (401, 403), (method, path)


def test_websockets_open_for_a_token_in_the_header_or_the_address(app):
    for headers in (bearer(TOKEN), {"Authorization": f"token {TOKEN}"}):
        assert ask(app, "WS", "/api/events", headers).status == 101
    assert ask(app, "WS", f"/api/events?token={quote(TOKEN)}").status == 101


def test_a_page_opened_with_the_token_keeps_it_as_a_cookie_that_no_script_reads(app):
    first = ask(app, "GET", f"/docs?token={quote(TOKEN)}")
    assert (first.status, first.headers["location"]) == (303, "docs")
    assert {"HttpOnly", "SameSite=strict"} <= set(first.headers["set-cookie"].split("; "))
    browser = {"Cookie": first.headers["set-cookie"].partition("; ")[0]}
    assert ask(app, "GET", "/docs", browser).status == 200
    assert ask(app, "GET", "/api/health", browser).status == 200
    assert ask(app, "POST", "/api/runs/x/cancel", {**browser, "Origin": "http://evil.example"}).status == 403
    assert ask(app, "WS", "/api/events", {**browser, "Origin": "http://localhost"}).status == 101
    assert ask(app, "WS", "/api/events", browser).status == 401


def test_services_on_other_ports_of_the_same_host_keep_their_own_cookies(lab):
    jar = []
    services = {port: create_app(lab, Access(f"token of {port}"), root=lab.home) for port in (8001, 8002)}
    for port, service in services.items():
        page = ask(service, "GET", f"/docs?token={quote(f'token of {port}')}", {"Host": f"localhost:{port}"})
        jar.append(page.headers["set-cookie"].partition("; ")[0])
    assert len({each.partition("=")[0] for each in jar}) == 2
    for port, service in services.items():
        browser = {"Host": f"localhost:{port}", "Cookie": "; ".join(jar)}
        assert ask(service, "GET", "/api/health", browser).status == 200
        assert ask(service, "GET", "/api/health", {**browser, "Host": "localhost:8003"}).status == 401


def test_without_a_token_nobody_comes_in_by_a_port(lab, asked):
    closed = create_app(lab, Access(), root=lab.home, limits=GENEROUS)
    for headers in ({}, bearer(""), bearer("x")):
        assert {ask(closed, *each, headers).status for each in asked} == {401}


HUB = {"Host": "hub.example"}


def test_over_the_socket_its_owner_needs_no_token_and_jupyter_goes_by_any_name(app):
    page = {**HUB, "Origin": "http://hub.example", "Sec-Fetch-Site": "same-origin"}
    for headers in ({}, HUB, page):
        assert ask(app, "GET", "/api/health", headers, server=SOCKET).status == 200
        assert ask(app, "WS", "/api/events", headers, server=SOCKET).status == 101


def test_a_proxy_before_jupyter_may_give_it_another_name(app):
    headers = {"Origin": "https://hub.example", "Host": "10.0.0.7:8888", "X-Forwarded-Host": "hub.example"}
    assert ask(app, "GET", "/api/health", headers, server=SOCKET).status == 200
    assert ask(app, "GET", "/api/health", headers | {"X-Forwarded-Host": "other"}, server=SOCKET).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://hub.example:8080"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": ""},
        {"Host": "hub.example", "Origin": "ftp://hub.example"},
    ],
    ids=str,
)
def test_pages_of_others_are_refused_over_the_socket_too(app, asked, headers):
    assert {ask(app, *each, HUB | headers, server=SOCKET).status for each in asked} <= {400, 403}


def test_a_name_without_a_port_is_no_socket(app):
    """As some servers tell TCP connections."""
    asking = Asked(headers=[(b"host", b"localhost")])
    assert app.state.access.refusal(asking).http_status == 401


def test_tokens_are_new_and_long_and_not_shown():
    first, second = Access.with_new_token(), Access.with_new_token()
    assert first.token != second.token
    assert len(first.token) >= 43
    assert first.token not in repr(first)
    assert first.hosts == LOOPBACK


def test_tokens_are_compared_in_constant_time(monkeypatch):
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda a, b: compared.append((a, b)) or a == b)
    headers = [(b"host", b"localhost"), (b"authorization", b"Bearer guess")]
    assert Access("secret").refusal(Asked(headers=headers)) is not None
    assert compared == [(b"guess", b"secret")]


def test_strangers_are_slowed_down_and_keep_nobody_out(lab):
    strict = create_app(lab, Access(TOKEN), limits=Limits(strangers_per_s=2))
    answers = [ask(strict, "GET", "/api/health") for _ in range(20)]
    assert {answer.status for answer in answers} == {401, 429}
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert ask(strict, "GET", "/api/health", bearer(TOKEN)).status == 200
