"""The cells of a notebook and a canvas edit one workflow: what is done on one side is seen on the other."""

from __future__ import annotations

import pytest

from twingraph_lab.errors import ConflictError, WorkflowError
from twingraph_lab.frontends.board import CellBoard
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.messages import AddEdge, AddNode, Move, Remove, Rename, SetNode, SetWorkflow
from twingraph_lab.frontends.celltext import CellText
from twingraph_lab.frontends.shelf import Shelf
from twingraph_lab.frontends.surroundings import Surroundings
from twingraph_lab.spec.workflow import Workflow

PATH = "work/notebook.ipynb"
LOAD, OTHER, ADD = "%%twingraph load\nx = 1", "%%twingraph other\nz = 3", "%%twingraph add\ntotal = x + 1"


class Notebook:
    """A notebook with cells, as the extension keeps them in step; it hears the kernel and tells it."""

    def __init__(self, *texts):
        self.variables = {}
        self.cells = {}
        self.drawings = {}
        self.shelf = Shelf("notebook", lambda: Surroundings(self.variables))
        self.shelf.pen = self
        self.tell()
        for text in texts:
            self.run(text)
        self.board = CellBoard(self.shelf, "notebook", lambda workflow: Catalog(components=workflow.components))
        self.heard = []
        self.board.subscribe(self.heard.append)

    def write(self, changes, workflow):
        self.drawings[workflow.name] = workflow.layout
        for change in changes:
            match change:
                case {"delete": identity, "was": was}:
                    assert self.cells.pop(identity) == was
                case {"cell": identity, "source": text, "was": was}:
                    assert self.cells[identity] == was
                    self.cells[identity] = text
                case {"insert": identity, "source": text, "notebook": notebook, "after": above}:
                    assert notebook == PATH
                    pairs = [*self.cells.items()]
                    place = [*self.cells].index(above) + 1 if above else len(pairs)
                    self.cells = dict([*pairs[:place], (identity, text), *pairs[place:]])

    def tell(self):
        self.shelf.hear(PATH, [*self.cells.items()])

    def type(self, text, identity=""):
        """Type into a new cell or an old one, without running it."""
        identity = identity or f"cell{len(self.cells)}"
        self.cells[identity] = text
        self.tell()
        return identity

    def run(self, text, identity=""):
        identity = self.type(text, identity)
        found = CellText.read(text)
        line, body = (found.line, found.code) if found else text.split("\n", 2)[1:]
        self.shelf.define(line.removeprefix("%%twingraph"), body, identity, text)
        return identity

    def edit(self, *edits):
        return self.board.apply(edits)

    @property
    def texts(self):
        return [*self.cells.values()]

    @property
    def faults(self):
        return [str(fault) for fault in self.board.faults]


@pytest.fixture
def notebook():
    return Notebook(LOAD, OTHER, ADD)


def edge(source, output, target, name):
    return AddEdge(source=source, output=output, target=target, input=name)


def nodes(workflow):
    return [node.id for node in workflow.nodes]


def test_a_cell_that_ran_is_a_node_at_once(notebook):
    notebook.run("%%twingraph twice\ndoubled = 2 * total")
    assert nodes(notebook.heard[-1]) == ["load", "other", "add", "twice"]
    assert notebook.board.workflow is notebook.heard[-1]


def test_an_edge_drawn_on_the_canvas_is_in_the_cell(notebook):
    edited = notebook.edit(edge("other", "z", "add", "x"))
    assert notebook.texts == [LOAD, OTHER, "%%twingraph add --in x=other.z\ntotal = x + 1"]
    assert edited.by_id["add"].inputs == {"x": {"ref": "other.z"}}
    notebook.tell()
    assert notebook.faults == []


def test_taking_the_edge_away_gives_the_cell_back(notebook):
    notebook.edit(edge("other", "z", "add", "x"))
    notebook.edit(Remove(ids=("other.z->add.x",)))
    assert notebook.texts == [LOAD, OTHER, ADD]


def test_an_edit_that_closes_a_circle_is_refused_and_nothing_changes(notebook):
    before = notebook.board.workflow
    with pytest.raises(WorkflowError):
        notebook.edit(AddEdge(source="add", target="load", after=True))
    assert (notebook.board.workflow, notebook.texts) == (before, [LOAD, OTHER, ADD])
    assert notebook.heard == []


def test_a_node_renamed_on_the_canvas_renames_its_cell_and_what_names_it(notebook):
    notebook.edit(edge("other", "z", "add", "x"), AddEdge(source="load", target="add", after=True))
    notebook.edit(Move(positions={"other": (1, 2)}), Rename(id="other", to="second"))
    assert notebook.texts == [
        LOAD,
        "%%twingraph second\nz = 3",
        "%%twingraph add --in x=second.z --after load\ntotal = x + 1",
    ]
    assert notebook.board.workflow.layout == {"second": (1.0, 2.0)}


