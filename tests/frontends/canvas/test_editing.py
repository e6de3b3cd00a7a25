"""What a hand does on the canvas, and what becomes of the document."""

from __future__ import annotations

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.clipping import clipping
from twingraph_lab.frontends.canvas.editing import edited
from twingraph_lab.frontends.canvas.messages import (
    AddEdge,
    AddFile,
    AddNode,
    Collapse,
    GroupNodes,
    Move,
    Paste,
    Remove,
    Rename,
    SetNode,
    SetWorkflow,
    WriteComment,
)
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import Group, Node, Parameter, Source

STEPS = '''
import pandas as pd
from twingraph_lab import component

@component(retry=2, timeout_s=60)
def load(path: str) -> pd.DataFrame:
    """Reads flights."""

@component
def count(table: pd.DataFrame, n: int = 3) -> int: ...

@component
def split(rows: list, share: float = 0.5):
    return {"train": rows, "test": rows}

def helper(x): ...
'''

LOAD = Node(id="load", component="steps:load", inputs={"path": "flights.csv"})
COUNT = Node(id="count", component="steps:count")


@pytest.fixture
def catalog(tmp_path):
    (tmp_path / "steps.py").write_text(STEPS)
    return Catalog(tmp_path)


def refusal(made, *edits, catalog=None):
    with pytest.raises(WorkflowError) as error:
        edited(made, edits, catalog)
    return "; ".join(fault.message for fault in error.value.faults)


class TestNodes:
    def test_a_node_comes_from_the_catalog_to_where_it_was_dropped(self, catalog):
        made = edited(workflow(), [AddNode(entry="function:steps:load", position=(10.4, 20))], catalog)
        (node,) = made.nodes
        assert (node.id, node.component.ref, node.timeout_s, node.retry.attempts) == ("load", "steps:load", 60, 3)
        assert made.layout == {"load": (10.0, 20.0)}

    def test_ids_are_made_up_when_they_are_taken(self):
        add = AddNode(entry="builtin:http", position=(0, 0))
        made = edited(workflow(), [add, add, add])
        assert [node.id for node in made.nodes] == ["http", "http_2", "http_3"]

    def test_a_component_can_be_given_instead_of_an_entry(self):
        made = edited(workflow(), [AddNode(component="pkg.mod:f", id="f", inputs={"x": 1}, position=(0, 0))])
        assert made.by_id["f"].inputs == {"x": 1}

    def test_what_there_is_not_is_named_with_what_was_perhaps_meant(self):
        message = refusal(workflow(), AddNode(entry="builtin:htp", position=(0, 0)))
        assert message == "there is nothing called 'builtin:htp' to make a node of; did you mean 'builtin:http'?"

    def test_a_place_is_finite(self):
        assert "is no place on a canvas" in refusal(workflow(cell("a")), Move(positions={"a": (1e300, 0)}))

    def test_an_edit_that_is_refused_changes_nothing_even_after_others(self):
        made = workflow(cell("a"))
        refusal(made, Rename(id="a", to="b"), Rename(id="nobody", to="c"))
        assert made == workflow(cell("a"))


