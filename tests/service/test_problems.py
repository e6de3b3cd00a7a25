"""Every refusal has one shape and says what is wrong and where; nothing that is sent is our fault."""

from __future__ import annotations

import json

import pytest

from tests.service.asking import SOCKET, ask
from tests.workflows import cell, workflow
from twingraph_lab.errors import ConflictError, Fault, PlatformError, StoreError, WorkflowError
from twingraph_lab.lab import Lab
from twingraph_lab.service.access import Access
from twingraph_lab.service.app import create_app
from twingraph_lab.service.gate import SAFE
from twingraph_lab.service.limits import Limits
from twingraph_lab.service.problems import problem
from twingraph_lab.settings import Settings
from twingraph_lab.spec.document import as_data

JSON = {"Content-Type": "application/json"}
DOCUMENT = as_data(workflow(cell("a")))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("problems") / "store", scheduler="inline", lineage=False)
    with Lab(settings) as lab:
        yield lab


@pytest.fixture(scope="module")
def app(lab):
    return create_app(lab, Access(), root=lab.home, limits=Limits(request_s=1.0))


def told(answer):
    """The status and the body of a refusal, which has the one shape."""
    body = json.loads(answer.body)
    assert body.keys() == {"error", "message", "faults"}
    assert all(fault.keys() == {"message", "node", "path"} for fault in body["faults"])
    assert body["message"]
    return answer.status, body


def post(app, body, path="/api/runs", headers=JSON):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return told(ask(app, "POST", path, headers, raw, server=SOCKET))


