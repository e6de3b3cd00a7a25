"""The service behind a real Jupyter server: its login in front, one service for all, which outlives it."""

from __future__ import annotations

import json

import pytest

from tests.service.stores import Store, chain

pytest.importorskip("jupyter_server_proxy", reason="the extra `notebook` is not installed")
websockets = pytest.importorskip("websockets.sync.client", reason="the extra `service` is not installed")
from websockets.exceptions import InvalidStatus  # noqa: E402

from tests.service.jupyters import Jupyter  # noqa: E402  (needs what may be missing)


@pytest.fixture
def jupyter(tmp_path):
    made = Jupyter(tmp_path / "work")
    yield made
    made.stop()
    made.store.clean()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    made = Jupyter(tmp_path_factory.mktemp("shared") / "work")
    made.start()
    yield made
    made.stop()
    made.store.clean()


def test_a_jupyter_server_alone_starts_nothing(jupyter):
    jupyter.start()
    assert not jupyter.store.home.exists()


def test_the_store_is_in_the_folder_where_jupyter_was_started(shared):
    status, text = shared.ask("twingraph/api/health")
    assert (status, json.loads(text)["status"]) == (200, "ok")
    assert shared.store.find().on_demand


def test_pages_pass(shared):
    status, text = shared.ask("twingraph/docs")
    assert status == 200
    assert "<html" in text.lower()


def test_refusals_pass_with_their_reasons(shared):
    status, text = shared.ask("twingraph/api/runs/nosuchrun")
    assert status == 404
    assert json.loads(text)["error"] == "NotFoundError"


def test_websockets_pass_both_ways(shared, tmp_path):
    with shared.listen("twingraph/api/events?after=0") as events, shared.store.lab() as lab:
        run = lab.submit(chain(tmp_path / "journal", length=1, pause_s=0), drive=False)
        seen = []
        while not any(event["type"] == "run.finished" for event in seen):
            seen += [event for event in json.loads(events.recv(timeout=60)) if event["run_id"] == run.id]
    assert [event["type"] for event in seen][:2] == ["run.requested", "run.started"]


def test_a_stranger_is_sent_to_the_login(shared):
    assert shared.ask("twingraph/api/health", token="")[0] == 302
    assert shared.ask("twingraph/api/health", token="wrong")[0] in {302, 403}
    assert shared.ask("twingraph/api/runs", token="", method="POST", body={})[0] in {302, 403}


def test_a_stranger_gets_no_websocket(shared):
    with pytest.raises(InvalidStatus) as refused, websockets.connect(f"ws://{shared.host}/twingraph/api/events"):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_of_another_origin_is_refused_whatever_it_can_prove(shared, method, origin):
    status, _ = shared.ask("twingraph/api/runs", method=method, body={} if method == "POST" else None, Origin=origin)
    assert status == 403


def test_a_request_that_says_another_site_made_it_is_refused_without_an_origin_too(shared):
    for site in ("cross-site", "same-site"):
        assert shared.ask("twingraph/api/runs", **{"Sec-Fetch-Site": site})[0] == 403


def test_a_page_of_another_origin_gets_no_websocket_even_with_the_token(shared):
    with pytest.raises(InvalidStatus) as refused, shared.listen("twingraph/api/events", origin="http://evil.example"):
        pass
    assert refused.value.response.status_code == 403


def test_jupyters_own_page_is_let_in(shared):
    assert shared.ask("twingraph/api/health", Origin=f"http://{shared.host}")[0] == 200


def test_paths_are_relative_to_jupyters_folder_and_stay_in_it(shared):
    (shared.folder / "sub").mkdir(exist_ok=True)
    assert shared.ask("twingraph/api/components?folder=sub")[0] == 200
    assert shared.ask("twingraph/api/components?folder=..")[0] == 403
    assert shared.ask("twingraph/api/components?folder=..", X_TwinGraph_Root="/")[0] == 403


def test_a_base_url_changes_nothing(jupyter):
    jupyter.start("/user/somebody/")
    assert jupyter.ask("twingraph/api/health")[0] == 200


def test_why_the_service_doesnt_start_is_told(jupyter):
    jupyter.store.home.mkdir()
    (jupyter.store.home / "ledger.db").write_bytes(b"not a database" * 1000)
    jupyter.start()
    status, text = jupyter.ask("twingraph/api/health")
    assert status == 502
    assert "the service didn't start" in json.loads(text)["message"]


def test_the_service_outlives_the_server_and_is_found_by_the_next(jupyter):
    jupyter.start()
    jupyter.ask("twingraph/api/health")
    first = jupyter.store.find()
    jupyter.stop()
    assert first.answers
    jupyter.start()
    assert jupyter.ask("twingraph/api/health")[0] == 200
    assert jupyter.store.find() == first


def test_a_service_that_was_killed_is_replaced_with_the_next_request(jupyter):
    jupyter.start()
    jupyter.ask("twingraph/api/health")
    killed = jupyter.store.kill()
    status, text = jupyter.ask("twingraph/api/health")
    assert status == 200, text
    assert jupyter.store.find().pid != killed.pid


def test_a_store_that_was_named_is_used(jupyter, tmp_path):
    named = Store(tmp_path / "named")
    jupyter.start(TWINGRAPH_HOME=str(named.home))
    assert jupyter.ask("twingraph/api/health")[0] == 200
    assert named.find()
    assert not jupyter.store.home.exists()
    jupyter.stop()
    named.clean()
