"""GraphQL: the queries and subscriptions of TwinGraph's documents, by a client's own protocol."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed

from tests.workflows import cell, workflow
from twingraph_lab.service.limits import MOST_SUBSCRIPTIONS

WAIT_S = 30
UPDATES = """subscription ExecutionUpdates($executionId: String!) {
  executionUpdates(executionId: $executionId) {
    executionId workflowId status nodeId nodeStatus progress message timestamp
  }
}"""
GRAPH = """subscription GraphVisualization($executionId: String!) {
  graphVisualization(executionId: $executionId) {
    executionId nodes { id status position data } edges { source target } timestamp
  }
}"""
METRICS = """subscription MetricsStream($components: [String!]) {
  componentMetricsStream(componentNames: $components) {
    componentName executionTime memoryUsage cpuUsage throughput errorRate timestamp
  }
}"""


def ask(served, query, **variables):
    return served.client.post("/graphql", json={"query": query, "variables": variables}).json()


@contextmanager
def subscribed(served, query, **variables):
    with served.socket("/graphql", subprotocols=["graphql-transport-ws"]) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv(WAIT_S))["type"] == "connection_ack"
        socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query, "variables": variables}}))
        yield socket


def news(socket):
    """What is told until the subscription ends."""
    while (message := json.loads(socket.recv(WAIT_S)))["type"] != "complete":
        assert message["type"] == "next", message
        yield message["payload"]["data"]


def two_steps(served, name="w"):
    steps = cell("a", "x = 1", outputs=["x"]), cell("b", "y = x + 1", outputs=["y"], inputs={"x": {"ref": "a.x"}})
    return served.lab.submit(workflow(*steps, name=name))


def test_executions_can_be_asked_for(served):
    run = two_steps(served, "asked")
    run.wait(WAIT_S)
    query = "query($id: String!) { execution(executionId: $id) { workflowId status nodes { id status } } }"
    answer = ask(served, query, id=run.id)["data"]["execution"]
    nodes = [{"id": "a", "status": "completed"}, {"id": "b", "status": "completed"}]
    assert answer == {"workflowId": "asked", "status": "completed", "nodes": nodes}
    listed = ask(served, '{ executions(workflowId: "asked") { executionId counts } }')["data"]["executions"]
    assert listed == [{"executionId": run.id, "counts": {"completed": 2}}]


def test_execution_updates_end_with_the_execution(served):
    run = two_steps(served)
    with subscribed(served, UPDATES, executionId=run.id) as socket:
        told = [each["executionUpdates"] for each in news(socket)]
    assert {each["executionId"] for each in told} == {run.id}
    assert [each["nodeId"] for each in told if each["nodeStatus"] == "completed"] == ["a", "b"]
    assert told[-1]["status"] == "completed"


def test_the_graph_is_sent_until_it_is_done(served):
    run = two_steps(served)
    with subscribed(served, GRAPH, executionId=run.id) as socket:
        last = [each["graphVisualization"] for each in news(socket)][-1]
    assert [(node["id"], node["status"]) for node in last["nodes"]] == [("a", "completed"), ("b", "completed")]
    assert last["nodes"][1]["data"]["output"] == {"y": 2}
    assert last["edges"] == [{"source": "a", "target": "b"}]


def test_metrics_of_components_are_streamed(served):
    with subscribed(served, METRICS, components=["b"]) as socket:
        two_steps(served).wait(WAIT_S)
        told = json.loads(socket.recv(WAIT_S))["payload"]["data"]["componentMetricsStream"]
    assert told["componentName"] == "b"
    assert told["executionTime"] > 0
    assert told["memoryUsage"] > 0
    assert told["errorRate"] == 0


def test_mistakes_are_told_in_words(served):
    with subscribed(served, UPDATES, executionId="nobody") as socket:
        message = json.loads(socket.recv(WAIT_S))
    assert "no run 'nobody'" in str(message)
    assert "Cannot query field" in str(ask(served, "{ nonsense }")["errors"])


def test_a_query_is_only_so_long(served):
    wide = "{ " + " ".join(f"a{n}: executions {{ status }}" for n in range(100)) + " }"
    assert "aliases" in str(ask(served, wide)["errors"])


def test_one_connection_has_so_many_subscriptions_and_is_told_when_it_wants_more(served):
    with served.socket("/graphql", subprotocols=["graphql-transport-ws"]) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv(WAIT_S))["type"] == "connection_ack"
        for number in range(MOST_SUBSCRIPTIONS + 1):
            socket.send(json.dumps({"id": str(number), "type": "subscribe", "payload": {"query": METRICS}}))
        refused = json.loads(socket.recv(WAIT_S))
    assert (refused["type"], refused["id"]) == ("error", str(MOST_SUBSCRIPTIONS))
    assert "Subscription limit reached" in refused["payload"][0]["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "No GraphQL query"),
        ({"query": 3}, "`query` must be a string"),
        ({"query": "{ workflows { id } }", "variables": []}, "`variables` must be an object"),
        ({"query": "{ workflows { id } }", "extensions": []}, "`extensions` must be an object"),
    ],
)
def test_what_is_no_request_is_refused_as_by_other_routes(served, body, message):
    answer = served.client.post("/graphql", json=body)
    assert (answer.status_code, answer.json()["error"], answer.json()["faults"]) == (400, "RequestError", [])
    assert message in answer.json()["message"]


def test_another_type_of_body_and_queries_in_addresses_are_refused_as_by_other_routes(served):
    answer = served.client.post("/graphql", content='{"query": "{ workflows { id } }"}')
    assert (answer.status_code, "Content-Type: application/json" in answer.json()["message"]) == (415, True)
    answer = served.client.get("/graphql?query={workflows{id}}")
    assert (answer.status_code, answer.json()["error"]) == (400, "RequestError")


def test_bodies_and_messages_are_read_strictly(served):
    for body in (
        '"text"',
        "[{}]",
        "[" * 50_000,
        '{"variables": ' * 50_000,
        '{"query": NaN}',
        "\ud800".encode("utf-8", "surrogatepass"),
    ):
        answer = served.client.post("/graphql", content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["error"]) == (422, "WorkflowError")
    with served.socket("/graphql", subprotocols=["graphql-transport-ws"]) as socket:
        socket.send("[" * 50_000)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(WAIT_S)
    assert closed.value.rcvd.code == 4400
