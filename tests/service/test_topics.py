"""TwinGraph's WebSocket topics."""

from __future__ import annotations

import json

from tests.workflows import cell, workflow
from twingraph_lab.service.limits import MOST_SUBSCRIPTIONS

WAIT_S = 30


def told(socket):
    return json.loads(socket.recv(WAIT_S))


def say(socket, **wish):
    socket.send(json.dumps(wish))


def test_an_execution_is_told_from_its_beginning_to_its_end(served):
    steps = cell("a", "x = 1", outputs=["x"]), cell("b", "y = x", outputs=["y"], inputs={"x": {"ref": "a.x"}})
    run = served.lab.submit(workflow(*steps))
    run.wait(WAIT_S)
    with served.socket("/ws") as socket:
        say(socket, type="subscribe", execution_id=run.id)
        topic = f"execution:{run.id}"
        assert told(socket) == {"type": "subscribed", "data": {"topic": topic}}
        news = []
        while not news or news[-1]["event"] != "run.finished":
            message = told(socket)
            assert message["type"] == topic
            news.append(message["data"])
    states = [(each.get("node_id"), each["status"]) for each in news if "status" in each]
    assert states[0] == (None, "running")
    assert states[-1] == (None, "completed")
    assert [node for node, state in states if state == "completed"] == ["a", "b", None]


def test_a_nodes_status_is_told_from_now_on(served):
    with served.socket("/ws") as socket:
        say(socket, type="subscribe", topic="node:only_here:status")
        assert told(socket)["type"] == "subscribed"
        run = served.lab.submit(workflow(cell("only_here"), cell("other")))
        seen = [told(socket)["data"] for _ in range(2)]
    assert {each["execution_id"] for each in seen} == {run.id}
    assert [(each["node_id"], each["status"]) for each in seen] == [
        ("only_here", "running"),
        ("only_here", "completed"),
    ]
    run.wait(WAIT_S)


def test_after_unsubscribing_nothing_is_told(served):
    with served.socket("/ws") as socket:
        say(socket, type="subscribe", topic="node:quiet:status")
        told(socket)
        say(socket, type="unsubscribe", topic="node:quiet:status")
        assert told(socket)["type"] == "unsubscribed"
        served.lab.submit(workflow(cell("quiet"))).wait(WAIT_S)
        say(socket, type="subscribe", execution_id="nobody")
        assert [told(socket)["type"], told(socket)["type"]] == ["subscribed", "error"]


def test_what_has_ended_can_be_heard_again_however_often(served):
    run = served.lab.submit(workflow(cell("a")))
    run.wait(WAIT_S)
    with served.socket("/ws") as socket:
        for _ in range(MOST_SUBSCRIPTIONS + 1):
            say(socket, type="subscribe", execution_id=run.id)
            while (message := told(socket))["data"].get("event") != "run.finished":
                assert message["type"] != "error"
            say(socket, type="unsubscribe", execution_id=run.id)
            assert told(socket)["type"] == "unsubscribed"


def test_one_connection_has_so_many_topics_and_is_told_when_it_wants_more(served):
    with served.socket("/ws") as socket:
        for number in range(MOST_SUBSCRIPTIONS):
            say(socket, type="subscribe", topic=f"node:n{number}:status")
            assert told(socket)["type"] == "subscribed"
        say(socket, type="subscribe", topic="node:more:status")
        assert f"at most {MOST_SUBSCRIPTIONS} topics" in told(socket)["data"]["message"]
        say(socket, type="unsubscribe", topic="node:n0:status")
        assert told(socket)["type"] == "unsubscribed"
        say(socket, type="subscribe", topic="node:more:status")
        assert told(socket)["type"] == "subscribed"


def test_bytes_are_answered_and_the_connection_goes_on(served):
    with served.socket("/ws") as socket:
        socket.send(b"\x00")
        assert "as text" in told(socket)["data"]["message"]
        say(socket, type="subscribe", topic="node:a:status")
        assert told(socket)["type"] == "subscribed"


def test_nonsense_is_answered_and_the_connection_goes_on(served):
    with served.socket("/ws") as socket:
        for nonsense in ("{", "[]", '{"type": 3}', '{"type": "subscribe", "topic": "weather"}', '{"a": NaN}'):
            socket.send(nonsense)
            assert told(socket)["type"] == "error"
        say(socket, type="dance", topic="node:a:status")
        assert "say subscribe" in told(socket)["data"]["message"]
