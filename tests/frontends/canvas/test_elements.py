"""What a canvas draws of a workflow, and what an edit changes of that."""

from __future__ import annotations

from tests.workflows import cell, workflow
from twingraph_lab.errors import Fault
from twingraph_lab.frontends.canvas.editing import edited
from twingraph_lab.frontends.canvas.elements import difference, elements, overall
from twingraph_lab.frontends.canvas.messages import AddEdge, Move, Remove, Rename, SetNode
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import Comment, Group, Node, Parameter


def drawn(made, **options):
    """Data of all elements by id, with the faults of the workflow."""
    return {each.data.id: each.data for each in elements(made, faults(made), **options)}


def names(ports):
    return [port.name for port in ports]


class TestNodes:
    def test_a_node_has_a_name_an_icon_and_the_place_where_it_was_put(self):
        made = workflow(cell("a"), Node(id="b", component="http"), layout={"a": (10, 20)})
        a, b, *_ = elements(made)
        assert (a.data.label, a.data.component, a.data.icon, a.position) == ("a", "python", "python", (10, 20))
        assert (b.data.component, b.data.icon, b.position) == ("http", "http", None)

    def test_ports_are_what_is_declared_bound_and_read(self):
        made = workflow(
            Node(id="http", component="http", inputs={"url": "http://x", "headers": {"a": "b"}}),
            Node(id="f", component="nowhere:f", inputs={"n": 1}),
            Node(id="g", component="nowhere:g", inputs={"x": {"ref": "f.rows"}}),
        )
        shown = drawn(made)
        assert names(shown["http"].inputs) == ["url", "method", "headers", "params", "json", "timeout_s"]
        assert names(shown["http"].outputs) == ["data", "status", "headers"]
        assert (names(shown["f"].inputs), names(shown["f"].outputs)) == (["n"], ["rows"])
        assert names(shown["g"].outputs) == [""]

    def test_a_cell_takes_the_names_it_reads_and_gives_those_it_declares(self):
        shown = drawn(workflow(cell("a", "import math\nresult = math.sin(x) + y", inputs={"y": 1})))["a"]
        assert names(shown.inputs) == ["x", "y"]
        assert [port.required for port in shown.inputs] == [True, True]
        assert names(shown.outputs) == ["result"]
        assert shown.faults == ("needs 'x': draw an edge to it, or set it",)

    def test_values_are_told_beside_their_ports_but_no_secrets(self):
        inputs = {"url": "http://x", "params": {"param": "n"}, "json": "{{ a }}!", "headers": {"ref": "a"}}
        made = workflow(cell("a"), Node(id="b", component="http", inputs={**inputs, "api_key": "12345"}))
        assert {port.name: port.value for port in drawn(made)["b"].inputs} == {
            "url": "'http://x'", "params": "parameter n", "json": "'{{ a }}!'", "headers": "", "method": "'GET'",
            "timeout_s": "30", "api_key": "'***'",
        }  # fmt: skip

    def test_faults_are_on_the_nodes_and_edges_they_are_about(self):
        made = workflow(
            cell("a", "x = 1", outputs=("x", "y")),
            cell("b", "result = x", inputs={"x": {"ref": "a.z"}, "u": {"ref": "nobody"}}),
            outputs={"o": {"ref": "gone"}},
        )
        shown = drawn(made)
        assert shown["a.z->b.x"].faults == ("reads 'z' of 'a', whose outputs are x, y",)
        assert shown["b"].faults == (
            "x: reads 'z' of 'a', whose outputs are x, y",
            "u: reads from 'nobody', which does not exist",
        )
        assert overall(faults(made)) == ("(outputs.o): reads from 'gone', which does not exist",)

    def test_code_that_can_not_be_read_is_a_fault_but_not_of_opaque_nodes(self):
        made = workflow(cell("a", "result = ("))
        assert drawn(made)["a"].faults == ("line 1: '(' was never closed",)
        opaque = drawn(made, opaque={"a"})["a"]
        assert (opaque.faults, opaque.opaque) == ((), True)

    def test_what_somebody_else_said_already_is_not_said_again(self):
        made = workflow(cell("a", "result = x"))
        told = [Fault("needs 'x', which isn't among the inputs", node="a", path="line 1")]
        (shown,) = elements(made, told)
        assert len(shown.data.faults) == 1


