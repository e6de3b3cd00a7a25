from __future__ import annotations

import pickle

import pytest
from pydantic import ValidationError

from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import Builtin, Node, Parameter, Pickled, PythonFunction, Retry, Source, Workflow


def workflow(*nodes, **fields):
    return Workflow(name="w", nodes=nodes, **fields)


A = Node(id="a", component="pkg.mod:f", inputs={"x": 1})
B = Node(id="b", component="pkg.mod:f", inputs={"x": {"ref": "a"}, "y": "{{ c.output }}"}, after=("a", "d"))


def test_upstream_names_each_parent_once_in_order_of_mention():
    assert B.upstream == ("a", "c", "d")


def test_graph_leaves_out_what_does_not_exist():
    assert set(workflow(A, B).graph.edges) == {("a", "b")}


def test_a_string_with_a_colon_is_a_python_function_and_any_other_a_name():
    assert A.component == PythonFunction(ref="pkg.mod:f")
    assert Node(id="a", component="http").component == "http"


def test_names_of_components_are_looked_up_in_the_workflow_first():
    mine = Source(code="1", outputs=("y",))
    given = workflow(Node(id="a", component="http"), Node(id="b", component="llm"), components={"http": mine})
    assert given.component_of(given.by_id["a"]) == mine
    assert given.component_of(given.by_id["b"]) == Builtin(name="llm")
    assert given.outputs_of(given.by_id["a"]) == ("y",)
    assert given.outputs_of(given.by_id["b"]) == ()


@pytest.mark.parametrize(
    "same",
    [
        workflow(A, B, layout={"a": (1, 2)}),
        workflow(A, B, groups={"g": {"label": "G", "nodes": ["a", "gone"], "collapsed": True}}),
        workflow(A, B, comments={"note": {"text": "look", "position": [1, 2]}}),
        workflow(A, B, description="what it is for"),
        workflow(B, A),
        workflow(A.model_copy(update={"description": "first"}), B),
        workflow(
            Node(id="a", component={"kind": "python", "ref": "pkg.mod:f"}, inputs={"x": 1}, retry={"attempts": 1}), B
        ),
    ],
    ids=["layout", "groups", "comments", "description", "order", "description of a node", "defaults spelled out"],
)
def test_the_digest_is_of_what_makes_runs_differ(same):
    assert same.digest == workflow(A, B).digest


@pytest.mark.parametrize(
    "other",
    [
        workflow(A),
        workflow(A, B, parameters={"p": {}}),
        workflow(A, B, outputs={"o": {"ref": "b"}}),
        workflow(A.model_copy(update={"inputs": {"x": True}}), B),
        workflow(A.model_copy(update={"inputs": {"x": 1.0}}), B),
        workflow(A.model_copy(update={"timeout_s": 5.0}), B),
        workflow(A.model_copy(update={"component": PythonFunction(ref="pkg.mod:g")}), B),
    ],
)
def test_whatever_changes_a_run_changes_the_digest(other):
    assert other.digest != workflow(A, B).digest


def test_what_is_drawn_keeps_no_run_from_starting():
    drawn = workflow(A, groups={"g": {"nodes": ["gone", "a", "a"]}, "h": {"nodes": ["a"]}}, layout={"gone": (1, 2)})
    assert not faults(drawn)
    with pytest.raises(ValidationError, match="finite"):
        workflow(A, comments={"note": {"text": "", "position": [float("inf"), 0]}})


def test_optional_and_required_parameters_have_different_digests():
    digests = {
        workflow(parameters={"p": parameter}).digest
        for parameter in (Parameter(), Parameter(default=None), Parameter(default=0))
    }
    assert len(digests) == 3


def test_a_copy_computes_its_own_properties():
    first = workflow(A, B)
    assert (first.digest, list(first.by_id), B.upstream) == (first.digest, ["a", "b"], ("a", "c", "d"))
    smaller = first.model_copy(update={"nodes": (A,)})
    assert list(smaller.by_id) == ["a"]
    assert smaller.digest != first.digest
    assert B.model_copy(update={"inputs": {}}).upstream == ("a", "d")


def test_equality_and_pickling_ignore_what_was_computed():
    first, second = workflow(A, B), workflow(A, B)
    assert first.digest
    assert first.graph
    assert first == second
    assert pickle.loads(pickle.dumps(first)) == second


def test_a_parameter_without_default_is_required_unless_it_says_otherwise():
    assert Parameter().required
    assert Parameter(type="integer").required
    assert not Parameter(default=None).required
    assert not Parameter(required=False).required
    assert Parameter.model_validate_json(Parameter().model_dump_json()).required
    assert not Parameter.model_validate_json(Parameter(default=1).model_dump_json()).required


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": "3"},
        {"attempts": True},
        {"attempts": 0},
        {"attempts": 1001},
        {"delay_s": float("inf")},
        {"delay_s": float("nan")},
        {"max_delay_s": -1},
        {"jitter": 1.1},
        {"give_up_after_s": 0},
        {"factor": 10**400},
    ],
)
def test_numbers_are_numbers_within_bounds(wrong):
    with pytest.raises(ValidationError):
        Retry(**wrong)


def test_values_are_frozen():
    with pytest.raises(ValidationError):
        A.id = "b"


def test_a_pickled_function_is_known_by_its_bytes():
    one = workflow(Node(id="a", component=Pickled(name="f", data="AAAA")))
    other = workflow(Node(id="a", component=Pickled(name="f", data="BBBB")))
    assert one.digest != other.digest
