"""A canvas in a browser: it sends the text and what a hand did, and is told what to draw."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import ConnectionClosed

from tests.workflows import cell, workflow
from twingraph_lab.spec.document import dump, load

PAIR = workflow(
    cell("load", "rows = [1, 2]", outputs=("rows",)),
    cell("total", "result = sum(rows)", inputs={"rows": {"ref": "load.rows"}}),
    name="pair",
)


@pytest.fixture
def canvas(served):
    """Ask a route of the canvas; the answer must be 200."""

    def ask(route, **body):
        answer = served.client.post(f"/api/canvas/{route}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def drawn(elements, group):
    return {element["data"]["id"] for element in elements if element["group"] == group}


def test_a_document_is_opened_as_elements(canvas):
    opened = canvas("open", text=dump(PAIR))
    assert opened["name"] == "pair"
    assert load(opened["text"]) == PAIR
    assert drawn(opened["elements"], "nodes") == {"load", "total"}
    assert drawn(opened["elements"], "edges") == {"load.rows->total.rows"}
    assert opened["faults"] == []


@pytest.mark.parametrize("text", ["", "{}", "\n"])
def test_an_empty_document_is_an_empty_workflow_named_after_its_file(canvas, text):
    opened = canvas("open", text=text, path="some/report.twg.json")
    assert (opened["name"] if not text.strip() else "report", opened["elements"]) == ("report", [])


def test_faults_are_shown_on_nodes_also_those_of_code(canvas):
    broken = workflow(cell("bad", "result = ("), cell("lost", inputs={"x": {"ref": "nobody"}}))
    elements = canvas("open", text=dump(broken))["elements"]
    faults = {element["data"]["id"]: element["data"]["faults"] for element in elements if element["group"] == "nodes"}
    assert "never closed" in " ".join(faults["bad"])
    assert "nobody" in " ".join(faults["lost"])


def test_what_is_no_document_is_refused_with_its_faults(served):
    answer = served.client.post("/api/canvas/open", json={"text": '{"name": "w", "nodes": 5}'})
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["path"] == "nodes"


def test_edits_answer_with_the_text_and_what_changes(canvas):
    edits = [
        {"op": "move", "positions": {"load": [10, 20]}},
        {"op": "rename", "id": "load", "to": "fetch"},
    ]
    answer = canvas("edit", text=dump(PAIR), edits=edits)
    after = load(answer["text"])
    assert set(after.by_id) == {"fetch", "total"}
    assert after.layout["fetch"] == (10, 20)
    assert "load" in answer["delta"]["remove"]
    assert "fetch" in drawn(answer["delta"]["add"], "nodes")
    assert canvas("edit", text=answer["text"], edits=[])["delta"] == {
        "add": [],
        "update": [],
        "remove": [],
        "faults": [],
    }


def test_an_edit_that_cannot_be_done_is_refused_and_nothing_is_changed(served):
    edits = [{"op": "add_edge", "source": "total", "target": "load", "after": True}]
    answer = served.client.post("/api/canvas/edit", json={"text": dump(PAIR), "edits": edits})
    assert (answer.status_code, answer.json()["error"]) == (422, "WorkflowError")
    assert answer.json()["faults"]


def test_an_edit_of_an_unknown_kind_is_refused(served):
    answer = served.client.post("/api/canvas/edit", json={"text": "", "edits": [{"op": "explode"}]})
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["path"].startswith("edits[0]")


def test_forms_of_a_node_and_of_the_workflow(canvas):
    node = canvas("form", text=dump(PAIR), id="total")
    assert (node["id"], node["code"], node["language"]) == ("total", "result = sum(rows)", "python")
    assert node["schema"]["type"] == "object"
    assert canvas("form", text=dump(PAIR))["data"]["name"] == "pair"


def test_nodes_are_copied_and_pasted(canvas):
    copied = canvas("clip", text=dump(PAIR), ids=["load"])["clipping"]
    pasted = canvas("edit", text="", edits=[{"op": "paste", "clipping": copied, "position": [0, 0]}])
    assert [node.id for node in load(pasted["text"]).nodes] == ["load"]


def test_a_picture_is_a_file_without_scripts(served):
    named = workflow(cell("a", description="<script>alert(1)</script>"), name='"><script>alert(1)</script>')
    answer = served.client.post("/api/canvas/picture", json={"text": dump(named)})
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-disposition"] == "attachment"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.text.startswith("<svg")
    assert "<script" not in answer.text


def test_a_run_is_drawn_and_its_frames_lead_to_its_end(served):
    run_id = served.client.post("/api/runs", json={"workflow": json.loads(dump(PAIR))}).json()["run_id"]
    elements = served.client.get(f"/api/runs/{run_id}/elements").json()["elements"]
    assert drawn(elements, "nodes") == {"load", "total"}
    frames = []
    with served.socket(f"/api/runs/{run_id}/frames") as reader:
        frames += map(json.loads, reader)
        assert reader.close_code == 1000
    assert frames[0]["nodes"].keys() == {"load", "total"}
    assert frames[-1]["state"] == "completed"
    states = {}
    for frame in frames:
        states |= {name: node["state"] for name, node in frame["nodes"].items()}
    assert states == {"load": "completed", "total": "completed"}
    assert [frame["seq"] for frame in frames] == sorted(frame["seq"] for frame in frames)


def test_frames_of_an_ended_run_are_its_last_state(served):
    run_id = served.client.post("/api/runs", json={"workflow": json.loads(dump(PAIR))}).json()["run_id"]
    served.until(f"/api/runs/{run_id}", lambda run: run["state"] == "completed")
    with served.socket(f"/api/runs/{run_id}/frames") as reader:
        assert json.loads(reader.recv(timeout=60))["state"] == "completed"
        with pytest.raises(ConnectionClosed):
            reader.recv(timeout=60)


def test_frames_of_an_unknown_run_are_refused(served):
    with served.socket("/api/runs/none-such/frames") as reader:
        assert json.loads(reader.recv(timeout=60))["error"] == "NotFoundError"
