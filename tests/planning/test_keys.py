from __future__ import annotations

import pytest

from twingraph_lab.planning.keys import basis_of, key_of
from twingraph_lab.planning.plan import plan
from twingraph_lab.spec.workflow import CachePolicy, Node, Parameter, PythonFunction, Source, Workflow

UP = Node(id="up", component="pkg.mod:up", outputs=("x", "y"))
DIGESTS = {"up": {"x": "sha256:11", "y": "sha256:22"}}
NODE = Node(
    id="a",
    component="pkg.mod:f",
    inputs={"x": {"ref": "up.x.rows"}, "n": {"param": "n"}, "text": "{{ input.word | upper }}"},
    cache=CachePolicy(mode="inputs"),
)
CODE = {"pkg.mod:f": "sha256:c0"}
ENVIRONMENT = {"python": "3.11", "platform": "local"}
INPUTS = {"x": {"ref": "up.x.columns"}, "n": {"param": "n"}, "text": "{{ input.word | upper }}"}


def basis(node=NODE, *, digests=DIGESTS, parameters=None, code=CODE, environment=ENVIRONMENT, up=UP):
    declared = {name: Parameter(default=0) for name in ("n", "word", "unused")}
    planned = plan(Workflow(name="w", nodes=(up, node), parameters=declared), parameters or {})
    task = planned.tasks[node.id]
    component = planned.components[task.component]
    return basis_of(task, component, digests, planned.parameters, code=code, environment=environment)


def key(node=NODE, *, run_id="r", project="p", **more):
    return key_of(basis(node, **more), node.cache, run_id=run_id, project=project)


def changed(**fields):
    return NODE.model_copy(update=fields)


def policy(**fields):
    return changed(cache=CachePolicy(**{"mode": "inputs", **fields}))


def test_the_same_is_the_same():
    assert key() == key()
    assert key().startswith("sha256:")


def test_without_a_policy_there_is_no_key():
    assert key(changed(cache=CachePolicy())) == ""


@pytest.mark.parametrize(
    "different",
    [
        {"code": {"pkg.mod:f": "sha256:c1"}},
        {"code": {"pkg.mod:g": "sha256:c0"}},
        {"code": {**CODE, "helpers.py": "sha256:c0"}},
        {"environment": {**ENVIRONMENT, "python": "3.12"}},
        {"environment": {**ENVIRONMENT, "pandas": "2.2"}},
        {"digests": {"up": {**DIGESTS["up"], "x": "sha256:33"}}},
        {"parameters": {"n": 1}},
        {"parameters": {"word": "w"}},
        {"node": changed(outputs=("z",))},
        {"node": policy(version="2")},
        {"node": policy(scope="shared")},
        {"node": policy(scope="run")},
        {"node": policy(mode="source")},
        {"project": "another"},
        {"node": changed(inputs=INPUTS)},
        {"node": changed(inputs={**NODE.inputs, "more": None})},
        {"node": changed(inputs={**NODE.inputs, "text": "{{ input.word | lower }}"})},
    ],
)
def test_whatever_may_change_the_outputs_changes_the_key(different):
    assert key(**different) != key()


@pytest.mark.parametrize(
    "different",
    [
        {"digests": {"up": {**DIGESTS["up"], "y": "sha256:33"}}},
        {"parameters": {"unused": 1}},
        {"run_id": "another"},
        {"node": changed(id="b")},
        {"node": changed(description="d")},
        {"node": changed(timeout_s=5.0)},
        {"node": changed(after=("up",))},
        {"node": policy(ttl_s=5)},
        {"node": policy(refresh=True)},
        {
            "up": UP.model_copy(update={"id": "renamed"}),
            "digests": {"renamed": DIGESTS["up"]},
            "node": changed(inputs={**NODE.inputs, "x": {"ref": "renamed.x.rows"}}),
        },
    ],
    ids=[
        "another output",
        "another parameter",
        "run",
        "id",
        "description",
        "timeout",
        "edge without data",
        "how old it may be",
        "refresh",
        "name of the parent",
    ],
)
def test_nothing_else_does(different):
    assert key(**different) == key()


def test_for_the_source_policy_inputs_and_parameters_do_not_count():
    node = policy(mode="source")
    assert key(node) == key(node, digests={"up": {**DIGESTS["up"], "x": "sha256:33"}}, parameters={"n": 7, "word": "w"})
    assert key(node) != key(node, code={"pkg.mod:f": "sha256:c1"})
    assert key(node) != key(node, environment={**ENVIRONMENT, "python": "3.12"})


