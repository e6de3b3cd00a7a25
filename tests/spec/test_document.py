from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twingraph_lab.errors import NotFoundError, WorkflowError
from twingraph_lab.spec.document import dump, load
from twingraph_lab.spec.workflow import Node, Parameter, Retry, Source, Workflow

FIXTURES = Path(__file__).parent.parent / "fixtures" / "workflows"
VALID = sorted((FIXTURES / "valid").iterdir())
INVALID = sorted(path for path in (FIXTURES / "invalid").iterdir() if path.suffix != ".faults")


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_valid_documents_load_and_round_trip(path):
    workflow = load(path)
    text = dump(workflow)
    again = load(text)
    assert again == workflow
    assert again.digest == workflow.digest
    assert dump(again) == text
    assert load(workflow.model_dump_json()) == workflow


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.name)
def test_invalid_documents_show_exactly_their_faults(path):
    expected = path.with_suffix(".faults").read_text(encoding="utf-8").splitlines()
    with pytest.raises(WorkflowError) as caught:
        load(path)
    found = [str(fault) for fault in caught.value.faults]
    assert len(found) == len(expected), found
    for message, fault in zip(expected, found, strict=True):
        assert message in fault
    assert str(caught.value).startswith(f"{path}: ")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
WORDS = st.sampled_from(
    ["a", "b", "input", "ref", "value", "{{ a.output.x }}", "{{ input.p }}", "{{", "pkg.mod:f", "http"]
)
TREES = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | WORDS, inner, max_size=3),
    max_leaves=12,
)
FIELDS = [
    "version",
    "name",
    "description",
    "parameters",
    "extra_parameters",
    "components",
    "nodes",
    "outputs",
    "layout",
]
NODE_FIELDS = ["id", "component", "inputs", "outputs", "after", "platform", "retry", "timeout_s", "cache", "resources"]
PARAMETER = st.fixed_dictionaries({}, optional={"type": WORDS, "default": TREES, "required": TREES}) | TREES
NODE = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(NODE_FIELDS, TREES), "id": WORDS, "component": WORDS | TREES, "inputs": TREES}
)
DOCUMENT = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(FIELDS, TREES),
        "version": st.just("twingraph/1") | TREES,
        "nodes": st.lists(NODE | TREES, max_size=4),
        "parameters": st.dictionaries(WORDS, PARAMETER, max_size=3) | TREES,
    },
)
SEED_NODE = st.fixed_dictionaries(
    {},
    optional={
        "id": WORDS,
        "handler": st.sampled_from(["input", "output", "llm_service", "call_external_service"]) | TREES,
        "dependencies": st.lists(WORDS) | TREES,
        "config": st.dictionaries(st.sampled_from(["url", "prompt", "body"]), TREES) | TREES,
    },
)
SEED = st.fixed_dictionaries(
    {"name": WORDS, "dag": st.fixed_dictionaries({"nodes": st.lists(SEED_NODE | TREES, max_size=4)}) | TREES}
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOCUMENT | SEED | TREES)
def test_no_data_causes_anything_but_a_workflow_error(data):
    for given_ in (data, json.dumps(data)):
        try:
            workflow = load(given_) if isinstance(given_, str | dict) else load(json.dumps(given_))
        except WorkflowError as error:
            assert error.faults  # noqa: PT017  (either outcome is right)
        else:
            assert load(dump(workflow)) == workflow


NAMES = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_-]{0,8}\Z").filter(lambda name: name not in ("true", "false", "none"))
OUTPUT_NAMES = st.from_regex(r"\A[a-z][a-z0-9_]{0,5}\Z").filter(lambda name: name != "output")
FINITE = st.floats(allow_nan=False, allow_infinity=False)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text(st.characters(exclude_characters="{")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=6), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def workflows(draw):
    """Valid workflows with all kinds of fields; edges lead back to earlier nodes."""
    parameters = draw(
        st.dictionaries(
            OUTPUT_NAMES,
            st.builds(Parameter, description=st.text())
            | st.builds(lambda value: Parameter(default=value), DATA)
            | st.builds(Parameter, type=st.just("number"), default=FINITE),
            max_size=3,
        )
    )
    nodes: list[Node] = []
    for name in draw(st.lists(NAMES, unique=True, max_size=6)):
        leaves = DATA
        if nodes:
            leaves |= st.sampled_from(nodes).map(lambda node: {"ref": node.id})
            leaves |= st.sampled_from(nodes).map(lambda node: f"text {{{{ {node.id}.output }}}}")
        if parameters:
            leaves |= st.sampled_from(sorted(parameters)).map(lambda parameter: {"param": parameter})
        nodes.append(
            Node(
                id=name,
                component=draw(
                    st.sampled_from(["pkg.mod:f", "http", Source(code="x = 1\n", outputs=("x",), filename="In[1]")])
                ),
                inputs=draw(st.dictionaries(OUTPUT_NAMES.filter(str.isidentifier), leaves, max_size=3)),
                after=tuple(draw(st.lists(st.sampled_from(nodes).map(lambda node: node.id), max_size=2)))
                if nodes
                else (),
                retry=draw(st.builds(Retry, attempts=st.integers(1, 9), jitter=st.floats(0, 1))),
                timeout_s=draw(st.none() | st.floats(0.001, 1e9)),
                at_most_once=draw(st.booleans()),
                description=draw(st.text()),
            )
        )
    return Workflow(
        name=draw(st.text(min_size=1, max_size=200)),
        nodes=tuple(nodes),
        parameters=parameters,
        outputs={"out": {"ref": nodes[-1].id}} if nodes else {},
        layout=draw(st.dictionaries(NAMES, st.tuples(FINITE, FINITE), max_size=2)),
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workflows())
def test_generated_workflows_round_trip(workflow):
    assert load(dump(workflow)) == workflow
    assert load(dump(workflow)).digest == workflow.digest


