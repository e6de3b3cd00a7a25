"""The calls of two JSON workflow engines, as their documents show them, on a real service with real HTTP behind it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest

from twingraph_lab.components.llm import URL
from twingraph_lab.errors import NotFoundError


class World(BaseHTTPRequestHandler):
    """Posts to get, and a model that sums up what it is told."""

    def do_GET(self):
        self.answer({"posts": ["one", "two"], "path": self.path})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = f"summary of: {asked['messages'][-1]['content']}"
        self.answer({"choices": [{"message": {"role": "assistant", "content": text}}], "model": "m", "usage": {}})

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture(scope="module")
def world():
    server = ThreadingHTTPServer(("127.0.0.1", 0), World)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patched:
        address = f"http://127.0.0.1:{server.server_port}"
        patched.setenv(URL, address)
        yield address
    server.shutdown()
    server.server_close()


@pytest.fixture
def simple(world):
    """The example of the first engine's document."""
    return {
        "name": "Simple LLM Workflow",
        "dag": {
            "nodes": [
                {"id": "get_posts", "handler": "call_external_service", "config": {"url": f"{world}/posts"}},
                {
                    "id": "summarize_posts",
                    "handler": "call_llm_service",
                    "dependencies": ["get_posts"],
                    "config": {"prompt": "Summarize the following posts: {{ get_posts.output.data }}"},
                },
                {"id": "output", "handler": "output", "dependencies": ["summarize_posts"]},
            ]
        },
    }


@pytest.fixture
def parallel(world):
    """The example of the second engine's document, with an input."""
    return {
        "name": "Parallel API Fetcher",
        "dag": {
            "nodes": [
                {"id": "input", "handler": "input", "dependencies": []},
                {
                    "id": "get_user",
                    "handler": "call_external_service",
                    "dependencies": ["input"],
                    "config": {"url": f"{world}/user/{{{{ input.user_id }}}}"},
                },
                {
                    "id": "get_posts",
                    "handler": "call_external_service",
                    "dependencies": ["input"],
                    "config": {"url": f"{world}/posts"},
                },
                {"id": "output", "handler": "output", "dependencies": ["get_user", "get_posts"]},
            ]
        },
    }


def finished(answer):
    return answer.get("status", answer.get("state")) in {"COMPLETED", "FAILED"}


def test_the_first_engines_walk(served, simple):
    submitted = served.client.post("/workflow", json=simple)
    assert submitted.status_code == 200
    execution = submitted.json()["execution_id"]
    assert submitted.json() == {"execution_id": str(UUID(execution)), "status": "PENDING"}
    waiting = served.client.get(f"/workflows/{execution}").json()
    assert waiting["status"] == "PENDING"
    assert waiting["nodes"]["output"] == {"state": "PENDING", "output": {}}
    early = served.client.get(f"/workflows/{execution}/results").json()
    assert (early["completed"], early["results"]) == (False, None)

    triggered = served.client.post(f"/workflow/trigger/{execution}")
    assert triggered.json() == {"execution_id": execution, "status": "RUNNING"}
    done = served.until(f"/workflows/{execution}", finished)
    assert {name: node["state"] for name, node in done["nodes"].items()} == dict.fromkeys(done["nodes"], "COMPLETED")
    assert done["nodes"]["get_posts"]["output"]["data"]["posts"] == ["one", "two"]

    results = served.client.get(f"/workflows/{execution}/results").json()
    told = results["results"]["aggregated_results"]["summarize_posts"]["result"]
    assert told.startswith("summary of: Summarize the following posts:")
    assert results | {"results": None} == {
        "execution_id": execution,
        "status": "COMPLETED",
        "completed": True,
        "results": None,
        "message": "Results retrieved successfully.",
    }
    assert results["results"]["final_status"] == "workflow_completed"


