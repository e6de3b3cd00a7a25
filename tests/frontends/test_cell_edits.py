"""What is drawn on the canvas is said by the cells: by as little change of their text as can be."""

from __future__ import annotations

from itertools import count

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.cell_edits import Following
from twingraph_lab.frontends.cell_lines import typed
from twingraph_lab.frontends.cell_options import cell_of, cell_options
from twingraph_lab.frontends.cellbook import CellBook
from twingraph_lab.frontends.celltext import CellText
from twingraph_lab.frontends.surroundings import Surroundings
from twingraph_lab.spec.rewriting import renamed
from twingraph_lab.spec.workflow import Builtin, CachePolicy, Node, Parameter, PlatformSpec, Retry, Source, Workflow

CELLS = (
    "%%twingraph load\nx = 1\ny = 2",
    "%%twingraph other\nz = 3",
    "%%twingraph  add   --retry 2\n# adds\nsum_ = x + 1",
)


class Notebook:
    """The cells of a notebook, and what becomes of them when their workflow is edited."""

    def __init__(self, *texts, variables=None):
        self.variables = variables or {}
        self.book = CellBook(Workflow(name="notebook"))
        self.numbers = count(1)
        self.closed = {}
        for number, text in enumerate(texts):
            found = CellText.read(text)
            cell = cell_of(cell_options().parse(found.line), found.code, f"id{number}")
            self.book, _ = self.book.define(typed(cell, text), self.variables)

    @property
    def workflow(self):
        return self.book.workflow

    def edit(self, wanted, **renamed):
        names = (f"new{number}" for number in self.numbers)
        around = Surroundings(self.variables)
        self.book = Following(self.workflow, wanted, renamed, around, names, self.closed).follow(self.book)

    def change(self, name, **fields):
        nodes = [node.model_copy(update=fields) if node.id == name else node for node in self.workflow.nodes]
        self.edit(self.workflow.model_copy(update={"nodes": tuple(nodes)}))

    def add(self, *nodes):
        self.edit(self.workflow.model_copy(update={"nodes": (*self.workflow.nodes, *nodes)}))

    def connect(self, name, **inputs):
        self.change(name, inputs={**self.workflow.by_id[name].inputs, **inputs})

    def refusal(self, act, *args, **fields):
        before = self.book
        with pytest.raises(WorkflowError) as refused:
            act(*args, **fields)
        assert self.book == before
        return "; ".join(map(str, refused.value.faults))

    def __getitem__(self, name):
        return self.book.entries[name].cell.text


@pytest.fixture
def notebook():
    return Notebook(*CELLS)


def ref(source):
    return {"ref": source}


def test_an_edge_from_elsewhere_is_said_on_the_line(notebook):
    notebook.connect("add", x=ref("other.z"))
    assert notebook["add"] == "%%twingraph  add   --retry 2 --in x=other.z\n# adds\nsum_ = x + 1"
    assert notebook.workflow.by_id["add"].inputs == {"x": ref("other.z")}
    assert (notebook["load"], notebook["other"]) == CELLS[:2]


def test_an_edge_that_the_name_gives_anyway_needs_no_option(notebook):
    notebook.connect("add", x=ref("other.z"))
    notebook.connect("add", x=ref("load.x"))
    assert notebook["add"] == CELLS[2]


def test_a_declared_parameter_is_said_like_an_output(notebook):
    notebook.edit(notebook.workflow.model_copy(update={"parameters": {"rate": Parameter(default=2)}}))
    notebook.connect("add", x={"param": "rate"})
    assert notebook["add"].startswith("%%twingraph  add   --retry 2 --in x=rate\n")


def test_an_edge_taken_away_takes_its_option_along_and_the_name_counts_again(notebook):
    notebook.connect("add", x=ref("other.z"))
    notebook.change("add", inputs={})
    assert notebook["add"] == CELLS[2]
    assert notebook.workflow.by_id["add"].inputs == {"x": ref("load.x")}


def test_an_edge_that_only_the_name_makes_cannot_be_taken_away(notebook):
    told = notebook.refusal(notebook.change, "add", inputs={})
    assert told.startswith("node 'add' (x): comes by its name from load.x; draw an edge to it from elsewhere, or ")