@pytest.mark.parametrize(
    ("body", "message", "path"),
    [
        (b'{"workflow": {"name": NaN}}', "not a JSON number", "workflow.name"),
        (b'{"workflow": {"name": 1e999}}', "not a JSON number", "workflow.name"),
        (b'{"workflow": {}, "workflow": {}}', "more than once", ""),
        (b'{"workflow": {"name": "a", "nodes": [{"id": "a", "id": "b"}]}}', "more than once", "workflow.nodes[0]"),
        (b'{"workflow": {"name": "\\ud800"}}', "lone surrogate", "workflow.name"),
        (b'{"parameters": {"x": ' + b"9" * 5000 + b"}}", "4300 digits", ""),
        (b'{"workflow": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper", ""),
        (b'{"workflow": ' + b"[" * 70 + b"]" * 70 + b"}", "nested deeper", None),
        (b'{"workflow": ', "line 1, column", ""),
        (b"\xff\xfe{}", "not UTF-8", ""),
        (b"", "no body", ""),
        (b"null", "", ""),
        (b"[]", "must be an object", ""),
        (b'"text"', "must be an object", ""),
        (b"{}", "is missing", "workflow"),
        (b'{"workflow": []}', "must be an object", "workflow"),
        (b'{"workflow": {}, "colour": "red"}', "not a known field", "colour"),
        (b'{"workflow": {}, "start": "a"}', "must be an array", "start"),
        (b'{"workflow": {}, "force": "maybe"}', "must be a valid boolean", "force"),
        (b'{"workflow": {}, "idempotency_key": ""}', "at least 1 character", "idempotency_key"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_request_is_named_with_its_place(app, body, message, path):
    status, refusal = post(app, body)
    assert status == 422
    faults = refusal["faults"]
    assert any(message in fault["message"] and path in (None, fault["path"]) for fault in faults), faults


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "💥"])
def test_only_json_is_taken_so_that_no_form_of_another_site_can_post(app, kind):
    headers = {"Content-Type": kind.encode().decode("latin-1")} if kind else {}
    status, refusal = post(app, {"workflow": DOCUMENT}, headers=headers)
    assert (status, refusal["error"]) == (415, "RequestError")
    assert "Content-Type: application/json" in refusal["message"]


def test_all_faults_of_a_document_are_named_with_their_nodes(app):
    nodes = [{"id": "a"}, {"id": "b", "component": "m:f", "after": ["zz"]}, {"id": "b", "component": "m:f"}]
    status, refusal = post(app, {"workflow": {"name": "w", "nodes": nodes}})
    assert (status, refusal["error"]) == (422, "WorkflowError")
    assert {(fault["node"], fault["path"]) for fault in refusal["faults"]} >= {
        ("a", "nodes[0].component"),
        ("b", "nodes[1].after[0]"),
        ("b", "nodes[2].id"),
    }


def test_code_that_cannot_run_is_refused_before_anything_is_kept(app, lab):
    before = lab.ledger.last_seq()
    status, refusal = post(app, {"workflow": as_data(workflow(cell("a", "result = (")))})
    assert (status, refusal["faults"][0]["node"]) == (422, "a")
    assert lab.ledger.last_seq() == before


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1001", "limit=", "limit=999999999999999999999999"])
def test_a_wrong_query_is_named(app, query):
    status, refusal = told(ask(app, "GET", f"/api/runs?{query}", server=SOCKET))
    assert (status, refusal["faults"][0]["path"]) == (422, "limit")


def test_what_is_not_there_and_what_cannot_be_done_to_it_is_told(app):
    assert told(ask(app, "GET", "/api/runs/none-such", server=SOCKET))[1]["error"] == "NotFoundError"
    status, refusal = told(ask(app, "GET", "/api/nothing", server=SOCKET))
    assert (status, "/api/nothing" in refusal["message"]) == (404, True)
    wrong = ask(app, "DELETE", "/api/runs", server=SOCKET)
    assert (told(wrong)[0], set(wrong.headers["allow"].split(", ")) >= {"GET"}) == (405, True)


@pytest.mark.parametrize(
    "path", ["/api/runs/%00", "/api/runs/%ff%fe", "/api/runs/..%2f..%2fetc", "/api/runs/" + "x" * 5000]
)
def test_strange_paths_are_only_not_found(app, path):
    assert told(ask(app, "GET", path, server=SOCKET))[0] in (404, 422)


@pytest.mark.parametrize(
    "folder",
    ["..", "../..", "a/../../..", "/etc", "/", "//etc", "out", "out/passwd", "\0", "a\0b", "~", "x" * 5000, "store\n"],
)
def test_no_path_leads_out_of_the_folder(app, lab, folder):
    link = lab.home / "out"
    if not link.exists():
        link.symlink_to("/etc")
    for path, body in (
        ("/api/runs", {"workflow": DOCUMENT, "folder": folder}),
        ("/api/canvas/open", {"text": "", "folder": folder}),
    ):
        assert post(app, body, path)[0] in (403, 404)


def test_a_link_within_the_folder_is_followed(app, lab):
    inner = lab.home / "inner"
    inner.mkdir()
    (lab.home / "near").symlink_to(inner)
    assert ask(app, "GET", "/api/components?folder=near", server=SOCKET).status == 200


def test_a_body_is_cut_off_at_its_limit_whatever_it_says_of_its_length(lab):
    app = create_app(lab, Access(), root=lab.home, limits=Limits(body_bytes=100_000))
    taken = []

    def chunks():
        for _ in range(1000):
            taken.append(1)
            yield b" " * 10_000

    for headers in (JSON, {**JSON, "Content-Length": "10"}, {**JSON, "Content-Length": "nonsense"}):
        assert told(ask(app, "POST", "/api/runs", headers, chunks(), server=SOCKET))[0] == 413
    assert len(taken) < 100
    honest = {**JSON, "Content-Length": "100001"}
    assert told(ask(app, "POST", "/api/runs", honest, b" " * 100_001, server=SOCKET))[0] == 413


def test_a_body_that_never_ends_is_not_waited_for(app):
    status, refusal = told(ask(app, "POST", "/api/runs", JSON, [b"{", None], server=SOCKET))
    assert (status, "within 1 s" in refusal["message"]) == (503, True)


def test_who_asks_too_much_is_told_when_to_come_back(lab):
    app = create_app(lab, Access(), root=lab.home, limits=Limits(requests_per_s=4))
    answers = [ask(app, "GET", "/api/health", server=SOCKET) for _ in range(30)]
    assert [answer.status for answer in answers[:20]] == [200] * 20
    assert answers[-1].status == 429
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10


@pytest.mark.parametrize("path", ["/api/health", "/api/runs/none", "/none", "/docs", "/openapi.json"])
def test_every_answer_keeps_browsers_from_harm(app, path):
    for server in (SOCKET, ("127.0.0.1", 80)):
        answer = ask(app, "GET", path, server=server)
        assert SAFE.keys() <= answer.headers.keys()
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_a_fault_of_our_own_tells_nothing_of_its_insides(lab):
    app = create_app(lab, Access(), root=lab.home)

    @app.get("/broken")
    def broken():
        raise RuntimeError("a secret of the inside")

    answer = ask(app, "GET", "/broken", server=SOCKET)
    status, refusal = told(answer)
    assert (status, "secret" in refusal["message"]) == (500, False)
    assert SAFE.keys() <= answer.headers.keys()
    assert "a secret" in str(answer.error)


def test_errors_of_this_package_keep_their_names_and_faults():
    faults = problem(WorkflowError([Fault("is wrong", node="a", path="nodes[0]")]))
    assert faults.faults[0].model_dump() == {"message": "is wrong", "node": "a", "path": "nodes[0]"}
    for error in (ConflictError("no"), StoreError("no"), PlatformError("no")):
        assert (problem(error).error, problem(error).message) == (type(error).__name__, "no")


def test_text_that_is_no_unicode_comes_back_as_some_that_is(app):
    assert problem(ConflictError("a \ud800 b")).message == "a ? b"


SCRIPT = "<script>alert(1)</script>"


def test_script_in_names_and_code_comes_back_as_data(app):
    document = as_data(workflow(cell("a", f"result = {SCRIPT!r}", description=SCRIPT), name=SCRIPT))
    status, refusal = told(ask(app, "GET", f"/api/runs?state={SCRIPT}", server=SOCKET))
    assert (status, SCRIPT in refusal["message"]) == (404, True)
    started = ask(app, "POST", "/api/runs", JSON, json.dumps({"workflow": document}).encode(), server=SOCKET)
    run_id = json.loads(started.body)["run_id"]
    for path in (f"/api/runs/{run_id}", "/api/runs", f"/api/runs/{run_id}/document", f"/api/runs/{run_id}/nodes/a"):
        answer = ask(app, "GET", path, server=SOCKET)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert SCRIPT in answer.body.decode()
    page = ask(app, "GET", "/docs", server=SOCKET).body.decode()
    assert "<script" not in page
