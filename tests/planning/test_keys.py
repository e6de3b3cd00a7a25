from __future__ import annotations

import dataclasses

import pytest

from twingraph_lab.planning.keys import cache_key
from twingraph_lab.planning.plan import plan
from twingraph_lab.spec.workflow import CachePolicy, Node, Parameter, PlatformSpec, PythonFunction, Source, Workflow

UP = Node(id="up", component="pkg.mod:up", outputs=("x", "y"))
DIGESTS = {"up.x": "sha256:11", "up.y": "sha256:22"}
NODE = Node(
    id="a",
    component="pkg.mod:f",
    inputs={"x": {"ref": "up.x.rows"}, "n": {"param": "n"}, "text": "{{ input.word | upper }}"},
    cache=CachePolicy(mode="inputs"),
)


def key(node=NODE, *, digests=DIGESTS, parameters=None, code="def f(): ...", up=UP):
    declared = {name: Parameter(default=0) for name in ("n", "word", "unused")}
    planned = plan(Workflow(name="w", nodes=(up, node), parameters=declared), parameters or {})
    task = planned.tasks[node.id]
    return cache_key(task, planned.components[task.component], digests, planned.parameters, code=code)


def test_the_same_is_the_same():
    assert key() == key()
    assert key().startswith("sha256:")


@pytest.mark.parametrize(
    "changed",
    [
        {"code": "def f(): return 1"},
        {"digests": {**DIGESTS, "up.x": "sha256:33"}},
        {"parameters": {"n": 1}},
        {"parameters": {"word": "w"}},
        {"node": NODE.model_copy(update={"component": PythonFunction(ref="pkg.mod:g")})},
        {"node": NODE.model_copy(update={"outputs": ("z",)})},
        {"node": NODE.model_copy(update={"cache": CachePolicy(mode="inputs", version="2")})},
        {"node": NODE.model_copy(update={"inputs": {**NODE.inputs, "x": {"ref": "up.x.columns"}}})},
        {"node": NODE.model_copy(update={"inputs": {**NODE.inputs, "more": None}})},
        {"node": NODE.model_copy(update={"inputs": {**NODE.inputs, "text": "{{ input.word | lower }}"}})},
    ],
)
def test_whatever_may_change_the_outputs_changes_the_key(changed):
    assert key(**changed) != key()


@pytest.mark.parametrize(
    "changed",
    [
        {"digests": {**DIGESTS, "up.y": "sha256:33"}},
        {"parameters": {"unused": 1}},
        {"node": NODE.model_copy(update={"id": "b"})},
        {"node": NODE.model_copy(update={"description": "d"})},
        {"node": NODE.model_copy(update={"timeout_s": 5.0})},
        {"node": NODE.model_copy(update={"after": ("up",)})},
        {
            "up": UP.model_copy(update={"id": "renamed"}),
            "digests": {"renamed.x": "sha256:11", "renamed.y": "sha256:22"},
            "node": NODE.model_copy(update={"inputs": {**NODE.inputs, "x": {"ref": "renamed.x.rows"}}}),
        },
    ],
    ids=[
        "another output",
        "another parameter",
        "id",
        "description",
        "timeout",
        "edge without data",
        "name of the parent",
    ],
)
def test_nothing_else_does(changed):
    assert key(**changed) == key()


def test_the_platform_counts():
    task = plan(Workflow(name="w", nodes=(NODE.model_copy(update={"inputs": {}}),))).tasks["a"]
    other = dataclasses.replace(task, platform=PlatformSpec(kind="docker", options={"image": "python:3.12"}))
    component = PythonFunction(ref="pkg.mod:f")
    assert cache_key(task, component, {}, {}, code="") != cache_key(other, component, {}, {}, code="")


def test_where_the_output_is_unsure_all_of_the_nodes_outputs_count():
    node = NODE.model_copy(update={"inputs": {"x": {"ref": "up"}}})
    assert key(node) != key(node, digests={**DIGESTS, "up.y": "sha256:33"})
    up = UP.model_copy(update={"outputs": ("output", "x")})
    node = NODE.model_copy(update={"inputs": {"x": {"ref": "up.output.x"}}})
    first = {"up.x": "sha256:11", "up.output": "sha256:22"}
    assert key(node, digests=first, up=up) != key(node, digests={**first, "up.output": "sha256:33"}, up=up)


def test_a_digest_may_stand_for_a_whole_node():
    assert key(digests={"up": "sha256:11"}) != key(digests={"up": "sha256:22"})


def test_a_literal_that_looks_like_a_reference_is_no_reference():
    literal = NODE.model_copy(update={"inputs": {"x": {"value": {"ref": "up.x"}}}})
    reference = NODE.model_copy(update={"inputs": {"x": {"ref": "up.x"}}})
    assert key(literal) != key(reference)
    assert key(literal) == key(literal, digests={"up.x": "sha256:99"})


def test_the_place_of_a_cell_does_not_count():
    one = NODE.model_copy(update={"component": Source(code="x = 1", filename="In[1]")})
    other = NODE.model_copy(update={"component": Source(code="x = 1", filename="In[7]")})
    assert key(one) == key(other)