def test_cells_take_no_values_of_their_own_and_only_names_they_read(notebook):
    assert "takes a value of its own" in notebook.refusal(notebook.connect, "add", x=5)
    assert "the cell never reads 'q'" in notebook.refusal(notebook.connect, "add", q=ref("other.z"))


def test_settings_of_the_form_become_options_and_go_again(notebook):
    notebook.change(
        "add",
        platform=PlatformSpec(kind="docker", options={"image": "a b", "n": 1, "text": "1"}),
        retry=Retry(attempts=6),
        timeout_s=5400.0,
        cache=CachePolicy(mode="inputs", ttl_s=3600),
        after=("other",),
        resources={"gpu": 1.0},
    )
    line = notebook["add"].partition("\n")[0]
    assert line.startswith("%%twingraph  add   --retry 5 --platform docker --option 'image=a b' --option n=1 --option ")
    assert line.endswith(" --timeout 90m --cache inputs,ttl=1h --after other --resources gpu=1")
    node = notebook.workflow.by_id["add"]
    assert (node.platform.options["text"], node.timeout_s, node.after) == ("1", 5400.0, ("other",))
    plain = Node(id="add", component=node.component)
    notebook.change("add", **{field: getattr(plain, field) for field in ("platform", "timeout_s", "cache", "after")})
    assert notebook["add"] == "%%twingraph  add   --retry 5 --resources gpu=1\n# adds\nsum_ = x + 1"


def test_what_no_line_can_say_is_refused_by_name(notebook):
    told = notebook.refusal(notebook.change, "add", retry=Retry(attempts=2, delay_s=5), description="adds")
    assert "(retry)" in told
    assert "(description)" in told


def test_a_new_name_is_followed_by_all_that_name_the_node():
    notebook = Notebook(
        "%%twingraph load\nx = 1\ny = 2",
        "%%twingraph --in a=load.x,b=load.y --after load\nc = a + b",
        "%%twingraph by_name\nd = x",
    )
    nodes = [
        node.model_copy(
            update={
                "id": "read" if node.id == "load" else node.id,
                "inputs": renamed(node.inputs, "load", "read"),
                "after": tuple("read" for _ in node.after),
            }
        )
        for node in notebook.workflow.nodes
    ]
    notebook.edit(notebook.workflow.model_copy(update={"nodes": tuple(nodes)}), load="read")
    assert notebook["read"] == "%%twingraph read\nx = 1\ny = 2"
    assert notebook["c"] == "%%twingraph --in a=read.x,b=read.y --after read\nc = a + b"
    assert notebook["by_name"] == "%%twingraph by_name\nd = x"
    assert [node.id for node in notebook.workflow.nodes] == ["read", "c", "by_name"]
    assert notebook.workflow.by_id["by_name"].inputs == {"x": ref("read.x")}
    assert notebook.book.cell_called("id0") == "read"


def test_code_written_on_the_canvas_is_the_body_of_the_cell(notebook):
    component = notebook.workflow.by_id["add"].component
    notebook.change("add", component=component.model_copy(update={"code": "total = y * 2\n"}))
    assert notebook["add"] == "%%twingraph  add   --retry 2\ntotal = y * 2"
    node = notebook.workflow.by_id["add"]
    assert (node.inputs, node.component.outputs) == ({"y": ref("load.y")}, ("total",))


def test_options_for_names_that_the_new_code_never_reads_go(notebook):
    notebook.connect("add", x=ref("other.z"))
    component = notebook.workflow.by_id["add"].component
    notebook.change("add", component=component.model_copy(update={"code": "total = y"}))
    assert notebook["add"] == "%%twingraph  add   --retry 2\ntotal = y"


def test_code_that_is_no_python_is_refused_with_its_line(notebook):
    component = notebook.workflow.by_id["add"].component
    told = notebook.refusal(notebook.change, "add", component=component.model_copy(update={"code": "x ="}))
    assert "line 2" in told


def test_a_node_without_a_name_on_its_line_keeps_its_name_when_its_code_binds_another():
    notebook = Notebook("%%twingraph\nfirst = 1")
    component = notebook.workflow.by_id["first"].component
    notebook.change("first", component=component.model_copy(update={"code": "second = 2"}))
    assert notebook["first"] == "%%twingraph first\nsecond = 2"


