from __future__ import annotations

import json
import subprocess
import sys

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.planning.plan import plan
from twingraph_lab.spec.document import load
from twingraph_lab.spec.workflow import Builtin, Node, Parameter, PythonFunction, Source, Workflow

F = "pkg.mod:f"


def workflow(*nodes, **fields):
    return Workflow(name="w", nodes=nodes, **fields)


DIAMOND = workflow(
    Node(id="d", component=F, inputs={"x": {"ref": "b"}, "y": "{{ c.output.z }}"}),
    Node(id="b", component=F, inputs={"x": {"ref": "a"}}),
    Node(id="c", component=F, inputs={"x": {"ref": "a"}}, after=("b",)),
    Node(id="a", component=F),
)


def test_tasks_come_after_what_they_wait_for():
    planned = plan(DIAMOND)
    assert list(planned.tasks) == ["a", "b", "c", "d"]
    assert planned.tasks["d"].upstream == ("b", "c")
    assert planned.tasks["c"].upstream == ("a", "b")


def test_children_and_descendants_follow_the_edges():
    planned = plan(DIAMOND)
    assert planned.children == {"a": ("b", "c"), "b": ("c", "d"), "c": ("d",), "d": ()}
    assert planned.descendants("a") == {"b", "c", "d"}
    assert planned.descendants("c") == {"d"}
    assert planned.descendants("d") == frozenset()


def test_parameters_become_literal_values_and_are_never_read_as_templates():
    given = workflow(
        Node(
            id="a",
            component=F,
            inputs={
                "whole": {"param": "p"},
                "lone": "{{ input.p }}",
                "part": "{{ input.p.x.0 }}",
                "all": "{{ input }}",
                "text": "p is {{ input.p }}",
                "expression": "{{ input.p | length }}",
                "deep": [{"x": {"param": "p"}, "y": "{{ b.output }}"}],
                "literal": {"value": {"param": "p"}},
            },
        ),
        Node(id="b", component=F, inputs={"x": [1]}),
        parameters={"p": Parameter()},
    )
    value = {"x": ["{{ b.output }}"]}
    inputs = plan(given, {"p": value}).tasks["a"].inputs
    assert inputs == {
        "whole": {"value": value},
        "lone": {"value": value},
        "part": {"value": "{{ b.output }}"},
        "all": {"value": {"p": value}},
        "text": "p is {{ input.p }}",
        "expression": "{{ input.p | length }}",
        "deep": [{"x": {"value": value}, "y": "{{ b.output }}"}],
        "literal": {"value": {"param": "p"}},
    }
    assert given.by_id["a"].inputs["whole"] == {"param": "p"}


def test_defaults_hold_where_nothing_is_given():
    given = workflow(
        parameters={
            "a": Parameter(type="integer", default=1),
            "b": Parameter(default=None),
            "c": Parameter(default=[2]),
        }
    )
    assert plan(given, {"a": 5}).parameters == {"a": 5, "b": None, "c": [2]}


def test_all_faults_of_parameters_and_document_are_named_at_once():
    given = workflow(
        Node(id="a", component=F, inputs={"x": {"ref": "gone"}}),
        parameters={
            "count": Parameter(type="integer"),
            "ratio": Parameter(type="number", default=0.5),
            "name": Parameter(type="string", description="whom to greet"),
            "any": Parameter(),
        },
    )
    with pytest.raises(WorkflowError) as caught:
        plan(given, {"count": True, "ratio": 1, "nmae": "Ada", "any": {1, 2}})
    assert [str(fault) for fault in caught.value.faults] == [
        "node 'a' (nodes[0].inputs.x): reads from 'gone', which does not exist",
        "(parameters.count): is true, but must be an integer",
        "there is no parameter 'nmae'; did you mean 'name'?",
        "(parameters.any): a set is not JSON data",
        "parameter 'name' is required: whom to greet",
    ]