def test_text_is_read_by_its_look_and_files_by_their_suffix(tmp_path):
    as_json = '{"name": "w", "nodes": []}'
    as_yaml = "name: w\nnodes: []\n"
    expected = Workflow(name="w")
    assert load(as_json) == load(as_yaml) == load(as_json.encode()) == load(json.loads(as_json)) == expected
    assert load("\ufeff " + as_json) == load(b"\xef\xbb\xbf" + as_json.encode()) == expected
    for name, text in (
        ("w.json", as_json),
        ("w.yaml", as_yaml),
        ("w.YML", as_yaml),
        ("w.yaml", as_json),
        ("w", as_yaml),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert load(path) == expected


def test_yaml_in_a_json_file_is_a_fault(tmp_path):
    path = tmp_path / "w.twg.json"
    path.write_text("name: w\n", encoding="utf-8")
    with pytest.raises(WorkflowError, match="line 1, column 1"):
        load(path)


def test_a_name_of_a_file_is_not_a_path():
    with pytest.raises(WorkflowError, match="a file is given as a Path"):
        load("flow.twg.json")


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match=r"can't read .*gone\.json: No such file"):
        load(tmp_path / "gone.json")
    with pytest.raises(NotFoundError, match="directory"):
        load(tmp_path)


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "w.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(WorkflowError, match="the limit is 8388608"):
        load(path)


def test_messages_name_the_source():
    with pytest.raises(WorkflowError, match=r"^cell 3: 1 fault\n  - \(name\): is missing$"):
        load({"nodes": []}, source="cell 3")


def test_values_that_are_no_json_are_faults_with_their_places():
    with pytest.raises(WorkflowError) as caught:
        load({"name": "w", "nodes": [{"id": "a", "component": "m:f", "inputs": {"x": {1, 2}, "y": object()}}]})
    assert {fault.path for fault in caught.value.faults} == {"nodes[0].inputs.x", "nodes[0].inputs.y"}


def test_dump_is_short_and_stable():
    workflow = load(FIXTURES / "valid" / "chain.twg.json")
    assert dump(workflow) == (
        "{\n"
        '  "version": "twingraph/1",\n'
        '  "name": "w",\n'
        '  "parameters": {"n": {"type": "integer", "default": 1}},\n'
        '  "nodes": [\n'
        '    {"id": "a", "component": "pkg.mod:f", "inputs": {"n": {"param": "n"}}},\n'
        '    {"id": "b", "component": "pkg.mod:f", "inputs": {"x": {"ref": "a"}}},\n'
        '    {"id": "c", "component": "pkg.mod:f", "inputs": {"x": {"ref": "b.result"}}}\n'
        "  ],\n"
        '  "outputs": {"last": {"ref": "c"}}\n'
        "}\n"
    )


def layered(count):
    """A document of `count` nodes with three references each."""
    nodes = [
        {
            "id": f"n{n}",
            "component": "pkg.mod:f",
            "inputs": {
                "a": {"ref": f"n{n - 1}"},
                "b": f"{{{{ n{n - 2}.output }}}} and {{{{ input.k }}}}",
                "c": [1, {"x": {"ref": f"n{n - 3}"}}],
            }
            if n > 2
            else {},
        }
        for n in range(count)
    ]
    return json.dumps({"version": "twingraph/1", "name": "w", "parameters": {"k": {"default": 1}}, "nodes": nodes})


def test_loading_takes_time_in_proportion_to_the_document():
    def loading_s(count):
        text, times = layered(count), []
        for _ in range(3):
            started = time.process_time()  # other processes don't count
            workflow = load(text)
            times.append(time.process_time() - started)
        assert len(workflow.nodes) == count
        return min(times)

    assert loading_s(10_000) < 30 * loading_s(1_000)