def test_a_new_node_is_a_new_cell(notebook):
    notebook.add(Node(id="twice", component=Source(code="doubled = 2 * x", outputs=("doubled",))))
    assert notebook["twice"] == "%%twingraph twice\ndoubled = 2 * x"
    assert notebook.book.entries["twice"].cell.identity == "new1"
    assert notebook.workflow.by_id["twice"].inputs == {"x": ref("load.x")}


def test_a_copy_of_a_node_takes_no_edges_from_it(notebook):
    original = notebook.workflow.by_id["load"]
    notebook.add(original.model_copy(update={"id": "load_2"}))
    assert notebook["load_2"] == "%%twingraph load_2\nx = 1\ny = 2"
    assert notebook.workflow.by_id["add"].inputs == {"x": ref("load.x")}
    assert notebook["add"].startswith("%%twingraph  add   --retry 2 --in x=load.x\n")
    assert not notebook.book.faults()


def test_a_copy_with_settings_and_an_edge_says_them(notebook):
    copy = notebook.workflow.by_id["add"].model_copy(
        update={"id": "add_2", "inputs": {"x": ref("other.z")}, "timeout_s": 30.0}
    )
    notebook.add(copy)
    assert notebook["add_2"] == "%%twingraph add_2 --in x=other.z --retry 2 --timeout 30s\n# adds\nsum_ = x + 1"


def test_what_came_with_a_node_of_another_notebook_becomes_part_of_its_cell(notebook):
    component = Source(code="\nroot = math.sqrt(x)\n", setup="import math\n", outputs=("root",))
    notebook.add(Node(id="root", component=component, inputs={"x": ref("load.x")}))
    assert notebook["root"] == "%%twingraph root\nimport math\nroot = math.sqrt(x)"
    assert not notebook.book.faults()


def test_a_node_that_no_cell_can_be_is_one_of_the_workflow_only(notebook):
    notebook.add(Node(id="get", component=Builtin(name="http"), inputs={"url": ref("load.x")}))
    notebook.change("get", inputs={"url": "https://example.org"}, description="reads")
    assert "get" not in notebook.book.entries
    assert notebook.workflow.by_id["get"].description == "reads"
    notebook.connect("add", x=ref("get.body"))
    assert notebook["add"].startswith("%%twingraph  add   --retry 2 --in x=get.body\n")


def test_a_node_taken_away_takes_its_cell_along(notebook):
    notebook.edit(notebook.workflow.model_copy(update={"nodes": notebook.workflow.nodes[:1]}))
    assert list(notebook.book.entries) == ["load"]


def test_a_node_that_others_read_from_can_be_taken_away(notebook):
    notebook.edit(notebook.workflow.model_copy(update={"nodes": notebook.workflow.nodes[1:]}))
    assert [fault.node for fault in notebook.book.faults()] == ["add"]


def test_places_are_no_business_of_the_cells(notebook):
    notebook.edit(notebook.workflow.model_copy(update={"layout": {"load": (1.0, 2.0)}}))
    assert notebook.workflow.layout == {"load": (1.0, 2.0)}
    assert tuple(notebook[name] for name in ("load", "other", "add")) == CELLS


def test_the_workflow_keeps_its_name(notebook):
    assert "%twingraph new" in notebook.refusal(notebook.edit, notebook.workflow.model_copy(update={"name": "b"}))


def test_a_cell_that_cannot_be_changed_is_left_alone(notebook):
    notebook.closed = {"add": "another magic stands above it"}
    told = notebook.refusal(notebook.change, "add", timeout_s=3.0)
    assert told == "node 'add': another magic stands above it; change it in the notebook"
    assert "another magic" in notebook.refusal(
        notebook.edit, notebook.workflow.model_copy(update={"nodes": notebook.workflow.nodes[:2]})
    )
    notebook.edit(notebook.workflow.model_copy(update={"layout": {"add": (1.0, 2.0)}}))
    assert notebook.workflow.layout == {"add": (1.0, 2.0)}


def test_a_text_that_says_something_else_than_its_cell_cannot_be_changed():
    cell = cell_of(cell_options().parse("a"), "x = 1", "")
    assert typed(cell, "%%twingraph a\nx = 1").text
    assert not typed(cell, "%%time\n%%twingraph a\nx = 1").text
    assert not typed(cell, "  %%twingraph a\n  x = 1").text
    assert not typed(cell, "get_ipython().run_cell_magic('twingraph', 'a', 'x = 1')").text
