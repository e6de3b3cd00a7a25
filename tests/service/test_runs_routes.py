"""Runs over REST: started, looked at, cancelled, resumed, repeated."""

from __future__ import annotations

import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.spec.document import as_data, load
from twingraph_lab.spec.workflow import Parameter

CHAIN = as_data(
    workflow(
        cell("load", "print('loading')\nrows = list(range(n))", outputs=("rows",), inputs={"n": {"param": "n"}}),
        cell("total", "result = sum(rows)", inputs={"rows": {"ref": "load.rows"}}),
        name="chain",
        parameters={"n": Parameter(type="integer", default=3)},
    )
)
SLOW = as_data(workflow(cell("wait", "import time\ntime.sleep(600)"), name="slow"))
FAILING = as_data(workflow(cell("a", "result = 1"), cell("b", "1 / 0", inputs={"x": {"ref": "a"}}), name="failing"))


@pytest.fixture
def start(served):
    def start(document, **more):
        answer = served.client.post("/api/runs", json={"workflow": document, **more})
        assert answer.status_code == 202, answer.text
        return answer.json()["run_id"]

    return start


@pytest.fixture
def ended(served):
    """Wait for a run to end, and return it."""
    return lambda run_id: served.until(
        f"/api/runs/{run_id}", lambda run: run["state"] in ("completed", "failed", "cancelled")
    )


def test_a_run_is_accepted_driven_and_told(served, start, ended):
    accepted = served.client.post("/api/runs", json={"workflow": CHAIN, "parameters": {"n": 5}})
    assert (accepted.status_code, accepted.json()["state"]) == (202, "requested")
    assert accepted.json()["counts"] == {"pending": 2}
    run = ended(accepted.json()["run_id"])
    assert (run["state"], run["counts"], run["parameters"]) == ("completed", {"completed": 2}, {"n": 5})
    assert accepted.json().keys() < run.keys()


def test_what_is_answered_at_once_is_what_the_ledger_has(served, start):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: served.client.post("/api/runs", json={"workflow": CHAIN}).json(), range(40)))
    assert len({answer["run_id"] for answer in answers}) == 40
    for answer in answers:
        kept = served.client.get(f"/api/runs/{answer['run_id']}").json()
        for name in ("workflow", "requested", "nodes", "source", "dynamic", "replay_of"):
            assert answer[name] == kept[name]


def test_the_same_key_is_the_same_run(served, start, ended):
    first = start(CHAIN, idempotency_key="today")
    assert start(CHAIN, idempotency_key="today") == first
    ended(first)
    assert start(CHAIN, idempotency_key="today") == first
    other = served.client.post("/api/runs", json={"workflow": SLOW, "idempotency_key": "today"})
    assert (other.status_code, other.json()["error"]) == (409, "ConflictError")


def test_wrong_parameters_are_named(served):
    answer = served.client.post("/api/runs", json={"workflow": CHAIN, "parameters": {"n": "three", "m": 1}})
    assert answer.status_code == 422
    assert "parameters.n" in {fault["path"] for fault in answer.json()["faults"]}
    assert len(answer.json()["faults"]) == 2


def test_runs_are_listed_newest_first_in_pages_and_found(served, start):
    ids = [start(CHAIN, path=f"folder/{number}.twg.json") for number in range(3)][::-1]
    first = served.client.get("/api/runs?limit=2&workflow=chain").json()["runs"]
    assert [run["run_id"] for run in first] == ids[:2]
    assert first[0]["source"] == "folder/2.twg.json"
    rest = served.client.get(f"/api/runs?limit=1&before={ids[1]}").json()["runs"]
    assert rest[0]["run_id"] == ids[2]
    assert [run["run_id"] for run in served.client.get(f"/api/runs?text={ids[0]}").json()["runs"]] == [ids[0]]
    assert served.client.get("/api/runs?state=nonsense").status_code == 404


