"""A forecast says what workers will do, and does nothing of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.events import Basis
from twingraph_lab.lab import Lab
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import plan
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.schedulers.forecast import forecast
from twingraph_lab.settings import Settings


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(Settings(home=tmp_path_factory.mktemp("forecast") / "home", scheduler="inline", lineage=False)) as lab:
        yield lab


def flow(name, *, b="inputs", **policy):
    return workflow(
        cell("a", "result = n", inputs={"n": {"param": "n"}}, cache={"mode": "inputs", **policy}),
        cell("b", "result = x + 1", inputs={"x": {"ref": "a"}}, cache={"mode": b}),
        cell("c", "result = x + 1", inputs={"x": {"ref": "b"}}),
        parameters={"n": {"default": 1}},
        name=name,
        description=name,
    )


def seen(lab, workflow, parameters=None, *, later=timedelta(0), reuse=None, **context):
    located = lab.located(RunContext.here()).model_copy(update=context)
    now = datetime.now(UTC) + later
    return forecast(plan(workflow, parameters), located, lab.artifacts, reuse=reuse or {}, now=now)


def test_what_ran_is_found_and_what_is_not_cached_runs(lab):
    run = lab.submit(flow("w"), {"n": 11})
    run.wait(60)
    found = seen(lab, flow("w"), {"n": 11})
    assert {name: each.origin for name, each in found.items()} == {"a": f"{run.id}/a", "b": f"{run.id}/b", "c": ""}
    assert found["b"].basis == run.tasks["b"].basis.model_copy(update={"miss": ""})
    assert (found["c"].outputs, found["c"].pending) == (None, frozenset())


def test_what_reads_from_a_node_that_runs_is_pending(lab):
    found = seen(lab, flow("w"), {"n": 12})
    assert found["a"].basis.miss == "new"
    assert found["b"].pending == {"a"}
    assert found["c"].pending == {"b"}


def test_a_policy_that_looks_at_the_code_alone_needs_no_inputs(lab):
    lab.submit(flow("w", b="source"), {"n": 13}).wait(60)
    found = seen(lab, flow("w", b="source"), {"n": 14})
    assert found["a"].outputs is None
    assert found["b"].outputs is not None


def test_what_is_too_old_or_refreshed_runs(lab):
    lab.submit(flow("w", ttl_s=60), {"n": 15}).wait(60)
    assert seen(lab, flow("w", ttl_s=60), {"n": 15})["a"].outputs is not None
    assert seen(lab, flow("w", ttl_s=60), {"n": 15}, later=timedelta(hours=1))["a"].basis.miss == "expired"
    assert seen(lab, flow("w", refresh=True), {"n": 15})["a"].basis.miss == "refreshed"
    assert seen(lab, flow("w"), {"n": 15}, refresh=True)["a"].basis.miss == "refreshed"


def test_what_is_reused_has_the_outputs_it_had(lab):
    run = lab.submit(flow("w"), {"n": 16})
    run.wait(60)
    found = seen(lab, flow("w"), {"n": 17}, reuse={"a": (run.tasks["a"].outputs, "r/a")})
    assert found["a"].origin == "r/a"
    assert found["b"].origin == f"{run.id}/b"  # which has the same input


def test_an_empty_store_stays_empty(tmp_path):
    store = ArtifactStore(str(tmp_path / "store"))
    found = forecast(plan(flow("w")), RunContext.here(), store, reuse={}, now=datetime.now(UTC))
    assert isinstance(found["a"].basis, Basis)
    assert not (tmp_path / "store").exists()