def test_for_the_version_policy_code_and_environment_do_not_count():
    node = policy(mode="version", version="1")
    assert key(node) == key(node, code={}, environment={})
    assert key(node) != key(node, digests={"up": {**DIGESTS["up"], "x": "sha256:33"}})
    assert key(node) != key(policy(mode="version", version="2"))
    assert key(node) != key(node.model_copy(update={"component": PythonFunction(ref="pkg.mod:g")}))


def test_versions_of_two_cells_are_not_those_of_each_other():
    cell = Node(id="a", component=Source(code="x = 1"), outputs=("x",), cache=CachePolicy(mode="version", version="1"))
    assert key(cell) == key(cell.model_copy(update={"component": Source(code="x = 2")}))
    assert key(cell) != key(cell.model_copy(update={"id": "b"}))


def test_scopes_tell_runs_and_projects_apart():
    run, shared = policy(scope="run"), policy(scope="shared")
    assert key(run, run_id="1") != key(run, run_id="2")
    assert key(run, project="1") == key(run, project="2")
    assert key(shared, run_id="1", project="1") == key(shared, run_id="2", project="2")


def test_where_the_output_is_unsure_all_of_the_nodes_outputs_count():
    node = changed(inputs={"x": {"ref": "up"}})
    assert key(node) != key(node, digests={"up": {**DIGESTS["up"], "y": "sha256:33"}})
    up = UP.model_copy(update={"outputs": ("output", "x")})
    node = changed(inputs={"x": {"ref": "up.output.x"}})
    first = {"x": "sha256:11", "output": "sha256:22"}
    assert key(node, digests={"up": first}, up=up) != key(node, digests={"up": {**first, "output": "sha256:33"}}, up=up)


def test_the_order_of_keys_counts_because_code_sees_it():
    one, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert key(changed(inputs={"x": one})) != key(changed(inputs={"x": other}))
    assert key(changed(inputs={"x": {"value": one}})) != key(changed(inputs={"x": {"value": other}}))
    long = ["l" * 999]
    assert key(changed(inputs={"x": [one, long]})) != key(changed(inputs={"x": [other, long]}))
    assert key(parameters={"word": one}) != key(parameters={"word": other})
    template = [{"a": "{{ up.x }}", "b": 1}, {"b": 1, "a": "{{ up.x }}"}]
    assert len({key(changed(inputs={"x": tree})) for tree in template}) == 2
    inputs = dict(reversed(NODE.inputs.items()))
    assert key(changed(inputs=inputs)) == key()


def test_the_single_output_of_a_node_is_what_its_name_alone_reads():
    digests = {"up": {"result": "sha256:11"}}
    whole, named = changed(inputs={"x": {"ref": "up"}}), changed(inputs={"x": {"ref": "up.result"}})
    up = UP.model_copy(update={"outputs": ("result",)})
    assert key(whole, digests=digests, up=up) == key(named, digests=digests, up=up)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"value": {"ref": "up.x"}}, {"ref": "up.x"}),
        ({"value": "{{ input.word }}"}, "{{ input.word }}"),
        ("sha256:11.rows", {"ref": "up.x.rows"}),
        ([{"ref": "up.x"}, {"ref": "up.y"}], [{"ref": "up.y"}, {"ref": "up.x"}]),
        ([{"ref": "up.x"}], {"ref": "up.x"}),
        (1, True),
        (1, "1"),
    ],
)
def test_what_looks_alike_is_not_the_same(one, other):
    assert key(changed(inputs={"x": one})) != key(changed(inputs={"x": other}))


def test_a_literal_counts_as_its_value_however_it_is_written():
    assert key(changed(inputs={"x": {"value": [1]}})) == key(changed(inputs={"x": [{"value": 1}]}))
    assert key(changed(inputs={"x": 0})) == key(changed(inputs={"x": {"param": "n"}}))


def test_a_basis_says_in_words_what_is_short():
    found = basis(
        changed(inputs={"n": {"param": "n"}, "x": {"ref": "up.x"}, "t": "{{ input.word }}!", "long": "l" * 999})
    )
    assert found.inputs["n"] == 0
    assert found.inputs["x"] == "sha256:11"
    assert str(found.inputs["long"]).startswith("sha256:")
    assert found.parameters == {"word": 0}
    assert found.component == "python:pkg.mod:f"


def test_a_template_that_reads_all_parameters_depends_on_all():
    node = changed(inputs={"text": "{{ input | length }}"})
    assert set(basis(node).parameters) == {"n", "word", "unused"}


def test_the_place_of_a_cell_does_not_count():
    one = changed(component=Source(code="x = 1", filename="In[1]"))
    other = changed(component=Source(code="x = 1", filename="In[7]"))
    assert key(one) == key(other)
