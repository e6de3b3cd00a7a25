"""Saving workflows, and running what is saved."""

from __future__ import annotations

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.spec.document import as_data

FIRST = as_data(workflow(cell("a", "result = 1")))
SECOND = as_data(workflow(cell("a", "result = 2")))


@pytest.fixture
def client(served):
    yield served.client
    for saved in served.client.get("/api/workflows").json()["workflows"]:
        served.client.delete(f"/api/workflows/{saved['name']}")


@pytest.fixture
def name(request):
    """One that no other test uses: numbers of versions are never used again."""
    return request.node.name


def save(client, name, document):
    answer = client.post(f"/api/workflows/{name}", json=document)
    return answer.status_code, answer.json().get("version")


def test_saving_makes_versions_and_the_same_again_makes_none(client, name):
    assert save(client, name, FIRST) == (201, 1)
    assert save(client, name, FIRST) == (200, 1)
    assert save(client, name, SECOND) == (201, 2)
    assert [saved["version"] for saved in client.get(f"/api/workflows/{name}/versions").json()["versions"]] == [2, 1]


def test_what_is_saved_is_read_by_its_version(client, name):
    for document in (FIRST, SECOND):
        save(client, name, document)
    assert client.get(f"/api/workflows/{name}").json()["document"] == SECOND
    assert client.get(f"/api/workflows/{name}?version=1").json()["document"] == FIRST
    assert [saved["name"] for saved in client.get("/api/workflows").json()["workflows"]] == [name]


def test_a_saved_version_is_run(client, name, served):
    for document in (FIRST, SECOND):
        save(client, name, document)
    for reference, result in (({"name": name}, 2), ({"name": name, "version": 1}, 1)):
        run_id = client.post("/api/runs", json={"workflow": reference}).json()["run_id"]
        assert served.lab.run(run_id).result(60) == {"a": result}


def test_deleting_forgets_a_version_or_all(client, name):
    for document in (FIRST, SECOND):
        save(client, name, document)
    assert client.delete(f"/api/workflows/{name}?version=2").json() == {"deleted": 1}
    assert client.get(f"/api/workflows/{name}").json()["version"] == 1
    assert client.delete(f"/api/workflows/{name}").json() == {"deleted": 1}
    assert client.get(f"/api/workflows/{name}").status_code == 404
    assert client.delete(f"/api/workflows/{name}").status_code == 404


def test_a_document_with_faults_is_not_saved(client, name):
    answer = client.post(f"/api/workflows/{name}", json={"name": "w", "nodes": [{"id": "a"}]})
    assert (answer.status_code, answer.json()["faults"][0]["node"]) == (422, "a")
    assert client.get("/api/workflows").json() == {"workflows": []}


@pytest.mark.parametrize("name", ["%2e%2e%20", "a%5cb", "a%0ab", "%00", "x" * 201])
def test_what_cannot_be_a_name_is_refused(client, name):
    assert client.post(f"/api/workflows/{name}", json=FIRST).status_code == 422


def test_a_saved_workflow_that_is_not_there_cannot_be_run(client):
    answer = client.post("/api/runs", json={"workflow": {"name": "nothing", "version": 3}})
    assert (answer.status_code, answer.json()["error"]) == (404, "NotFoundError")
