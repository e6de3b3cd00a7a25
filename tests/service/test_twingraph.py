"""TwinGraph's endpoints, on a real service."""

from __future__ import annotations

import pytest

DESIGN = {
    "id": "sum",
    "name": "sum",
    "nodes": [
        {"id": "n", "type": "input", "data": {"outputs": [{"name": "a"}]}},
        {
            "id": "twice",
            "type": "component",
            "position": {"x": 5, "y": 7},
            "data": {"code": "b = 2 * a", "inputs": [{"name": "a"}], "outputs": [{"name": "b"}]},
        },
    ],
    "edges": [{"source": "n", "target": "twice"}],
}


def ended(answer):
    return answer["status"] in {"completed", "failed", "skipped"}


def test_a_design_is_saved_listed_executed_and_drawn(served):
    assert served.client.post("/api/workflows/sum", json=DESIGN).status_code < 300
    assert "sum" in str(served.client.get("/api/workflows").json())
    begun = served.client.post("/api/executions", json={"workflow_id": "sum", "inputs": {"a": 21}})
    assert begun.status_code == 202
    execution = begun.json()["execution_id"]
    done = served.until(f"/api/executions/{execution}", ended)
    assert done["node_statuses"] == {"n": "completed", "twice": "completed"}
    assert done["results"] == {"twice": {"b": 42}}
    graph = served.client.get(f"/api/graph/execution/{execution}").json()
    assert graph["edges"] == [{"source": "n", "target": "twice"}]
    twice = next(node for node in graph["nodes"] if node["id"] == "twice")
    assert (twice["status"], twice["position"], twice["data"]["output"]) == ("completed", {"x": 5, "y": 7}, {"b": 42})


def test_a_whole_design_can_be_executed_at_once(served):
    begun = served.client.post("/api/executions", json={"workflow": DESIGN, "inputs": {"a": 1}}).json()
    assert served.until(f"/api/executions/{begun['execution_id']}", ended)["results"] == {"twice": {"b": 2}}


@pytest.mark.parametrize("verb", ["cancel", "stop"])
def test_an_execution_can_be_stopped(served, verb):
    code = "import time\ntime.sleep(60)"
    node = {"id": "a", "data": {"code": code}}
    begun = served.client.post("/api/executions", json={"workflow": {"name": "w", "nodes": [node], "edges": []}}).json()
    path = f"/api/executions/{begun['execution_id']}"
    served.until(path, lambda answer: answer["status"] == "running")
    assert served.client.post(f"{path}/{verb}").status_code == 200
    assert served.until(path, ended)["status"] == "skipped"


def test_what_to_execute_is_said_once(served):
    for body in ({}, {"workflow_id": "sum", "workflow": DESIGN}):
        refused = served.client.post("/api/executions", json=body)
        assert refused.status_code == 422
        assert "workflow_id" in refused.json()["message"]


def test_an_unknown_execution_is_not_found(served):
    for path in ("/api/executions/nobody", "/api/graph/execution/nobody"):
        assert served.client.get(path).status_code == 404