@pytest.mark.parametrize(
    ("type_", "value", "fine"),
    [
        ("integer", True, False),
        ("integer", 1.0, False),
        ("number", 1, True),
        ("number", True, False),
        ("string", 1, False),
    ],
)
def test_types_are_exact(type_, value, fine):
    given = workflow(parameters={"p": Parameter(type=type_)})
    if fine:
        assert plan(given, {"p": value}).parameters == {"p": value}
    else:
        with pytest.raises(WorkflowError, match="must be"):
            plan(given, {"p": value})


@pytest.mark.parametrize("value", [float("nan"), "\ud800", {"x": float("inf")}])
def test_values_must_be_json(value):
    with pytest.raises(WorkflowError, match=r"\(parameters\.p"):
        plan(workflow(parameters={"p": Parameter()}), {"p": value})


def test_extra_parameters_are_taken_where_the_workflow_says_so():
    node = Node(id="a", component=F, inputs={"all": "{{ input }}", "one": "{{ input.x | default(0) }}"})
    given = workflow(node, extra_parameters=True)
    planned = plan(given, {"x": 1})
    assert planned.parameters == {"x": 1}
    assert planned.tasks["a"].inputs["all"] == {"value": {"x": 1}}
    with pytest.raises(WorkflowError, match="no parameter 'x'"):
        plan(workflow(Node(id="a", component=F)), {"x": 1})


@pytest.mark.parametrize("tree", [{"param": "x"}, "{{ input.x }}", "{{ input.p.y }}"])
def test_what_no_parameter_holds_is_found_before_anything_runs(tree):
    given = workflow(
        Node(id="a", component=F, inputs={"i": [tree]}), extra_parameters=True, parameters={"p": Parameter()}
    )
    with pytest.raises(WorkflowError) as caught:
        plan(given, {"p": {"x": 1}})
    [fault] = caught.value.faults
    assert (fault.node, fault.path) == ("a", "inputs.i")
    assert "reads what no parameter holds" in fault.message


def test_components_are_shared():
    cell = Source(code="x = 1", outputs=("x",))
    planned = plan(
        workflow(
            Node(id="a", component=F),
            Node(id="b", component=F),
            Node(id="c", component=cell),
            Node(id="d", component=cell.model_copy()),
            Node(id="e", component="mine"),
            Node(id="f", component="mine"),
            Node(id="g", component="http"),
            components={"mine": PythonFunction(ref=F)},
        )
    )
    keys = {task.id: task.component for task in planned.tasks.values()}
    assert keys["a"] == keys["b"]
    assert keys["c"] == keys["d"]
    assert (keys["e"], keys["f"], keys["g"]) == ("mine", "mine", "http")
    assert planned.components[keys["c"]] == cell
    assert planned.components["mine"] == PythonFunction(ref=F)
    assert planned.components["http"] == Builtin(name="http")
    assert len(planned.components) == 4


def test_a_plan_of_nothing_is_empty():
    assert plan(workflow()).tasks == {}


def layered(count):
    nodes = [
        {
            "id": f"n{n}",
            "component": {"kind": "source", "code": f"x = {n}", "outputs": ["x"]},
            "inputs": {
                "a": {"ref": f"n{n - 1}"},
                "b": f"{{{{ n{n - 2}.x }}}} {{{{ input.k }}}}",
                "c": [{"ref": f"n{n - 3}"}],
            }
            if n > 2
            else {"a": {"param": "k"}},
        }
        for n in range(count)
    ]
    return load(
        json.dumps({"version": "twingraph/1", "name": "w", "parameters": {"k": {"default": 1}}, "nodes": nodes})
    )


def test_ten_thousand_nodes_are_planned():
    planned = plan(layered(10_000))
    assert len(planned.children) == 10_000
    assert len(planned.descendants("n0")) == 9997


def test_planning_imports_nothing_heavy():
    code = (
        "import sys, twingraph_lab.planning.plan, twingraph_lab.planning.resolve, twingraph_lab.spec.document;"
        "print([name for name in ('networkx', 'dask', 'jinja2', 'sqlalchemy', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