def test_a_run_is_cancelled_and_resumed(served, start, ended):
    run_id = start(SLOW)
    served.until(f"/api/runs/{run_id}", lambda run: run["counts"].get("running"))
    assert served.client.post(f"/api/runs/{run_id}/cancel").json() == {"run_id": run_id, "cancelled": True}
    assert served.client.post(f"/api/runs/{run_id}/cancel").json()["cancelled"] is False
    assert ended(run_id)["state"] == "cancelled"
    assert served.client.post(f"/api/runs/{run_id}/resume").status_code == 202
    served.until(f"/api/runs/{run_id}", lambda run: run["counts"].get("running"))
    served.client.post(f"/api/runs/{run_id}/cancel")
    assert ended(run_id)["state"] == "cancelled"


def test_a_run_that_is_completed_cannot_be_resumed_but_run_again(served, start, ended):
    run_id = start(CHAIN, parameters={"n": 4})
    ended(run_id)
    assert served.client.post(f"/api/runs/{run_id}/resume").status_code == 409
    again = served.client.post(f"/api/runs/{run_id}/rerun").json()["run_id"]
    assert again != run_id
    assert ended(again)["parameters"] == {"n": 4}


def test_one_node_is_replayed(served, start, ended):
    run_id = start(CHAIN)
    ended(run_id)
    replay = served.client.post(f"/api/runs/{run_id}/nodes/total/replay").json()
    assert replay["replay_of"].startswith(f"{run_id}/total/")
    assert ended(replay["run_id"])["state"] == "completed"


def test_a_part_is_run_on_what_the_rest_gave(served, start, ended):
    first = start(CHAIN, parameters={"n": 10})
    ended(first)
    part = start(CHAIN, start=["total"], of=first)
    assert ended(part)["state"] == "completed"
    nodes = {node["id"]: node for node in served.client.get(f"/api/runs/{part}/nodes").json()["nodes"]}
    assert nodes["load"]["cached_from"].startswith(first)
    assert nodes["total"]["cached_from"] == ""
    answer = served.client.post("/api/runs", json={"workflow": CHAIN, "start": ["nobody"]})
    assert (answer.status_code, "nobody" in answer.text) == (422, True)


def test_a_node_is_told_with_its_values_and_its_failure(served, start, ended):
    run_id = start(FAILING)
    assert ended(run_id)["state"] == "failed"
    node = served.client.get(f"/api/runs/{run_id}/nodes/b").json()
    assert (node["state"], node["failure"]["type"]) == ("failed", "ZeroDivisionError")
    assert served.client.get(f"/api/runs/{run_id}/nodes/none").status_code == 404


def test_an_empty_workflow_is_told_to_be_empty_and_makes_no_run(served):
    before = served.lab.ledger.last_seq()
    answer = served.client.post("/api/runs", json={"workflow": {"name": "new", "nodes": []}, "path": "new.twg.json"})
    assert (answer.status_code, "nothing to run yet" in answer.json()["message"]) == (422, True)
    assert served.lab.ledger.last_seq() == before


def test_an_output_is_saved_as_a_file_and_never_shown(served, start, ended):
    script = "<script>alert(1)</script>"
    run_id = start(as_data(workflow(cell("page", f"result = {script!r}.encode()"))))
    ended(run_id)
    answer = served.client.get(f"/api/runs/{run_id}/nodes/page/outputs/result")
    assert answer.content == script.encode()
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="page-result.bin"'
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    preview = served.client.get(f"/api/runs/{run_id}/nodes/page/outputs/result/preview")
    assert preview.headers["content-type"] == "application/json"
    assert served.client.get(f"/api/runs/{run_id}/nodes/page/outputs/none").status_code == 404


def test_a_large_output_is_sent_in_pieces_and_never_held_whole(served, start, ended):
    size = 64 * 1024 * 1024
    run_id = start(as_data(workflow(cell("large", f"result = bytes({size})"))))
    ended(run_id)
    tracemalloc.start()
    try:
        with served.client.stream("GET", f"/api/runs/{run_id}/nodes/large/outputs/result") as answer:
            assert int(answer.headers["content-length"]) == size
            assert sum(map(len, answer.iter_raw())) == size
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < size / 2