class TestEdges:
    def test_references_templates_and_nested_values_are_edges(self):
        made = workflow(
            cell("a"),
            cell("b"),
            Node(
                id="c",
                component="output",
                inputs={
                    "x": {"ref": "a"},
                    "y": "{{ a.n }} of {{ b }}",
                    "z": [{"k": {"ref": "b.rows"}}, "{{ b.rows.0 }}"],
                },
                after=("a",),
            ),
        )
        edges = {each.data.id: each.data for each in elements(made) if each.group == "edges"}
        assert {name: (edge.output, edge.input, edge.kind) for name, edge in edges.items()} == {
            "a.->c.x": ("result", "x", "data"),
            "a.n->c.y": ("result", "y", "data"),
            "b.->c.y": ("result", "y", "data"),
            "b.rows->c.z": ("result", "z", "data"),
            "a.->c.": ("", "", "after"),
        }

    def test_inputs_may_have_any_name(self):
        made = workflow(cell("a"), Node(id="b", component="output", inputs={'odd "name". x': {"ref": "a"}}))
        assert 'a.->b.odd "name". x' in drawn(made)

    def test_types_that_do_not_fit_are_a_fault_of_the_edge(self):
        made = workflow(
            Node(id="a", component="http", inputs={"url": "x"}),
            Node(id="b", component="llm", inputs={"prompt": {"ref": "a.status"}, "system": "{{ a.status }}!"}),
        )
        shown = drawn(made)
        assert shown["a.status->b.prompt"].faults == ("status gives an integer, but prompt takes a string",)
        assert shown["a.status->b.system"].faults == ()


class TestGroups:
    MADE = workflow(
        cell("a"),
        cell("b", "result = x", inputs={"x": {"ref": "a"}}),
        cell("c", "result = x", inputs={"x": {"ref": "b"}}, after=("a",)),
        layout={"a": (0, 0), "b": (100, 50)},
        comments={"note": Comment(text="look", position=(1, 2))},
    )

    def with_group(self, **fields):
        return self.MADE.model_copy(update={"groups": {"g": Group(nodes=("a", "b", "gone"), **fields)}})

    def test_a_group_comes_before_its_nodes_and_is_their_parent(self):
        group, *nodes = elements(self.with_group(label="G"))
        assert (group.data.id, group.data.kind, group.data.label, group.data.members) == (
            "group:g",
            "group",
            "G",
            ("a", "b"),
        )
        assert [node.data.parent for node in nodes[:3]] == ["group:g", "group:g", None]

    def test_a_collapsed_group_stands_for_its_nodes(self):
        shown = drawn(self.with_group(collapsed=True))
        assert list(shown) == ["group:g", "c", "comment:note", "b.->c.x", "a.->c."]
        assert (shown["b.->c.x"].source, shown["b.->c.x"].output) == ("group:g", "b.result")
        assert (names(shown["group:g"].inputs), names(shown["group:g"].outputs)) == ([], ["b.result"])

    def test_edges_are_drawn_to_and_from_the_ports_of_a_collapsed_group(self):
        made = self.with_group(collapsed=True)
        made = edited(made, [AddEdge(source="group:g", output="b.result", target="c", input="y")])
        assert made.by_id["c"].inputs["y"] == {"ref": "b"}
        shown = drawn(edited(made, [Remove(ids=("b.->c.x",))]))
        assert [name for name in shown if "->" in name] == ["b.->c.y", "a.->c."]

    def test_a_collapsed_group_is_in_the_middle_of_its_nodes(self):
        assert elements(self.with_group(collapsed=True))[0].position == (50, 25)

    def test_comments_are_elements(self):
        comment = drawn(self.MADE)["comment:note"]
        assert (comment.kind, comment.label) == ("comment", "look")


class TestDifference:
    MADE = workflow(cell("a"), cell("b", "result = x", inputs={"x": {"ref": "a"}}))

    def change(self, *edits):
        after = edited(self.MADE, edits)
        return difference(elements(self.MADE), elements(after), faults(after))

    def test_nothing_changes_nothing(self):
        delta = self.change()
        assert (delta.add, delta.update, delta.remove) == ((), (), ())

    def test_moving_a_node_changes_that_node_only(self):
        delta = self.change(Move(positions={"a": (5, 5)}))
        assert [each.data.id for each in delta.update] == ["a"]

    def test_renaming_names_the_edges_too(self):
        delta = self.change(Rename(id="a", to="c"))
        assert delta.remove == ("a", "a.->b.x")
        assert [each.data.id for each in delta.add] == ["c", "c.->b.x"]

    def test_faults_are_always_all_of_the_workflow(self):
        after = edited(self.MADE, [SetNode(id="b", fields={"inputs": {}})])
        after = after.model_copy(update={"parameters": {"output": Parameter()}})
        assert len(difference(elements(self.MADE), elements(after), faults(after)).faults) == 1
