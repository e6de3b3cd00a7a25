"""Whatever a hand does, in whatever order: the document stays one, and the canvas shows it."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.canvas.clipping import clipping
from twingraph_lab.frontends.canvas.editing import edited
from twingraph_lab.frontends.canvas.elements import difference, elements
from twingraph_lab.frontends.canvas.forms import form
from twingraph_lab.frontends.canvas.messages import (
    AddEdge,
    AddNode,
    Collapse,
    GroupNodes,
    Move,
    Paste,
    Remove,
    Rename,
    SetNode,
    WriteComment,
)
from twingraph_lab.frontends.canvas.read import opened
from twingraph_lab.spec.document import dump
from twingraph_lab.spec.graph import topological
from twingraph_lab.spec.validate import faults, upstream_of
from twingraph_lab.spec.workflow import Group, Node, Parameter, Source, Workflow

NAMES = st.sampled_from(["a", "b", "c", "d", "load", "input", "with-dash"])
OUTPUTS = st.sampled_from(["", ".result", ".n", ".output.n", ".rows.0"])
REFERENCES = st.builds(lambda name, path: {"ref": name + path}, NAMES, OUTPUTS)
TEMPLATES = st.builds(
    lambda form, name, path: form.replace("NAME", name + path),
    st.sampled_from(["{{ NAME }}", "x {{ NAME }} y", "{{ NAME | upper }}", "{% for a in NAME %}{{ a.n }}{% endfor %}"]),
    st.sampled_from(["a", "b", "load", "input.output", "input"]),
    st.sampled_from(["", ".n"]),
)
PLAIN = st.sampled_from(
    [1, 2.5, None, True, "text", "3", "{{ broken", {"value": {"ref": "a"}}, {"param": "p"}, {"k": []}]
)
TREES = st.recursive(
    REFERENCES | TEMPLATES | PLAIN,
    lambda inner: st.lists(inner, max_size=2) | st.builds(lambda x: {"k": x}, inner),
    max_leaves=3,
)
COMPONENTS = st.sampled_from(
    [
        Source(code="result = x + y", outputs=("result",)),
        Source(code="n = 1\nrows = [n]", outputs=("n", "rows")),
        Source(code="broken = (", outputs=("broken",)),
        "http",
        "llm",
        "output",
        "shared",
        "pkg.mod:f",
        "nope",
    ]
)
INPUTS = st.dictionaries(st.sampled_from(["x", "y", "url", "prompt", 'odd "one". z']), TREES, max_size=3)
NODES = st.builds(
    lambda name, component, inputs, after: Node(id=name, component=component, inputs=inputs, after=after),
    NAMES,
    COMPONENTS,
    INPUTS,
    st.lists(NAMES, max_size=1).map(tuple),
)
PLACES = st.tuples(st.integers(-500, 500), st.integers(-500, 500)).map(lambda at: (float(at[0]), float(at[1])))
WORKFLOWS = st.builds(
    lambda nodes, outputs, layout, members: Workflow(
        name="w",
        description="kept",
        parameters={"p": Parameter(default=1)},
        components={"shared": Source(code="result = x", outputs=("result",))},
        nodes=tuple(nodes),
        outputs=outputs,
        layout=layout,
        groups={"g": Group(nodes=tuple(members))} if members else {},
    ),
    st.lists(NODES, max_size=6, unique_by=lambda node: node.id),
    st.dictionaries(st.sampled_from(["o", "p"]), TREES, max_size=2),
    st.dictionaries(NAMES, PLACES, max_size=4),
    st.lists(NAMES, max_size=3),
)
IDS = NAMES | st.sampled_from(["group:g", "group:group", "comment:note", "a.->b.x", "a.n->c.x", "nobody"])
EDITS = st.one_of(
    st.builds(
        AddNode, entry=st.sampled_from(["builtin:http", "code:python", "component:shared", "no"]), position=PLACES
    ),
    st.builds(AddNode, component=st.sampled_from(["http", "a:b", 3]), id=NAMES, inputs=INPUTS, position=PLACES),
    st.builds(AddEdge, source=IDS, target=IDS, output=st.sampled_from(["", "result", "n"]), after=st.booleans()),
    st.builds(AddEdge, source=NAMES, target=NAMES, input=st.sampled_from(["x", "url", "new one"])),
    st.builds(Remove, ids=st.lists(IDS, max_size=2).map(tuple)),
    st.builds(Rename, id=IDS, to=NAMES | st.sampled_from(["fresh", "not a name"])),
    st.builds(Move, positions=st.dictionaries(IDS, PLACES, max_size=2)),
    st.builds(SetNode, id=NAMES, fields=st.builds(lambda inputs: {"inputs": inputs}, INPUTS)),
    st.builds(
        SetNode, id=NAMES, fields=st.sampled_from([{"code": "z = 1"}, {"timeout_s": 3}, {"timeout_s": None, "x": 1}])
    ),
    st.builds(GroupNodes, ids=st.lists(IDS, max_size=3).map(tuple), label=st.sampled_from(["", "Ä b"])),
    st.builds(Collapse, id=IDS, collapsed=st.booleans()),
    st.builds(WriteComment, text=st.text(max_size=5), position=PLACES, id=st.sampled_from(["", "comment:note"])),
)


def applied(before, delta):
    """The elements after a delta, as a browser would have them."""
    found = {each.data.id: each for each in before}
    for name in delta.remove:
        del found[name]
    for each in delta.add:
        assert each.data.id not in found
        found[each.data.id] = each
    for each in delta.update:
        assert each.data.id in found
        found[each.data.id] = each
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(WORKFLOWS, st.lists(EDITS, min_size=1, max_size=6), st.data())
def test_edits_in_any_order(workflow, edits, data):
    for edit in edits:
        if data.draw(st.booleans(), label="copies") and workflow.nodes:
            chosen = data.draw(st.sampled_from([node.id for node in workflow.nodes]))
            edit = Paste(clipping=clipping(workflow, [chosen, "group:g"]), position=(0, 0))  # noqa: PLW2901
        before = elements(workflow, faults(workflow))
        known, acyclic = dump(workflow), _acyclic(workflow)
        refused = None
        try:
            after = edited(workflow, [edit])
        except WorkflowError as error:
            refused = error
        if refused:
            assert refused.faults
            assert dump(workflow) == known
            continue
        assert opened(dump(after)) == after
        assert acyclic <= _acyclic(after)
        assert after.description == "kept"
        assert {"p", "shared"} <= {*after.parameters, *after.components}
        drawn = elements(after, faults(after))
        assert applied(before, difference(before, drawn)) == {each.data.id: each for each in drawn}
        assert len({each.data.id for each in drawn}) == len(drawn)
        for each in drawn:
            if each.group == "edges":
                assert {each.data.source, each.data.target} <= {node.data.id for node in drawn}
        if isinstance(edit, Move | GroupNodes | Collapse | WriteComment):
            assert after.digest == workflow.digest
        workflow = after


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(WORKFLOWS)
def test_a_form_sent_back_untouched_changes_nothing(workflow):
    for node in workflow.nodes:
        if node.id not in node.upstream:
            shown = form(workflow, node.id)
            assert edited(workflow, [SetNode(id=node.id, fields=shown.data)]) == workflow


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(WORKFLOWS)
def test_every_edge_that_is_drawn_can_be_taken_away_or_says_why_not(workflow):
    for each in elements(workflow):
        if each.group == "edges":
            told = ""
            try:
                after = edited(workflow, [Remove(ids=(each.data.id,))])
            except WorkflowError as error:
                told = str(error)
            assert "template" in told or each.data.id not in {left.data.id for left in elements(after)}


def _acyclic(workflow):
    upstream = upstream_of(workflow)
    return len(topological(upstream)) == len(upstream)