def test_a_cell_renamed_in_the_notebook_is_followed_by_the_other_cells(notebook):
    notebook.edit(edge("other", "z", "add", "x"))
    notebook.run("%%twingraph second\nz = 3", "cell1")
    assert notebook.texts[2] == "%%twingraph add --in x=second.z\ntotal = x + 1"
    assert nodes(notebook.board.workflow) == ["load", "second", "add"]


def test_what_no_cell_makes_follows_a_renamed_cell_in_its_text_too_and_literals_stay(notebook):
    inputs = {"told": "{{ other.z }} rows", "plain": {"value": {"ref": "other"}}}
    notebook.edit(
        AddNode(component="output", id="report", inputs=inputs, position=(0, 0)),
        SetWorkflow(fields={"outputs": {"z": {"ref": "other.z"}}}),
    )
    notebook.run("%%twingraph second\nz = 3", "cell1")
    workflow = notebook.board.workflow
    assert workflow.by_id["report"].inputs == {**inputs, "told": "{{ second.z }} rows"}
    assert workflow.outputs == {"z": {"ref": "second.z"}}
    notebook.edit(Rename(id="second", to="third"))
    workflow = notebook.board.workflow
    assert workflow.by_id["report"].inputs == {**inputs, "told": "{{ third.z }} rows"}
    assert workflow.outputs == {"z": {"ref": "third.z"}}
    with pytest.raises(WorkflowError, match="change it by hand first"):
        notebook.edit(
            SetNode(id="report", fields={"inputs": {"told": "{{ third.z | round }}"}}), Rename(id="third", to="a-b")
        )
    notebook.edit(SetNode(id="report", fields={"inputs": {"told": "{{ third.z | round }}"}}))
    with pytest.raises(WorkflowError, match="change it by hand first"):
        notebook.run("%%twingraph a-b\nz = 3", "cell1")


def test_a_node_added_on_the_canvas_is_a_cell_below_the_last_one(notebook):
    notebook.type("print(1)")
    notebook.edit(AddNode(entry="code:python", id="fresh", position=(10, 20)))
    identity = [*notebook.cells][3]
    assert notebook.cells[identity] == "%%twingraph fresh\nresult = None"
    assert notebook.texts[4] == "print(1)"
    assert notebook.drawings["notebook"] == {"fresh": (10.0, 20.0)}
    notebook.run("%%twingraph fresh\nresult = total", identity)
    assert notebook.board.workflow.by_id["fresh"].inputs == {"total": {"ref": "add.total"}}
    assert notebook.board.workflow.layout == {"fresh": (10.0, 20.0)}


def test_a_node_taken_off_the_canvas_takes_its_cell_along_and_undoing_brings_both_back(notebook):
    before = notebook.board.workflow
    notebook.edit(Remove(ids=("other",)))
    assert notebook.texts == [LOAD, ADD]
    notebook.tell()
    notebook.board.put(before)
    assert notebook.texts == [LOAD, OTHER, ADD]
    assert notebook.board.workflow == before
    notebook.tell()
    assert notebook.faults == []


def test_undoing_on_the_canvas_undoes_no_cells(notebook):
    before = notebook.board.workflow
    notebook.edit(edge("other", "z", "add", "x"))
    notebook.run("%%twingraph load\nx = 2", "cell0")
    with pytest.raises(ConflictError):
        notebook.board.put(before)
    assert notebook.texts[0] == "%%twingraph load\nx = 2"


def test_moving_on_the_canvas_can_be_undone_after_runs(notebook):
    notebook.edit(Move(positions={"load": (1, 1)}))
    before = notebook.board.workflow
    notebook.edit(Move(positions={"load": (5, 5)}))
    notebook.board.put(before)
    assert notebook.board.workflow.layout == {"load": (1.0, 1.0)}


def test_a_cell_deleted_in_the_notebook_is_no_node_any_more_and_is_one_when_it_is_back(notebook):
    del notebook.cells["cell1"]
    notebook.tell()
    assert nodes(notebook.board.workflow) == ["load", "add"]
    notebook.type(OTHER, "cell1")
    assert nodes(notebook.heard[-1]) == ["load", "add", "other"]


def test_a_cell_that_is_typed_otherwise_is_told_of_until_it_runs(notebook):
    notebook.type("%%twingraph add\ntotal = x + 2", "cell2")
    assert notebook.faults == ["node 'add': the cell was changed and not run since: run it"]
    with pytest.raises(WorkflowError, match="run it"):
        notebook.edit(edge("other", "z", "add", "x"))
    assert notebook.texts[2] == "%%twingraph add\ntotal = x + 2"
    notebook.run("%%twingraph add\ntotal = x + 2", "cell2")
    assert notebook.faults == []