class TestEdges:
    def test_ports_are_chosen_where_there_is_no_doubt(self, catalog):
        made = edited(workflow(LOAD, COUNT), [AddEdge(source="load", target="count")], catalog)
        assert made.by_id["count"].inputs == {"table": {"ref": "load"}}

    def test_an_edge_into_a_cell_makes_a_variable(self):
        first, second = cell("first", "rows = [1]", outputs=("rows",)), cell("second")
        made = edited(workflow(first, second), [AddEdge(source="first", target="second")])
        assert made.by_id["second"].inputs == {"rows": {"ref": "first.rows"}}

    def test_an_edge_into_a_cell_gives_the_name_that_its_code_lacks(self):
        made = edited(workflow(cell("a"), cell("b", "result = df + 1")), [AddEdge(source="a", target="b")])
        assert made.by_id["b"].inputs == {"df": {"ref": "a"}}

    def test_where_there_is_doubt_the_choices_are_listed(self, catalog):
        two = Node(id="split", component="steps:split", inputs={"rows": [1]})
        sink = Node(id="x", component="http", inputs={"url": "http://x"})
        assert refusal(workflow(two, cell("y")), AddEdge(source="split", target="y"), catalog=catalog) == (
            "which output of split? It has train, test: draw the edge from one of them"
        )
        asked = AddEdge(source="split", output="test", target="x")
        assert "which input of x? It takes method, headers, params, json, timeout_s" in refusal(
            workflow(two, sink), asked, catalog=catalog
        )

    def test_unknown_ports_are_refused(self, catalog):
        made = workflow(LOAD, COUNT, Node(id="split", component="steps:split"))
        assert refusal(made, AddEdge(source="load", target="count", input="tabel"), catalog=catalog) == (
            "count takes no 'tabel'; it takes table, n"
        )
        assert refusal(made, AddEdge(source="split", output="x", target="count"), catalog=catalog) == (
            "split has no output 'x'; it has train, test"
        )

    def test_types_that_do_not_fit_are_refused_in_words(self, catalog):
        message = refusal(workflow(LOAD, COUNT), AddEdge(source="load", target="count", input="n"), catalog=catalog)
        assert message == "result gives a table, but n takes an integer"

    def test_an_integer_is_a_number_and_anything_goes_where_types_are_unknown(self, catalog):
        split = Node(id="split", component="steps:split")
        made = workflow(Node(id="count", component="steps:count"), split, cell("any"))
        made = edited(made, [AddEdge(source="count", target="split", input="share")], catalog)
        made = edited(made, [AddEdge(source="any", target="split", input="rows")], catalog)
        assert made.by_id["split"].inputs == {"share": {"ref": "count"}, "rows": {"ref": "any"}}

    def test_a_cycle_is_refused_with_its_path(self):
        made = workflow(cell("a"), cell("b", inputs={"x": {"ref": "a"}}), cell("c", inputs={"x": "{{ b }}"}))
        message = refusal(made, AddEdge(source="c", target="a"))
        assert message == "a can't wait for c, which waits for a: a → b → c"
        assert refusal(made, AddEdge(source="a", target="a", after=True)) == "a can't wait for itself"

    def test_an_input_that_is_taken_gets_the_new_edge(self):
        made = workflow(cell("a"), cell("b"), cell("c", "result = x", inputs={"x": {"ref": "a"}}))
        made = edited(made, [AddEdge(source="b", target="c", input="x")])
        assert made.by_id["c"].inputs == {"x": {"ref": "b"}}

    def test_a_list_of_edges_gets_one_more_and_none_twice(self):
        made = workflow(cell("a"), cell("b"), Node(id="all", component="output", inputs={"x": [{"ref": "a"}]}))
        edge = AddEdge(source="b", target="all", input="x")
        made = edited(made, [edge, edge])
        assert made.by_id["all"].inputs == {"x": [{"ref": "a"}, {"ref": "b"}]}

    def test_a_template_is_not_overwritten_by_an_edge(self):
        made = workflow(cell("a"), cell("b"), Node(id="c", component="llm", inputs={"prompt": "About {{ a }}"}))
        assert "prompt of c is the template 'About {{ a }}'" in refusal(
            made, AddEdge(source="b", target="c", input="prompt")
        )

    def test_waiting_without_data(self):
        made = edited(workflow(cell("a"), cell("b")), [AddEdge(source="a", target="b", after=True)])
        assert made.by_id["b"].after == ("a",)


class TestRemove:
    def test_an_edge_frees_the_input_and_a_value_in_a_list_goes_alone(self):
        made = workflow(
            cell("a"),
            Node(id="b", component="output", inputs={"x": {"ref": "a"}, "y": [{"ref": "a"}, 1], "z": "{{ a }}"}),
        )
        made = edited(made, [Remove(ids=("a.->b.x", "a.->b.y", "a.->b.z"))])
        assert made.by_id["b"].inputs == {"y": [1]}

    def test_an_edge_in_a_template_is_kept_and_the_template_named(self):
        made = workflow(cell("a"), Node(id="b", component="llm", inputs={"prompt": "Dear {{ a }}!"}))
        assert refusal(made, Remove(ids=("a.->b.prompt",))) == (
            "prompt is the template 'Dear {{ a }}!': change the text to take the edge from a away"
        )

    def test_an_edge_without_data(self):
        made = edited(workflow(cell("a"), cell("b", after=("a",))), [Remove(ids=("a.->b.",))])
        assert made.by_id["b"].after == ()

    def test_a_node_takes_the_edges_of_others_along_and_leaves_no_trace(self):
        made = workflow(
            cell("a"),
            cell("b", inputs={"x": {"ref": "a"}, "y": 2}, after=("a",)),
            outputs={"o": {"ref": "a"}, "p": {"ref": "b"}},
            layout={"a": (0, 0), "b": (1, 1)},
            groups={"g": Group(nodes=("a", "b")), "h": Group(nodes=("a",))},
        )
        made = edited(made, [Remove(ids=("a", "a.->b.x"))])
        assert (made.by_id["b"].inputs, made.by_id["b"].after) == ({"y": 2}, ())
        assert (made.outputs, made.layout, made.groups) == (
            {"p": {"ref": "b"}},
            {"b": (1, 1)},
            {"g": Group(nodes=("b",))},
        )

    def test_a_template_that_read_a_node_that_is_gone_is_a_fault_not_a_loss(self):
        made = workflow(cell("a"), Node(id="b", component="llm", inputs={"prompt": "Dear {{ a }}!"}))
        made = edited(made, [Remove(ids=("a",))])
        assert made.by_id["b"].inputs == {"prompt": "Dear {{ a }}!"}
        assert [fault.node for fault in faults(made)] == ["b"]

    def test_what_is_not_there_is_refused(self):
        assert refusal(workflow(cell("a")), Remove(ids=("b", "a.x->b.y"))) == (
            "there is nothing called 'b' to remove; there is nothing called 'a.x->b.y' to remove"
        )


