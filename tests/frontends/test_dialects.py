from __future__ import annotations

import json
from pathlib import Path

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.dialects import RETRY, from_dialect, is_dialect
from twingraph_lab.planning.plan import plan
from twingraph_lab.planning.resolve import pick, resolve
from twingraph_lab.spec.document import dump, load
from twingraph_lab.spec.workflow import Builtin

SEEDS = sorted((Path(__file__).parent.parent / "fixtures" / "workflows" / "valid").glob("seed_*.json"))


def document(*nodes, **fields):
    return {"name": "w", "dag": {"nodes": list(nodes)}, **fields}


def test_forms_are_told_apart():
    assert is_dialect(document())
    assert not is_dialect({"name": "w", "nodes": []})
    assert not is_dialect([])


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_every_example_loads_and_goes_on_in_our_own_form(path):
    workflow = load(path)
    assert workflow == from_dialect(load_json(path))
    assert load(dump(workflow)) == workflow
    given = dict.fromkeys(workflow.parameters, 1)
    assert list(plan(workflow, given).tasks)[-1] == "output"


def load_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_services_become_built_in_components_with_their_config_as_inputs():
    workflow = load(next(path for path in SEEDS if path.stem == "seed_redis_options"))
    fetch, analyze = workflow.by_id["fetch_data"], workflow.by_id["analyze"]
    assert fetch.component == Builtin(name="http")
    assert fetch.inputs == {"url": "http://api.example.com/data/{{ input.user_id }}", "method": "GET"}
    assert fetch.after == ("input",)
    assert analyze.component == Builtin(name="llm")
    assert analyze.inputs == {
        "prompt": "Analyze: {{ fetch_data.output.response }}",
        "model": "gpt-4",
        "temperature": 0.7,
        "max_tokens": 1000,
    }
    assert analyze.upstream == ("fetch_data",)
    assert analyze.retry == RETRY


def test_other_spellings_of_config_are_understood():
    config = {"url": "http://x", "method": "POST", "body": {"a": "{{ input.b }}"}, "timeout": 5}
    workflow = from_dialect(document({"id": "a", "handler": "call_external_service", "config": config}))
    assert workflow.by_id["a"].inputs == {
        "url": "http://x",
        "method": "POST",
        "json": {"a": "{{ input.b }}"},
        "timeout_s": 5,
    }


def values(workflow, parameters, outputs):
    """The inputs of every node, given what the services answer."""
    planned = plan(workflow, parameters)
    given = {}
    for task in planned.tasks.values():
        given[task.id] = resolve(
            task.inputs,
            lambda node, path: pick(
                outputs.get(node) or {"result": collected(given[node])},
                path,
            ),
            planned.parameters,
        )
    return given


def collected(inputs):
    """What the input and the output handler answer."""
    return {**inputs.get("defaults", {}), **inputs["values"]} if "values" in inputs else inputs


def test_the_output_gathers_its_dependencies_by_their_ids():
    answer = {"result": "short", "response": "short", "model": "m", "usage": None}
    posts = {"status": 200, "headers": {}, "data": ["post"], "response": ["post"]}
    given = values(load(SEEDS[0]), {}, {"get_posts": posts, "summarize_posts": answer})
    assert given["summarize_posts"]["prompt"] == 'Summarize the following posts: ["post"]'
    assert given["output"] == {"summarize_posts": answer}


def test_the_input_hands_on_whatever_a_run_is_given():
    workflow = from_dialect(
        document(
            {"id": "input", "handler": "input", "config": {"days": 7, "value": {"ref": "text"}}},
            {
                "id": "a",
                "handler": "llm_service",
                "config": {"prompt": "{{ input.output.days }} for {{ input.output.user_id }}"},
            },
            {
                "id": "output",
                "handler": "output",
                "dependencies": ["input", "a"],
                "config": {"note": "{{ input.user_id }}"},
            },
        )
    )
    given = values(workflow, {"user_id": 123, "free": [1]}, {"a": {"result": "x"}})
    assert given["a"]["prompt"] == "7 for 123"
    assert given["output"] == {
        "input": {"days": 7, "value": {"ref": "text"}, "user_id": 123, "free": [1]},
        "a": "x",
        "note": 123,
    }


def test_a_config_of_one_key_that_looks_like_a_form_of_ours_is_data():
    workflow = from_dialect(document({"id": "input", "handler": "input", "config": {"value": 5}}))
    assert values(workflow, {}, {})["input"]["defaults"] == {"value": 5}
    body = {"id": "a", "handler": "call_external_service", "config": {"url": "http://x", "body": {"ref": "text"}}}
    assert values(from_dialect(document(body)), {}, {"a": {"result": 1}})["a"]["json"] == {"ref": "text"}


def test_parameters_that_a_plain_path_reads_must_be_given():
    config = {
        "url": "http://x/{{ input.user }}",
        "params": {"q": ["{{ input.query }}"], "n": "{{ input.limit | default(10) }}"},
    }
    workflow = from_dialect(document({"id": "a", "handler": "call_external_service", "config": config}))
    assert set(workflow.parameters) == {"user", "query"}
    with pytest.raises(WorkflowError, match="parameter 'query' is required"):
        plan(workflow, {"user": 1})
    inputs = values(workflow, {"user": 1, "query": True}, {"a": {"result": 1}})["a"]
    assert inputs == {"url": "http://x/1", "params": {"q": [True], "n": "10"}}


def test_faults_are_those_of_the_original_document():
    with pytest.raises(WorkflowError) as caught:
        load(
            document(
                {
                    "id": "a",
                    "handler": "call_external_service",
                    "config": {"timeout": "{{ gone.output }}"},
                    "dependencies": ["b"],
                },
                {"id": "b", "handler": "output", "dependencies": ["a"]},
            )
        )
    assert {(fault.node, fault.path) for fault in caught.value.faults} == {
        ("a", "dag.nodes[0].config"),
        ("a", "dag.nodes[0].config.timeout"),
        ("a", "dag.nodes[0]"),
    }


def test_null_stands_for_nothing_in_lists_and_config():
    workflow = from_dialect(document({"id": "a", "handler": "input", "dependencies": None, "config": None}))
    assert workflow.by_id["a"].upstream == ()