def test_undoing_a_change_of_the_canvas_in_the_notebook_undoes_it_on_the_canvas(notebook):
    notebook.edit(edge("other", "z", "add", "x"))
    notebook.tell()
    notebook.type(ADD, "cell2")
    assert notebook.heard[-1].by_id["add"].inputs == {"x": {"ref": "load.x"}}
    assert notebook.faults == []


def test_code_that_is_no_python_is_an_opaque_node_with_its_fault_that_nobody_rewrites(notebook):
    text = "%%twingraph broken\nx ="
    with pytest.raises(WorkflowError):
        notebook.run(text)
    assert nodes(notebook.board.workflow) == ["load", "other", "add", "broken"]
    assert notebook.board.opaque == {"broken"}
    assert notebook.faults[0].startswith("node 'broken' (line 2): invalid syntax")
    for edit in (Rename(id="broken", to="b"), Remove(ids=("broken",)), SetNode(id="broken", fields={"timeout_s": 3})):
        with pytest.raises(WorkflowError, match="change it in the notebook"):
            notebook.edit(edit)
    notebook.edit(Move(positions={"broken": (3, 4)}))
    assert notebook.texts[3] == text
    notebook.run("%%twingraph broken\nq = 1", "cell3")
    assert (notebook.board.opaque, notebook.faults) == (set(), [])
    assert notebook.board.workflow.layout == {"broken": (3.0, 4.0)}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("%%twingraph add --lang cobol\nDISPLAY", "cells in 'cobol' aren't available yet"),
        ("%%twingraph add --in\nx", "expected one argument"),
        ("%%twingraph add\n!ls", "IPython's magics and shell commands"),
    ],
)
def test_a_node_whose_cell_was_refused_stays_and_is_opaque(notebook, text, fault):
    with pytest.raises(WorkflowError):
        notebook.run(text, "cell2")
    assert notebook.board.opaque == {"add"}
    assert fault in notebook.faults[0]
    with pytest.raises(WorkflowError, match="change it in the notebook"):
        notebook.edit(edge("other", "z", "add", "x"))
    assert notebook.cells["cell2"] == text


def test_a_cell_below_another_magic_runs_and_is_left_alone(notebook):
    text = "%%time\n%%twingraph add --in x=other.z\ntotal = x"
    notebook.run(text, "cell2")
    assert notebook.board.opaque == {"add"}
    assert notebook.board.workflow.by_id["add"].inputs == {"x": {"ref": "other.z"}}
    for edit in (edge("load", "x", "add", "x"), Rename(id="other", to="second")):
        with pytest.raises(WorkflowError, match="change it in the notebook"):
            notebook.edit(edit)
    assert notebook.texts == [LOAD, OTHER, text]


def test_places_are_remembered_with_the_notebook(notebook):
    notebook.edit(Move(positions={"load": (1, 1), "add": (2, 2)}))
    again = Notebook()
    again.shelf.remember({"notebook": Workflow(name="notebook", layout=notebook.drawings["notebook"])})
    again.run(LOAD)
    assert again.board.workflow.layout == {"load": (1.0, 1.0)}
    again.run(ADD)
    assert again.board.workflow.layout == {"load": (1.0, 1.0), "add": (2.0, 2.0)}


def test_without_the_extension_people_are_told_what_to_type(notebook):
    notebook.shelf.cells.connected = False
    notebook.edit(edge("other", "z", "add", "x"))
    assert notebook.texts[2] == ADD
    told = "the cell's first line must be: %%twingraph add --in x=other.z"
    assert notebook.faults == [f"node 'add': the canvas changed it, and its cell doesn't say so yet; {told}"]
    notebook.edit(AddNode(entry="code:python", id="fresh", position=(0, 0)))
    assert notebook.faults[1].endswith(
        "no cell makes it yet; add one to the notebook:\n%%twingraph fresh\nresult = None"
    )
    notebook.run("%%twingraph add --in x=other.z\ntotal = x + 1", "cell2")


def test_only_what_can_run_is_run(notebook):
    notebook.variables["factor"] = 3
    notebook.run("%%twingraph times\nproduct = total * factor")
    with pytest.raises(WorkflowError):
        notebook.run("%%twingraph broken\nx =")
    workflow, values = notebook.board.ready()
    assert nodes(workflow) == ["load", "other", "add", "times"]
    assert values == {"factor": 3}


def test_what_is_wrong_elsewhere_keeps_no_part_from_running(notebook):
    notebook.run("%%twingraph late\ny = nowhere")
    with pytest.raises(WorkflowError, match="nowhere"):
        notebook.board.ready()
    workflow, _ = notebook.board.ready(["add"])
    assert "add" in nodes(workflow)
    with pytest.raises(WorkflowError, match="nowhere"):
        notebook.board.ready(["late"])


def test_a_cell_that_moves_to_another_workflow_leaves_this_one(notebook):
    notebook.run("%%twingraph other --workflow second\nz = 3", "cell1")
    assert nodes(notebook.board.workflow) == ["load", "add"]