class TestRename:
    def test_everything_that_refers_to_a_node_follows(self):
        made = workflow(
            cell("old"),
            cell("b", inputs={"x": {"ref": "old.n"}, "y": "{{ old.n }} of {{ b2.old }}"}, after=("old",)),
            cell("b2"),
            outputs={"o": "{{ old | upper }}"},
            layout={"old": (1, 2)},
            groups={"g": Group(nodes=("b", "old"))},
        )
        made = edited(made, [Rename(id="old", to="new")])
        assert made.by_id["b"].inputs == {"x": {"ref": "new.n"}, "y": "{{ new.n }} of {{ b2.old }}"}
        assert made.by_id["b"].after == ("new",)
        assert made.outputs == {"o": "{{ new | upper }}"}
        assert made.layout == {"new": (1, 2)}
        assert made.groups["g"].nodes == ("b", "new")
        assert not faults(made)

    @pytest.mark.parametrize(
        ("to", "message"),
        [
            ("b", "there is a node 'b' already"),
            ("2nd", "'2nd' is not a name: letters, digits, _ and - after a letter or _, at most 128"),
            ("true", "'true' is reserved: `{{ true }}` is a value"),
            ("", "'' is not a name: letters, digits, _ and - after a letter or _, at most 128"),
        ],
    )
    def test_names_that_can_not_be(self, to, message):
        assert refusal(workflow(cell("a"), cell("b")), Rename(id="a", to=to)) == message

    def test_a_template_in_which_the_name_can_not_follow_is_named_with_its_node(self):
        made = workflow(cell("a"), cell("b", inputs={"x": "{{ a | upper }}"}))
        with pytest.raises(WorkflowError) as error:
            edited(made, [Rename(id="a", to="a-b")])
        assert [fault.node for fault in error.value.faults] == ["b"]


class TestFields:
    def test_fields_are_set_as_in_the_document_and_null_takes_one_away(self):
        made = workflow(cell("a", timeout_s=5, description="x"))
        made = edited(
            made, [SetNode(id="a", fields={"timeout_s": None, "retry": {"attempts": 3}, "platform": "local"})]
        )
        node = made.by_id["a"]
        assert (node.timeout_s, node.retry.attempts, node.description) == (None, 3, "x")

    def test_every_wrong_field_is_named(self):
        message = refusal(workflow(cell("a")), SetNode(id="a", fields={"timeout_s": -1, "nonsense": 2}))
        assert "must be greater than 0" in message
        assert "is not a known field" in message

    def test_the_outputs_of_a_cell_follow_its_code(self):
        made = edited(workflow(cell("a")), [SetNode(id="a", fields={"code": "rows = [1]\nn = len(rows)"})])
        assert made.by_id["a"].component.outputs == ("rows", "n")

    def test_code_that_is_half_typed_is_kept_with_the_outputs_it_had(self):
        made = edited(workflow(cell("a")), [SetNode(id="a", fields={"code": "result = ("})])
        assert (made.by_id["a"].component.code, made.by_id["a"].component.outputs) == ("result = (", ("result",))

    def test_outputs_that_somebody_chose_stay(self):
        made = workflow(Node(id="a", component=Source(code="x = 1\ny = 2", outputs=("x",))))
        made = edited(made, [SetNode(id="a", fields={"code": "x = 1\nz = 2"})])
        assert made.by_id["a"].component.outputs == ("x",)

    def test_code_of_a_component_that_nodes_share(self):
        made = workflow(Node(id="a", component="mine"), components={"mine": Source(code="x = 1", outputs=("x",))})
        made = edited(made, [SetNode(id="a", fields={"code": "y = 1"})])
        assert made.components["mine"].outputs == ("y",)

    def test_an_input_typed_by_hand_can_not_close_a_cycle(self):
        made = workflow(cell("a"), cell("b", inputs={"x": {"ref": "a"}}))
        message = refusal(made, SetNode(id="a", fields={"inputs": {"y": {"ref": "b"}}}))
        assert message == "nodes would wait for each other: a → b → a"

    def test_a_new_node_can_not_close_a_cycle_through_what_waited_for_its_name(self):
        made = workflow(cell("b", inputs={"x": {"ref": "a"}}))
        message = refusal(made, AddNode(component="http", id="a", inputs={"url": {"ref": "b"}}, position=(0, 0)))
        assert message == "nodes would wait for each other: b → a → b"

    def test_the_workflow_itself(self):
        fields = {"name": "w2", "description": "d", "parameters": {"n": {"type": "integer", "default": 3}}}
        made = edited(workflow(cell("a")), [SetWorkflow(fields=fields)])
        assert (made.name, made.description, made.parameters["n"].default) == ("w2", "d", 3)
        assert "can't be set so" in refusal(workflow(), SetWorkflow(fields={"nodes": []}))
        assert "must" in refusal(workflow(), SetWorkflow(fields={"name": ""}))