def test_an_output_that_is_gone_is_told_before_a_download_begins(served, start, ended):
    run_id = start(as_data(workflow(cell("gone", "import os\nresult = os.urandom(100_000)"))))
    ended(run_id)
    digest = served.lab.ledger.tasks(run_id)["gone"].outputs["result"].digest.removeprefix("sha256:")
    served.lab.artifacts.delete(f"sha256/{digest[:2]}/{digest[2:]}")
    answer = served.client.get(f"/api/runs/{run_id}/nodes/gone/outputs/result")
    assert (answer.status_code, answer.json()["error"]) == (500, "StoreError")


def test_logs_are_read_on_from_a_cursor(served, start, ended):
    lines = as_data(workflow(cell("a", "for n in range(5): print('line', n)")))
    run_id = start(lines)
    ended(run_id)
    page = served.client.get(f"/api/runs/{run_id}/logs?node=a").json()
    assert [line["text"] for line in page["lines"]] == [f"line {n}" for n in range(5)]
    assert served.client.get(f"/api/runs/{run_id}/logs?after={page['after']}").json()["lines"] == []
    assert served.client.get(f"/api/runs/{run_id}/logs?node=none").status_code == 404


def test_timeline_document_and_lineage_are_there(served, start, ended):
    run_id = start(CHAIN)
    ended(run_id)
    assert {lane["id"] for lane in served.client.get(f"/api/runs/{run_id}/timeline").json()["lanes"]} == {
        "load",
        "total",
    }
    assert load(served.client.get(f"/api/runs/{run_id}/document").text) == load(CHAIN)
    graph = served.until(f"/api/lineage?run={run_id}&node=total", lambda graph: graph["edges"])
    assert {"load", "total"} <= {vertex["name"] for vertex in graph["vertices"]}


def test_questions_to_the_lineage_are_answered_as_a_table(served, start, ended):
    run_id = start(CHAIN)
    ended(run_id)
    question = f"g.V().has('run_id', '{run_id}').hasLabel('Execution').values('node').order()"
    answer = served.client.post("/api/lineage/query", json={"gremlin": question}).json()
    assert answer == {"columns": ["value"], "rows": [["load"], ["total"]], "truncated": False}
    wrong = served.client.post("/api/lineage/query", json={"gremlin": "g.V().has("})
    assert (wrong.status_code, wrong.json()["error"]) == (422, "QueryError")
    assert served.client.post("/api/lineage/query", json={"gremlin": "g.V().drop()"}).status_code == 409


def test_modules_of_the_folder_are_found_and_its_functions_offered(served, start, ended):
    root = served.lab.home.parent
    (root / "project").mkdir(exist_ok=True)
    code = "from twingraph_lab import component\n\n\n@component\ndef double(x: int = 21) -> int:\n    return 2 * x\n"
    (root / "project" / "own_steps.py").write_text(code)
    entries = served.client.get("/api/components?folder=project").json()["entries"]
    assert "own_steps:double" in json.dumps(entries)
    run_id = start({"name": "own", "nodes": [{"id": "d", "component": "own_steps:double"}]}, folder="project")
    assert ended(run_id)["state"] == "completed", served.client.get(f"/api/runs/{run_id}/nodes/d").json()


def test_platforms_tell_what_they_take(served):
    platforms = {each["name"]: each["schema"] for each in served.client.get("/api/platforms").json()["platforms"]}
    assert platforms["local"]["type"] == "object"


def test_health_tells_the_version_and_the_last_event(served, start):
    before = served.client.get("/api/health").json()
    start(CHAIN)
    after = served.client.get("/api/health").json()
    assert (after["status"], after["version"]) == ("ok", before["version"])
    assert after["seq"] > before["seq"]


def test_the_documentation_is_a_page_that_needs_nothing_else(served):
    page = served.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    schema = served.client.get("/openapi.json").json()
    for path in schema["paths"]:
        assert path in page.text
    for outside in ("http://", "https://", "<script", "<img", "@import", "<link"):
        assert outside not in page.text.replace("http://127.0.0.1", "")
