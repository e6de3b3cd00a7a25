"""Whatever is sent to whatever route, the service has an answer that isn't a fault of its own."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings, strategies
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.service.asking import SOCKET
from tests.workflows import cell, workflow
from twingraph_lab.lab import Lab
from twingraph_lab.service.access import Access
from twingraph_lab.service.app import create_app
from twingraph_lab.settings import Settings

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
EXAMPLES = 8


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """An app over its socket, and the ids of a run with a node and an output that are there."""
    root = tmp_path_factory.mktemp("fuzz")
    with Lab(Settings(home=root / "store", scheduler="inline")) as lab:
        run = lab.submit(workflow(cell("a", "result = {'x': 1}")))
        run.wait(60)
        lab.ledger.save_workflow("a", run.workflow)
        app = create_app(lab, Access(), root=root)

        async def over_socket(scope, receive, send):
            await app({**scope, "server": SOCKET}, receive, send)

        over_socket.openapi = app.openapi
        yield over_socket, {"run_id": run.id, "execution_id": run.id, "node": "a", "name": "result"}


def test_every_route_answers_whatever_it_is_sent(known):
    """As its OpenAPI says: status below 500, and content of the declared type and shape."""
    app, ids = known
    operations = [found.ok() for found in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations()]
    assert len(operations) > 30
    answered = set()
    for operation in operations:
        strange = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

        @seed(0)
        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy() | strange, strategies.booleans())
        def answers(case, there):
            if there:
                case.path_parameters.update({name: ids[name] for name in case.path_parameters if name in ids})
            answer = case.call()
            answered.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        answers()
    assert {200, 202, 404, 422} <= answered