def test_a_trigger_may_replace_a_prompt(served, simple):
    execution = served.client.post("/workflow", json=simple).json()["execution_id"]
    body = {"summarize_posts": {"prompt": "Recent Posts: {{ get_posts.output.data }}. Task: Summarize"}}
    served.client.post(f"/workflow/trigger/{execution}", json=body)
    done = served.until(f"/workflows/{execution}", finished)
    assert done["nodes"]["summarize_posts"]["output"]["result"].startswith("summary of: Recent Posts:")


def test_a_trigger_that_names_no_node_is_refused_and_changes_nothing(served, simple):
    execution = served.client.post("/workflow", json=simple).json()["execution_id"]
    refused = served.client.post(f"/workflow/trigger/{execution}", json={"sumarize_posts": {"prompt": "x"}})
    assert refused.status_code == 422
    assert "did you mean 'summarize_posts'" in refused.json()["message"]
    assert served.client.get(f"/workflows/{execution}").json()["status"] == "PENDING"


def test_the_second_engines_walk(served, parallel):
    submitted = served.client.post("/v1/workflow", json=parallel).json()
    execution = submitted["execution_id"]
    assert submitted["message"] == "Workflow submitted successfully"
    assert UUID(submitted["workflow_definition_id"])
    again = served.client.post("/v1/workflow", json=parallel).json()
    assert again["workflow_definition_id"] == submitted["workflow_definition_id"]
    assert again["execution_id"] != execution

    started = served.client.post(f"/v1/workflow/trigger/{execution}", json={"input_params": {"user_id": 123}})
    assert started.json() == {"execution_id": execution, "message": "Workflow started successfully"}
    done = served.until(f"/v1/workflows/{execution}", finished)
    assert done["id"] == execution
    assert done["state"] == "COMPLETED"
    assert done["started_at"]
    assert done["node_states"] == dict.fromkeys(["input", "get_user", "get_posts", "output"], "COMPLETED")
    results = served.client.get(f"/v1/workflows/{execution}/results").json()["results"]["aggregated_results"]
    assert results["get_user"]["data"]["path"] == "/user/123"
    assert results["get_posts"]["data"]["posts"] == ["one", "two"]


def test_missing_inputs_are_named(served, parallel):
    execution = served.client.post("/v1/workflow", json=parallel).json()["execution_id"]
    refused = served.client.post(f"/v1/workflow/trigger/{execution}", json={"input_params": {}})
    assert refused.status_code == 422
    assert "user_id" in refused.json()["message"]


def test_fifty_triggers_at_once_make_one_run(served, simple):
    execution = served.client.post("/workflow", json=simple).json()["execution_id"]
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(served.client.post, f"/workflow/trigger/{execution}") for _ in range(50)]
        codes = sorted(each.result().status_code for each in asked)
    assert codes == [200] + [409] * 49
    with pytest.raises(NotFoundError):
        served.lab.ledger.held(execution)  # its run has it now
    assert [run.run_id for run in served.lab.runs(500)].count(execution) == 1


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_what_is_wrong_with_a_workflow_is_told_when_it_is_submitted(served, prefix):
    circle = [
        {"id": "a", "handler": "output", "dependencies": ["b"]},
        {"id": "b", "handler": "output", "dependencies": ["a"]},
        {"id": "c", "handler": "call_external_service", "dependencies": ["nobody"]},
    ]
    refused = served.client.post(f"{prefix}/workflow", json={"name": "w", "dag": {"nodes": circle}})
    assert refused.status_code == 422
    told = refused.json()["message"]
    assert "needs 'url'" in told
    own_form = served.client.post(f"{prefix}/workflow", json={"name": "w", "nodes": []})
    assert "/api/runs" in own_form.json()["message"]


@pytest.mark.parametrize("path", ["/workflows/nobody", "/workflows/nobody/results", "/v1/workflows/nobody"])
def test_what_was_never_submitted_is_not_found(served, path):
    assert served.client.get(path).status_code == 404


def test_the_second_engine_is_healthy(served):
    assert served.client.get("/v1/health").json()["status"] == "healthy"