class TestPaste:
    MADE = workflow(
        cell("a"),
        cell("b", inputs={"x": {"ref": "a"}, "y": "{{ outside }}", "z": {"param": "n"}}, after=("a",)),
        cell("outside"),
        parameters={"n": Parameter(default=1)},
        layout={"a": (0, 0), "b": (100, 0)},
        groups={"g": Group(label="G", nodes=("a", "b"))},
    )

    def test_copies_get_free_ids_and_keep_the_edges_between_them(self):
        text = clipping(self.MADE, ["a", "b", "a.->b.x"])
        made = edited(self.MADE, [Paste(clipping=text, position=(500, 300))])
        assert [node.id for node in made.nodes] == ["a", "b", "outside", "a_2", "b_2"]
        copy = made.by_id["b_2"]
        assert copy.inputs == {"x": {"ref": "a_2"}, "y": "{{ outside }}", "z": {"param": "n"}}
        assert copy.after == ("a_2",)
        assert (made.layout["a_2"], made.layout["b_2"]) == ((450, 300), (550, 300))

    def test_elsewhere_they_bring_their_parameters_and_lose_what_is_not_there(self):
        made = edited(workflow(), [Paste(clipping=clipping(self.MADE, ["b"]), position=(0, 0))])
        assert made.by_id["b"].inputs == {"z": {"param": "n"}}
        assert made.parameters == {"n": Parameter(default=1)}
        assert not faults(made)

    def test_a_group_is_copied_with_its_nodes(self):
        made = edited(self.MADE, [Paste(clipping=clipping(self.MADE, ["group:g"]), position=(0, 0))])
        assert made.groups["g_2"] == Group(label="G", nodes=("a_2", "b_2"))

    def test_a_whole_document_can_be_pasted_and_other_text_can_not(self):
        made = edited(workflow(), [Paste(clipping='{"nodes": [{"id": "x", "component": "http"}]}', position=(0, 0))])
        assert [node.id for node in made.nodes] == ["x"]
        for text in ("hello", "{", "[1]", "", '{"a": 1}', '{"nodes": 3}'):
            refusal(workflow(), Paste(clipping=text, position=(0, 0)))

    def test_components_of_the_same_name_are_told_apart(self):
        one = workflow(Node(id="a", component="c"), components={"c": Source(code="1", outputs=("x",))})
        two = workflow(Node(id="a", component="c"), components={"c": Source(code="2", outputs=("x",))})
        made = edited(one, [Paste(clipping=clipping(two, ["a"]), position=(0, 0))])
        assert [made.component_of(node).code for node in made.nodes] == ["1", "2"]


class TestFiles:
    def test_a_notebook_becomes_a_node_that_runs_it(self, tmp_path):
        code = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "n = 1", "outputs": []}
        document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [code]}
        (tmp_path / "my report.ipynb").write_text(__import__("json").dumps(document))
        made = edited(workflow(), [AddFile(path="my report.ipynb", position=(1, 2))], Catalog(tmp_path))
        assert made.by_id["my_report"].component == "notebook"
        assert made.by_id["my_report"].inputs == {"path": "my report.ipynb"}

    def test_a_script_gives_a_node_for_each_component(self, catalog):
        made = edited(workflow(), [AddFile(path="steps.py", position=(0, 0))], catalog)
        assert [node.id for node in made.nodes] == ["load", "count", "split"]
        assert len(set(made.layout.values())) == 3

    def test_a_document_gives_its_nodes(self, tmp_path):
        (tmp_path / "w.twg.json").write_text('{"name": "w", "nodes": [{"id": "a", "component": "http"}]}')
        made = edited(workflow(cell("a")), [AddFile(path="w.twg.json", position=(0, 0))], Catalog(tmp_path))
        assert [node.id for node in made.nodes] == ["a", "a_2"]

    def test_without_a_root_a_file_may_be_named_from_a_folder_above(self, tmp_path):
        (tmp_path / "notebooks").mkdir()
        (tmp_path / "notebooks" / "w.twg.json").write_text('{"name": "w", "nodes": [{"id": "a", "component": "http"}]}')
        catalog = Catalog(tmp_path / "notebooks")
        made = edited(workflow(), [AddFile(path="notebooks/w.twg.json", position=(0, 0))], catalog)
        assert [node.id for node in made.nodes] == ["a"]

    def test_files_that_make_no_node_say_why(self, tmp_path):
        catalog = Catalog(tmp_path / "inside")
        (tmp_path / "inside").mkdir()
        (tmp_path / "secret.ipynb").write_text("{}")
        for name, text in {
            "a.txt": "x",
            "b.py": "x = 1",
            "my-file.py": "x = 1",
            "c.py": "x = (",
            "d.ipynb": "[]",
        }.items():
            (tmp_path / "inside" / name).write_text(text)
        (tmp_path / "inside" / "link.ipynb").symlink_to(tmp_path / "secret.ipynb")
        told = {
            path: refusal(workflow(), AddFile(path=path, position=(0, 0)), catalog=catalog)
            for path in (
                "a.txt",
                "b.py",
                "my-file.py",
                "c.py",
                "d.ipynb",
                "nothing.py",
                "../secret.ipynb",
                "link.ipynb",
            )
        }
        assert "makes no node" in told["a.txt"]
        assert "put @component above" in told["b.py"]
        assert "can't be imported" in told["my-file.py"]
        assert "can't be read" in told["c.py"]
        assert "not a notebook" in told["d.ipynb"]
        assert "there is no file" in told["nothing.py"]
        assert "outside" in told["../secret.ipynb"]
        assert "outside" in told["link.ipynb"]


class TestArranging:
    MADE = workflow(cell("a"), cell("b"), cell("c"), layout={"a": (0, 0), "b": (100, 0)})

    def test_groups_take_nodes_from_each_other_and_are_named(self):
        made = edited(self.MADE, [GroupNodes(ids=("a", "b"), label="Load data"), GroupNodes(ids=("b", "c"))])
        assert made.groups == {
            "Load_data": Group(label="Load data", nodes=("a",)),
            "group": Group(label="group", nodes=("b", "c")),
        }

    def test_a_group_moves_with_its_nodes(self):
        made = edited(self.MADE, [GroupNodes(ids=("a", "b"), label="g"), Move(positions={"group:g": (150, 10)})])
        assert made.layout == {"a": (100, 10), "b": (200, 10)}

    def test_groups_collapse_are_renamed_and_removed_without_their_nodes(self):
        made = edited(self.MADE, [GroupNodes(ids=("a", "b"), label="g"), Collapse(id="group:g", collapsed=True)])
        assert made.groups["g"].collapsed
        made = edited(made, [Rename(id="group:g", to="Other")])
        assert made.groups["g"].label == "Other"
        made = edited(made, [Remove(ids=("group:g",))])
        assert not made.groups
        assert len(made.nodes) == 3

    def test_comments(self):
        made = edited(self.MADE, [WriteComment(text="look", position=(5, 5)), WriteComment(text="here")])
        assert [comment.text for comment in made.comments.values()] == ["look", "here"]
        made = edited(made, [WriteComment(id="comment:note", text="!"), Move(positions={"comment:note": (9, 9)})])
        assert (made.comments["note"].text, made.comments["note"].position) == ("!", (9, 9))
        assert not edited(made, [Remove(ids=("comment:note", "comment:note_2"))]).comments

    def test_what_is_drawn_makes_no_difference_to_a_run(self):
        made = edited(self.MADE, [GroupNodes(ids=("a", "b")), WriteComment(text="x"), Move(positions={"c": (1, 1)})])
        assert made.digest == self.MADE.digest

    def test_what_is_not_there_is_refused(self):
        assert "no group" in refusal(self.MADE, Collapse(id="group:x", collapsed=True))
        assert "no comment" in refusal(self.MADE, WriteComment(id="comment:x", text=""))
        assert "to move" in refusal(self.MADE, Move(positions={"x": (0, 0)}))
        assert "select some first" in refusal(self.MADE, GroupNodes(ids=("a.->b.x",)))
